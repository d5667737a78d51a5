import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anovaF } from '../../src/numeric/anova.js';
import { pearsonCorrelation } from '../../src/numeric/correlation.js';
import { goldenRows, relativeError, selectionGolden } from '../support/selection-golden.js';

describe('analysis of variance', () => {
  it('by hand: means 2 and 5, each with variance 1, give F = 13.5 with 1 and 4 degrees of freedom', () => {
    const { f, rows } = anovaF([1, 2, 3, 4, 5, 6, NaN], Uint8Array.of(0, 0, 0, 1, 1, 1, 1));
    expect(f).toBeCloseTo(13.5, 12);
    expect(rows).toBe(6);
  });

  it.each(selectionGolden.numbers)(
    'f_classif and f_oneway of three groups, effect $effect of $rows rows, to 1e-6',
    (golden) => {
      const { number, label, third } = goldenRows(golden);
      for (const [groups, expected] of [
        [label, golden.anova],
        [third, golden.anovaOfThree],
      ] as const) {
        const { f, pValue } = anovaF(number, groups);
        expect(relativeError(f, expected.f ?? NaN)).toBeLessThan(1e-6);
        expect(relativeError(pValue, expected.pValue ?? NaN)).toBeLessThan(1e-6);
      }
    },
  );

  it('of two groups has the p of their point-biserial correlation', () => {
    const row = fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 4, maxLength: 40 }), (rows) => {
        const values = Float64Array.from(rows, ([value]) => value);
        const groups = Uint8Array.from(rows, ([, group]) => group);
        fc.pre(new Set(groups).size === 2 && new Set(values).size > 2);
        const { r, pValue } = pearsonCorrelation(values, groups);
        const anova = anovaF(values, groups);
        fc.pre(Number.isFinite(anova.f));
        expect(anova.pValue).toBeCloseTo(pValue, 9);
        expect(anova.f * (1 - r * r)).toBeCloseTo(r * r * (rows.length - 2), 6);
      }),
    );
  });

  it('is infinite where only the groups differ, and not a number where nothing does', () => {
    const groups = Uint8Array.of(0, 0, 1, 1);
    expect(anovaF([0.1, 0.1, 0.3, 0.3], groups)).toEqual({ f: Infinity, pValue: 0, rows: 4 });
    expect(anovaF([0.1, 0.1, 0.1, 0.1], groups)).toEqual({ f: NaN, pValue: NaN, rows: 4 });
  });

  it('refuses other lengths, one group, and no group of two', () => {
    expect(() => anovaF([1], Uint8Array.of(0, 1))).toThrow('must have equal lengths, got 1 and 2');
    expect(() => anovaF([1, 2, NaN], Uint8Array.of(0, 0, 1))).toThrow('must be >= 2, got 1');
    expect(() => anovaF([1, 2], Uint8Array.of(0, 1))).toThrow('more than the 2 groups, got 2');
  });
});
