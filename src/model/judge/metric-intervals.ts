import { bootstrapSweep, sweepFigures } from '../../numeric/bootstrap.js';
import {
  areaInterval,
  deLong,
  f1Interval,
  meanInterval,
  wilsonInterval,
  type Interval,
} from '../../numeric/confidence.js';
import { confusionAt, sigmoid } from '../../numeric/metrics.js';
import type { MetricName, ReportMetric } from '../train/training.js';

/** What the metrics were measured on. */
export interface MeasuredRows {
  labels: Uint8Array;
  /** Log-odds, shape [rows]. */
  margins: Float64Array;
  /** Positive iff probability >= threshold. */
  threshold: number;
}

/**
 * The metrics with 95 % confidence intervals where one is known.
 *
 * AUC: DeLong. Accuracy, precision, recall, prevalence: Wilson. F1: Wilson's of TP / (TP + FP + FN), of which it is a
 * function. Log loss and Brier score: the mean's standard error over rows. Average precision and recall at a
 * precision: 200 seeded bootstrap resamples of the rows, 2.5 and 97.5 percentiles. An interval is of sampling
 * the rows alone: threshold and classifier are taken as given.
 */
export function withIntervals(
  metrics: readonly ReportMetric[],
  rows: MeasuredRows,
  seed: number,
): ReportMetric[] {
  return attach(metrics, {
    ...closedIntervals(rows),
    ...(rows.labels.length > 0 && bootstrapSweep(rows.labels, rows.margins, sweepFigures, seed)),
  });
}

/** `withIntervals` without those that need resamples. */
export function withClosedIntervals(
  metrics: readonly ReportMetric[],
  rows: MeasuredRows,
): ReportMetric[] {
  return attach(metrics, closedIntervals(rows));
}

type Intervals = Partial<Record<MetricName, Interval | null>>;

function attach(metrics: readonly ReportMetric[], known: Intervals): ReportMetric[] {
  return metrics.map((metric) => {
    const interval = known[metric.name];
    return interval ? { ...metric, low: interval.low, high: interval.high } : metric;
  });
}

function closedIntervals({ labels, margins, threshold }: MeasuredRows): Intervals {
  const rows = labels.length;
  if (rows === 0) return {};
  const probabilities = margins.map(sigmoid);
  const counts = confusionAt(labels, probabilities, threshold);
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = counts;
  const area = deLong(labels, margins);
  return {
    auc: area && areaInterval(area),
    accuracy: wilsonInterval(tp + tn, rows),
    precision: wilsonInterval(tp, tp + fp),
    recall: wilsonInterval(tp, tp + fn),
    prevalence: wilsonInterval(tp + fn, rows),
    f1: f1Interval(tp, fp, fn),
    logLoss: meanInterval(margins.map((margin, i) => lossOf(labels[i] === 1, margin))),
    brier: meanInterval(probabilities.map((p, i) => (p - (labels[i] ?? 0)) ** 2)),
  };
}

function lossOf(positive: boolean, margin: number): number {
  const signed = positive ? -margin : margin;
  return Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed)));
}
