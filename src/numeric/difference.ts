import { Z95, type Interval } from './confidence.js';
import { twoSidedNormal } from './two-sided-normal.js';

/** How an estimate of a treatment differs from that of the control. */
export interface Difference {
  /** Treatment minus control. */
  difference: number;
  /** 95 %, at a horizon that was fixed beforehand. */
  interval: Interval;
  /** Two-sided, at a horizon that was fixed beforehand. */
  pValue: number;
  /** Squared standard error of the difference, > 0: what the interval stands on. */
  variance: number;
  /** The same if there were no difference: what the p-value stands on. */
  nullVariance: number;
}

/** An estimate with the square of its standard error. */
export interface Estimate {
  value: number;
  /** >= 0. */
  variance: number;
}

/** Two independent estimates that are about normal, such as two AUC. Null where neither varies. */
export function normalDifference(treatment: Estimate, control: Estimate): Difference | null {
  const variance = treatment.variance + control.variance;
  if (!(variance > 0)) return null;
  const difference = treatment.value - control.value;
  const half = Z95 * Math.sqrt(variance);
  return {
    difference,
    interval: { low: difference - half, high: difference + half },
    pValue: twoSidedNormal(difference / Math.sqrt(variance)),
    variance,
    nullVariance: variance,
  };
}
