import type { Forest } from './forest.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';
import type { ThresholdCodes } from './threshold-codes.js';

/**
 * A forest as its leaves see it: for every leaf the distinct columns of its path and the share of the
 * training rows that agree with the path in each. Leaves are grouped: two leaves with one parent
 * form one group (they have the same columns), every other leaf is a group of its own.
 */
export interface ForestPaths {
  trees: TreePaths[];
  /** Of all leaves, one after the other. */
  shares: Float64Array;
  /** t + (1 - t) * share for the nodes t of the leaf's quadrature: shape [nodes, columns] for each leaf. */
  factors: Float64Array;
  /** Rule for paths of d columns at index d. */
  quadratures: (Quadrature | undefined)[];
  /** The sum of the cover-weighted mean leaf value of each tree. */
  expected: number;
}

/**
 * One tree; nodes have numbers ("slots") in preorder, 0 = the root. The pattern of a slot has bit k set
 * iff the row agrees with the path in the path's k-th distinct column.
 */
export interface TreePaths {
  slots: number;
  /** INNER_FIELDS numbers for each inner node but those with two leaves, in preorder. */
  inner: Int32Array;
  /** PAIR_FIELDS numbers for each inner node with two leaves. */
  pairs: Int32Array;
  /** GROUP_FIELDS numbers for each group. */
  groups: Int32Array;
  /** Columns of the longest path. */
  width: number;
  /** Columns of the groups, shape [groups, width]; shorter paths are filled up with their first column. */
  columns: Int32Array;
  /** Leaf values, two for each group (the second 0 in a group of one). */
  values: Float64Array;
}

/** Slot, position in a coded row, node code, slots of the children, mask that clears the column, bit that sets it where new. */
export const INNER_FIELDS = 7;
/** Slot, position in a coded row, node code. */
export const PAIR_FIELDS = 3;
/** See the fields below. */
export const GROUP_FIELDS = 8;
/** Slot whose pattern decides what the group contributes; in a pair 2 * pattern + (1 iff the row goes left). */
export const GROUP_SLOT = 0;
/** Number of distinct columns on the path. */
export const GROUP_WIDTH = 1;
/** Number of bits of the key. */
export const GROUP_KEY_BITS = 2;
/** 1 for two leaves. */
export const GROUP_IS_PAIR = 3;
/** In a pair: clears the parent's column in a pattern, and sets it where it is new on the path. */
export const GROUP_CLEAR = 4;
export const GROUP_NEW_BIT = 5;
/** First share and first factor of the first leaf; the second leaf's follow. */
export const GROUP_SHARES = 6;
export const GROUP_FACTORS = 7;

/** Longest path in distinct columns: a pattern, with one bit to spare for the key, is a 32-bit integer. */
export const MAX_WIDTH = 30;

/** Distinct columns of the longest path. */
export function widthOf(forest: Forest, node: number, above = new Set<number>()): number {
  const column = forest.feature[node]!;
  if (column < 0) return above.size;
  const isNew = !above.has(column);
  above.add(column);
  const width = Math.max(
    widthOf(forest, forest.left[node]!, above),
    widthOf(forest, forest.right[node]!, above),
  );
  if (isNew) above.delete(column);
  return width;
}

/** Reads the paths of the trees with these roots, at most 30 distinct columns each. Cost: O(leaves * depth^2). */
export function readForestPaths(
  forest: Forest,
  codes: ThresholdCodes,
  roots: readonly number[],
): ForestPaths {
  const leaves: LeafStore = { shares: [], factors: [], quadratures: [], expected: 0 };
  const trees = roots.map((root) => readTree(forest, codes, root, leaves));
  return {
    trees,
    shares: Float64Array.from(leaves.shares),
    factors: Float64Array.from(leaves.factors),
    quadratures: leaves.quadratures,
    expected: leaves.expected,
  };
}

interface LeafStore {
  shares: number[];
  factors: number[];
  quadratures: (Quadrature | undefined)[];
  expected: number;
}

function readTree(
  forest: Forest,
  codes: ThresholdCodes,
  root: number,
  leaves: LeafStore,
): TreePaths {
  const inner: number[] = [];
  const pairs: number[] = [];
  const groups: number[] = [];
  const groupColumns: number[][] = [];
  const values: number[] = [];
  const path: number[] = [];
  const shares: number[] = [];
  let slots = 0;

  const addGroup = (slot: number, keyBits: number, pair: number, clear = 0, newBit = 0): void => {
    groups.push(slot, path.length, keyBits, pair, clear, newBit);
    groups.push(leaves.shares.length, leaves.factors.length);
    groupColumns.push(path.slice());
  };
  const addLeaf = (node: number, reach: number): void => {
    leaves.expected += reach * forest.value[node]!;
    values.push(forest.value[node]!);
    addFactors(leaves, shares);
  };
  const visit = (node: number, reach: number): number => {
    const slot = slots++;
    if (forest.feature[node]! < 0) {
      addGroup(slot, path.length, 0);
      addLeaf(node, reach);
      values.push(0);
      return slot;
    }
    const column = forest.feature[node]!;
    const position = path.indexOf(column);
    const bit = position >= 0 ? position : path.length;
    const clear = ~(1 << bit);
    const newBit = position < 0 ? 1 << bit : 0;
    const keyBits = path.length + 1;
    const before = position < 0 ? 1 : shares[bit]!;
    if (position < 0) path.push(column);
    const children = [forest.left[node]!, forest.right[node]!];
    const isPair = children.every((child) => forest.feature[child]! < 0);
    const at = inner.length;
    if (isPair) {
      pairs.push(slot, codes.nodePosition[node]!, codes.nodeCode[node]!);
      addGroup(slot, keyBits, 1, clear, newBit);
    } else {
      inner.push(slot, codes.nodePosition[node]!, codes.nodeCode[node]!, 0, 0, clear, newBit);
    }
    children.forEach((child, side) => {
      const share = forest.cover[node]! > 0 ? forest.cover[child]! / forest.cover[node]! : 0;
      shares[bit] = before * share;
      if (isPair) addLeaf(child, reach * share);
      else inner[at + 3 + side] = visit(child, reach * share);
    });
    shares[bit] = before;
    if (position < 0) {
      path.pop();
      shares.pop();
    }
    return slot;
  };
  visit(root, 1);
  const width = Math.max(...groupColumns.map((columns) => columns.length));
  return {
    slots,
    inner: Int32Array.from(inner),
    pairs: Int32Array.from(pairs),
    groups: Int32Array.from(groups),
    width,
    columns: fillUp(groupColumns, width),
    values: Float64Array.from(values),
  };
}

function addFactors(leaves: LeafStore, shares: readonly number[]): void {
  const width = shares.length;
  const nodeCount = Math.max(1, Math.ceil(width / 2));
  const { nodes } = (leaves.quadratures[width] ??= gaussLegendre(nodeCount));
  for (const share of shares) leaves.shares.push(share);
  for (const t of nodes) for (const share of shares) leaves.factors.push(t + (1 - t) * share);
}

function fillUp(groupColumns: readonly (readonly number[])[], width: number): Int32Array {
  const columns = new Int32Array(groupColumns.length * width);
  groupColumns.forEach((path, group) => {
    for (let k = 0; k < width; k++) columns[group * width + k] = path[k] ?? path[0]!;
  });
  return columns;
}
