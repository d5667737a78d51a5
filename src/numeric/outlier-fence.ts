/** Values from `low` to `high`, both included, are usual; the others are outliers. */
export interface Fence {
  low: number;
  high: number;
}

/**
 * The fence `reach` interquartile ranges outside the quartiles; NaN where a quartile is.
 * Source: Tukey, Exploratory Data Analysis (1977), inner fences for 1.5.
 */
export function quartileFence(p25: number, p75: number, reach = 1.5): Fence {
  const step = reach * (p75 - p25);
  return { low: p25 - step, high: p75 + step };
}

/** The fence `reach` standard deviations around the mean; NaN where one of them is. */
export function sigmaFence(mean: number, standardDeviation: number, reach = 3): Fence {
  const step = reach * standardDeviation;
  return { low: mean - step, high: mean + step };
}

/**
 * How many of ascending values lie outside: what winsorising to the fence would clip. None where it is NaN.
 * @param sorted ascending, shape [n], without NaN
 * Cost: O(log n).
 */
export function countOutside(
  sorted: Float64Array,
  { low, high }: Fence,
): { below: number; above: number } {
  if (Number.isNaN(low) || Number.isNaN(high)) return { below: 0, above: 0 };
  return {
    below: firstPlace(sorted, (value) => value >= low),
    above: sorted.length - firstPlace(sorted, (value) => value > high),
  };
}

/** The first index whose value fulfils a condition that holds from some value on; the length without one. */
function firstPlace(sorted: Float64Array, holds: (value: number) => boolean): number {
  let from = 0;
  let until = sorted.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if (holds(sorted[middle]!)) until = middle;
    else from = middle + 1;
  }
  return from;
}
