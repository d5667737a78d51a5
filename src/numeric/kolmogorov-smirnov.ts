import { sortedFloats } from './float-sort.js';
import { upperKolmogorov } from './kolmogorov-distribution.js';

export interface KolmogorovSmirnov {
  /** Largest distance of the two distribution functions, 0..1. */
  statistic: number;
  /** Two-sided. */
  pValue: number;
}

/**
 * Exact two-sample Kolmogorov-Smirnov statistic of two windows in any order; NaN is missing. The chance is that of the
 * one-sample statistic at the effective size n m / (n + m), rounded: scipy's ks_2samp(method='asymp').
 * @throws RangeError if a window has no value. Source: Smirnov (1939). Cost: O(n + m), by radix sort.
 */
export function kolmogorovSmirnov(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
): KolmogorovSmirnov {
  const [sortedA, sortedB] = [sortedFloats(a), sortedFloats(b)];
  const statistic = kolmogorovSmirnovOfSorted(sortedA, sortedB);
  return { statistic, pValue: kolmogorovSmirnovPValue(statistic, sortedA.length, sortedB.length) };
}

/** The statistic of two ascending windows without NaN. @throws RangeError if a window is empty */
function kolmogorovSmirnovOfSorted(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
): number {
  const n = a.length;
  const m = b.length;
  if (n === 0 || m === 0) throw new RangeError(`both windows must hold values, got ${n} and ${m}`);
  let i = 0;
  let j = 0;
  let largest = 0; // in n m-ths: whole numbers, so nothing is rounded
  while (i < n && j < m) {
    const left = a[i]!;
    const right = b[j]!;
    const value = left < right ? left : right;
    while (i < n && a[i] === value) i++;
    while (j < m && b[j] === value) j++;
    const distance = Math.abs(i * m - j * n);
    if (distance > largest) largest = distance;
  }
  return largest / (n * m);
}

/** Chance of a statistic as large from windows of `n` and `m` values of one law. @throws RangeError unless n, m >= 1 */
export function kolmogorovSmirnovPValue(statistic: number, n: number, m: number): number {
  if (!(n >= 1 && m >= 1)) throw new RangeError(`both windows must hold values, got ${n} and ${m}`);
  return upperKolmogorov(statistic, Math.max(1, halfToEven((n * m) / (n + m))));
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
