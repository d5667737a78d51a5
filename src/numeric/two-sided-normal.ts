import { upperGamma } from './special-functions.js';

/**
 * The chance that a standard normal variate is as far from 0 as `z`, either way; relative error about 1e-12 also far
 * out in the tails, where `normalBelow` has no digits left. 0..1; NaN for NaN.
 */
export function twoSidedNormal(z: number): number {
  return Number.isNaN(z) ? z : upperGamma(0.5, (z * z) / 2);
}
