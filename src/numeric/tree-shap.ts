import type { Forest } from './forest.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';
import { requireColumns } from './predictor.js';
import type { DesignMatrix } from './table.js';

/** Shapley values of a forest's margins, and the margin expected of an average training row. */
export interface TreeShap {
  baseValue: number;
  /** Row-major, shape [rows, columns]; baseValue + the sum of a row = its margin. */
  values: Float64Array;
}

/** Leaves with more distinct columns on their path than this are computed anew for each row. */
const MAX_TABLE_COLUMNS = 10;
/** float64 numbers a table of one tree may hold: 8 MB. */
const MAX_TABLE = 1_048_576;

/**
 * Exact path-dependent TreeSHAP: the Shapley values of the game in which an unknown feature follows
 * both branches in proportion to `cover` (Lundberg et al., 2020, algorithm 2, same values to rounding).
 *
 * A leaf sees of a row only which of its path's d distinct columns agree with the path: one of 2^d
 * patterns, so what it contributes is kept in a table, as in Fast TreeSHAP v2 (Yang, 2021), filled as
 * patterns occur. An entry is the integral over t in [0, 1] of a polynomial of degree d - 1 (the
 * Shapley weights are Beta integrals), which Gauss-Legendre quadrature with ceil(d / 2) nodes gives
 * exactly; all its terms are positive, so that nothing cancels, as unwinding paths does.
 * NaN takes the learned side.
 * @throws RangeError if the columns are not those of the forest, or a path has more than 30 of them
 * Cost: O(rows * leaves * d) + O(d^2) for each pattern that occurs.
 */
export function treeShap(forest: Forest, x: DesignMatrix): TreeShap {
  requireColumns(forest, x);
  const values = new Float64Array(x.rows * x.columns);
  const shared: Shared = {
    quadratures: [],
    table: new Float64Array(0),
    filled: new Uint8Array(0),
    patterns: new Int32Array(0),
    scratch: new Float64Array(64),
  };
  let baseValue = forest.baseValue;
  for (let tree = 0; tree < forest.treeCount; tree++) {
    const paths = readPaths(forest, forest.treeStart[tree]!, shared.quadratures);
    baseValue += paths.expected;
    if (x.rows > 0) addTreeValues(forest, paths, x, values, shared);
  }
  return { baseValue, values };
}

/** Buffers reused from tree to tree. */
interface Shared {
  quadratures: (Quadrature | undefined)[];
  table: Float64Array;
  filled: Uint8Array;
  patterns: Int32Array;
  scratch: Float64Array;
}

/** A tree as what its leaves see of a row. Nodes are numbered in preorder, 0 = the root. */
interface TreePaths {
  /** Cover-weighted mean leaf value. */
  expected: number;
  nodeCount: number;
  /** Inner nodes in preorder: own number, forest node, children's numbers, bit of the column. */
  inner: Int32Array;
  leaves: LeafPath[];
}

interface LeafPath {
  /** Number of the node in preorder. */
  node: number;
  value: number;
  /** Distinct columns of the path, in order of appearance; bit k of a pattern belongs to columns[k]. */
  columns: Int32Array;
  /** Share of the training rows that agree with the path in that column, given the rest of it. */
  shares: Float64Array;
  /** t + (1 - t) * share, shape [quadrature nodes, columns]. */
  factors: Float64Array;
  quadrature: Quadrature;
  /** First number of this leaf in the table, -1 where it has none; and its first flag. */
  tableStart: number;
  flagStart: number;
}

const INNER_FIELDS = 6;

/** Walks one tree once and lists its inner nodes and leaf paths. */
function readPaths(
  forest: Forest,
  root: number,
  quadratures: (Quadrature | undefined)[],
): TreePaths {
  const inner: number[] = [];
  const leaves: LeafPath[] = [];
  const columns: number[] = [];
  const shares: number[] = [];
  let nodeCount = 0;
  let expected = 0;

  const visit = (node: number, reach: number): number => {
    const number = nodeCount++;
    const column = forest.feature[node]!;
    if (column < 0) {
      expected += reach * forest.value[node]!;
      leaves.push(leafPath(number, forest.value[node]!, columns, shares, quadratures));
      return number;
    }
    const known = columns.indexOf(column);
    const bit = known >= 0 ? known : columns.length;
    if (bit >= 30) throw new RangeError('a path must have at most 30 distinct columns');
    const at = inner.length;
    const isNew = known < 0 ? 1 << bit : 0;
    inner.push(number, node, 0, 0, ~(1 << bit), isNew);
    if (known < 0) columns.push(column);
    const before = known < 0 ? 1 : shares[bit]!;
    const children = [forest.left[node]!, forest.right[node]!];
    children.forEach((child, side) => {
      const share = forest.cover[node]! > 0 ? forest.cover[child]! / forest.cover[node]! : 0;
      shares[bit] = before * share;
      inner[at + 2 + side] = visit(child, reach * share);
    });
    shares[bit] = before;
    if (known < 0) {
      columns.pop();
      shares.pop();
    }
    return number;
  };
  visit(root, 1);
  return { expected, nodeCount, inner: Int32Array.from(inner), leaves };
}

function leafPath(
  node: number,
  value: number,
  columns: readonly number[],
  shares: readonly number[],
  quadratures: (Quadrature | undefined)[],
): LeafPath {
  const d = columns.length;
  const quadrature = (quadratures[d] ??= gaussLegendre(Math.max(1, Math.ceil(d / 2))));
  const factors = new Float64Array(quadrature.nodes.length * d);
  quadrature.nodes.forEach((t, q) => {
    for (let k = 0; k < d; k++) factors[q * d + k] = t + (1 - t) * shares[k]!;
  });
  return {
    node,
    value,
    columns: Int32Array.from(columns),
    shares: Float64Array.from(shares),
    factors,
    quadrature,
    tableStart: -1,
    flagStart: -1,
  };
}

/** Gives leaves their places in the table, smallest paths first come, until it is full. */
function layOutTable(paths: TreePaths, shared: Shared): void {
  let numbers = 0;
  let flags = 0;
  for (const leaf of paths.leaves) {
    const d = leaf.columns.length;
    if (d > MAX_TABLE_COLUMNS || numbers + d * 2 ** d > MAX_TABLE) continue;
    leaf.tableStart = numbers;
    leaf.flagStart = flags;
    numbers += d * 2 ** d;
    flags += 2 ** d;
  }
  if (shared.table.length < numbers) shared.table = new Float64Array(numbers);
  if (shared.filled.length < flags) shared.filled = new Uint8Array(flags);
  else shared.filled.fill(0, 0, flags);
  if (shared.patterns.length < paths.nodeCount) shared.patterns = new Int32Array(paths.nodeCount);
}

function addTreeValues(
  forest: Forest,
  paths: TreePaths,
  x: DesignMatrix,
  values: Float64Array,
  shared: Shared,
): void {
  layOutTable(paths, shared);
  const { table, filled, patterns, scratch } = shared;
  for (let row = 0; row < x.rows; row++) {
    const base = row * x.columns;
    markPatterns(forest, paths.inner, x.values, base, patterns);
    for (const leaf of paths.leaves) {
      const { columns } = leaf;
      const d = columns.length;
      const pattern = patterns[leaf.node]!;
      if (leaf.tableStart < 0) {
        fillEntry(leaf, pattern, scratch, 0);
        for (let k = 0; k < d; k++) values[base + columns[k]!]! += scratch[k]!;
        continue;
      }
      const at = leaf.tableStart + pattern * d;
      if (filled[leaf.flagStart + pattern] === 0) {
        filled[leaf.flagStart + pattern] = 1;
        fillEntry(leaf, pattern, table, at);
      }
      for (let k = 0; k < d; k++) values[base + columns[k]!]! += table[at + k]!;
    }
  }
}

/** For every node, which of its path's columns agree with the path; parents come before children. */
function markPatterns(
  forest: Forest,
  inner: Int32Array,
  values: Float32Array,
  base: number,
  patterns: Int32Array,
): void {
  const { feature, threshold, missingLeft } = forest;
  patterns[0] = 0;
  for (let at = 0; at < inner.length; at += INNER_FIELDS) {
    const node = inner[at + 1]!;
    const pattern = patterns[inner[at]!]!;
    const value = values[base + feature[node]!]!;
    const isLeft = value <= threshold[node]! || (Number.isNaN(value) && missingLeft[node] === 1);
    // Agreeing keeps the bit (sets it where the column is new), not agreeing clears it.
    const agrees = pattern | inner[at + 5]!;
    const differs = pattern & inner[at + 4]!;
    patterns[inner[at + 2]!] = isLeft ? agrees : differs;
    patterns[inner[at + 3]!] = isLeft ? differs : agrees;
  }
}

/**
 * What one leaf contributes to each column of its path, for one pattern of agreement.
 * With A the columns that agree and u the number that do not, the value of column k is
 * leaf value * product of the shares not in A * integral of (1 - t)^u * product over A without k of
 * (t + (1 - t) share) * (1 - share of k) dt for k in A, and the same with (1 - t)^(u - 1), A whole and -1 else.
 */
function fillEntry(leaf: LeafPath, pattern: number, out: Float64Array, at: number): void {
  const { shares, factors, quadrature } = leaf;
  const d = shares.length;
  let scale = leaf.value;
  let outside = 0;
  for (let k = 0; k < d; k++) {
    out[at + k] = 0;
    if (pattern & (1 << k)) continue;
    scale *= shares[k]!;
    outside++;
  }
  for (let q = 0; q < quadrature.nodes.length; q++) {
    const rest = 1 - quadrature.nodes[q]!;
    let product = quadrature.weights[q]! * scale;
    for (let k = 0; k < d; k++) if (pattern & (1 << k)) product *= factors[q * d + k]!;
    for (let i = 1; i < outside; i++) product *= rest;
    const inside = outside > 0 ? product * rest : product;
    for (let k = 0; k < d; k++) {
      if (pattern & (1 << k)) out[at + k]! += (inside * (1 - shares[k]!)) / factors[q * d + k]!;
      else out[at + k]! -= product;
    }
  }
}
