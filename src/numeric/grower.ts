import { LARGEST_FLOAT32, type BinnedMatrix } from './binning.js';
import { GRADIENT_UNIT, type PackedScale } from './gradients.js';
import { createHistogram, fillHistogram, fillHistogramOf, subtractHistogram } from './histogram.js';
import { findSplit, type Split, type SplitLimits } from './splitting.js';

/** How far a tree may grow. */
export interface GrowLimits extends SplitLimits {
  /** Splits on the longest path, >= 1. */
  maxDepth: number;
  /** >= 2; when below 2^maxDepth the split with the largest gain comes first. */
  maxLeaves: number;
}

/**
 * One tree, nodes 0 (the root) .. nodeCount-1, parents before children; `feature` is the column of
 * the design matrix, -1 in leaves. The rows of node i are rows[rowStart[i] .. rowEnd[i]) of the array given to grow.
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

/** Grows one tree; the tree returned is overwritten by the next call. */
export type GrowTree = (
  /** Row indices that take part; permuted in place, each node's rows contiguous and in their given order. */
  rows: Int32Array,
  /** Binned columns that may be split, ascending. */
  columns: Int32Array,
  packed: Float64Array,
  scale: PackedScale,
) => GrownTree;

interface OpenNode {
  node: number;
  depth: number;
  gradient: number;
  hessian: number;
  histogram: Float64Array;
  split: Split;
}

/**
 * A grower of trees on one binned matrix. Of two children only the smaller one's histogram is built,
 * the other is the parent's minus it; children that cannot be split get none.
 * Grows depth-first, so that few histograms live at once, unless maxLeaves binds: then best-first.
 * Both give the same tree when it does not bind.
 * Cost of a tree: O(rows * columns * depth / 2) additions at most.
 */
export function createGrower(data: BinnedMatrix, limits: GrowLimits): GrowTree {
  const most = Math.min(limits.maxLeaves, 2 ** limits.maxDepth, Math.max(2, data.rows));
  const bestFirst = limits.maxLeaves < Math.min(2 ** limits.maxDepth, data.rows);
  const tree = createTree(2 * most - 1);
  const spare: Float64Array[] = [];
  const scratch = new Int32Array(data.rows);
  const open: OpenNode[] = [];

  return (rows, columns, packed, scale) => {
    const build = (histogram: Float64Array, start: number, end: number): Float64Array => {
      if (columns.length === data.columns) {
        fillHistogram(histogram, data, packed, rows, start, end);
      } else fillHistogramOf(columns, histogram, data, packed, rows, start, end);
      return histogram;
    };
    const maySplit = (node: number, depth: number, hessian: number): boolean =>
      depth < limits.maxDepth &&
      tree.rowEnd[node]! - tree.rowStart[node]! >= 2 * limits.minRowsInLeaf &&
      hessian * scale.hessianStep >= 2 * limits.minChildWeight;
    /** Opens the node when a split of it gains enough; otherwise it stays a leaf. */
    const consider = (
      node: number,
      depth: number,
      gradient: number,
      hessian: number,
      histogram: Float64Array,
    ): void => {
      const start = tree.rowStart[node]!;
      const end = tree.rowEnd[node]!;
      const sums = { rows, start, end, gradient, hessian };
      const split = findSplit(histogram, data, columns, sums, limits, scale);
      if (split) open.push({ node, depth, gradient, hessian, histogram, split });
      else spare.push(histogram);
    };

    resetTree(tree, rows.length);
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += packed[rows[i]!]!;
    const gradient = Math.floor(sum / GRADIENT_UNIT);
    const hessian = sum - gradient * GRADIENT_UNIT;
    if (columns.length > 0 && maySplit(0, 0, hessian)) {
      const histogram = spare.pop() ?? createHistogram(data);
      consider(0, 0, gradient, hessian, build(histogram, 0, rows.length));
    }
    for (let leaves = 1; leaves < most; leaves++) {
      const next = bestFirst ? takeBest(open) : open.pop();
      if (!next) break;
      const { node, split, histogram } = next;
      const depth = next.depth + 1;
      const [left, right] = splitNode(tree, node, split, data, rows, scratch);
      const rightGradient = next.gradient - split.leftGradient;
      const rightHessian = next.hessian - split.leftHessian;
      const leftMay = maySplit(left, depth, split.leftHessian);
      const rightMay = maySplit(right, depth, rightHessian);
      const leftSmaller = countOf(tree, left) <= countOf(tree, right);
      const small = leftSmaller ? left : right;
      if (!leftMay && !rightMay) {
        spare.push(histogram);
        continue;
      }
      const built = build(
        spare.pop() ?? createHistogram(data),
        tree.rowStart[small]!,
        tree.rowEnd[small]!,
      );
      subtractHistogram(histogram, built);
      const leftHistogram = leftSmaller ? built : histogram;
      const rightHistogram = leftSmaller ? histogram : built;
      if (rightMay) consider(right, depth, rightGradient, rightHessian, rightHistogram);
      else spare.push(rightHistogram);
      if (leftMay) consider(left, depth, split.leftGradient, split.leftHessian, leftHistogram);
      else spare.push(leftHistogram);
    }
    for (const left of open) spare.push(left.histogram);
    open.length = 0;
    return tree;
  };
}

function createTree(nodes: number): GrownTree {
  return {
    nodeCount: 0,
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    gain: new Float64Array(nodes),
    rowStart: new Int32Array(nodes),
    rowEnd: new Int32Array(nodes),
  };
}

function resetTree(tree: GrownTree, rows: number): void {
  tree.nodeCount = 0;
  addLeaf(tree, 0, rows);
}

function addLeaf(tree: GrownTree, rowStart: number, rowEnd: number): number {
  const node = tree.nodeCount++;
  tree.feature[node] = -1;
  tree.threshold[node] = 0;
  tree.left[node] = 0;
  tree.right[node] = 0;
  tree.missingLeft[node] = 0;
  tree.gain[node] = 0;
  tree.rowStart[node] = rowStart;
  tree.rowEnd[node] = rowEnd;
  return node;
}

function countOf(tree: GrownTree, node: number): number {
  return tree.rowEnd[node]! - tree.rowStart[node]!;
}

/** Removes and returns the open node with the largest gain, the earliest node on ties. */
function takeBest(open: OpenNode[]): OpenNode | undefined {
  let best = -1;
  for (let i = 0; i < open.length; i++) {
    const candidate = open[i]!;
    const leader = open[best];
    if (
      !leader ||
      candidate.split.gain > leader.split.gain ||
      (candidate.split.gain === leader.split.gain && candidate.node < leader.node)
    ) {
      best = i;
    }
  }
  return best < 0 ? undefined : open.splice(best, 1)[0];
}

/** Writes the split into the tree, moves the rows, and returns the two new leaves. */
function splitNode(
  tree: GrownTree,
  node: number,
  split: Split,
  data: BinnedMatrix,
  rows: Int32Array,
  scratch: Int32Array,
): [number, number] {
  const { column, bin } = split;
  const bins = data.binCount[column]!;
  const start = tree.rowStart[node]!;
  const end = tree.rowEnd[node]!;
  // Bins above this one go left: the missing bin, or none.
  const high = split.missingLeft ? bins - 1 : 255;
  const middle = partitionRows(rows, start, end, data.bins[column]!, bin, high, scratch);
  const left = addLeaf(tree, start, middle);
  const right = addLeaf(tree, middle, end);
  tree.feature[node] = data.source[column]!;
  tree.threshold[node] =
    bin < bins - 1 ? data.edges[data.cellStart[column]! + bin]! : LARGEST_FLOAT32;
  tree.left[node] = left;
  tree.right[node] = right;
  tree.missingLeft[node] = split.missingLeft ? 1 : 0;
  tree.gain[node] = split.gain;
  return [left, right];
}

/**
 * Stable partition of rows[start..end): to the left those whose bin is <= low or > high. Returns where
 * the right part begins. Free of branches and four rows at a time: half the time of a plain loop.
 */
function partitionRows(
  rows: Int32Array,
  start: number,
  end: number,
  bins: Uint8Array,
  low: number,
  high: number,
  scratch: Int32Array,
): number {
  let left = start;
  let right = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    const a = rows[i]!;
    const b = rows[i + 1]!;
    const c = rows[i + 2]!;
    const d = rows[i + 3]!;
    const binA = bins[a]!;
    const binB = bins[b]!;
    const binC = bins[c]!;
    const binD = bins[d]!;
    // The sign bit of either difference: 1 for left.
    const leftA = ((binA - low - 1) | (high - binA)) >>> 31;
    const leftB = ((binB - low - 1) | (high - binB)) >>> 31;
    const leftC = ((binC - low - 1) | (high - binC)) >>> 31;
    const leftD = ((binD - low - 1) | (high - binD)) >>> 31;
    rows[left] = a; // left <= i: never overwrites a row not yet read
    scratch[right] = a;
    left += leftA;
    right += 1 - leftA;
    rows[left] = b;
    scratch[right] = b;
    left += leftB;
    right += 1 - leftB;
    rows[left] = c;
    scratch[right] = c;
    left += leftC;
    right += 1 - leftC;
    rows[left] = d;
    scratch[right] = d;
    left += leftD;
    right += 1 - leftD;
  }
  for (; i < end; i++) {
    const row = rows[i]!;
    const bin = bins[row]!;
    const isLeft = ((bin - low - 1) | (high - bin)) >>> 31;
    rows[left] = row;
    scratch[right] = row;
    left += isLeft;
    right += 1 - isLeft;
  }
  rows.set(scratch.subarray(0, right), left);
  return left;
}
