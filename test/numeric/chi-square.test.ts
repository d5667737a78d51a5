import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chiSquareOfCounts,
  chiSquareTest,
  cramersV,
  crossTabulate,
  type Contingency,
} from '../../src/numeric/chi-square.js';
import { goldenRows, relativeError, selectionGolden } from '../support/selection-golden.js';

function tableOf(rows: number, columns: number, ...counts: number[]): Contingency {
  return { rows, columns, counts: Float64Array.from(counts) };
}

describe('chi-square', () => {
  it('by hand: 10 20 / 20 10 expects 15 everywhere, so 4 * 25 / 15 and V = 1 / 3', () => {
    const table = tableOf(2, 2, 10, 20, 20, 10);
    const { statistic, degreesOfFreedom } = chiSquareTest(table);
    expect(statistic).toBeCloseTo(20 / 3, 12);
    expect(degreesOfFreedom).toBe(1);
    expect(cramersV(table)).toBeCloseTo(1 / 3, 12);
  });

  it.each(selectionGolden.numbers)(
    'scipy chi2_contingency and association, scikit-learn chi2, effect $effect of $rows rows, to 1e-6',
    (golden) => {
      const { count, label } = goldenRows(golden);
      const table = crossTabulate(count, Math.max(...count) + 1, label, 2);
      const test = chiSquareTest(table);
      const ofCounts = chiSquareOfCounts(count, label, 2);
      expect(test.degreesOfFreedom).toBe(golden.chiSquare.degreesOfFreedom);
      for (const [actual, expected] of [
        [test.statistic, golden.chiSquare['statistic']],
        [test.pValue, golden.chiSquare['pValue']],
        [cramersV(table), golden.cramersV],
        [ofCounts.statistic, golden.chiSquareOfCounts.statistic],
        [ofCounts.pValue, golden.chiSquareOfCounts.pValue],
      ] as const)
        expect(relativeError(actual, Number(expected))).toBeLessThan(1e-6);
    },
  );

  it('does not see the order of the categories, empty ones, or which side is which', () => {
    const cell = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 6, maxLength: 6 }), (counts) => {
        fc.pre(counts.some((count) => count > 0));
        const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = counts;
        const { statistic, pValue } = chiSquareTest(tableOf(3, 2, a, b, c, d, e, f));
        const turned = chiSquareTest(tableOf(2, 4, d, f, 0, b, c, e, 0, a));
        expect(turned.statistic).toBeCloseTo(statistic, 9);
        expect(turned.pValue).toBeCloseTo(pValue, 9);
        const v = cramersV(tableOf(3, 2, a, b, c, d, e, f));
        expect(v).toBeGreaterThanOrEqual(0);
        expect(v).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is 0 with p = 1 where one side has a single category; a copy has V = 1', () => {
    expect(chiSquareTest(tableOf(2, 2, 5, 0, 7, 0))).toEqual({
      statistic: 0,
      degreesOfFreedom: 0,
      pValue: 1,
    });
    expect(cramersV(tableOf(2, 2, 5, 0, 7, 0))).toBe(0);
    expect(cramersV(tableOf(3, 3, 5, 0, 0, 0, 7, 0, 0, 0, 2))).toBeCloseTo(1, 12);
  });

  it('leaves out what is missing', () => {
    const { counts } = crossTabulate([0, 1, -1, 1], 2, [1, 0, 1, -1], 2);
    expect([...counts]).toEqual([0, 1, 1, 0]);
    const known = chiSquareOfCounts([4, 1], Uint8Array.of(0, 1), 2);
    expect(chiSquareOfCounts([4, NaN, 1], Uint8Array.of(0, 0, 1), 2)).toEqual(known);
  });

  it('refuses other lengths, codes out of bounds, negative counts and empty tables', () => {
    expect(() => crossTabulate([0], 1, [0, 1], 2)).toThrow('equal lengths, got 1 and 2');
    expect(() => crossTabulate([2], 2, [0], 2)).toThrow('codes must be below 2 and 2, got 2 and 0');
    expect(() => chiSquareTest(tableOf(2, 2, 0, 0, 0, 0))).toThrow('at least one pair, got none');
    expect(() => chiSquareOfCounts([-1], Uint8Array.of(0), 2)).toThrow('>= 0, row 0 has -1');
    expect(() => chiSquareOfCounts([0], Uint8Array.of(0), 2)).toThrow('must not all be 0');
    expect(() => chiSquareOfCounts([0, 1], Uint8Array.of(0), 2)).toThrow('got 2 and 1');
  });
});
