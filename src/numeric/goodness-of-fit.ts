import type { ChiSquare } from './chi-square.js';
import { upperChiSquare } from './special-functions.js';

/**
 * Pearson's chi-square of counts against planned shares; p-value 1 of no counts and of a single class.
 * @param counts >= 0 @param weights > 0, any scale, as many
 * @throws RangeError if lengths differ or a weight is not above 0. Source: scipy's chisquare.
 */
export function goodnessOfFit(counts: readonly number[], weights: readonly number[]): ChiSquare {
  if (counts.length !== weights.length)
    throw new RangeError(
      `counts and weights must have equal lengths, got ${counts.length} and ${weights.length}`,
    );
  const bad = weights.find((weight) => !(weight > 0));
  if (bad !== undefined) throw new RangeError(`weights must be > 0, got ${String(bad)}`);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const degreesOfFreedom = Math.max(0, counts.length - 1);
  if (total === 0 || degreesOfFreedom === 0) return { statistic: 0, degreesOfFreedom, pValue: 1 };
  const statistic = counts.reduce((sum, count, at) => {
    const expected = (total * weights[at]!) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return { statistic, degreesOfFreedom, pValue: upperChiSquare(statistic, degreesOfFreedom) };
}
