import type { Interval } from './confidence.js';

const STEPS = 50;

/**
 * How many units the mixture is worth, so that the confidence sequence is tightest once `units` are in:
 * units / (-W(-alpha^2 / e) - 1), W the lower branch of Lambert's function. It must not depend on what the outcomes say.
 * @param units > 0 @param alpha 0..1, exclusive
 * Source: Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 49 (2021), proposition 3.
 */
export function tightestAt(units: number, alpha = 0.05): number {
  if (!(units > 0)) throw new RangeError(`units must be > 0, got ${String(units)}`);
  if (!(alpha > 0 && alpha < 1))
    throw new RangeError(`alpha must be above 0 and below 1, got ${String(alpha)}`);
  return units / (lambert(2 * Math.log(1 / alpha) + 1) - 1);
}

/** The w > 1 with w - ln w = target, target > 1: minus Lambert's lower branch at -exp(-target). */
function lambert(target: number): number {
  let w = target + Math.log(target) + 0.5;
  for (let step = 0; step < STEPS; step++) {
    const next = w - (w - Math.log(w) - target) / (1 - 1 / w);
    if (Math.abs(next - w) < 1e-14 * w) return next;
    w = next;
  }
  return w;
}

/**
 * p-value that holds however often it is looked at and whenever somebody stops: one over the likelihood ratio of a normal
 * mixture of effects against none, cut to 1. Under no difference it falls to alpha or below, at any of all looks, with a
 * chance of at most alpha (Ville's inequality; the variance is estimated, so for large samples).
 * @param difference treatment minus control @param variance of the difference when there is none, > 0
 * @param units both arms together, > 0 @param mixture > 0, from `tightestAt`, the same at every look
 * Source: Johari, Pekelis & Walsh, Always Valid Inference (2017), equation 4, with the prior's variance tau^2 =
 * units x variance / mixture.
 */
export function sequentialPValue(
  difference: number,
  variance: number,
  units: number,
  mixture: number,
): number {
  const square = (difference * difference) / variance;
  const log =
    0.5 * Math.log(mixture / (units + mixture)) + (square * units) / (2 * (units + mixture));
  return Math.min(1, Math.exp(-log));
}

/**
 * The differences whose sequential p-value is above alpha: an interval of a confidence sequence, which holds the true
 * difference at all looks together with a chance of 1 - alpha.
 */
export function confidenceSequence(
  difference: number,
  variance: number,
  units: number,
  mixture: number,
  alpha = 0.05,
): Interval {
  const half = Math.sqrt(
    variance *
      ((units + mixture) / units) *
      (2 * Math.log(1 / alpha) + Math.log((units + mixture) / mixture)),
  );
  return { low: difference - half, high: difference + half };
}
