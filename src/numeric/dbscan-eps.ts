import type { PointMatrix } from './clustering.js';
import { buildKdTree, squaredToNth, type KdTree } from './kd-tree.js';
import { checkBounds, seedBound } from './parameter-bounds.js';
import { checkPoints } from './point-checks.js';
import { randomStream, sampleAscending } from './random.js';

/** Rows whose distances are measured, at most. */
const CURVE_ROWS = 10_000;
/** Share of the largest distances that is left out of the search for the knee. */
const TAIL_SHARE = 0.005;

/**
 * The k-distance curve of Ester et al. (1996): ascending distances of rows to their `minPoints`-th nearest row, each row
 * counted as its own first; of all rows, or of 10,000 by seed where there are more (their neighbours are sought among
 * all). Shape [min(rows, 10,000)].
 * @throws RangeError for points that are not finite, or fewer rows than `minPoints`
 */
export function neighbourDistances(
  points: PointMatrix,
  minPoints: number,
  seed: number,
  tree?: KdTree,
): Float64Array {
  checkBounds(
    { minPoints, seed },
    { minPoints: { low: 1, high: 1_000_000, integer: true }, seed: seedBound },
  );
  checkPoints(points, minPoints);
  const { rows, columns, values } = points;
  const known = tree ?? buildKdTree(points);
  const chosen = sampleAscending(rows, Math.min(rows, CURVE_ROWS), randomStream(seed));
  const nearest = new Float64Array(minPoints);
  return Float64Array.from(chosen, (row) =>
    Math.sqrt(squaredToNth(known, values, row * columns, minPoints, nearest)),
  ).sort();
}

/**
 * The place of the knee of an ascending curve that bends upwards: both axes scaled to 0..1, where it lies farthest below
 * its chord; the first such place. -1 where there is none: fewer than 3 values, or all equal.
 * Source: Satopaa, Albrecht, Irwin, Raghavan, Finding a "Kneedle" in a Haystack (2011), the greatest maximum of its
 * difference curve; unsmoothed, since sorting has smoothed it.
 */
export function kneeOf(ascending: Float64Array): number {
  const last = ascending.length - 1;
  const low = ascending[0] ?? 0;
  const span = (ascending[last] ?? 0) - low;
  if (last < 2 || !(span > 0)) return -1;
  let knee = -1;
  let greatest = 0;
  for (let at = 0; at <= last; at++) {
    const below = at / last - (ascending[at]! - low) / span;
    if (below > greatest) {
      greatest = below;
      knee = at;
    }
  }
  return knee;
}

/**
 * `eps` for DBSCAN: the distance at the knee of the k-distance curve. The largest 0.5 % of the distances are left out of
 * the search, or a single far row would stretch the axis until nothing bends but at its end; a curve without a knee
 * gives its largest distance, a knee at 0 (many equal rows) the smallest one above 0.
 * @param distances as `neighbourDistances` gives them, shape [>= 1]
 * @throws RangeError when every distance is 0: each row has minPoints - 1 equal ones, and nothing tells near from far
 */
export function epsOf(distances: Float64Array): number {
  const kept = distances.length - Math.ceil(TAIL_SHARE * distances.length);
  const body = kept >= 3 ? distances.subarray(0, kept) : distances;
  const knee = kneeOf(body);
  const eps = body[knee < 0 ? body.length - 1 : knee]!;
  if (eps > 0) return eps;
  const positive = distances.find((distance) => distance > 0);
  if (positive !== undefined) return positive;
  throw new RangeError(
    'eps cannot be read off: every row has minPoints - 1 equal rows, all distances are 0; state eps',
  );
}
