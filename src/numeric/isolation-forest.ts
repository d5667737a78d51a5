import { LARGEST_FLOAT32 } from './binning.js';
import {
  appendTree,
  createForestBuilder,
  finishForest,
  sumCovers,
  type ForestBuilder,
} from './forest-builder.js';
import type { Forest } from './forest.js';
import type { GrownTree } from './grower.js';
import { checkMatrix } from './labelled-rows.js';
import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';
import { randomStream, sampleAscending } from './random.js';
import type { DesignMatrix } from './table.js';

/** How an isolation forest is grown; every bound is checked by `fitIsolationForest`. */
export interface IsolationForestParameters {
  /** 1..10,000. */
  trees: number;
  /** Rows of each tree, without replacement, 2..65,536; all of them where there are fewer. */
  sampleRows: number;
  /** Seed of rows, columns and thresholds, integer 0..2^32-1. */
  seed: number;
}

/** The paper's: 100 trees on 256 rows each. */
export const defaultIsolationForestParameters: IsolationForestParameters = {
  trees: 100,
  sampleRows: 256,
  seed: 1,
};

const bounds: Record<keyof IsolationForestParameters, Bound> = {
  trees: { low: 1, high: 10_000, integer: true },
  sampleRows: { low: 2, high: 65_536, integer: true },
  seed: seedBound,
};

/** A grown isolation forest. */
export interface IsolationForestFit {
  /**
   * Its sum s is the mean path length of a row / c(sampleRows): short, below about 1, means easy to set apart. The
   * paper's anomaly score is 2^-s.
   */
  forest: Forest;
  /** Rows that each tree saw. */
  sampleRows: number;
}

/** What else the fit may do. */
export interface IsolationForestHooks {
  /** Called after each tree (1-based); returning false ends the fit with the trees so far. */
  onTree?: (tree: number) => boolean | void;
}

/**
 * Isolation forest (Liu, Ting, Zhou, Isolation Forest, 2008): each tree halves a sample of `sampleRows` rows at random
 * columns and thresholds up to depth ceil(log2(sampleRows)); a leaf holds its depth + c(rows in it), see
 * `averagePathLength`. Columns are drawn among those that vary in the node, thresholds uniformly between its least and
 * greatest value, rounded to float32. A missing value is no evidence: at each node the rows without one take a
 * side together, drawn with the share of known rows on it. `cover` counts the rows of the samples.
 * The draws of a tree, in order: its rows, then node by node, left before right, the columns until one varies, the
 * threshold, and the side of the missing where there are any.
 * @throws RangeError for a parameter out of bounds, fewer than 2 rows, or an infinite value (names column and
 * row). Constant and all-missing columns are never split.
 * Cost: O(trees * sampleRows * depth).
 */
export function fitIsolationForest(
  x: DesignMatrix,
  parameters: IsolationForestParameters,
  hooks: IsolationForestHooks = {},
): IsolationForestFit {
  checkBounds(parameters, bounds);
  checkMatrix(x, 2);
  checkFinite(x);
  const sampleRows = Math.min(parameters.sampleRows, x.rows);
  const random = randomStream(parameters.seed);
  const grow = createIsolator(x, sampleRows, random);
  const builder = createForestBuilder();
  let trees = 0;
  while (trees < parameters.trees) {
    const tree = grow(sampleAscending(x.rows, sampleRows, random));
    setPathLengths(builder, appendTree(builder, tree), tree);
    sumCovers(builder);
    trees++;
    if (hooks.onTree?.(trees) === false) break;
  }
  const { forest } = finishForest(builder, trees, 0, x.columns);
  const unit = trees * averagePathLength(sampleRows);
  forest.value.forEach((length, node) => (forest.value[node] = Math.fround(length / unit)));
  return { forest, sampleRows };
}

/**
 * Average path length of an unsuccessful search among `rows` rows of a binary search tree, the paper's c(n):
 * 2 (ln(n - 1) + 0.5772156649) - 2 (n - 1) / n, 1 for 2 rows, 0 for fewer.
 */
export function averagePathLength(rows: number): number {
  if (rows < 2) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + 0.5772156649015329) - (2 * (rows - 1)) / rows;
}

function checkFinite({ values, columns }: DesignMatrix): void {
  const bad = values.findIndex((value) => value === Infinity || value === -Infinity);
  if (bad < 0) return;
  const [row, column] = [Math.floor(bad / columns), bad % columns];
  throw new RangeError(
    `values must be finite or NaN, got ${String(values[bad])} in column ${String(column)}, row ${String(row)}`,
  );
}

interface IsolationTree extends GrownTree {
  depth: Int32Array;
}

/** A grower of random trees; the tree returned is overwritten by the next call. */
function createIsolator(
  x: DesignMatrix,
  sampleRows: number,
  random: () => number,
): (rows: Int32Array) => IsolationTree {
  const tree = createTree(2 * sampleRows - 1);
  const maxDepth = Math.ceil(Math.log2(sampleRows));
  const order = Int32Array.from({ length: x.columns }, (_, column) => column);
  const scratch = new Int32Array(sampleRows);
  const range = { low: 0, high: 0, known: 0 };

  /** A column that varies in the node, its values into `range`; -1 if none does. */
  const drawColumn = (rows: Int32Array, start: number, end: number): number => {
    for (let k = 0; k < order.length; k++) {
      const pick = k + Math.floor(random() * (order.length - k));
      const column = order[pick]!;
      order[pick] = order[k]!;
      order[k] = column;
      readRange(x, column, rows, start, end, range);
      if (range.low < range.high) return column;
    }
    return -1;
  };

  return (rows) => {
    tree.nodeCount = 0;
    const open = [addLeaf(tree, 0, rows.length, 0)];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const start = tree.rowStart[node]!;
      const end = tree.rowEnd[node]!;
      if (tree.depth[node]! >= maxDepth || end - start < 2) continue;
      const column = drawColumn(rows, start, end);
      if (column < 0) continue;
      const threshold = drawThreshold(range.low, range.high, random);
      const left = countLeft(x, column, threshold, rows, start, end);
      const hasMissing = range.known < end - start;
      const missingLeft = hasMissing ? random() * range.known < left : 2 * left >= range.known;
      tree.feature[node] = column;
      tree.threshold[node] = threshold;
      tree.missingLeft[node] = missingLeft ? 1 : 0;
      const middle = partition(x, column, threshold, missingLeft, rows, scratch, start, end);
      const depth = tree.depth[node]! + 1;
      tree.left[node] = addLeaf(tree, start, middle, depth);
      tree.right[node] = addLeaf(tree, middle, end, depth);
      open.push(tree.right[node]!, tree.left[node]!);
    }
    return tree;
  };
}

function createTree(nodes: number): IsolationTree {
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
    depth: new Int32Array(nodes),
  };
}

function addLeaf(tree: IsolationTree, start: number, end: number, depth: number): number {
  const node = tree.nodeCount++;
  tree.feature[node] = -1;
  tree.threshold[node] = 0;
  tree.left[node] = 0;
  tree.right[node] = 0;
  tree.missingLeft[node] = 0;
  tree.rowStart[node] = start;
  tree.rowEnd[node] = end;
  tree.depth[node] = depth;
  return node;
}

function readRange(
  x: DesignMatrix,
  column: number,
  rows: Int32Array,
  start: number,
  end: number,
  out: { low: number; high: number; known: number },
): void {
  out.low = LARGEST_FLOAT32;
  out.high = -LARGEST_FLOAT32;
  out.known = 0;
  for (let i = start; i < end; i++) {
    const value = x.values[rows[i]! * x.columns + column]!;
    if (Number.isNaN(value)) continue;
    out.known++;
    if (value < out.low) out.low = value;
    if (value > out.high) out.high = value;
  }
}

/** Uniform in low..high, float32, below `high` so that both sides get a row. */
function drawThreshold(low: number, high: number, random: () => number): number {
  const threshold = Math.fround(low + random() * (high - low));
  return threshold < high ? threshold : low;
}

function countLeft(
  x: DesignMatrix,
  column: number,
  threshold: number,
  rows: Int32Array,
  start: number,
  end: number,
): number {
  let left = 0;
  for (let i = start; i < end; i++) {
    if (x.values[rows[i]! * x.columns + column]! <= threshold) left++;
  }
  return left;
}

/** Stable partition of rows[start..end); returns where the right part begins. */
function partition(
  x: DesignMatrix,
  column: number,
  threshold: number,
  missingLeft: boolean,
  rows: Int32Array,
  scratch: Int32Array,
  start: number,
  end: number,
): number {
  let left = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const value = x.values[row * x.columns + column]!;
    if (value <= threshold || (missingLeft && Number.isNaN(value))) rows[left++] = row;
    else scratch[right++] = row;
  }
  rows.set(scratch.subarray(0, right), left);
  return left;
}

/** Path lengths and rows of the leaves. */
function setPathLengths(builder: ForestBuilder, root: number, tree: IsolationTree): void {
  const { value, cover } = builder.nodes;
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.feature[node]! >= 0) continue;
    const rows = tree.rowEnd[node]! - tree.rowStart[node]!;
    value[root + node] = tree.depth[node]! + averagePathLength(rows);
    cover[root + node] = rows;
  }
}
