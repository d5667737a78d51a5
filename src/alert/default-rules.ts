import type { AlertRule } from './alert.js';
import type { MetricName } from './metric-catalogue.js';

/** A rule that every installation starts with. */
export type DefaultRule = Pick<
  AlertRule,
  | 'name'
  | 'description'
  | 'comparison'
  | 'threshold'
  | 'forSeconds'
  | 'keepFiringSeconds'
  | 'severity'
> & { metric: MetricName };

const KEEP = { keepFiringSeconds: 60 } as const;
/** Figures that move once a day or less need no patience. */
const AT_ONCE = { forSeconds: 0, keepFiringSeconds: 0 } as const;

/** The rules seeded once each; whoever runs the installation may change, disable or delete them. */
export const DEFAULT_RULES: readonly DefaultRule[] = [
  {
    name: 'High error rate',
    description: 'More than 5 % of the questions to a model got no answer for 5 minutes.',
    ...{ metric: 'error_rate', comparison: 'GT', threshold: 0.05 },
    ...{ forSeconds: 300, ...KEEP, severity: 'HIGH' },
  },
  {
    name: 'High latency',
    description: 'Predictions took more than 1 second in the mean for 10 minutes.',
    ...{ metric: 'latency_seconds', comparison: 'GT', threshold: 1 },
    ...{ forSeconds: 600, ...KEEP, severity: 'MEDIUM' },
  },
  {
    name: 'Low prediction volume',
    description: 'A model in use was asked fewer than 10 times in 10 minutes, for 30 minutes.',
    ...{ metric: 'volume', comparison: 'LT', threshold: 10 },
    ...{ forSeconds: 1_800, ...KEEP, severity: 'LOW' },
  },
  {
    name: 'Low segment diversity',
    description: 'Nearly all customers are in one segment.',
    ...{ metric: 'diversity', comparison: 'LT', threshold: 0.1 },
    ...{ ...AT_ONCE, severity: 'MEDIUM' },
  },
  {
    name: 'Data quality failed',
    description: 'The newest scan of a table found checks that failed.',
    ...{ metric: 'data_quality_failed', comparison: 'GT', threshold: 0 },
    ...{ ...AT_ONCE, severity: 'HIGH' },
  },
  {
    name: 'Drift with consequence',
    description: 'Features that matter to the score have moved.',
    ...{ metric: 'drift_consequence', comparison: 'GTE', threshold: 0.1 },
    ...{ ...AT_ONCE, severity: 'HIGH' },
  },
  {
    name: 'Accuracy fell',
    description: 'Accuracy is more than 5 % below that of the reference.',
    ...{ metric: 'accuracy_fall', comparison: 'GT', threshold: 0.05 },
    ...{ ...AT_ONCE, severity: 'HIGH' },
  },
  {
    name: 'High fallback rate',
    description: 'More than 20 % of the answers came from something else than the model.',
    ...{ metric: 'fallback_rate', comparison: 'GT', threshold: 0.2 },
    ...{ forSeconds: 300, ...KEEP, severity: 'MEDIUM' },
  },
  {
    name: 'Model unhealthy',
    description: 'A model in production does not answer for itself.',
    ...{ metric: 'model_unhealthy', comparison: 'GTE', threshold: 1 },
    ...{ forSeconds: 60, ...KEEP, severity: 'CRITICAL' },
  },
  {
    name: 'Experiment harms a guardrail',
    description: 'An arm of a running experiment harms a metric that must not suffer.',
    ...{ metric: 'experiment_guardrail', comparison: 'GT', threshold: 0 },
    ...{ ...AT_ONCE, severity: 'HIGH' },
  },
  {
    name: 'Jobs wait too long',
    description: 'The oldest queued job of a kind waits for more than 10 minutes.',
    ...{ metric: 'queue_age_seconds', comparison: 'GT', threshold: 600 },
    ...{ forSeconds: 0, ...KEEP, severity: 'MEDIUM' },
  },
  {
    name: 'Operations fail',
    description: 'More than 5 % of the operations on the graph failed for 5 minutes.',
    ...{ metric: 'request_error_rate', comparison: 'GT', threshold: 0.05 },
    ...{ forSeconds: 300, ...KEEP, severity: 'HIGH' },
  },
  {
    name: 'Alerts are not delivered',
    description: 'A channel does not take what it is told.',
    ...{ metric: 'delivery_failed', comparison: 'GT', threshold: 0 },
    ...{ forSeconds: 0, ...KEEP, severity: 'HIGH' },
  },
  {
    name: 'Metrics cannot be read',
    description: 'Rules are not looked at, because their metric cannot be read.',
    ...{ metric: 'evaluation_failed', comparison: 'GTE', threshold: 1 },
    ...{ forSeconds: 300, ...KEEP, severity: 'MEDIUM' },
  },
];
