import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binCounts } from '../../src/numeric/histogram-bins.js';

describe('bins of a number that the caller sets', () => {
  const values = Float64Array.of(0, 0.1, 0.2, 0.3, 0.7, 1, 2.5, NaN, 3, 3, 4.9, 5);
  it.each([
    [10, [4, 1, 1, 0, 0, 1, 2, 0, 0, 2]],
    [3, [6, 3, 2]],
  ])('equal np.histogram(values, bins=%i) of numpy 2.4.6', (bins, counts) => {
    const found = binCounts(values, bins);
    expect([...found.counts]).toEqual(counts);
    expect(found.missing).toBe(1);
    expect(found.edges.at(0)).toBe(0);
    expect(found.edges.at(-1)).toBe(5);
  });
  it('are one where all are equal and none without a value', () => {
    expect(binCounts(Float64Array.of(3, NaN, 3), 5)).toEqual({
      missing: 1,
      edges: Float64Array.of(3, 3),
      counts: Uint32Array.of(2),
    });
    expect(binCounts(Float64Array.of(NaN), 5).counts).toHaveLength(0);
    expect(binCounts(new Float64Array(0), 5).edges).toHaveLength(0);
  });
  it('hold neighbours among the floats too, which are nearer than a width can tell', () => {
    for (const [low, high] of [
      [0, Number.MIN_VALUE],
      [1, 1 + Number.EPSILON],
    ] as const) {
      const { edges, counts } = binCounts(Float64Array.of(low, high, high), 30);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
      expect([...edges]).toEqual([...edges].sort((a, b) => a - b));
      expect(edges[30]).toBe(high);
    }
  });
  it('hold every value once, between their edges', () => {
    const number = fc.double({ min: -1e300, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1 }),
        fc.integer({ min: 1, max: 20 }),
        (list, bins) => {
          const { edges, counts } = binCounts(Float64Array.from(list), bins);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(list.length);
          counts.forEach((count, bin) => {
            const isLast = bin === counts.length - 1;
            const inside = list.filter(
              (value) =>
                value >= (edges[bin] ?? NaN) &&
                (isLast ? value <= (edges[bin + 1] ?? NaN) : value < (edges[bin + 1] ?? NaN)),
            );
            expect(count).toBe(inside.length);
          });
        },
      ),
    );
  });
});
