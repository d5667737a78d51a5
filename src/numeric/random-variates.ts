/** A source of uniform numbers in [0, 1); the same calls on the same stream give the same values. */
export type Uniform = () => number;

/**
 * Normal variate by Box-Muller, cosine branch: two uniforms a value, no state between calls.
 * Source: Box & Muller, Ann. Math. Stat. 29 (1958).
 * @param deviation standard deviation, >= 0
 */
export function normalVariate(next: Uniform, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - next()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * next());
}

/** Exponential variate by inversion, one uniform a value. @param mean > 0 */
export function exponentialVariate(next: Uniform, mean: number): number {
  return -mean * Math.log(1 - next());
}

/**
 * Gamma variate, mean shape * scale. Shapes below 1 are boosted by a power of a uniform.
 * Source: Marsaglia & Tsang, ACM TOMS 26 (2000). Cost: about 1.05 rounds a value.
 * @throws RangeError unless shape and scale are > 0
 */
export function gammaVariate(next: Uniform, shape: number, scale: number): number {
  if (!(shape > 0) || !(scale > 0))
    throw new RangeError(`shape and scale must be > 0, got ${shape} and ${scale}`);
  if (shape < 1) return gammaVariate(next, shape + 1, scale) * Math.pow(1 - next(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normalVariate(next, 0, 1);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - next()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v * scale;
  }
}

/**
 * Poisson variate: products of uniforms (Knuth, TAOCP 2, 3.4.1) below mean 30; above, the sum of two of half
 * the mean, which is exact. Cost: O(mean) uniforms.
 * @throws RangeError unless 0 <= mean <= 1e6
 */
export function poissonVariate(next: Uniform, mean: number): number {
  if (!(mean >= 0 && mean <= 1e6)) throw new RangeError(`mean must be 0..1e6, got ${mean}`);
  if (mean > 30) return poissonVariate(next, mean / 2) + poissonVariate(next, mean / 2);
  const limit = Math.exp(-mean);
  let product = next();
  let count = 0;
  while (product > limit) {
    product *= next();
    count++;
  }
  return count;
}

/** Index drawn with the given weights (>= 0, sum > 0). */
export function weightedIndex(next: Uniform, weights: readonly number[]): number {
  let left = next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length - 1; i++) {
    left -= weights[i] ?? 0;
    if (left < 0) return i;
  }
  return weights.length - 1;
}
