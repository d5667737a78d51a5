import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalWidthHistogram } from '../../src/numeric/equal-width-histogram.js';

describe('equalWidthHistogram', () => {
  it('has the bins of numpy', () => {
    // numpy 2.4.6: np.histogram(x, bins='fd') of x = [((i * 7919) % 1009) ** 2 / 1000 for i in range(500)]
    const values = Float64Array.from({ length: 500 }, (_, i) => ((i * 7919) % 1009) ** 2 / 1000);
    const { edges, counts } = equalWidthHistogram(values.sort());
    expect([...counts]).toEqual([176, 74, 55, 48, 42, 38, 34, 33]);
    expect(edges[1]).toBeCloseTo(126.5045, 10);
    expect(edges[3]).toBeCloseTo(379.5135, 10);
    expect(edges[8]).toBe(1012.036);
  });

  it('has no bin without a value, one where all are equal, and shows a tail behind equal ones', () => {
    expect(equalWidthHistogram(new Float64Array(0)).counts).toHaveLength(0);
    const equal = equalWidthHistogram(Float64Array.of(4, 4, 4));
    expect([[...equal.edges], [...equal.counts]]).toEqual([[4, 4], [3]]);
    const tail = equalWidthHistogram(Float64Array.of(0, 0, 0, 0, 0, 0, 0, 30), 30);
    expect([tail.counts.length, tail.counts[0], tail.counts[29]]).toEqual([30, 7, 1]);
  });

  it('holds every value once, between ascending edges, in at most the bins allowed', () => {
    // one zero: -0 sorts before 0, and which of the two an edge is does not matter
    const finite = fc.double({ noNaN: true, min: -1e300, max: 1e300 }).map((value) => value + 0);
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1 }),
        fc.integer({ min: 1, max: 30 }),
        (list, most) => {
          const sorted = Float64Array.from(list).sort();
          const { edges, counts } = equalWidthHistogram(sorted, most);
          expect(counts.length).toBeLessThanOrEqual(most);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(list.length);
          expect([edges[0], edges[counts.length]]).toEqual([sorted[0], sorted.at(-1)]);
          expect([...edges].every((edge, i) => i === 0 || edge >= (edges[i - 1] ?? NaN))).toBe(
            true,
          );
        },
      ),
    );
  });
});
