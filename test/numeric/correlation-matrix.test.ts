import { describe, expect, it } from 'vitest';
import { correlationRow } from '../../src/numeric/correlation-matrix.js';

const x = Float64Array.of(1, 2, NaN, 4, 5.5, 6, 7, 8.25);
const y = Float64Array.of(2.5, NaN, 3, 8, 1, 12, 13.75, 9);
const constant = new Float64Array(8).fill(5);
const w = Float64Array.of(-1, -2.5, -3, -3.5, NaN, -7, -6.5, -9);
const scarce = Float64Array.of(1, NaN, NaN, 2, NaN, NaN, NaN, NaN);

describe('a row of the correlation matrix', () => {
  it('equals numpy 2.4.6, np.corrcoef of the pairs where both are known', () => {
    const columns = [x, y, constant, w, scarce];
    const first = correlationRow(columns, 0);
    expect(first.r[0]).toBe(1);
    expect(first.r[1]).toBeCloseTo(0.5854099065066245, 14);
    expect(first.r[2]).toBeNaN();
    expect(first.r[3]).toBeCloseTo(-0.9786519549071762, 14);
    expect(first.r[4]).toBeNaN();
    expect([...first.pairs]).toEqual([7, 6, 7, 6, 2]);
    const second = correlationRow(columns, 1);
    expect(second.r[0]).toBeNaN();
    expect(second.r[1]).toBe(1);
    expect(second.r[3]).toBeCloseTo(-0.7687650333874535, 14);
    expect(correlationRow(columns, 2).r[2]).toBeNaN();
  });
  it('refuses columns of unequal length', () => {
    expect(() => correlationRow([x, new Float64Array(2)], 0)).toThrow(RangeError);
  });
});
