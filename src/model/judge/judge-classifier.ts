import { explainClassifier, predictClassifier } from '../../numeric/classifier-predict.js';
import type { Classifier } from '../../numeric/classifier.js';
import { calibrationCurve, precisionRecallCurve, rocCurve } from '../../numeric/curves.js';
import { confusionAt, sigmoid } from '../../numeric/metrics.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import { sweepThresholds } from '../../numeric/threshold-sweep.js';
import { checkTargets, metricsOf } from '../train/evaluate.js';
import { pick } from '../train/fold-data.js';
import type {
  ReportMetric,
  SliceColumn,
  TrainingOptions,
  TrainingReport,
} from '../train/training.js';
import { checkBusinessRules } from './business-rules.js';
import { causePositions, judgeCauses, riskColumn } from './causes.js';
import { judgeFairness } from './fairness.js';
import type { Cause } from './judgement.js';
import { withIntervals, type MeasuredRows } from './metric-intervals.js';
import { referenceOf } from './reference.js';
import { judgeSlices } from './slices.js';
import { thresholdTable, type Scored } from './threshold-table.js';

/** A finished classifier with all that it is judged by. */
export interface JudgeInput {
  /** As it will serve: calibration folded in. */
  classifier: Classifier;
  table: FeatureTable;
  /** What business rules look at, of the same rows. */
  ruleTable: FeatureTable;
  /** 0 or 1, shape [rows of the table]. */
  labels: Uint8Array;
  /** Row numbers of the training part and of the test part. */
  train: readonly number[];
  test: readonly number[];
  /** Out-of-fold margins, on the scale of the finished classifier, with their labels; thresholds are found on them. */
  outOfFold: Scored;
  /** Positive iff probability >= threshold. */
  threshold: number;
  options: TrainingOptions;
  /** Cover the rows of the table. */
  slices: readonly SliceColumn[];
}

/** What is measured of the finished classifier; the rest of the report is about its search. */
export type Judged = Pick<
  TrainingReport,
  | 'metrics'
  | 'confusionMatrix'
  | 'rocCurve'
  | 'precisionRecallCurve'
  | 'calibrationCurve'
  | 'baseline'
  | 'targets'
  | 'thresholds'
  | 'slices'
  | 'fairness'
  | 'ruleChecks'
  | 'reference'
  | 'causes'
>;

/**
 * What a classifier does on its own training rows (metrics only) and on the test part, which decides nothing.
 * Metrics are TRAIN and TEST; those of TEST have 95 % intervals, see `withIntervals`. Deterministic: the bootstrap
 * has the seed of the options.
 * Cost: two predictions of the table, at most 2,000 explained rows, some sorts, 200 resamples of the test part.
 */
export function judgeClassifier(input: JudgeInput): Judged {
  const { classifier, table, labels, train, test, threshold, options } = input;
  const trainLabels = pick(labels, train);
  const trainMargins = predictClassifier(classifier, pickRows(table, train));
  const testTable = pickRows(table, test);
  const margins = predictClassifier(classifier, testTable);
  const rows: MeasuredRows = { labels: pick(labels, test), margins, threshold };
  const testMetrics = metricsOf(rows.labels, margins, threshold, 'TEST');
  const probabilities = margins.map(sigmoid);
  const sweep = sweepThresholds(rows.labels, probabilities);
  const columns = input.slices.map((column) => ({
    ...column,
    values: test.map((row) => column.values[row] ?? ''),
  }));
  const called = Array.from(probabilities, (probability) => probability >= threshold);
  return {
    metrics: [
      ...metricsOf(trainLabels, trainMargins, threshold, 'TRAIN'),
      ...withIntervals(testMetrics, rows, options.seed),
    ],
    confusionMatrix: confusionAt(rows.labels, probabilities, threshold),
    rocCurve: rocCurve(sweep),
    precisionRecallCurve: precisionRecallCurve(sweep),
    calibrationCurve: calibrationCurve(rows.labels, probabilities),
    baseline: baselineMetrics(trainLabels, rows.labels, threshold),
    targets: checkTargets(options.targets, testMetrics),
    thresholds: thresholdTable({
      ...{ outOfFold: input.outOfFold, test: rows, threshold },
      ...{ rule: options.thresholdRule, costs: options.costs },
    }),
    slices: judgeSlices(columns, rows),
    fairness: judgeFairness(columns, rows),
    ruleChecks: checkBusinessRules(options.businessRules, input.ruleTable, test, called),
    reference: referenceOf(table, train),
    causes: causesOf(classifier, testTable, margins, columns, options),
  };
}

function causesOf(
  classifier: Classifier,
  table: FeatureTable,
  margins: Float64Array,
  columns: readonly SliceColumn[],
  { riskBands }: TrainingOptions,
): Cause[] {
  const all = [...(riskBands ? [riskColumn(margins, riskBands)] : []), ...columns];
  if (all.length === 0) return [];
  const positions = causePositions(table.rows);
  const explained = all.map(({ dimension, values }) => ({
    dimension,
    values: positions.map((at) => values[at] ?? ''),
  }));
  return judgeCauses(explained, explainClassifier(classifier, pickRows(table, positions)));
}

/** The test metrics of a predictor that answers the training prevalence to everyone. */
function baselineMetrics(
  trainLabels: Uint8Array,
  testLabels: Uint8Array,
  threshold: number,
): ReportMetric[] {
  const prevalence = trainLabels.reduce((sum, label) => sum + label, 0) / trainLabels.length;
  const margins = new Float64Array(testLabels.length).fill(Math.log(prevalence / (1 - prevalence)));
  return metricsOf(testLabels, margins, threshold, 'TEST');
}
