import type { PointMatrix } from './clustering.js';

/**
 * A k-d tree over rows: nodes in pre-order, each with the bounding box of its rows; the left child of a node follows
 * it, the right one is `right[node]`. Leaves hold at most 16 rows, or equal ones.
 */
export interface KdTree {
  columns: number;
  /** Rows in the order of the leaves, shape [rows]. */
  order: Int32Array;
  /** The rows themselves in that order, row-major: what lies together is read together. */
  values: Float64Array;
  nodes: number;
  /** Shape [nodes]: the places start..end-1 of `order` below a node; `right` is 0 for a leaf. */
  start: Int32Array;
  end: Int32Array;
  right: Int32Array;
  /** Row-major, shape [nodes, columns]. */
  low: Float64Array;
  high: Float64Array;
}

const LEAF_ROWS = 16;

/**
 * Builds the tree: a node is halved at the median of its widest column. Points are finite (see `checkPoints`).
 * Source: Bentley (1975), Friedman, Bentley, Finkel (1977). Cost: O(rows log rows x columns).
 */
export function buildKdTree(points: PointMatrix): KdTree {
  const { rows, columns } = points;
  const most = Math.max(1, 2 * Math.ceil(rows / (LEAF_ROWS / 2)));
  const tree: KdTree = {
    columns,
    order: Int32Array.from({ length: rows }, (_, row) => row),
    values: new Float64Array(rows * columns),
    nodes: 0,
    start: new Int32Array(most),
    end: new Int32Array(most),
    right: new Int32Array(most),
    low: new Float64Array(most * columns),
    high: new Float64Array(most * columns),
  };
  if (rows > 0) growNode(tree, points, 0, rows);
  tree.order.forEach((row, place) => {
    tree.values.set(points.values.subarray(row * columns, (row + 1) * columns), place * columns);
  });
  return tree;
}

function growNode(tree: KdTree, points: PointMatrix, start: number, end: number): number {
  const node = tree.nodes++;
  tree.start[node] = start;
  tree.end[node] = end;
  const column = writeBox(tree, points, node);
  if (end - start <= LEAF_ROWS || column < 0) return node;
  const middle = (start + end) >>> 1;
  selectPlace(tree.order, points, column, start, end - 1, middle);
  growNode(tree, points, start, middle);
  tree.right[node] = growNode(tree, points, middle, end);
  return node;
}

/** Bounds of the node's rows; returns the widest column, -1 where all rows are equal. */
function writeBox(tree: KdTree, { columns, values }: PointMatrix, node: number): number {
  const low = tree.low.subarray(node * columns, (node + 1) * columns).fill(Infinity);
  const high = tree.high.subarray(node * columns, (node + 1) * columns).fill(-Infinity);
  for (let place = tree.start[node]!; place < tree.end[node]!; place++) {
    const from = tree.order[place]! * columns;
    for (let j = 0; j < columns; j++) {
      const value = values[from + j]!;
      if (value < low[j]!) low[j] = value;
      if (value > high[j]!) high[j] = value;
    }
  }
  let widest = -1;
  let width = 0;
  for (let j = 0; j < columns; j++) {
    if (high[j]! - low[j]! <= width) continue;
    width = high[j]! - low[j]!;
    widest = j;
  }
  return widest;
}

/** Quickselect (Hoare, 1961): `order[place]` as if sorted by the column, smaller ones before it, larger ones after. */
function selectPlace(
  order: Int32Array,
  { columns, values }: PointMatrix,
  column: number,
  from: number,
  to: number,
  place: number,
): void {
  const valueAt = (at: number): number => values[order[at]! * columns + column]!;
  let [left, right] = [from, to];
  while (left < right) {
    const pivot = medianOfThree(valueAt(left), valueAt((left + right) >>> 1), valueAt(right));
    let [i, j] = [left, right];
    while (i <= j) {
      while (valueAt(i) < pivot) i++;
      while (valueAt(j) > pivot) j--;
      if (i > j) break;
      const kept = order[i]!;
      order[i++] = order[j]!;
      order[j--] = kept;
    }
    if (place <= j) right = j;
    else if (place >= i) left = i;
    else return;
  }
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** Squared distance of a place of the tree to a row of `values` that starts at `from`. */
export function squaredToPlace(
  tree: KdTree,
  place: number,
  values: Float64Array,
  from: number,
): number {
  const { columns } = tree;
  let sum = 0;
  for (let j = 0, at = place * columns; j < columns; j++, at++) {
    const difference = tree.values[at]! - values[from + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** Squared distance of a row to the nearest point of a node's box: 0 inside. */
export function squaredToBox(
  tree: KdTree,
  node: number,
  values: Float64Array,
  from: number,
): number {
  const { columns, low, high } = tree;
  let sum = 0;
  for (let j = 0, at = node * columns; j < columns; j++, at++) {
    const value = values[from + j]!;
    const outside = value < low[at]! ? low[at]! - value : value > high[at]! ? value - high[at]! : 0;
    sum += outside * outside;
  }
  return sum;
}

/** Squared distance of a row to the farthest corner of a node's box: no row below the node is farther. */
export function squaredToFarCorner(
  tree: KdTree,
  node: number,
  values: Float64Array,
  from: number,
): number {
  const { columns, low, high } = tree;
  let sum = 0;
  for (let j = 0, at = node * columns; j < columns; j++, at++) {
    const value = values[from + j]!;
    const far = Math.max(Math.abs(value - low[at]!), Math.abs(high[at]! - value));
    sum += far * far;
  }
  return sum;
}

/**
 * Whether at least `enough` rows of the tree lie within the squared distance of the row of `values` at `from`, itself
 * counted where it is in the tree; looks no further than that. Cost: O(log rows + enough) where dense.
 */
export function hasNeighbours(
  tree: KdTree,
  values: Float64Array,
  from: number,
  squaredRadius: number,
  enough: number,
): boolean {
  let found = 0;
  const visit = (node: number): boolean => {
    if (squaredToBox(tree, node, values, from) > squaredRadius) return false;
    const [start, end] = [tree.start[node]!, tree.end[node]!];
    if (squaredToFarCorner(tree, node, values, from) <= squaredRadius) {
      found += end - start;
      return found >= enough;
    }
    if (tree.right[node] !== 0) {
      return visit(node + 1) || visit(tree.right[node]!);
    }
    for (let place = start; place < end; place++) {
      if (squaredToPlace(tree, place, values, from) <= squaredRadius) found++;
    }
    return found >= enough;
  };
  return tree.nodes > 0 && visit(0);
}

/**
 * Squared distance of the row of `values` at `from` to its `nth` nearest row of the tree (1 = the nearest; itself counts
 * where it is in the tree); Infinity where the tree has fewer. `nearest` is scratch of length >= nth.
 * Cost: O(nth x log rows) where dense.
 */
export function squaredToNth(
  tree: KdTree,
  values: Float64Array,
  from: number,
  nth: number,
  nearest = new Float64Array(nth),
): number {
  nearest.fill(Infinity, 0, nth);
  const visit = (node: number): void => {
    if (tree.right[node] !== 0) {
      const [left, right] = [node + 1, tree.right[node]!];
      const toLeft = squaredToBox(tree, left, values, from);
      const toRight = squaredToBox(tree, right, values, from);
      const leftFirst = toLeft <= toRight;
      if (Math.min(toLeft, toRight) < nearest[nth - 1]!) visit(leftFirst ? left : right);
      if (Math.max(toLeft, toRight) < nearest[nth - 1]!) visit(leftFirst ? right : left);
      return;
    }
    for (let place = tree.start[node]!; place < tree.end[node]!; place++) {
      insertAscending(nearest, nth, squaredToPlace(tree, place, values, from));
    }
  };
  if (tree.nodes > 0) visit(0);
  return nearest[nth - 1]!;
}

function insertAscending(nearest: Float64Array, length: number, value: number): void {
  let at = length - 1;
  if (value >= nearest[at]!) return;
  for (; at > 0 && nearest[at - 1]! > value; at--) nearest[at] = nearest[at - 1]!;
  nearest[at] = value;
}
