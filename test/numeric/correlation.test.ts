import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pearsonCorrelation } from '../../src/numeric/correlation.js';
import { goldenRows, relativeError, selectionGolden } from '../support/selection-golden.js';

describe("Pearson's correlation", () => {
  it('by hand: 0.8 for 1 2 3 4 against 1 3 2 4', () => {
    const { r, pValue, pairs } = pearsonCorrelation([1, 2, 3, 4], [1, 3, 2, 4]);
    expect(r).toBeCloseTo(0.8, 14);
    expect(pValue).toBeCloseTo(0.2, 14); // with 2 degrees of freedom p = 1 - |r|
    expect(pairs).toBe(4);
  });

  it.each(selectionGolden.numbers)(
    'scipy.stats.pearsonr against a label, effect $effect of $rows rows, to 1e-6',
    (golden) => {
      const { number, label } = goldenRows(golden);
      const { r, pValue } = pearsonCorrelation(number, label);
      expect(relativeError(r, golden.pearson.r ?? NaN)).toBeLessThan(1e-6);
      expect(relativeError(pValue, golden.pearson.pValue ?? NaN)).toBeLessThan(1e-6);
    },
  );

  const pair = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1e6, max: 1e6 }));
  it('is symmetric, within -1..1, and does not see shift, scale or what is missing', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 3, maxLength: 40 }), (pairs) => {
        const x = Float64Array.from(pairs, ([a]) => a);
        const y = Float64Array.from(pairs, ([, b]) => b);
        const { r } = pearsonCorrelation(x, y);
        const moved = pearsonCorrelation(
          Float64Array.of(...x.map((value) => 3 * value + 7), NaN, 5),
          Float64Array.of(...y, 5, NaN),
        ).r;
        if (Number.isNaN(r)) {
          expect(new Set(x).size === 1 || new Set(y).size === 1).toBe(true);
          return;
        }
        expect(Math.abs(r)).toBeLessThanOrEqual(1);
        expect(pearsonCorrelation(y, x).r).toBeCloseTo(r, 12);
        expect(moved).toBeCloseTo(r, 9);
      }),
    );
  });

  it('is not a number where a side is constant, also when its mean is no round one', () => {
    const y = [0, 1, 0, 1, 1];
    expect(pearsonCorrelation([0.1, 0.1, 0.1, 0.1, 0.1], y)).toEqual({
      r: NaN,
      pValue: NaN,
      pairs: 5,
    });
  });

  it('refuses other lengths and too few pairs', () => {
    expect(() => pearsonCorrelation([1, 2], [1])).toThrow(
      'x and y must have equal lengths, got 2 and 1',
    );
    expect(() => pearsonCorrelation([1, 2, NaN], [1, 2, 3])).toThrow('pairs must be >= 3, got 2');
  });
});
