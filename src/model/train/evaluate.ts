import {
  brierScore,
  confusionAt,
  logLossOfMargins,
  ratesOf,
  sigmoid,
} from '../../numeric/metrics.js';
import {
  areaUnderRoc,
  averagePrecision,
  recallAtPrecision,
  sweepThresholds,
} from '../../numeric/threshold-sweep.js';
import type {
  MetricName,
  MetricSplit,
  ReportMetric,
  TargetGoal,
  TargetResult,
} from './training.js';

/**
 * Every metric of one part at `threshold` (positive iff probability >= threshold). What the part cannot
 * have (AUC of one class, anything of no rows) is left out.
 */
export function metricsOf(
  labels: Uint8Array,
  margins: Float64Array,
  threshold: number,
  split: MetricSplit,
): ReportMetric[] {
  const probabilities = margins.map(sigmoid);
  const sweep = sweepThresholds(labels, margins);
  const rates = ratesOf(confusionAt(labels, probabilities, threshold));
  const values: [MetricName, number][] = [
    ['auc', areaUnderRoc(sweep)],
    ['averagePrecision', averagePrecision(sweep)],
    ['logLoss', logLossOfMargins(labels, margins)],
    ['brier', brierScore(labels, probabilities)],
    ['accuracy', rates.accuracy],
    ['precision', rates.precision],
    ['recall', rates.recall],
    ['f1', rates.f1],
    ['recallAtPrecision60', recallAtPrecision(sweep, 0.6)],
    ['recallAtPrecision90', recallAtPrecision(sweep, 0.9)],
    ['prevalence', sweep.positives / labels.length],
  ];
  return values
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value]) => ({ name, split, value }));
}

/** Whether a value reaches a goal: errors are met from above, everything else from below. */
export function isMet(metric: MetricName, value: number, goal: number): boolean {
  switch (metric) {
    case 'logLoss':
    case 'brier':
    case 'aucStandardError':
    case 'logLossStandardError':
      return value <= goal;
    case 'auc':
    case 'averagePrecision':
    case 'accuracy':
    case 'precision':
    case 'recall':
    case 'f1':
    case 'recallAtPrecision60':
    case 'recallAtPrecision90':
    case 'prevalence':
      return value >= goal;
  }
}

/** Holds TEST metrics against the goals: logLoss and brier must be <= goal, the rest >= goal. */
export function checkTargets(
  goals: readonly TargetGoal[],
  metrics: readonly ReportMetric[],
): TargetResult[] {
  return goals.flatMap(({ metric, goal }) => {
    const found = metrics.find(({ name, split }) => name === metric && split === 'TEST');
    if (!found) return [];
    return [{ metric, goal, value: found.value, met: isMet(metric, found.value, goal) }];
  });
}
