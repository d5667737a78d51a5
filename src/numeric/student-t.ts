import { normalQuantile } from './normal-quantile.js';
import { logGamma, regularisedBeta } from './special-functions.js';

const STEPS = 50;
const PRECISION = 1e-13;

/**
 * The chance that a variate of Student's t is as far from 0 as `t`, either way: I_{v/(v + t^2)}(v/2, 1/2).
 * @param degrees degrees of freedom v, > 0, fractions allowed @throws RangeError unless degrees > 0
 * Source: Abramowitz & Stegun 26.7.1. Cost: O(sqrt(degrees)).
 */
export function twoSidedStudent(t: number, degrees: number): number {
  if (!(degrees > 0)) throw new RangeError(`degrees must be > 0, got ${String(degrees)}`);
  if (Number.isNaN(t) || !Number.isFinite(t)) return Number.isNaN(t) ? t : 0;
  const square = t * t;
  // degrees / (degrees + square) has no digits of a small square left
  return square < 1
    ? 1 - regularisedBeta(square / (degrees + square), 0.5, degrees / 2)
    : regularisedBeta(degrees / (degrees + square), degrees / 2, 0.5);
}

/**
 * The value below which a variate of Student's t lies with this probability: Newton's method on the distribution,
 * halved where a step leaves the side of the root; relative error about 1e-9 or better up to a
 * million degrees.
 * @param probability 0..1, exclusive @param degrees degrees of freedom, >= 1
 * @throws RangeError out of these
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`a probability must be above 0 and below 1, got ${String(probability)}`);
  if (!(degrees >= 1)) throw new RangeError(`degrees must be >= 1, got ${String(degrees)}`);
  if (probability < 0.5) return -studentQuantile(1 - probability, degrees);
  if (probability === 0.5) return 0;
  const tail = 2 * (1 - probability);
  let [low, high] = [0, Infinity];
  let t = normalQuantile(probability);
  for (let step = 0; step < STEPS; step++) {
    const miss = twoSidedStudent(t, degrees) - tail;
    if (miss > 0) low = t;
    else high = t;
    const next = t + miss / (2 * studentDensity(t, degrees));
    const inside = next > low && next < high;
    const taken = inside ? next : high === Infinity ? 2 * t : (low + high) / 2;
    if (Math.abs(taken - t) <= PRECISION * t) return taken;
    t = taken;
  }
  return t;
}

/** Density of Student's t at `t`. */
function studentDensity(t: number, degrees: number): number {
  const log =
    logGamma((degrees + 1) / 2) -
    logGamma(degrees / 2) -
    0.5 * Math.log(degrees * Math.PI) -
    ((degrees + 1) / 2) * Math.log1p((t * t) / degrees);
  return Math.exp(log);
}
