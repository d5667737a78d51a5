import type { Classifier, Encoding } from './classifier.js';

/**
 * How raw inputs become the space in which customers are grouped. A number is filled where it is missing, cut to
 * [low, high], put through log1p where `logarithm` says so; categories become 0/1 blocks (see Encoding); every design
 * column is then (x - mean) / scale x weight; `rotation` turns and shortens the result where components are taken.
 * Arrays named per input cover the numerical inputs, the others the design columns. Computed in double.
 */
export interface Preparation {
  encoding: Encoding;
  /** Per input: what stands for a missing number. */
  fill: Float64Array;
  /** Per input: bounds of winsorising; the largest floats where there are none. */
  low: Float64Array;
  high: Float64Array;
  /** Per input: 1 = log1p after the bounds (low >= 0 then); 0 = as it is. */
  logarithm: Uint8Array;
  /** Per design column. */
  mean: Float64Array;
  scale: Float64Array;
  weight: Float64Array;
  /** Principal components: row-major, shape [kept, columns]; null: the scaled columns themselves are the space. */
  rotation: { kept: number; components: Float64Array } | null;
}

/**
 * Nearest prototype by Euclidean distance: k-means and Ward with their centroids, DBSCAN with its core points. A segment's
 * distance is that to its nearest prototype; probabilities are the softmax over segments of -distance² / (2 x spread).
 */
export interface PrototypeClusterer {
  kind: 'prototypes';
  preparation: Preparation;
  /** Number of segments, that of noise included. */
  segments: number;
  /** Row-major, shape [prototypes, width of the space]. */
  prototypes: Float64Array;
  /** Shape [prototypes]: the segment of each, 0..segments-1. */
  segmentOf: Int32Array;
  /** Mean squared distance of the training rows to their prototype, divided by the width of the space; > 0. */
  spread: number;
  /** Farther than `radius` from every prototype: the segment of noise, whose distance is `radius`. Null: there is none. */
  noise: { radius: number; segment: number } | null;
}

/** Gaussian mixture: probabilities are its responsibilities, distances those of Mahalanobis. */
export interface MixtureClusterer {
  kind: 'mixture';
  preparation: Preparation;
  segments: number;
  /** Shape [segments], sum 1. */
  weights: Float64Array;
  /** Row-major, shape [segments, width]. */
  means: Float64Array;
  /**
   * Inverse of the lower Cholesky factor of each covariance, row-major, shape [segments, width, width]: the squared
   * distance of Mahalanobis is |L⁻¹ (x - mean)|².
   */
  whitening: Float64Array;
  /** Shape [segments]: log of the determinant of each covariance. */
  logDeterminants: Float64Array;
}

/**
 * Nearest medoid by the distance of Gower (1971), for numbers beside categories: the weighted mean over the inputs of
 * |difference| / range, or 0/1 for equal and unequal categories; an input that is missing on either side is left out.
 * Probabilities as those of prototypes, with `spread` the mean squared distance to the own medoid.
 */
export interface MedoidClusterer {
  kind: 'medoids';
  numericNames: readonly string[];
  categoricalNames: readonly string[];
  segments: number;
  /** Per numerical input: its range in the training rows, > 0; larger differences count as 1. */
  range: Float64Array;
  /** Per input, numerical ones first; > 0. */
  weight: Float64Array;
  /** Row-major, shape [segments, numerical inputs]; NaN = missing. */
  medoidNumbers: Float64Array;
  /** Row-major, shape [segments, categorical inputs]; '' = missing. */
  medoidTexts: readonly string[];
  spread: number;
}

/** A fitted segmentation with its preprocessing: one artifact. */
export type Clusterer = PrototypeClusterer | MixtureClusterer | MedoidClusterer;

/** Whether an artifact groups rows, and does not score them. */
export function isClusterer(artifact: Clusterer | Classifier): artifact is Clusterer {
  return (
    artifact.kind === 'prototypes' || artifact.kind === 'mixture' || artifact.kind === 'medoids'
  );
}

/** What a clusterer says of rows. */
export interface Memberships {
  segments: number;
  /** Shape [rows]: the most probable segment; the lower number where two are equal. */
  segment: Int32Array;
  /** Row-major, shape [rows, segments]; each row sums to 1. */
  probability: Float64Array;
  /** Row-major, shape [rows, segments], >= 0. */
  distance: Float64Array;
}

/** The raw inputs of a clusterer, in the order of its graph. */
export function clustererInputs(clusterer: Clusterer): {
  numericNames: readonly string[];
  categoricalNames: readonly string[];
} {
  return clusterer.kind === 'medoids' ? clusterer : clusterer.preparation.encoding;
}
