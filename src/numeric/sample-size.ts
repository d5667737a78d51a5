import { normalQuantile } from './normal-quantile.js';
import { twoSidedNormal } from './two-sided-normal.js';

/** What a test of two shares is to find. */
export interface TwoShares {
  /** Share of the control, 0..1. */
  control: number;
  /** Share of the treatment worth finding, 0..1, another one. */
  treatment: number;
  /** Chance of a false alarm, two-sided; 0.05 where left out. */
  alpha?: number;
  /** Chance of finding it; 0.8 where left out. */
  power?: number;
}

/**
 * Units an arm needs for a test of two shares at a fixed horizon, not rounded: with the pooled variance, Fleiss (1981)
 * without correction for continuity. @throws RangeError out of the ranges
 */
export function pooledSampleSize(shares: TwoShares): number {
  const { p, q, alpha, power } = checked(shares);
  const middle = (p + q) / 2;
  const falseAlarm = -normalQuantile(alpha / 2) * Math.sqrt(2 * middle * (1 - middle));
  const found = normalQuantile(power) * Math.sqrt(p * (1 - p) + q * (1 - q));
  return ((falseAlarm + found) / (p - q)) ** 2;
}

/** The same with the unpooled variance throughout. */
export function unpooledSampleSize(shares: TwoShares): number {
  const { p, q, alpha, power } = checked(shares);
  const both = normalQuantile(power) - normalQuantile(alpha / 2);
  return (both / (p - q)) ** 2 * (p * (1 - p) + q * (1 - q));
}

/** The same on the arcsine scale (Cohen's h), also counting findings on the wrong side; statsmodels' NormalIndPower. */
export function arcsineSampleSize(shares: TwoShares): number {
  const { p, q, alpha, power } = checked(shares);
  const h = 2 * Math.asin(Math.sqrt(p)) - 2 * Math.asin(Math.sqrt(q));
  const critical = -normalQuantile(alpha / 2);
  let shift = critical + normalQuantile(power);
  for (let step = 0; step < 20; step++) {
    const wrongSide = twoSidedNormal(critical + shift) / 2;
    shift = critical + normalQuantile(power - wrongSide);
  }
  return 2 * (shift / h) ** 2;
}

/**
 * Units an arm needs to find a difference of two means at a fixed horizon, not rounded.
 * @param standardDeviation > 0, of one unit @throws RangeError out of the ranges
 */
export function meanSampleSize(
  difference: number,
  standardDeviation: number,
  alpha = 0.05,
  power = 0.8,
): number {
  if (!(standardDeviation > 0) || difference === 0 || !Number.isFinite(difference))
    throw new RangeError(
      `standardDeviation must be > 0 and difference not 0, got ${standardDeviation} and ${difference}`,
    );
  checkChances(alpha, power);
  const both = normalQuantile(power) - normalQuantile(alpha / 2);
  return 2 * ((both * standardDeviation) / difference) ** 2;
}

function checked({ control, treatment, alpha = 0.05, power = 0.8 }: TwoShares): {
  p: number;
  q: number;
  alpha: number;
  power: number;
} {
  for (const share of [control, treatment])
    if (!(share >= 0 && share <= 1))
      throw new RangeError(`a share must be 0..1, got ${String(share)}`);
  if (control === treatment) throw new RangeError(`the shares must differ, got ${control} twice`);
  checkChances(alpha, power);
  return { p: treatment, q: control, alpha, power };
}

function checkChances(alpha: number, power: number): void {
  if (!(alpha > 0 && alpha < 1 && power > alpha && power < 1))
    throw new RangeError(`0 < alpha < power < 1 must hold, got ${alpha} and ${power}`);
}
