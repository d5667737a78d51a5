import type { Forest } from './forest.js';
import { readDeepTree } from './deep-tree.js';
import { deepTreeShap } from './deep-tree-shap.js';
import { requireColumns } from './predictor.js';
import type { DesignMatrix } from './table.js';
import { codeRows, readThresholdCodes } from './threshold-codes.js';
import {
  GROUP_CLEAR,
  GROUP_FACTORS,
  GROUP_FIELDS,
  GROUP_IS_PAIR,
  GROUP_KEY_BITS,
  GROUP_NEW_BIT,
  GROUP_SHARES,
  GROUP_SLOT,
  GROUP_WIDTH,
  INNER_FIELDS,
  PAIR_FIELDS,
  MAX_WIDTH,
  readForestPaths,
  type ForestPaths,
  type TreePaths,
  widthOf,
} from './tree-paths.js';

/** Shapley values of a forest's margins, and the margin expected of an average training row. */
export interface TreeShap {
  baseValue: number;
  /** Row-major, shape [rows, columns]; baseValue + the sum of a row = its margin. */
  values: Float64Array;
}

/** float64 numbers the table of one tree may hold: 8 MB. */
const MAX_TABLE = 1_048_576;
/**
 * Longest path, in distinct columns, of a tree that is read from a table of patterns. There are 2^d patterns: up to
 * here 1,000 rows share them, beyond it summing over the tree is faster for any number of rows (12 columns: by
 * 10). The number of rows has no say: a row's contributions would depend on those around it.
 */
const MAX_TABLE_WIDTH = 6;

/**
 * Exact path-dependent TreeSHAP of all rows: `prepareTreeShap(forest)(x)`, for a single use.
 * @throws RangeError if the columns are not those of the forest, or a path has more than 30 of them
 */
export function treeShap(forest: Forest, x: DesignMatrix): TreeShap {
  return prepareTreeShap(forest)(x);
}

/**
 * Reads a forest once and returns a function for the Shapley values of rows, in the game in which an
 * unknown feature follows both branches in proportion to `cover` (Lundberg et al., 2020, algorithm 2).
 *
 * A leaf sees of a row only which of its path's d distinct columns agree with the path: one of 2^d
 * patterns. In trees of short paths (for others see `deepTreeShap`) what it contributes is therefore kept in a table, as in Fast TreeSHAP v2 (Yang, 2021),
 * but filled as patterns occur. An entry is an integral over t in [0, 1] of a polynomial of degree
 * d - 1 (the Shapley weights are Beta integrals), which Gauss-Legendre quadrature with ceil(d / 2)
 * nodes gives exactly; its factors are all positive, so nothing cancels as when paths are unwound.
 * NaN takes the learned side.
 * Cost of a call: O(rows * leaves * d) + O(d^2) for each pattern that occurs, never exponential in d.
 * Holds about 30 numbers a leaf; calls share buffers.
 * @throws RangeError if a path has more than 30 distinct columns
 */
export function prepareTreeShap(forest: Forest): (x: DesignMatrix) => TreeShap {
  const codes = readThresholdCodes(forest);
  const roots = Array.from(forest.treeStart.subarray(0, forest.treeCount));
  const widths = roots.map((root) => widthOf(forest, root));
  if (widths.some((width) => width > MAX_WIDTH))
    throw new RangeError(`a path must have at most ${String(MAX_WIDTH)} distinct columns`);
  const isDeep = (tree: number): boolean => widths[tree]! > MAX_TABLE_WIDTH;
  const paths = readForestPaths(
    forest,
    codes,
    roots.filter((_, tree) => !isDeep(tree)),
  );
  const deep = roots.flatMap((root, tree) =>
    isDeep(tree) ? [readDeepTree(forest, codes, root, widths[tree]!)] : [],
  );
  const addDeep = deepTreeShap(deep);
  const baseValue = deep.reduce(
    (sum, tree) => sum + tree.expected,
    forest.baseValue + paths.expected,
  );
  const buffers = createBuffers();
  return (x) => {
    requireColumns(forest, x);
    const values = new Float64Array(x.rows * x.columns);
    const coded = new Int32Array(x.rows * codes.width);
    codeRows(codes, x, 0, x.rows, coded);
    for (const tree of paths.trees) {
      if (tree.width === 0) continue;
      layOutTable(tree, buffers);
      for (let row = 0; row < x.rows; row++) {
        const base = row * x.columns;
        markKeys(tree, coded, row * codes.width, buffers.keys);
        addGroups(paths, tree, base, values, buffers);
      }
    }
    addDeep(coded, codes.width, x, values);
    return { baseValue, values };
  };
}

/** Reused from tree to tree and call to call. */
interface Buffers {
  table: Float64Array;
  filled: Uint8Array;
  /** First entry of each group in the table, -1 where it has no place there. */
  entryStart: Int32Array;
  keys: Int32Array;
  scratch: Float64Array;
}

function createBuffers(): Buffers {
  return {
    table: new Float64Array(0),
    filled: new Uint8Array(0),
    entryStart: new Int32Array(0),
    keys: new Int32Array(0),
    scratch: new Float64Array(32),
  };
}

/** Gives groups their places in the table until it is full, and forgets the entries of the last tree. */
function layOutTable(tree: TreePaths, buffers: Buffers): void {
  const { groups, width } = tree;
  const count = groups.length / GROUP_FIELDS;
  if (buffers.entryStart.length < count) buffers.entryStart = new Int32Array(count);
  let entries = 0;
  for (let group = 0; group < count; group++) {
    const keyBits = groups[group * GROUP_FIELDS + GROUP_KEY_BITS]!;
    const fits = (entries + 2 ** keyBits) * width <= MAX_TABLE;
    buffers.entryStart[group] = fits ? entries : -1;
    if (fits) entries += 2 ** keyBits;
  }
  if (buffers.table.length < entries * width) buffers.table = new Float64Array(entries * width);
  if (buffers.filled.length < entries) buffers.filled = new Uint8Array(entries);
  else buffers.filled.fill(0, 0, entries);
  if (buffers.keys.length < tree.slots) buffers.keys = new Int32Array(tree.slots);
}

/**
 * Patterns of all slots for one row, and the keys of the pairs in place of theirs. Free of branches:
 * which way a row goes cannot be foretold, and a wrong guess costs as much as several nodes.
 */
function markKeys(tree: TreePaths, coded: Int32Array, base: number, keys: Int32Array): void {
  const { inner, pairs } = tree;
  keys[0] = 0;
  for (let at = 0; at < inner.length; at += INNER_FIELDS) {
    const pattern = keys[inner[at]!]!;
    const isLeft = (coded[base + inner[at + 1]!]! - inner[at + 2]! - 1) >> 31; // all ones, or 0
    // Agreeing keeps the bit (sets it where the column is new), not agreeing clears it.
    const agrees = pattern | inner[at + 6]!;
    const differs = pattern & inner[at + 5]!;
    const change = (agrees ^ differs) & isLeft;
    keys[inner[at + 3]!] = differs ^ change;
    keys[inner[at + 4]!] = agrees ^ change;
  }
  for (let at = 0; at < pairs.length; at += PAIR_FIELDS) {
    const slot = pairs[at]!;
    const isLeft = (coded[base + pairs[at + 1]!]! - pairs[at + 2]! - 1) >>> 31; // 1, or 0
    keys[slot] = 2 * keys[slot]! + isLeft;
  }
}

/** Adds what every group of the tree contributes to one row. */
function addGroups(
  paths: ForestPaths,
  tree: TreePaths,
  base: number,
  values: Float64Array,
  buffers: Buffers,
): void {
  const { groups, width, columns } = tree;
  const { table, filled, entryStart, keys, scratch } = buffers;
  let column = 0;
  for (let group = 0, at = 0; at < groups.length; group++, at += GROUP_FIELDS) {
    const key = keys[groups[at + GROUP_SLOT]!]!;
    const start = entryStart[group]!;
    if (start < 0) {
      fillEntry(paths, tree, group, key, scratch, 0);
      for (let k = 0; k < width; k++) values[base + columns[column + k]!]! += scratch[k]!;
      column += width;
      continue;
    }
    let entry = (start + key) * width;
    if (filled[start + key] === 0) {
      filled[start + key] = 1;
      fillEntry(paths, tree, group, key, table, entry);
    }
    // The same number of additions for every group, so that the end of this loop can be foretold.
    for (const end = entry + width; entry < end; entry++, column++) {
      values[base + columns[column]!]! += table[entry]!;
    }
  }
}

/** Writes what a group contributes to each of its columns for one key, and 0 up to the tree's width. */
function fillEntry(
  paths: ForestPaths,
  tree: TreePaths,
  group: number,
  key: number,
  out: Float64Array,
  entry: number,
): void {
  const { groups } = tree;
  const at = group * GROUP_FIELDS;
  const width = groups[at + GROUP_WIDTH]!;
  const shares = groups[at + GROUP_SHARES]!;
  const factors = groups[at + GROUP_FACTORS]!;
  const value = tree.values[2 * group]!;
  out.fill(0, entry, entry + tree.width);
  if (groups[at + GROUP_IS_PAIR] === 0) {
    addLeaf(paths, width, shares, factors, value, key, out, entry);
    return;
  }
  const pattern = key >>> 1;
  const agrees = pattern | groups[at + GROUP_NEW_BIT]!;
  const differs = pattern & groups[at + GROUP_CLEAR]!;
  const isLeft = (key & 1) === 1;
  const left = isLeft ? agrees : differs;
  const right = isLeft ? differs : agrees;
  const nextFactors = factors + width * paths.quadratures[width]!.nodes.length;
  const nextValue = tree.values[2 * group + 1]!;
  addLeaf(paths, width, shares, factors, value, left, out, entry);
  addLeaf(paths, width, shares + width, nextFactors, nextValue, right, out, entry);
}

/**
 * Adds what one leaf contributes to each column of its path, for one pattern of agreement. With A the
 * columns that agree, u the number that do not, z the shares and P the product of the z not in A:
 * column k in A gets value * P * (1 - z_k) * integral of (1-t)^u * product over A without k of (t + (1-t) z),
 * the others get -value * P * integral of (1-t)^(u-1) * product over A of (t + (1-t) z).
 */
function addLeaf(
  paths: ForestPaths,
  width: number,
  sharesAt: number,
  factorsAt: number,
  value: number,
  pattern: number,
  out: Float64Array,
  entry: number,
): void {
  const { shares, factors } = paths;
  const { nodes, weights } = paths.quadratures[width]!;
  let scale = value;
  let outside = 0;
  for (let k = 0; k < width; k++) {
    if (pattern & (1 << k)) continue;
    scale *= shares[sharesAt + k]!;
    outside++;
  }
  for (let q = 0, row = factorsAt; q < nodes.length; q++, row += width) {
    const rest = 1 - nodes[q]!;
    let product = weights[q]! * scale;
    for (let k = 0; k < width; k++) if (pattern & (1 << k)) product *= factors[row + k]!;
    for (let i = 1; i < outside; i++) product *= rest;
    const inside = outside > 0 ? product * rest : product;
    for (let k = 0; k < width; k++) {
      if (pattern & (1 << k)) {
        out[entry + k]! += (inside * (1 - shares[sharesAt + k]!)) / factors[row + k]!;
      } else out[entry + k]! -= product;
    }
  }
}
