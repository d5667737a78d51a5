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
