import type { Memberships } from '../numeric/clusterer.js';

/** Two predictors of one model may differ by this much in probability, and no more, on any row. */
export const PARITY_TOLERANCE = 1e-5;

/**
 * Largest absolute difference in probability between two predictors' margins (log-odds), row by row;
 * 0 without rows, infinity where either margin is not a finite number.
 * @throws RangeError if the lengths differ
 */
export function worstDisagreement(margins: Float64Array, expected: Float64Array): number {
  if (margins.length !== expected.length)
    throw new RangeError(
      `margins must have ${String(expected.length)} rows, got ${String(margins.length)}`,
    );
  let worst = 0;
  for (let row = 0; row < margins.length; row++) {
    const a = margins[row]!;
    const b = expected[row]!;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    worst = Math.max(worst, Math.abs(1 / (1 + Math.exp(-a)) - 1 / (1 + Math.exp(-b))));
  }
  return worst;
}

/** Of float32. */
export const LARGEST_FLOAT = 3.4028234663852886e38;

/** Distances shorter than this are compared as if they were so long. */
const SHORTEST_DISTANCE = 1e-3;

/**
 * How far two predictors of one clusterer are apart: the largest of the absolute difference in probability, the relative
 * difference in distance, and the probability (by `expected`) that is lost where another segment is chosen. Segments that
 * are all but equally probable may therefore be exchanged. 0 without rows, infinity where a number is not finite.
 * Distances beyond the range of float32, which graphs answer in, count as its end.
 * @throws RangeError if the shapes differ
 */
export function worstMembershipDifference(actual: Memberships, expected: Memberships): number {
  const { segments } = expected;
  if (actual.segments !== segments || actual.segment.length !== expected.segment.length)
    throw new RangeError(
      `memberships must be ${shapeOf(expected)}, got ${shapeOf(actual)} (rows x segments)`,
    );
  let worst = 0;
  for (let at = 0; at < expected.probability.length; at++) {
    const probability = Math.abs(actual.probability[at]! - expected.probability[at]!);
    const wanted = Math.min(expected.distance[at]!, LARGEST_FLOAT);
    const distance = Math.abs(Math.min(actual.distance[at]!, LARGEST_FLOAT) - wanted);
    const relative = distance / Math.max(wanted, SHORTEST_DISTANCE);
    if (!Number.isFinite(probability) || !Number.isFinite(relative)) return Infinity;
    worst = Math.max(worst, probability, relative);
  }
  for (let row = 0; row < expected.segment.length; row++) {
    const chance = (segment: number): number =>
      segment < segments ? expected.probability[row * segments + segment]! : NaN;
    const lost = chance(expected.segment[row]!) - chance(actual.segment[row]!);
    if (!Number.isFinite(lost)) return Infinity;
    worst = Math.max(worst, lost);
  }
  return worst;
}

function shapeOf({ segment, segments }: Memberships): string {
  return `${String(segment.length)} x ${String(segments)}`;
}
