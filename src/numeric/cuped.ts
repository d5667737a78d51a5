import type { Moments } from './welch.js';

/** An outcome and the covariate known before the experiment, over the units of an arm. */
export interface CovariateMoments extends Moments {
  meanBefore: number;
  /** With n - 1, as the covariance. */
  varianceBefore: number;
  covariance: number;
}

/** Arms with what could be told beforehand taken out. */
export interface Adjusted {
  /** Slope of the outcome on the covariate, within the arms. */
  theta: number;
  /** In the order given; the means are taken at the covariate's mean over all arms. */
  arms: Moments[];
  /** Share of the variance within the arms that is gone, 0..1. */
  reduction: number;
}

/**
 * CUPED: y - theta (x - mean x) has the same expected difference between arms that were drawn at random and a smaller
 * variance. Theta is that of the pooled within-arm covariance, so that a difference between the arms does not leak into
 * it. Null where the covariate does not vary or an arm has fewer than two units.
 * Source: Deng, Xu, Kohavi & Walker, Improving the Sensitivity of Online Controlled Experiments (WSDM 2013).
 */
export function cuped(arms: readonly CovariateMoments[]): Adjusted | null {
  if (arms.length === 0 || arms.some(({ n }) => n < 2)) return null;
  const pooled = (of: (arm: CovariateMoments) => number): number =>
    arms.reduce((sum, arm) => sum + (arm.n - 1) * of(arm), 0);
  const before = pooled(({ varianceBefore }) => varianceBefore);
  if (!(before > 0)) return null;
  const theta = pooled(({ covariance }) => covariance) / before;
  const units = arms.reduce((sum, { n }) => sum + n, 0);
  const centre = arms.reduce((sum, { n, meanBefore }) => sum + n * meanBefore, 0) / units;
  const adjusted = arms.map((arm) => ({
    n: arm.n,
    mean: arm.mean - theta * (arm.meanBefore - centre),
    variance: Math.max(
      0,
      arm.variance - 2 * theta * arm.covariance + theta * theta * arm.varianceBefore,
    ),
  }));
  const raw = pooled(({ variance }) => variance);
  const left = adjusted.reduce((sum, { n, variance }) => sum + (n - 1) * variance, 0);
  return { theta, arms: adjusted, reduction: raw > 0 ? Math.max(0, 1 - left / raw) : 0 };
}
