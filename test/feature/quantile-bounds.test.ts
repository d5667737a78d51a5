import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileBounds } from '../../src/feature/quantile-bounds.js';

const of = (values: number[], quantiles: number): number[] | null =>
  quantileBounds(Float64Array.from(values), quantiles);

describe('quantileBounds', () => {
  it('gives null with fewer distinct values than buckets', () => {
    expect(of([], 2)).toBeNull();
    expect(of([1, 1, 2, 2, 3, 3], 4)).toBeNull();
  });

  it('parts 1 to 8 into quarters', () => {
    expect(of([8, 7, 6, 5, 4, 3, 2, 1], 4)).toEqual([3, 5, 7]);
  });

  it('moves a bound to the next value where ties would leave a bucket empty', () => {
    expect(of([0, 0, 0, 0, 0, 0, 1, 2], 4)).toBeNull();
    expect(of([0, 0, 0, 0, 0, 1, 2, 3], 4)).toEqual([1, 2, 3]);
    expect(of([0, 1, 2, 3, 3, 3, 3, 3], 4)).toEqual([1, 2, 3]);
  });

  it('always ascends, and leaves no bucket empty', () => {
    const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 8 }), (list, quantiles) => {
        const bounds = of(list, quantiles);
        const distinct = new Set(list).size;
        const bucketOf = (x: number) => bounds?.filter((bound) => bound <= x).length;
        expect(bounds === null).toBe(distinct < quantiles);
        expect(bounds?.length ?? quantiles - 1).toBe(quantiles - 1);
        expect(new Set(list.map(bucketOf)).size).toBe(bounds ? quantiles : 1);
      }),
    );
  });
});
