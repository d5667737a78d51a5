/** Coefficients of the rational approximations, highest power first: centre and tail. */
const centreAbove = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const centreBelow = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  1,
];
const tailAbove = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
  4.374664141464968, 2.938163982698783,
];
const tailBelow = [
  0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1,
];

/** Shares below this are in the tail. */
const tail = 0.02425;

/**
 * The value below which a standard normal variate lies with this probability; -Infinity for 0, Infinity for 1.
 * Relative error below 1.15e-9.
 * @throws RangeError if the probability is not 0..1
 * Source: Acklam, An algorithm for computing the inverse normal cumulative distribution function (2003).
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`a probability must be 0..1, got ${String(probability)}`);
  if (probability > 0.5) return -normalQuantile(1 - probability);
  if (probability === 0) return -Infinity;
  if (probability < tail) {
    const q = Math.sqrt(-2 * Math.log(probability));
    return polynomial(tailAbove, q) / polynomial(tailBelow, q);
  }
  const q = probability - 0.5;
  return (polynomial(centreAbove, q * q) * q) / polynomial(centreBelow, q * q) || 0;
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}
