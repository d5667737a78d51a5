import { LARGEST_FLOAT32, type BinnedMatrix } from './binning.js';
import { ownMemory, type Allocate } from './buffers.js';
import type { PackedScale } from './gradients.js';
import { boundedValue, type Split, type SplitLimits } from './splitting.js';

/**
 * One tree, nodes 0 (the root) .. nodeCount-1, parents before children; `feature` is the column of
 * the design matrix, -1 in leaves. The rows of node i are rows[rowStart[i] .. rowEnd[i]) of the growth.
 */
export interface GrownTree {
  nodeCount: number;
  feature: Int32Array;
  threshold: Float32Array;
  left: Int32Array;
  right: Int32Array;
  missingLeft: Uint8Array;
  gain: Float64Array;
  rowStart: Int32Array;
  rowEnd: Int32Array;
}

/** A tree with what its growing needs besides. */
export interface GrowingTree extends GrownTree {
  /** Binned column of the split. A row goes left iff its bin is <= low or > high. */
  column: Int32Array;
  low: Int32Array;
  high: Int32Array;
  /** Bounds of the value of a leaf, in gradient steps a hessian step. */
  lower: Float64Array;
  upper: Float64Array;
}

/** A leaf that becomes a split; sums in steps. */
export interface NodeToSplit {
  node: number;
  gradient: number;
  hessian: number;
  split: Split;
}

export function createTree(leaves: number, allocate: Allocate = ownMemory): GrowingTree {
  const nodes = 2 * leaves - 1;
  const ints = (): Int32Array => new Int32Array(allocate(4 * nodes));
  const doubles = (): Float64Array => new Float64Array(allocate(8 * nodes));
  return {
    nodeCount: 0,
    feature: ints(),
    threshold: new Float32Array(allocate(4 * nodes)),
    left: ints(),
    right: ints(),
    missingLeft: new Uint8Array(allocate(nodes)),
    gain: doubles(),
    rowStart: ints(),
    rowEnd: ints(),
    column: ints(),
    low: ints(),
    high: ints(),
    lower: doubles(),
    upper: doubles(),
  };
}

/** Adds a leaf and returns its node. */
export function addLeaf(
  tree: GrowingTree,
  rowStart: number,
  rowEnd: number,
  lower: number,
  upper: number,
): number {
  const node = tree.nodeCount++;
  tree.feature[node] = -1;
  tree.threshold[node] = 0;
  tree.left[node] = 0;
  tree.right[node] = 0;
  tree.missingLeft[node] = 0;
  tree.gain[node] = 0;
  tree.rowStart[node] = rowStart;
  tree.rowEnd[node] = rowEnd;
  tree.lower[node] = lower;
  tree.upper[node] = upper;
  return node;
}

/** Rows of a node. */
export function countOf(tree: GrownTree, node: number): number {
  return tree.rowEnd[node]! - tree.rowStart[node]!;
}

/** Writes the split into the tree and returns the two new leaves. */
export function splitNode(
  tree: GrowingTree,
  { node, split, gradient, hessian }: NodeToSplit,
  middle: number,
  data: BinnedMatrix,
  limits: SplitLimits,
  scale: PackedScale,
): [number, number] {
  const { column, bin } = split;
  const bins = data.binCount[column]!;
  const lower = tree.lower[node]!;
  const upper = tree.upper[node]!;
  const direction = bin < bins - 1 ? (limits.monotone?.[column] ?? 0) : 0;
  let between = 0;
  if (direction !== 0) {
    // Every leaf on one side stays below, every leaf on the other above the middle of the two children.
    const l2 = limits.l2 / scale.hessianStep;
    const { leftGradient, leftHessian } = split;
    const left = boundedValue(leftGradient, leftHessian + l2, lower, upper);
    const right = boundedValue(gradient - leftGradient, hessian - leftHessian + l2, lower, upper);
    between = left / 2 + right / 2;
  }
  const start = tree.rowStart[node]!;
  const leftUpper = direction > 0 ? between : upper;
  const leftLower = direction < 0 ? between : lower;
  const left = addLeaf(tree, start, middle, leftLower, leftUpper);
  const rightLower = direction > 0 ? between : lower;
  const rightUpper = direction < 0 ? between : upper;
  const right = addLeaf(tree, middle, tree.rowEnd[node]!, rightLower, rightUpper);
  tree.feature[node] = data.source[column]!;
  tree.threshold[node] =
    bin < bins - 1 ? data.edges[data.cellStart[column]! + bin]! : LARGEST_FLOAT32;
  tree.left[node] = left;
  tree.right[node] = right;
  tree.missingLeft[node] = split.missingLeft ? 1 : 0;
  tree.gain[node] = split.gain;
  tree.column[node] = column;
  tree.low[node] = bin;
  tree.high[node] = split.missingLeft ? bins - 1 : 255;
  return [left, right];
}
