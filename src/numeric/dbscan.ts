import type { Clustering, PointMatrix } from './clustering.js';
import {
  buildKdTree,
  hasNeighbours,
  squaredToBox,
  squaredToFarCorner,
  squaredToPlace,
  type KdTree,
} from './kd-tree.js';
import { checkBounds, type Bound } from './parameter-bounds.js';
import { checkPoints, summariseGroups } from './point-checks.js';

/** What DBSCAN calls dense. */
export interface DbscanOptions {
  /** Rows within this Euclidean distance, the border included, are neighbours; above 0. */
  eps: number;
  /** A row with so many neighbours, itself counted, is a core point; 1..1,000,000. */
  minPoints: number;
}

const bounds: Record<keyof DbscanOptions, Bound> = {
  eps: { low: 0, high: 1e150, open: true },
  minPoints: { low: 1, high: 1_000_000, integer: true },
};

/** Groups found; `k` may be 0 (all noise) or 1. */
export interface DbscanFit extends Clustering {
  eps: number;
  /** Rows, ascending. */
  corePoints: Int32Array;
  /** Rows in no group. */
  noise: number;
}

/**
 * DBSCAN, exact: core points within `eps` of each other are one group, other rows within `eps` of a core point are its
 * border, the rest is noise (-1). Groups are numbered by their first core point in row order, and a border row that
 * several groups reach belongs to the lowest of them: scikit-learn's labels, number for number.
 * @throws RangeError for points that are not finite, no row, or an option out of bounds
 * Source: Ester, Kriegel, Sander, Xu (1996). Cost: about O(rows log rows x columns) for few columns: a row that has its
 * group is not looked at again, so that a large `eps` costs no more than a small one.
 */
export function fitDbscan(
  points: PointMatrix,
  options: DbscanOptions,
  tree: KdTree = buildChecked(points),
): DbscanFit {
  checkBounds(options, bounds);
  const { rows, columns } = points;
  const squaredRadius = options.eps * options.eps;
  const isCore = new Uint8Array(rows);
  for (let place = 0; place < rows; place++) {
    const from = place * columns;
    if (hasNeighbours(tree, tree.values, from, squaredRadius, options.minPoints)) isCore[place] = 1;
  }
  const { k, groupOf } = growGroups(tree, isCore, squaredRadius);
  const labels = new Int32Array(rows);
  tree.order.forEach((row, place) => (labels[row] = groupOf[place]!));
  const corePoints = tree.order.filter((_, place) => isCore[place] === 1).sort();
  const { centers, inertia } = summariseGroups(points, labels, k);
  const noise = labels.reduce((count, label) => (label < 0 ? count + 1 : count), 0);
  return { k, labels, centers, inertia, bic: null, eps: options.eps, corePoints, noise };
}

function buildChecked(points: PointMatrix): KdTree {
  checkPoints(points, 1);
  return buildKdTree(points);
}

/** The group of each place of the tree. */
function growGroups(
  tree: KdTree,
  isCore: Uint8Array,
  squaredRadius: number,
): { k: number; groupOf: Int32Array } {
  const rows = tree.order.length;
  const groupOf = new Int32Array(rows).fill(-1);
  const placeOf = new Int32Array(rows);
  tree.order.forEach((row, place) => (placeOf[row] = place));
  const takeAround = createTaker(tree, groupOf, squaredRadius);
  const open = new Int32Array(rows);
  let k = 0;
  for (let row = 0; row < rows; row++) {
    const first = placeOf[row]!;
    if (groupOf[first] !== -1 || isCore[first] === 0) continue;
    // the first one takes itself: it is its own neighbour
    let waiting = takeAround(first, k, open, 0);
    while (waiting > 0) {
      const place = open[--waiting]!;
      if (isCore[place] === 1) waiting = takeAround(place, k, open, waiting);
    }
    k++;
  }
  return { k, groupOf };
}

/**
 * Puts every row without a group within the radius of `place` into `group` and onto the stack `open`; returns the new
 * height of the stack. Nodes without such rows are passed over.
 */
function createTaker(
  tree: KdTree,
  groupOf: Int32Array,
  squaredRadius: number,
): (place: number, group: number, open: Int32Array, waiting: number) => number {
  const { columns, values, start, end, right } = tree;
  const remaining = Int32Array.from({ length: tree.nodes }, (_, node) => end[node]! - start[node]!);
  let stack: Int32Array = new Int32Array(0);
  let height = 0;
  let from = 0;
  let group = 0;

  const takeLeaf = (node: number, whole: boolean): number => {
    let taken = 0;
    for (let place = start[node]!; place < end[node]!; place++) {
      if (groupOf[place] !== -1) continue;
      if (!whole && squaredToPlace(tree, place, values, from) > squaredRadius) continue;
      groupOf[place] = group;
      stack[height++] = place;
      taken++;
    }
    return taken;
  };

  const take = (node: number, inside: boolean): number => {
    if (remaining[node] === 0) return 0;
    if (!inside && squaredToBox(tree, node, values, from) > squaredRadius) return 0;
    const whole = inside || squaredToFarCorner(tree, node, values, from) <= squaredRadius;
    const taken =
      right[node] === 0 ? takeLeaf(node, whole) : take(node + 1, whole) + take(right[node]!, whole);
    remaining[node]! -= taken;
    return taken;
  };

  return (place, into, open, waiting) => {
    [stack, height, from, group] = [open, waiting, place * columns, into];
    take(0, false);
    return height;
  };
}
