import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openFence, winsorFence } from '../../src/numeric/winsorise.js';

const upTo = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => i);

describe('bounds of winsorising', () => {
  test.each<[string, Float64Array, number, { low: number; high: number }]>([
    ['one of a hundred off either end', upTo(100), 0.01, { low: 1, high: 98 }],
    ['a small share still cuts one', upTo(100), 0.001, { low: 1, high: 98 }],
    ['a fifth of ten', upTo(10), 0.2, { low: 2, high: 7 }],
    ['share 0 cuts nothing', upTo(100), 0, openFence],
    ['fewer than ten values are not cut', upTo(9), 0.005, openFence],
    ['nothing is cut where all are equal', new Float64Array(50), 0.1, openFence],
    ['nothing is cut of nothing', new Float64Array(0), 0.1, openFence],
    [
      'a rare flag survives, its giant does not',
      Float64Array.from([...new Float64Array(996), 1, 1, 1, 1e12]),
      0.005,
      { low: 0, high: 1 },
    ],
  ])('%s', (_what, sorted, share, fence) => {
    expect(winsorFence(sorted, share)).toEqual(fence);
  });

  test('something is always left, and no more than the share and one are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 0.25, noNaN: true }),
        (values, share) => {
          const sorted = Float64Array.from(values).sort();
          const { low, high } = winsorFence(sorted, share);
          const below = values.filter((value) => value < low).length;
          const above = values.filter((value) => value > high).length;
          expect(Math.max(below, above)).toBeLessThanOrEqual(Math.ceil(share * values.length));
          expect(low).toBeLessThan(high);
        },
      ),
    );
  });

  test.each([-0.1, 0.26, NaN])('a share of %d is refused', (share) => {
    expect(() => winsorFence(upTo(3), share)).toThrow(
      new RangeError(`share must be 0..0.25, got ${share}`),
    );
  });
});
