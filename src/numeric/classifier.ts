import type { Forest } from './forest.js';

/**
 * How raw inputs become the design matrix, fitted on the training part only. Column order: the
 * numerical inputs as given, then one 0/1 block a categorical input, one column a category.
 * A category not listed gives an all-zero block.
 */
export interface Encoding {
  numericNames: readonly string[];
  categoricalNames: readonly string[];
  /** Categories of each categorical input, ascending; may hold '' (missing). */
  categories: readonly (readonly string[])[];
}

/**
 * Trees on [raw numbers with NaN, one-hot], whose leaves add up to log-odds: boosted ones; a decision forest,
 * whose mean vote was scaled to log-odds (Platt); an isolation forest, whose mean path length was.
 */
export interface TreeClassifier {
  kind: 'boosting' | 'forest' | 'isolation';
  encoding: Encoding;
  forest: Forest;
}

/**
 * Logistic regression on [(imputed - mean) / scale, (one-hot - mean) / scale].
 * `median` fills missing numbers; the arrays cover the design columns (`median` only the numerical ones).
 */
export interface LogisticClassifier {
  kind: 'logistic';
  encoding: Encoding;
  median: Float32Array;
  mean: Float64Array;
  scale: Float64Array;
  weights: Float64Array;
  intercept: number;
}

/** A trained binary classifier with its preprocessing: one artifact. */
export type Classifier = TreeClassifier | LogisticClassifier;

/**
 * Additive contributions in log-odds: for each row, `baseValue` plus its contributions is the margin.
 * One-hot columns are summed back into their raw input; order: numerical inputs, then categorical.
 */
export interface Contributions {
  baseValue: number;
  /** Row-major, shape [rows, inputs]. */
  values: Float64Array;
  inputs: readonly string[];
}
