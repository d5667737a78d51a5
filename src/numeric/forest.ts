/**
 * A boosted forest as flat arrays, the layout the ONNX writer and TreeSHAP need.
 * Node `i` is a leaf iff `feature[i] < 0`. Child indices are absolute. A row goes left iff
 * `x[feature[i]] <= threshold[i]` (both float32), or, when x is NaN, iff `missingLeft[i] === 1`.
 * margin(row) = baseValue + sum over trees of `value[leaf]`, in log-odds; probability = sigmoid(margin).
 */
export interface Forest {
  treeCount: number;
  /** First node (the root) of each tree; length treeCount + 1. */
  treeStart: Int32Array;
  /** Column of the design matrix, or -1 for a leaf. */
  feature: Int32Array;
  threshold: Float32Array;
  left: Int32Array;
  right: Int32Array;
  missingLeft: Uint8Array;
  /** Leaf weight in log-odds, learning rate included, already rounded to float32; 0 in inner nodes. */
  value: Float64Array;
  /** Training rows (weighted) that reached the node. */
  cover: Float64Array;
  /** Margin before the first tree, rounded to float32. */
  baseValue: number;
  /** Columns of the design matrix. */
  columns: number;
}
