import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOfSorted } from '../../src/numeric/quantile.js';

describe('quantileOfSorted', () => {
  // numpy 2.4.6: np.quantile(x, q) of x = [((i * 7919) % 1009) ** 2 / 1000 for i in range(500)]
  const values = Float64Array.from({ length: 500 }, (_, i) => ((i * 7919) % 1009) ** 2 / 1000);
  it.each([
    [0, 0],
    [0.05, 2.485450000000001],
    [0.25, 63.63175],
    [0.5, 253.5145],
    [0.75, 569.6492499999999],
    [0.95, 914.0316499999999],
    [1, 1012.036],
  ])('at %f is as numpy has it', (fraction, expected) => {
    expect(quantileOfSorted(values.toSorted(), fraction)).toBeCloseTo(expected, 10);
  });

  it('is NaN without a value, and the value itself where there is one', () => {
    expect(quantileOfSorted(new Float64Array(0), 0.5)).toBeNaN();
    expect(quantileOfSorted(Float64Array.of(7), 0.3)).toBe(7);
  });

  it('never leaves the values, and never falls as the fraction grows', () => {
    const finite = fc.double({ noNaN: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, one, other) => {
          const sorted = Float64Array.from(list).sort();
          const [less, more] = [Math.min(one, other), Math.max(one, other)];
          const quantile = quantileOfSorted(sorted, less);
          expect(quantile).toBeGreaterThanOrEqual(sorted[0] ?? NaN);
          // one rounding of the interpolation
          const next = quantileOfSorted(sorted, more);
          expect(quantile - next).toBeLessThanOrEqual(Math.abs(quantile) * 1e-12);
        },
      ),
    );
  });
});
