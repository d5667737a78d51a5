import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedFloats } from '../../src/numeric/float-sort.js';
import { upperKolmogorov } from '../../src/numeric/kolmogorov-distribution.js';
import {
  kolmogorovSmirnov,
  kolmogorovSmirnovPValue,
} from '../../src/numeric/kolmogorov-smirnov.js';

describe('the Kolmogorov distribution', () => {
  it.each([
    [1, 0.7, 0.6000000000000001],
    [10, 0.05, 1.0],
    [10, 0.3, 0.27053557479999946],
    [50, 0.2, 0.03143877776953241],
    [100, 0.05, 0.9532159710635725],
    [140, 0.13, 0.015982508324669718],
    [141, 0.03, 0.9992107601012719],
    [141, 0.12, 0.03160060527758468],
    [500, 0.04, 0.3902508696049749],
    [5000, 0.018, 0.07738201887398022],
    [5000, 0.0025, 0.9999999999999998],
    [100000, 0.002, 0.8178408363081542],
    [500000, 0.017643, 1.2630452860453758e-135],
    [500000, 0.001416, 0.2683964249848887],
  ])('of %i draws above %f is %f by kstwo.sf of scipy 1.17.1', (n, d, chance) => {
    expect(Math.abs(upperKolmogorov(d, n) / chance - 1)).toBeLessThan(1e-8);
  });
  it('falls from 1 to 0 without a step where the method changes', () => {
    for (const n of [3, 140, 141, 20_000]) {
      let before = 1;
      for (let d = 0; d <= 1; d += 1 / 400) {
        const chance = upperKolmogorov(d, n);
        expect(chance).toBeLessThanOrEqual(before + 1e-9);
        before = chance;
      }
      expect(before).toBeLessThan(1e-6);
    }
  });
  it.each([0, -1, 1.5, NaN])('refuses %f draws', (n) => {
    expect(() => upperKolmogorov(0.1, n)).toThrow(RangeError);
  });
});

/** Straight from the definition. */
function naiveStatistic(a: readonly number[], b: readonly number[]): number {
  const share = (values: readonly number[], at: number): number =>
    values.filter((value) => value <= at).length / values.length;
  return Math.max(...[...a, ...b].map((at) => Math.abs(share(a, at) - share(b, at))));
}

const few = fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 1, maxLength: 30 });

describe('the Kolmogorov-Smirnov statistic', () => {
  it('is the largest distance of the distribution functions, ties included; symmetric; within 0..1', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        const there = kolmogorovSmirnov(Float64Array.from(a), Float32Array.from(b));
        const back = kolmogorovSmirnov(Float32Array.from(b), Float64Array.from(a));
        expect(there.statistic).toBeCloseTo(naiveStatistic(a, b), 12);
        expect(back).toEqual(there);
        expect(there.statistic).toBeLessThanOrEqual(1);
        expect(there.pValue).toBeGreaterThanOrEqual(0);
        expect(there.pValue).toBeLessThanOrEqual(1);
      }),
    );
  });
  it('has the chance of the effective size, halves to even (ks_2samp of scipy 1.17.1, asymp)', () => {
    expect(kolmogorovSmirnovPValue(0.6, 5, 5)).toBeCloseTo(0.32, 12);
    expect(kolmogorovSmirnovPValue(0.4, 5, 5)).toBeCloseTo(0.82, 12);
  });
  it('leaves NaN out, and refuses a window with nothing else', () => {
    const a = Float32Array.of(1, NaN, 2);
    expect(kolmogorovSmirnov(a, Float32Array.of(1, 2)).statistic).toBe(0);
    expect(() => kolmogorovSmirnov(a, Float32Array.of(NaN))).toThrow(RangeError);
    expect(() => kolmogorovSmirnovPValue(0.1, 0, 3)).toThrow(RangeError);
  });
});

describe('sorting floats', () => {
  const any = fc.array(fc.oneof(fc.double(), fc.float(), fc.constant(-0), fc.integer()), {
    maxLength: 60,
  });
  it.each([Float32Array, Float64Array])('%o: ascends as the numbers do, without NaN', (Floats) => {
    fc.assert(
      fc.property(any, (values) => {
        const given = Floats.from(values);
        const expected = given
          .filter((value) => !Number.isNaN(value))
          .map((value) => value + 0)
          .sort();
        const copy = given.slice();
        expect([...sortedFloats(given)]).toEqual([...expected]);
        expect(given).toEqual(copy);
      }),
    );
  });
});
