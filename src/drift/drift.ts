export type DriftLevel = 'NONE' | 'MODERATE' | 'SEVERE';
export type DriftAction = 'NONE' | 'ALERTED' | 'RETRAINING';
/**
 * What a window is compared with: rows of the training, the window of the last reset, a window that was named, or, where
 * nothing was kept, the first window that was looked at.
 */
export type ReferenceSource = 'TRAINING' | 'RESET' | 'WINDOW' | 'FIRST_WINDOW';

/** One bin of both windows; `low` and `high` are null where it is open, and for categories. */
export interface HistogramBin {
  label: string;
  low: number | null;
  high: number | null;
  /** Shares of the window, 0..1. */
  reference: number;
  current: number;
}

/** How the distribution of one feature, of the scores or of the labels has moved. */
export interface FeatureDrift {
  feature: string;
  /** Population stability index, natural logarithm, >= 0. */
  psi: number;
  /** Kolmogorov-Smirnov statistic 0..1; null for categories. */
  ks: number | null;
  ksPValue: number | null;
  /** Null where there are fewer than two bins. */
  chiSquare: number | null;
  chiSquarePValue: number | null;
  /** Shares without a value, 0..1. */
  missingReference: number;
  missingCurrent: number;
  /** Null for categories. */
  meanReference: number | null;
  meanCurrent: number | null;
  deviationReference: number | null;
  deviationCurrent: number | null;
  /** What the feature does to the score: its share of all mean absolute contributions, 0..1. */
  weight: number;
  level: DriftLevel;
  histogram: readonly HistogramBin[];
}

/** Accuracy of the newest labelled half-window against the one before, or as estimated from the scores. */
export interface ConceptDrift {
  /** `accuracy`, or `estimated_accuracy` where labels are late. */
  metric: string;
  reference: number;
  current: number;
  /** reference - current: above 0 is worse. */
  difference: number;
  /** 0..1 */
  confidence: number;
  detected: boolean;
  /** Labelled rows looked at. */
  window: number;
}

/** A comparison of two windows of a model's inputs, scores and labels. */
export interface DriftReport {
  /** uuid v7. */
  id: string;
  modelId: string;
  modelVersionId: string;
  jobId: string | null;
  referenceFrom: Date;
  referenceUntil: Date;
  currentFrom: Date;
  currentUntil: Date;
  referenceRows: number;
  currentRows: number;
  features: readonly FeatureDrift[];
  prediction: FeatureDrift | null;
  label: FeatureDrift | null;
  concept: ConceptDrift | null;
  drifted: boolean;
  /** Share of the features that moved severely, 0..1. */
  driftedShare: number;
  /** Drift weighted by what each feature does to the score, 0..1. */
  consequence: number;
  action: DriftAction;
  retrainingJobId: string | null;
  referenceSource: ReferenceSource;
  /** Share by which accuracy fell against that of the reference, 0.05 = 5 %; null without labelled scores. */
  accuracyFall: number | null;
  /** What the verdict and the action rest on, in one sentence or more. */
  because: string;
  createdAt: Date;
}
