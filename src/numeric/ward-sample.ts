import { pickPoints, type Clustering, type PointMatrix } from './clustering.js';
import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';
import { checkDistinct, checkK, checkPoints, summariseGroups } from './point-checks.js';
import { randomStream, sampleAscending } from './random.js';
import { cutLinkage, MAX_WARD_ROWS, wardLinkage, type Linkage } from './ward.js';

/** On how many rows the tree is grown. */
export interface WardOptions {
  /** 2..50,000; larger tables are sampled. */
  sampleRows: number;
  /** Of the sample. */
  seed: number;
}

export const defaultWardOptions: WardOptions = { sampleRows: 5000, seed: 1 };

const bounds: Record<keyof WardOptions, Bound> = {
  sampleRows: { low: 2, high: MAX_WARD_ROWS, integer: true },
  seed: seedBound,
};

/** One tree, to be cut at any k. */
export interface WardTree {
  linkage: Linkage;
  /** The rows of the tree, ascending; null: all of them. */
  sample: Int32Array | null;
}

/**
 * Ward's tree of the points; of `sampleRows` rows by seed where there are more.
 * @throws RangeError for points that are not finite, fewer than 2 rows, or an option out of bounds
 */
export function fitWardTree(points: PointMatrix, options = defaultWardOptions): WardTree {
  checkBounds(options, bounds);
  checkPoints(points, 2);
  if (points.rows <= options.sampleRows) return { linkage: wardLinkage(points), sample: null };
  const sample = sampleAscending(points.rows, options.sampleRows, randomStream(options.seed));
  return { linkage: wardLinkage(pickPoints(points, sample)), sample };
}

/**
 * The tree's `k` groups. Rows outside the sample take the group of the nearest centroid of the sample, the lower number
 * where two are as near; `centers` and `inertia` are then of all rows.
 * @throws RangeError unless 1 <= k <= rows of the tree, or for fewer distinct rows among them than `k`
 */
export function cutWardTree(
  points: PointMatrix,
  { linkage, sample }: WardTree,
  k: number,
): Clustering {
  checkK(k, linkage.rows);
  const grown = sample ? pickPoints(points, sample) : points;
  checkDistinct(grown, k);
  const cut = cutLinkage(linkage, k);
  const labels = sample ? spread(points, sample, grown, cut, k) : cut;
  const { centers, inertia } = summariseGroups(points, labels, k);
  return { k, labels, centers, inertia, bic: null };
}

function spread(
  points: PointMatrix,
  sample: Int32Array,
  grown: PointMatrix,
  cut: Int32Array,
  k: number,
): Int32Array {
  const { centers } = summariseGroups(grown, cut, k);
  const labels = nearestCenters(points, centers, k);
  sample.forEach((row, at) => (labels[row] = cut[at]!));
  return labels;
}

/** The nearest of `k` centres for each row, the lower number where two are as near. Cost: O(rows x k x columns). */
export function nearestCenters(
  { rows, columns, values }: PointMatrix,
  centers: Float64Array,
  k: number,
): Int32Array {
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let least = Infinity;
    for (let group = 0; group < k; group++) {
      let sum = 0;
      for (let j = 0, a = row * columns, b = group * columns; j < columns; j++, a++, b++) {
        const difference = values[a]! - centers[b]!;
        sum += difference * difference;
      }
      if (sum >= least) continue;
      least = sum;
      labels[row] = group;
    }
  }
  return labels;
}
