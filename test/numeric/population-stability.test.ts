import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { populationStabilityIndex } from '../../src/numeric/population-stability.js';

const counts = fc
  .array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 12 })
  .filter((bins) => bins.some((count) => count > 0))
  .map((bins) => Float64Array.from(bins));

describe('the population stability index', () => {
  it('equals sum((q - p) * log(q / p)) by numpy 2.4.6', () => {
    const expected = Float64Array.of(120, 80, 95, 105, 100);
    const actual = Float64Array.of(60, 140, 70, 130, 100);
    expect(populationStabilityIndex(expected, actual)).toBeCloseTo(0.1762793437119062, 14);
  });
  it('is 0 of equal shares, whatever the size of the windows', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 9 }), (bins, times) => {
        expect(
          populationStabilityIndex(
            bins,
            bins.map((n) => n * times),
          ),
        ).toBeCloseTo(0, 12);
      }),
    );
  });
  it('is symmetric, never negative, and finite where a bin is empty', () => {
    fc.assert(
      fc.property(counts, (bins) => {
        const other = Float64Array.from(bins).reverse();
        const index = populationStabilityIndex(bins, other);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(index)).toBe(true);
        expect(populationStabilityIndex(other, bins)).toBeCloseTo(index, 12);
      }),
    );
  });
  it.each([
    [Float64Array.of(1), Float64Array.of(1, 2)],
    [Float64Array.of(0, 0), Float64Array.of(1, 2)],
    [Float64Array.of(1, 2), Float64Array.of(0, 0)],
  ])('refuses %j against %j', (expected, actual) => {
    expect(() => populationStabilityIndex(expected, actual)).toThrow(RangeError);
  });
});
