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
 * Trees on [raw numbers with NaN, one-hot], whose leaves add up to log-odds: boosted ones; a decision forest, whose
 * leaves' log-odds were scaled by Platt, or one with a tree a column, the curves of `fitAdditive`; an isolation forest,
 * whose mean path length was.
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

/**
 * One hidden layer of rectified linear units on standardised inputs (as LogisticClassifier sees them):
 * margin = outputBias + sum over h of outputWeights[h] x max(0, hiddenBias[h] + z . hiddenWeights[:, h]).
 */
export interface PerceptronClassifier {
  kind: 'perceptron';
  encoding: Encoding;
  median: Float32Array;
  mean: Float64Array;
  scale: Float64Array;
  /** Row-major, shape [columns, hidden]. */
  hiddenWeights: Float64Array;
  /** Shape [hidden]; so is `outputWeights`. */
  hiddenBias: Float64Array;
  outputWeights: Float64Array;
  outputBias: number;
}

/**
 * Several classifiers over the same raw inputs: margin = intercept + sum of weight x the member's margin.
 * The members' encodings may list other categories, each was fitted with its own member; their inputs are
 * the same, in the same order. `encoding.categories` lists what any member knows.
 */
export interface BlendClassifier {
  kind: 'blend';
  encoding: Encoding;
  intercept: number;
  members: readonly BlendMember[];
}

export interface BlendMember {
  weight: number;
  classifier: SingleClassifier;
}

export type SingleClassifier = TreeClassifier | LogisticClassifier | PerceptronClassifier;

/** A trained binary classifier with its preprocessing: one artifact. */
export type Classifier = SingleClassifier | BlendClassifier;

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
