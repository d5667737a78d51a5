import type { Interval } from './confidence.js';
import type { Difference } from './difference.js';
import { studentQuantile, twoSidedStudent } from './student-t.js';

/** What is enough to know of a sample. */
export interface Moments {
  /** Values, an integer >= 0. */
  n: number;
  mean: number;
  /** With n - 1; >= 0. */
  variance: number;
}

/**
 * Welch's t test of two means without assuming equal variances, with the degrees of freedom of Welch and Satterthwaite
 * and the 95 % interval from them. Null with fewer than two values in an arm, or where neither varies.
 * Source: Welch, Biometrika 34 (1947); scipy's ttest_ind(equal_var=False).
 */
export function welchT(
  treatment: Moments,
  control: Moments,
): (Difference & { t: number; degrees: number }) | null {
  if (treatment.n < 2 || control.n < 2) return null;
  const first = treatment.variance / treatment.n;
  const second = control.variance / control.n;
  const variance = first + second;
  if (!(variance > 0 && variance < Infinity)) return null;
  const difference = treatment.mean - control.mean;
  // by shares: squares of small variances would vanish
  const share = first / variance;
  const degrees = 1 / (share ** 2 / (treatment.n - 1) + (1 - share) ** 2 / (control.n - 1));
  const t = difference / Math.sqrt(variance);
  const half = studentQuantile(0.975, degrees) * Math.sqrt(variance);
  return {
    difference,
    interval: { low: difference - half, high: difference + half },
    pValue: twoSidedStudent(t, degrees),
    variance,
    nullVariance: variance,
    t,
    degrees,
  };
}

/** 95 % interval of a mean by Student's t. Null of fewer than two values. */
export function studentInterval({ n, mean, variance }: Moments): Interval | null {
  if (n < 2) return null;
  const half = studentQuantile(0.975, n - 1) * Math.sqrt(variance / n);
  return { low: mean - half, high: mean + half };
}
