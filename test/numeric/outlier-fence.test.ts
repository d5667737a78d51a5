import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOutside, quartileFence, sigmaFence } from '../../src/numeric/outlier-fence.js';

/** The values of the golden case: 500 spread ones and five far ones. */
const values = Float64Array.from([
  ...Array.from({ length: 500 }, (_, i) => ((i * 7919) % 1009) ** 2 / 1000),
  ...[-5000, -2000, 3000, 4000, 9000],
]).sort();

describe('outliers', () => {
  // numpy 2.4.6: q1 - 1.5 * (q3 - q1) and q3 + 1.5 * (q3 - q1), mean -+ 3 * std(ddof=1), and counts beyond
  it('by 1.5 interquartile ranges are as numpy counts them', () => {
    const fence = quartileFence(62.5, 574.564);
    expect(fence).toEqual({ low: -705.596, high: expect.closeTo(1342.66, 10) as number });
    expect(countOutside(values, fence)).toEqual({ below: 2, above: 3 });
  });

  it('by 3 standard deviations are as numpy counts them', () => {
    const fence = sigmaFence(352.7663089108911, 589.4939374052689);
    expect(fence.low).toBeCloseTo(-1415.7155033049157, 8);
    expect(fence.high).toBeCloseTo(2121.2481211266977, 8);
    expect(countOutside(values, fence)).toEqual({ below: 2, above: 3 });
  });

  it('are none where the fence is unknown', () => {
    expect(countOutside(values, sigmaFence(NaN, 1))).toEqual({ below: 0, above: 0 });
  });

  it('count what a plain loop counts, the fence itself being inside', () => {
    const number = fc.integer({ min: -20, max: 20 });
    fc.assert(
      fc.property(fc.array(number), number, number, (list, one, other) => {
        const fence = { low: Math.min(one, other), high: Math.max(one, other) };
        expect(countOutside(Float64Array.from(list).sort(), fence)).toEqual({
          below: list.filter((value) => value < fence.low).length,
          above: list.filter((value) => value > fence.high).length,
        });
      }),
    );
  });
});
