/**
 * Raw model inputs for a set of rows, before any imputation or encoding; what the ONNX graph takes.
 * A missing number is NaN, a missing category is the empty string.
 */
export interface FeatureTable {
  rows: number;
  numericNames: readonly string[];
  /** Row-major, shape [rows, numericNames.length]. */
  numeric: Float32Array;
  categoricalNames: readonly string[];
  /** Row-major, shape [rows, categoricalNames.length]. */
  categorical: readonly string[];
}

/** A dense design matrix: row-major float32, shape [rows, columns]; NaN = missing (trees only). */
export interface DesignMatrix {
  rows: number;
  columns: number;
  values: Float32Array;
}
