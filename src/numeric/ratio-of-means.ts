import type { Estimate } from './difference.js';

/** Two figures of each unit: the sum of its values, and how many there are. */
export interface RatioMoments {
  /** Units, such as customers, an integer >= 0. */
  n: number;
  meanNumerator: number;
  meanDenominator: number;
  /** With n - 1, as the others. */
  varianceNumerator: number;
  varianceDenominator: number;
  covariance: number;
}

/**
 * Mean of values that come in clusters, such as the events of customers: sum of sums over sum of counts, with its
 * variance by the delta method, since the units are independent and their events are not. Null with fewer than two
 * units or without any event.
 * Source: Deng, Knoblich & Lu, Applying the Delta Method in Metric Analytics (KDD 2018), equation 2.
 */
export function ratioOfMeans(moments: RatioMoments): Estimate | null {
  const { n, meanNumerator, meanDenominator } = moments;
  if (n < 2 || !(meanDenominator > 0)) return null;
  const value = meanNumerator / meanDenominator;
  const spread =
    moments.varianceNumerator -
    2 * value * moments.covariance +
    value * value * moments.varianceDenominator;
  // rounding may leave a hair below 0 where all values are equal
  const negligible =
    1e-12 * (moments.varianceNumerator + value * value * moments.varianceDenominator);
  const kept = spread > negligible ? spread : 0;
  return { value, variance: kept / (n * meanDenominator * meanDenominator) };
}
