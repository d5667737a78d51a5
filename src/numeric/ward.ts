import type { PointMatrix } from './clustering.js';
import { checkPoints } from './point-checks.js';

/**
 * A hierarchy of merges, in ascending height: merge m joins clusters `left[m]` < `right[m]` into cluster rows + m;
 * clusters 0..rows-1 are the rows. As the linkage matrix of scipy.
 */
export interface Linkage {
  rows: number;
  /** Shape [rows - 1]; so are the others. */
  left: Int32Array;
  right: Int32Array;
  /** Ward's distance: root of twice the growth of the sum of squares. */
  height: Float64Array;
  /** Rows below. */
  size: Int32Array;
}

/** Rows that `wardLinkage` takes. */
export const MAX_WARD_ROWS = 50_000;

/**
 * Agglomerative clustering by Ward's criterion with the nearest-neighbour chain: always the two clusters whose merging
 * adds least to the sum of squares, distance = sqrt(2 a b / (a + b)) x |centroid - centroid|. Clusters are kept as
 * centroid and size, so memory is O(rows x columns). Between equal distances the previous link of the chain, then the
 * lower number wins, as in scipy.
 * @throws RangeError for points that are not finite, fewer than 2 rows or more than 50,000
 * Source: Ward (1963); Murtagh (1983); Müllner (2011). Cost: O(rows² x columns).
 */
export function wardLinkage(points: PointMatrix): Linkage {
  checkPoints(points, 2);
  if (points.rows > MAX_WARD_ROWS) {
    throw new RangeError(
      `rows must be 2..${String(MAX_WARD_ROWS)} for Ward's linkage, got ${String(points.rows)}: take a sample`,
    );
  }
  return inOrderOfHeight(mergeChain(points));
}

/** Merges as the chain finds them; a merged cluster keeps the place of its `right` row. */
function mergeChain(points: PointMatrix): Linkage {
  const { rows } = points;
  const linkage: Linkage = {
    rows,
    left: new Int32Array(rows - 1),
    right: new Int32Array(rows - 1),
    height: new Float64Array(rows - 1),
    size: new Int32Array(rows - 1),
  };
  const clusters = createClusters(points);
  const chain: number[] = [];
  for (let merge = 0; merge < rows - 1; merge++) {
    if (chain.length === 0) chain.push(clusters.first());
    let found = clusters.nearest(chain.at(-1)!, chain.at(-2) ?? -1);
    while (found.place !== chain.at(-2)) {
      // rounding may make a new cluster look nearer to an old link than it can be: begin anew, or the chain closes to a ring
      if (chain.includes(found.place)) chain.splice(0, chain.length - 1);
      chain.push(found.place);
      found = clusters.nearest(chain.at(-1)!, chain.at(-2)!);
    }
    const a = chain.pop()!;
    const b = chain.pop()!;
    const [left, right] = [Math.min(a, b), Math.max(a, b)];
    linkage.left[merge] = left;
    linkage.right[merge] = right;
    linkage.height[merge] = Math.sqrt(2 * found.cost);
    linkage.size[merge] = clusters.merge(left, right);
  }
  return linkage;
}

interface Clusters {
  /** The lowest place that holds a cluster. */
  first: () => number;
  /** The nearest cluster and what merging with it costs; `preferred` wins where others are as near. */
  nearest: (place: number, preferred: number) => { place: number; cost: number };
  /** Merges into `right`; returns the new size. */
  merge: (left: number, right: number) => number;
}

/** The clusters that are left, packed in ascending order of their places, so that a scan reads nothing else. */
function createClusters({ rows, columns, values }: PointMatrix): Clusters {
  const centroids = Float64Array.from(values);
  const sizes = new Float64Array(rows).fill(1);
  const places = Int32Array.from({ length: rows }, (_, place) => place);
  /** Where a place is packed. */
  const packedAt = places.slice();
  let count = rows;

  const squaredBetween = (a: number, b: number): number => {
    let sum = 0;
    for (let j = 0, i = a * columns, m = b * columns; j < columns; j++, i++, m++) {
      const difference = centroids[i]! - centroids[m]!;
      sum += difference * difference;
    }
    return sum;
  };
  const weightOf = (a: number, b: number): number =>
    (sizes[a]! * sizes[b]!) / (sizes[a]! + sizes[b]!);

  return {
    first: () => places[0]!,
    nearest: (place, preferred) => {
      const own = packedAt[place]!;
      const size = sizes[own]!;
      let best = preferred < 0 ? -1 : packedAt[preferred]!;
      let cost = best < 0 ? Infinity : weightOf(own, best) * squaredBetween(own, best);
      for (let at = 0; at < count; at++) {
        const squared = squaredBetween(own, at);
        const other = sizes[at]!;
        // most are far off: no division for them
        if (squared * size * other > cost * (size + other) * (1 + 1e-9) || at === own) continue;
        const found = weightOf(own, at) * squared;
        if (found >= cost) continue;
        cost = found;
        best = at;
      }
      return { place: places[best]!, cost };
    },
    merge: (gone, kept) => {
      const [from, to] = [packedAt[gone]!, packedAt[kept]!];
      const total = sizes[from]! + sizes[to]!;
      for (let j = 0, g = from * columns, k = to * columns; j < columns; j++, g++, k++) {
        centroids[k] = (sizes[from]! * centroids[g]! + sizes[to]! * centroids[k]!) / total;
      }
      sizes[to] = total;
      places.copyWithin(from, from + 1, count);
      sizes.copyWithin(from, from + 1, count);
      centroids.copyWithin(from * columns, (from + 1) * columns, count * columns);
      count--;
      for (let at = from; at < count; at++) packedAt[places[at]!] = at;
      return total;
    },
  };
}

/** Sorts the merges by height, stable, and names each cluster by the merge that made it. */
function inOrderOfHeight(found: Linkage): Linkage {
  const { rows } = found;
  const order = Int32Array.from({ length: rows - 1 }, (_, merge) => merge);
  order.sort((a, b) => found.height[a]! - found.height[b]! || a - b);
  const clusterOf = Int32Array.from({ length: rows }, (_, row) => row);
  const parent = Int32Array.from({ length: rows }, (_, row) => row);
  const sizeOf = new Int32Array(rows).fill(1);
  const sorted: Linkage = {
    rows,
    left: new Int32Array(rows - 1),
    right: new Int32Array(rows - 1),
    height: Float64Array.from(order, (merge) => found.height[merge]!),
    size: new Int32Array(rows - 1),
  };
  order.forEach((merge, at) => {
    const a = rootOf(parent, found.left[merge]!);
    const b = rootOf(parent, found.right[merge]!);
    sorted.left[at] = Math.min(clusterOf[a]!, clusterOf[b]!);
    sorted.right[at] = Math.max(clusterOf[a]!, clusterOf[b]!);
    parent[a] = b;
    sizeOf[b]! += sizeOf[a]!;
    sorted.size[at] = sizeOf[b]!;
    clusterOf[b] = rows + at;
  });
  return sorted;
}

/** Halves the path on the way. */
function rootOf(parent: Int32Array, from: number): number {
  let at = from;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]!]!;
    at = parent[at]!;
  }
  return at;
}

/**
 * The `k` groups that are left when the last k - 1 merges are undone, numbered by their first row.
 * @throws RangeError unless 1 <= k <= rows
 */
export function cutLinkage(linkage: Linkage, k: number): Int32Array {
  const { rows } = linkage;
  if (!(Number.isInteger(k) && k >= 1 && k <= rows)) {
    throw new RangeError(`k must be 1..${String(rows)} (the rows), got ${String(k)}`);
  }
  const parent = Int32Array.from({ length: 2 * rows - 1 }, (_, cluster) => cluster);
  for (let merge = 0; merge < rows - k; merge++) {
    parent[linkage.left[merge]!] = rows + merge;
    parent[linkage.right[merge]!] = rows + merge;
  }
  const numberOf = new Map<number, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    const root = rootOf(parent, row);
    const number = numberOf.get(root) ?? numberOf.size;
    numberOf.set(root, number);
    return number;
  });
}
