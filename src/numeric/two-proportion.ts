import { wilsonInterval, Z95, type Interval } from './confidence.js';
import type { Difference } from './difference.js';
import { twoSidedNormal } from './two-sided-normal.js';

/** Successes among trials. */
export interface Proportion {
  /** 0..trials. */
  successes: number;
  trials: number;
}

/**
 * Two-proportion z test: the p-value with the pooled variance, Wald's 95 % interval with the unpooled one. Null where an
 * arm has no trials, or nobody or everybody succeeds in both: there is no variance to measure with.
 * Source: statsmodels proportions_ztest and confint_proportions_2indep(method='wald').
 */
export function twoProportion(treatment: Proportion, control: Proportion): Difference | null {
  const [m, n] = [treatment.trials, control.trials];
  if (!(m > 0) || !(n > 0)) return null;
  const p = treatment.successes / m;
  const q = control.successes / n;
  const pooled = (treatment.successes + control.successes) / (m + n);
  const nullVariance = pooled * (1 - pooled) * (1 / m + 1 / n);
  const variance = (p * (1 - p)) / m + (q * (1 - q)) / n;
  if (!(nullVariance > 0)) return null;
  const difference = p - q;
  const half = Z95 * Math.sqrt(variance);
  return {
    difference,
    interval: { low: difference - half, high: difference + half },
    pValue: twoSidedNormal(difference / Math.sqrt(nullVariance)),
    // all against none: Wald has no width there
    variance: variance > 0 ? variance : nullVariance,
    nullVariance,
  };
}

/**
 * 95 % interval of the difference of two shares from the Wilson intervals of both: holds its coverage also near 0 and 1.
 * Null where an arm has no trials. Source: Newcombe, Statistics in Medicine 17 (1998), method 10.
 */
export function newcombeInterval(treatment: Proportion, control: Proportion): Interval | null {
  const first = wilsonInterval(treatment.successes, treatment.trials);
  const second = wilsonInterval(control.successes, control.trials);
  if (!first || !second) return null;
  const p = treatment.successes / treatment.trials;
  const q = control.successes / control.trials;
  return {
    low: p - q - Math.hypot(p - first.low, second.high - q),
    high: p - q + Math.hypot(first.high - p, q - second.low),
  };
}
