import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digamma,
  logGamma,
  regularisedBeta,
  upperChiSquare,
  upperF,
  upperGamma,
} from '../../src/numeric/special-functions.js';
import { relativeError, selectionGolden } from '../support/selection-golden.js';

describe('special functions', () => {
  it('know the values that can be written down', () => {
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 13);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13);
    expect(digamma(2) - digamma(1)).toBeCloseTo(1, 13);
    expect(regularisedBeta(0.3, 1, 1)).toBeCloseTo(0.3, 13);
    expect(upperGamma(1, 2)).toBeCloseTo(Math.exp(-2), 13);
    expect(upperChiSquare(3, 2)).toBeCloseTo(Math.exp(-1.5), 13);
    expect(upperF(1, 7, 7)).toBeCloseTo(0.5, 13);
  });

  const functions: Record<string, (...values: number[]) => number> = {
    logGamma,
    digamma,
    upperGamma,
    regularisedBeta,
  };
  it.each(Object.entries(functions))('%s agrees with scipy.special to 1e-9', (name, compute) => {
    const cases = selectionGolden.specialFunctions[name] ?? [];
    expect(cases.length).toBeGreaterThan(5);
    for (const row of cases) {
      const actual = compute(...row.slice(0, -1));
      expect(Math.abs(actual - (row.at(-1) ?? NaN))).toBeLessThan(
        1e-9 * Math.abs(row.at(-1) ?? NaN) + 1e-300 + (row.at(-1) === 0 ? 1e-13 : 0),
      );
    }
  });

  it('end at 0 and 1, and go one way between', () => {
    expect([upperGamma(3, 0), upperGamma(3, Infinity), upperF(Infinity, 1, 5)]).toEqual([1, 0, 0]);
    expect([regularisedBeta(0, 2, 3), regularisedBeta(1, 2, 3)]).toEqual([0, 1]);
    const shape = fc.double({ min: 0.01, max: 3000, noNaN: true });
    // so that 1 - u is exact
    const unit = fc.integer({ min: 0, max: 1024 }).map((k) => k / 1024);
    fc.assert(
      fc.property(shape, shape, unit, unit, (a, b, u, v) => {
        const [low, high] = [Math.min(u, v), Math.max(u, v)];
        expect(regularisedBeta(low, a, b)).toBeLessThanOrEqual(regularisedBeta(high, a, b) + 1e-9);
        expect(regularisedBeta(u, a, b) + regularisedBeta(1 - u, b, a)).toBeCloseTo(1, 8);
        expect(upperGamma(a, 2 * a * high)).toBeLessThanOrEqual(upperGamma(a, 2 * a * low) + 1e-9);
      }),
    );
  });

  it('keep the digits of a chance that is nearly none', () => {
    // exact: exp(-x / 2) with 2 degrees of freedom
    expect(relativeError(upperChiSquare(1000, 2), Math.exp(-500))).toBeLessThan(1e-10);
  });

  it('refuse what they are not defined for, by name', () => {
    expect(() => logGamma(0)).toThrow('x must be > 0, got 0');
    expect(() => digamma(-1)).toThrow('x must be > 0, got -1');
    expect(() => regularisedBeta(1.1, 1, 1)).toThrow('x must be 0..1, got 1.1');
    expect(() => regularisedBeta(0.5, 0, 1)).toThrow('a and b must be > 0, got 0 and 1');
    expect(() => upperGamma(1, NaN)).toThrow('a must be > 0 and x >= 0, got 1 and NaN');
    expect(() => upperF(-1, 1, 1)).toThrow('f must be >= 0, got -1');
  });
});
