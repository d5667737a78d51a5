import type { Clustering, PointMatrix } from './clustering.js';
import { squaredDistanceAt } from './kmeans-steps.js';

/**
 * Starting centres next to those of `fit`: a group that costs little to merge with another gives up its centre, which
 * moves to a row drawn with a probability proportional to its squared distance to its own centre. `turn` counts through the
 * groups, the cheapest first. What Lloyd's iterations alone cannot do: move a centre past others.
 * Source: Fränti, Efficiency of random swap clustering (2018), with the cost of Ward for the choice of the centre.
 * Cost: O(rows x columns + k^2 x columns).
 */
export function swapCenter(
  points: PointMatrix,
  fit: Clustering,
  turn: number,
  random: () => number,
): Float64Array {
  const { columns, values } = points;
  const centers = fit.centers.slice();
  const groups = groupsByMergeCost(fit, columns);
  const removed = groups[turn % groups.length]!;
  let left = random() * fit.inertia;
  let row = 0;
  for (; row + 1 < points.rows; row++) {
    left -= squaredDistanceAt(
      values,
      row * columns,
      fit.centers,
      fit.labels[row]! * columns,
      columns,
    );
    if (left < 0) break;
  }
  centers.set(values.subarray(row * columns, (row + 1) * columns), removed * columns);
  return centers;
}

/** The groups by the cost of merging each with the one with which it costs least, ascending. */
function groupsByMergeCost({ k, labels, centers }: Clustering, columns: number): number[] {
  const sizes = new Float64Array(k);
  for (const label of labels) sizes[label]!++;
  const cost = (a: number, b: number): number =>
    ((sizes[a]! * sizes[b]!) / (sizes[a]! + sizes[b]!)) *
    squaredDistanceAt(centers, a * columns, centers, b * columns, columns);
  const costs = Array.from({ length: k }, (_, a) => {
    let least = Infinity;
    for (let b = 0; b < k; b++) if (a !== b) least = Math.min(least, cost(a, b));
    return least;
  });
  return [...costs.keys()].sort((a, b) => costs[a]! - costs[b]! || a - b);
}
