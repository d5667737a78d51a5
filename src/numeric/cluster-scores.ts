import type { PointMatrix } from './clustering.js';
import { summariseGroups } from './point-checks.js';

/** How tight and how far apart the groups of a labelling are; noise is left out of all of it. */
export interface ClusterScores {
  /** Rows of each group, shape [k]. */
  sizes: Int32Array;
  /** Rows in no group. */
  noise: number;
  /** Sum of squared distances to the mean of the own group. */
  inertia: number;
  /**
   * Variance between over variance inside, each by its degrees of freedom; larger is better. Infinity where nobody
   * differs from the mean of the group (scikit-learn says 1 then); NaN with fewer than two groups or with as many as rows.
   */
  calinskiHarabasz: number;
  /**
   * Mean over the groups of the worst (spread of one + spread of the other) / distance of the means; smaller is better,
   * >= 0; Infinity where two groups of some spread have one mean; NaN as above.
   */
  daviesBouldin: number;
}

/**
 * Scores of a labelling around the means of its groups; groups without rows are passed over.
 * @param labels 0..k-1, negative = noise, shape [rows]
 * @throws RangeError unless there is a label for each row
 * Source: Calinski & Harabasz (1974); Davies & Bouldin (1979) with Euclidean distances, as scikit-learn's.
 * Cost: O(rows x columns + k² x columns).
 */
export function clusterScores(points: PointMatrix, labels: Int32Array, k: number): ClusterScores {
  if (labels.length !== points.rows) {
    throw new RangeError(`labels must be one a row, got ${labels.length} for ${points.rows} rows`);
  }
  const { centers, sizes, inertia } = summariseGroups(points, labels, k);
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const found = [...sizes.keys()].filter((group) => sizes[group]! > 0);
  const shared = { sizes, noise: points.rows - rows, inertia };
  if (found.length < 2 || found.length >= rows) {
    return { ...shared, calinskiHarabasz: NaN, daviesBouldin: NaN };
  }
  const between = betweenGroups(centers, sizes, rows, points.columns);
  const inside = inertia / (rows - found.length);
  return {
    ...shared,
    calinskiHarabasz: between / (found.length - 1) / inside,
    daviesBouldin: daviesBouldin(centers, spreads(points, labels, centers, sizes), found),
  };
}

function betweenGroups(
  centers: Float64Array,
  sizes: Int32Array,
  rows: number,
  columns: number,
): number {
  const mean = new Float64Array(columns);
  for (let at = 0; at < centers.length; at++) {
    mean[at % columns]! += (centers[at]! * sizes[Math.floor(at / columns)]!) / rows;
  }
  let between = 0;
  for (let at = 0; at < centers.length; at++) {
    between += sizes[Math.floor(at / columns)]! * (centers[at]! - mean[at % columns]!) ** 2;
  }
  return between;
}

/** Mean distance of the rows of each group to its mean. */
function spreads(
  { rows, columns, values }: PointMatrix,
  labels: Int32Array,
  centers: Float64Array,
  sizes: Int32Array,
): Float64Array {
  const sums = new Float64Array(sizes.length);
  for (let row = 0; row < rows; row++) {
    const group = labels[row]!;
    if (group < 0) continue;
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const difference = values[row * columns + j]! - centers[group * columns + j]!;
      sum += difference * difference;
    }
    sums[group]! += Math.sqrt(sum);
  }
  return sums.map((sum, group) => sum / Math.max(1, sizes[group]!));
}

function daviesBouldin(
  centers: Float64Array,
  spread: Float64Array,
  found: readonly number[],
): number {
  const columns = centers.length / spread.length;
  let total = 0;
  for (const a of found) {
    let worst = 0;
    for (const b of found) {
      if (a === b || spread[a]! + spread[b]! === 0) continue;
      let squared = 0;
      for (let j = 0; j < columns; j++) {
        squared += (centers[a * columns + j]! - centers[b * columns + j]!) ** 2;
      }
      worst = Math.max(worst, (spread[a]! + spread[b]!) / Math.sqrt(squared));
    }
    total += worst;
  }
  return total / found.length;
}
