import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import {
  exponentialVariate,
  gammaVariate,
  normalVariate,
  poissonVariate,
  weightedIndex,
  type Uniform,
} from '../../src/numeric/random-variates.js';

const N = 200_000;

function moments(draw: (next: Uniform) => number): {
  mean: number;
  variance: number;
  third: number;
} {
  const random = seededRandom(7);
  const next = (): number => random.next();
  const values = Float64Array.from({ length: N }, () => draw(next));
  const mean = values.reduce((sum, value) => sum + value, 0) / N;
  const central = (k: number): number =>
    values.reduce((sum, value) => sum + (value - mean) ** k, 0) / N;
  return { mean, variance: central(2), third: central(3) / central(2) ** 1.5 };
}

describe('random variates', () => {
  // mean, variance, skewness as in any table of distributions; tolerances are four standard errors and more
  it.each<[string, (next: Uniform) => number, number, number, number]>([
    ['normal(35, 10)', (next) => normalVariate(next, 35, 10), 35, 100, 0],
    ['exponential(30)', (next) => exponentialVariate(next, 30), 30, 900, 2],
    ['gamma(5, 100)', (next) => gammaVariate(next, 5, 100), 500, 50_000, 2 / Math.sqrt(5)],
    ['gamma(0.4, 2)', (next) => gammaVariate(next, 0.4, 2), 0.8, 1.6, 2 / Math.sqrt(0.4)],
    ['poisson(6)', (next) => poissonVariate(next, 6), 6, 6, 1 / Math.sqrt(6)],
    ['poisson(25)', (next) => poissonVariate(next, 25), 25, 25, 0.2],
    ['poisson(200)', (next) => poissonVariate(next, 200), 200, 200, 1 / Math.sqrt(200)],
  ])('%s has its mean, variance and skewness', (_, draw, mean, variance, skewness) => {
    const found = moments(draw);
    expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / N));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(0.04);
    expect(Math.abs(found.third - skewness)).toBeLessThan(0.15);
  });

  it('draws each index with its weight', () => {
    const random = seededRandom(3);
    const next = (): number => random.next();
    const counts = [0, 0, 0];
    for (let i = 0; i < N; i++) counts[weightedIndex(next, [3, 0, 1])]!++;
    expect(counts[1]).toBe(0);
    expect(Math.abs(counts[0]! / N - 0.75)).toBeLessThan(0.005);
  });

  it('stays finite at the ends of the uniform', () => {
    for (const u of [0, 1 - 2 ** -32]) {
      expect(Number.isFinite(normalVariate(() => u, 0, 1))).toBe(true);
      expect(Number.isFinite(exponentialVariate(() => u, 1))).toBe(true);
    }
  });

  it('refuses parameters that mean nothing', () => {
    expect(() => gammaVariate(() => 0.5, 0, 1)).toThrow(RangeError);
    expect(() => poissonVariate(() => 0.5, -1)).toThrow(RangeError);
  });
});
