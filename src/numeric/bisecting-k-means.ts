import type { ClusterAlgorithmRun } from './cluster-algorithm.js';
import { pickPoints, type Clustering, type PointMatrix } from './clustering.js';
import { fitKMeans } from './kmeans.js';
import { checkDistinct, checkK, checkPoints, inertiaOf, summariseGroups } from './point-checks.js';

/**
 * Bisecting k-means: all rows in one group, then always the group with the largest sum of squares is halved by 2-means,
 * until there are `k`. The half that holds the lower first row keeps the number. Divisive, as DIANA is.
 * @throws RangeError for points that are not finite, k out of 1..rows, or fewer distinct rows than k
 * Source: Steinbach, Karypis, Kumar (2000); the largest sum of squares as in scikit-learn's BisectingKMeans.
 * Cost: O(rows x columns) for each iteration of each of the k - 1 halvings.
 */
export function fitBisectingKMeans(
  points: PointMatrix,
  k: number,
  options: { seed: number; restarts: number },
): Clustering {
  checkPoints(points, 1);
  checkK(k, points.rows);
  checkDistinct(points, k);
  const labels = new Int32Array(points.rows);
  const squares = [sumOfSquares(points)];
  for (let groups = 1; groups < k; groups++) {
    const widest = squares.indexOf(Math.max(...squares));
    const rows = rowsOf(labels, widest);
    const own = pickPoints(points, rows);
    const halves = fitKMeans(own, 2, options).labels;
    const kept = halves[0]!;
    halves.forEach((half, at) => {
      if (half !== kept) labels[rows[at]!] = groups;
    });
    squares[widest] = sumOfSquares(pickPoints(points, rowsOf(labels, widest)));
    squares.push(sumOfSquares(pickPoints(points, rowsOf(labels, groups))));
  }
  const { centers, inertia } = summariseGroups(points, labels, k);
  return { k, labels, centers, inertia, bic: null };
}

function rowsOf(labels: Int32Array, group: number): Int32Array {
  const rows: number[] = [];
  labels.forEach((label, row) => {
    if (label === group) rows.push(row);
  });
  return Int32Array.from(rows);
}

/** About the mean; exactly 0 for equal rows, which cannot be halved. */
function sumOfSquares(points: PointMatrix): number {
  const { rows, columns, values } = points;
  if (values.every((value, at) => value === values[at % columns])) return 0;
  const one = new Int32Array(rows);
  // not 0 even where the squares underflow: the rows differ
  return Math.max(
    Number.MIN_VALUE,
    inertiaOf(points, one, summariseGroups(points, one, 1).centers),
  );
}

/** The algorithm as a plug-in: this file, its name in the lists of the recipe and a line in the chooser's switch are all it takes. */
export const bisectingKMeansRun: ClusterAlgorithmRun = {
  name: 'bisecting',
  findsK: false,
  run: (points, k, { seed, restarts }) => ({
    ...fitBisectingKMeans(points, k, { seed, restarts }),
    detail: { kind: 'centroids' },
    sampledRows: null,
    notes: [],
  }),
};
