import type { AlertRule, MetricReading } from './alert.js';

/** What part of the system a metric speaks of. */
export const ALERT_LAYERS = [
  'DATA_QUALITY',
  'FEATURE_STABILITY',
  'MODEL_EFFECT',
  'INFERENCE_PERFORMANCE',
  'DELIVERY',
  'OPERATION',
] as const;
export type AlertLayer = (typeof ALERT_LAYERS)[number];

/** A figure that rules can be made on. */
export interface MetricDefinition {
  name: string;
  description: string;
  /** `share`, `seconds`, `count`, `index`, `flag`. */
  unit: string;
  /** Bounds of its values; null: none. */
  min: number | null;
  max: number | null;
  layer: AlertLayer;
  /** Names of the labels that its series carry, all of them. */
  labels: readonly string[];
  /** A reading stands for so long; 0: read at every look. */
  standsSeconds: number;
}

const SHARE = { unit: 'share', min: 0, max: 1 } as const;
const SECONDS = { unit: 'seconds', min: 0, max: null } as const;
const COUNT = { unit: 'count', min: 0, max: null } as const;
const FLAG = { unit: 'flag', min: 0, max: 1 } as const;
const PERFORMANCE = { layer: 'INFERENCE_PERFORMANCE', standsSeconds: 0 } as const;
const REQUEST = { layer: 'OPERATION', labels: [], standsSeconds: 0 } as const;
const MODEL = ['model'] as const;

/** Clock minutes that rates and latencies look at: the present one and the one before. */
export const RATE_MINUTES = 2;
/** Minutes that `volume` counts. */
export const VOLUME_MINUTES = 10;
/** Minutes of the last day in which a model in use is asked: a few questions by hand are no traffic that can stop. */
export const USED_MINUTES = 120;
/** Minutes that crossings, failed jobs and failed deliveries count. */
export const RECENT_MINUTES = 60;
/** Name of the metric that the evaluation itself makes. */
export const EVALUATION_FAILED = 'evaluation_failed';

/** Every metric there is. */
export const METRICS = [
  {
    name: 'error_rate',
    ...{ ...SHARE, ...PERFORMANCE, labels: MODEL },
    description:
      'Questions to a model that got no answer, of all in the last two clock minutes; no value without a question.',
  },
  {
    name: 'latency_seconds',
    ...{ ...SECONDS, ...PERFORMANCE, labels: MODEL },
    description: 'Mean time of a prediction in the last two clock minutes.',
  },
  {
    name: 'latency_p95_seconds',
    ...{ ...SECONDS, ...PERFORMANCE, labels: MODEL },
    description:
      '95th percentile of the time of a prediction in the last two clock minutes, interpolated in its bucket.',
  },
  {
    name: 'volume',
    ...{ ...COUNT, ...PERFORMANCE, labels: MODEL },
    description:
      'Predictions asked for in the last 10 minutes; no value where a model was asked in less than 2 hours, by the minute, of the last 24.',
  },
  {
    name: 'fallback_rate',
    ...{ ...SHARE, ...PERFORMANCE, labels: MODEL },
    description:
      'Answers by a stored score, the score card or rules in the place of a model, of all answers in the last two clock minutes.',
  },
  {
    name: 'model_unhealthy',
    ...{ ...FLAG, ...PERFORMANCE, labels: MODEL },
    description:
      '1 while a model in production was asked in the last two clock minutes and answered nothing itself, or fails its probe.',
  },
  {
    name: 'request_error_rate',
    ...{ ...SHARE, ...REQUEST },
    description:
      'Operations on the graph that failed through no fault of the caller, of all in the last two clock minutes.',
  },
  {
    name: 'request_latency_seconds',
    ...{ ...SECONDS, ...REQUEST },
    description: 'Mean time of an operation on the graph in the last two clock minutes.',
  },
  {
    name: 'request_latency_p95_seconds',
    ...{ ...SECONDS, ...REQUEST },
    description:
      '95th percentile of the time of an operation on the graph in the last two clock minutes.',
  },
  {
    name: 'diversity',
    ...{ unit: 'index', min: 0, max: 1, labels: ['segmentation'] },
    ...{ layer: 'MODEL_EFFECT', standsSeconds: 300 },
    description:
      '1 - sum of the squared shares of the segments that customers are in now; read every 5 minutes.',
  },
  {
    name: 'drift_consequence',
    ...{ unit: 'index', min: 0, max: 1, labels: MODEL },
    ...{ layer: 'FEATURE_STABILITY', standsSeconds: 0 },
    description:
      'Drift weighted by what each feature does to the score, of the newest report on the version in production.',
  },
  {
    name: 'drift_share',
    ...{ ...SHARE, layer: 'FEATURE_STABILITY', labels: MODEL },
    standsSeconds: 0,
    description: 'Share of the features that moved severely, of the same report.',
  },
  {
    name: 'accuracy_fall',
    ...{ unit: 'share', min: null, max: 1, labels: MODEL },
    ...{ layer: 'MODEL_EFFECT', standsSeconds: 0 },
    description:
      'Share by which accuracy fell from that of the reference to that of the newest labelled (or estimated) window, 0.05 = 5 %, negative where it rose; of the same report.',
  },
  {
    name: 'experiment_guardrail',
    ...{ ...COUNT, labels: ['experiment'] },
    ...{ layer: 'MODEL_EFFECT', standsSeconds: 0 },
    description:
      'Guardrails that the newest look at a running experiment found harmed, of each treatment.',
  },
  {
    name: 'data_quality_failed',
    ...{ ...COUNT, labels: ['table'] },
    ...{ layer: 'DATA_QUALITY', standsSeconds: 0 },
    description: 'Checks that the newest scan of a table found FAILED.',
  },
  {
    name: 'risk_crossings',
    ...{ ...COUNT, labels: ['model', 'level'] },
    ...{ layer: 'MODEL_EFFECT', standsSeconds: 0 },
    description: 'Customers whose risk rose into a level in the last hour.',
  },
  {
    name: 'queue_age_seconds',
    ...{ ...SECONDS, layer: 'OPERATION', labels: ['kind'] },
    standsSeconds: 0,
    description: 'How long the oldest job that is QUEUED waits; 0 where none does.',
  },
  {
    name: 'jobs_failed',
    ...{ ...COUNT, layer: 'OPERATION', labels: ['kind'], standsSeconds: 0 },
    description: 'Jobs that failed in the last hour.',
  },
  {
    name: 'delivery_failed',
    ...{ ...COUNT, layer: 'DELIVERY', labels: ['channel'] },
    standsSeconds: 0,
    description:
      'Deliveries of alerts that were given up in the last hour, wait for more than one, or wait for a channel that failed too often.',
  },
  {
    name: EVALUATION_FAILED,
    ...{ ...FLAG, layer: 'OPERATION', labels: ['metric'] },
    standsSeconds: 0,
    description: '1 where a metric that a rule needs could not be read at this look.',
  },
] as const satisfies readonly MetricDefinition[];

export type MetricName = (typeof METRICS)[number]['name'];

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  METRICS.map((metric) => [metric.name, metric]),
);

/** The metric of a name, or null. */
export function metricOf(name: string): MetricDefinition | null {
  return BY_NAME.get(name) ?? null;
}

/** Why there is no metric of that name, with the nearest names; null when there is one. */
export function unknownMetric(name: string): string | null {
  if (BY_NAME.has(name)) return null;
  return `no metric is named ${shown(name)}: ${nearest(name, [...BY_NAME.keys()])}`;
}

/** Why a metric's series carry no label of that name; null when they do. */
export function unknownLabel(metric: MetricDefinition, label: string): string | null {
  if (metric.labels.includes(label)) return null;
  return metric.labels.length === 0
    ? `${metric.name} has no labels, got ${shown(label)}`
    : `${metric.name} has no label ${shown(label)}: ${nearest(label, metric.labels)}`;
}

const SHOWN_LENGTH = 80;
const NEAREST = 3;

function shown(name: string): string {
  return JSON.stringify(name.slice(0, SHOWN_LENGTH));
}

function nearest(name: string, known: readonly string[]): string {
  const wanted = name.slice(0, SHOWN_LENGTH).toLowerCase();
  const far = (candidate: string): number =>
    candidate.includes(wanted) || wanted.includes(candidate)
      ? Math.abs(candidate.length - wanted.length) / SHOWN_LENGTH
      : editDistance(wanted, candidate);
  const names = [...known].sort((a, b) => far(a) - far(b)).slice(0, NEAREST);
  return `the nearest ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}

/** Levenshtein distance: insertions, deletions, substitutions of one character each. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** Whether a series carries every label that a rule names. */
export function carries(reading: MetricReading, labels: AlertRule['labels']): boolean {
  return Object.entries(labels).every(([name, value]) => reading.labels[name] === value);
}
