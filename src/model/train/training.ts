import type { Classifier } from '../../numeric/classifier.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { ScoreCard } from '../score-card/score-card.js';
import type { CostMatrix } from '../cost-report.js';
import type { Judgement } from '../judge/judgement.js';
import type { BusinessRule, FallbackSpec } from '../spec-parts.js';

export type Algorithm = 'logistic' | 'boosting' | 'forest' | 'perceptron' | 'isolation';

/** How the decision threshold (positive iff probability >= threshold) is found, out of fold. */
export type ThresholdRule =
  | { kind: 'fixed'; value: number }
  | { kind: 'f1' }
  /** The highest recall among thresholds whose precision is at least so much. */
  | { kind: 'precision'; atLeast: number }
  | { kind: 'cost'; costs: CostMatrix };

/** Something rows are cut by for judgement, not for learning: an attribute, the month of the row's instant. */
export interface SliceColumn {
  dimension: string;
  /** One a row of the table; '' = unknown. */
  values: readonly string[];
  /** Whether rates are compared between its groups. */
  fairness: boolean;
}

/** A bound the trained model is held against; met as stated in `isMet`. */
export interface TargetGoal {
  metric: MetricName;
  goal: number;
}

export interface TrainingOptions {
  algorithms: Algorithm[];
  /** Candidates tried, over all algorithms, 1..200; a bag of the best forest comes on top. */
  trials: number;
  /** Folds of the stratified cross-validation inside the training part, 2..20. */
  folds: number;
  seed: number;
  selectionMetric: 'logLoss' | 'auc';
  thresholdRule: ThresholdRule;
  targets: TargetGoal[];
  /** See src/model/model-spec.ts for these. */
  classWeight: 'none' | 'balanced';
  calibration: 'auto' | 'none';
  monotone: Readonly<Record<string, 1 | -1>>;
  costs: CostMatrix;
  businessRules: readonly BusinessRule[];
  fallback: FallbackSpec;
  /** Lower bounds of the bands by which causes are told; absent: causes are told by slice alone. */
  riskBands?: RiskBounds;
}

/** Probabilities, rising: from `medium` on a score is MEDIUM, and so on; below it is LOW. */
export interface RiskBounds {
  medium: number;
  high: number;
  critical: number;
}

/** One configuration for every data set. */
export const defaultTrainingOptions: TrainingOptions = {
  algorithms: ['logistic', 'boosting', 'forest'],
  trials: 20,
  folds: 5,
  seed: 1,
  selectionMetric: 'logLoss',
  thresholdRule: { kind: 'f1' },
  targets: [
    { metric: 'recall', goal: 0.8 },
    { metric: 'precision', goal: 0.6 },
  ],
  classWeight: 'none',
  calibration: 'auto',
  monotone: {},
  costs: {
    truePositive: 0,
    falsePositive: 10,
    falseNegative: 100,
    trueNegative: 0,
    savedPerTruePositive: 1000,
  },
  businessRules: [],
  fallback: { maxFeatures: 6, bins: 5, rules: [] },
};

/** Names of the metrics a report can hold; `recallAtPrecision60` = highest recall with precision >= 0.6. */
export const metricNames = [
  'auc',
  'averagePrecision',
  'logLoss',
  'brier',
  'accuracy',
  'precision',
  'recall',
  'f1',
  'recallAtPrecision60',
  'recallAtPrecision90',
  'prevalence',
  'aucStandardError',
  'logLossStandardError',
] as const;

export type MetricName = (typeof metricNames)[number];

export type MetricSplit = 'TRAIN' | 'CROSS_VALIDATION' | 'TEST';

/** A metric that a part cannot have (AUC of one class) is left out, never NaN. */
export interface ReportMetric {
  name: MetricName;
  split: MetricSplit;
  value: number;
  /** 95 % confidence interval, on the test part where one is known; see src/model/judge/metric-intervals.ts. */
  low?: number;
  high?: number;
}

export interface ConfusionCounts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

export interface CurvePoint {
  x: number;
  y: number;
  /** Null where the point belongs to no threshold (a calibration bin, a curve's start). */
  threshold: number | null;
  /** Rows of a calibration bin. */
  count?: number;
}

export interface FeatureImportance {
  /** Raw input: one-hot columns are summed. */
  feature: string;
  /** Share of the total split gain (boosting) or of the total |weight| (logistic), 0..1. */
  gain: number;
  /** Mean |contribution| in log-odds over a sample of the training part. */
  meanAbsoluteContribution: number;
  /** 1 = largest `meanAbsoluteContribution`. */
  rank: number;
}

export interface TrialReport {
  algorithm: Algorithm | 'blend';
  hyperparameters: Record<string, number>;
  /** Means over the folds it was tried on, and their standard errors. */
  metrics: ReportMetric[];
  /** Folds it was tried on; fewer than asked for = given up as clearly worse than the best. */
  folds: number;
  seconds: number;
  chosen: boolean;
}

export interface TargetResult {
  metric: MetricName;
  goal: number;
  /** On the test part at the chosen threshold. */
  value: number;
  met: boolean;
}

/** An input that is one and the same value in all rows. */
export interface ConstantFeature extends IgnoredFeature {
  reason: 'CONSTANT' | 'ALL_MISSING';
}

/** An input that cannot influence the model: it stays an input of the graph, with no effect. */
export interface IgnoredFeature {
  feature: string;
  /** `TWIN`: says the same as another, which stays. */
  reason: 'CONSTANT' | 'ALL_MISSING' | 'TWIN';
  /** Whose twin it is. */
  of?: string;
}

export interface TrainingReport extends Judgement {
  metrics: ReportMetric[];
  /** Test part at the chosen threshold; so are the curves and the targets. */
  confusionMatrix: ConfusionCounts;
  /** Each at most 200 points. ROC: false positive rate -> true positive rate. */
  rocCurve: CurvePoint[];
  /** recall -> precision */
  precisionRecallCurve: CurvePoint[];
  /** mean predicted probability -> observed share, bins of equal size */
  calibrationCurve: CurvePoint[];
  importances: FeatureImportance[];
  trials: TrialReport[];
  /** The same metrics on TEST for a predictor that answers the training prevalence to everyone. */
  baseline: ReportMetric[];
  targets: TargetResult[];
  ignoredFeatures: IgnoredFeature[];
  /** What answers while the model cannot. */
  scoreCard: ScoreCard;
  /** Rows of the training part that the search, the calibration and the threshold looked at; the final fit takes all. */
  searchedRows: number;
  /** Wall seconds of the whole training. */
  seconds: number;
}

export interface TrainingInput {
  table: FeatureTable;
  /** 0 or 1, shape [rows]. */
  labels: Uint8Array;
  options: TrainingOptions;
  /** What the judgement cuts the rows by; absent: nothing. */
  slices?: readonly SliceColumn[];
  /** What business rules look at, row by row of the table; absent or null: the table itself. */
  ruleTable?: FeatureTable | null;
}

export interface TrainingResult {
  classifier: Classifier;
  algorithm: Algorithm | 'blend';
  hyperparameters: Record<string, number>;
  threshold: number;
  trainingRows: number;
  testRows: number;
  /** SHA-256, hex, of names, values and labels: equal input gives equal hash. */
  dataHash: string;
  report: TrainingReport;
}

export interface TrainingProgress {
  /** 0..1, never falls. */
  share: number;
  stage: string;
}

/** Row `i` of a training table is held out for the test part iff this is true; about 20 % are. */
export function isTestRow(i: number): boolean {
  return Math.imul(i, 2654435761) >>> 0 < 0.2 * 4294967296;
}
