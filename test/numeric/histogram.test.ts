import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binMatrix } from '../../src/numeric/binning.js';
import {
  addToHistogram,
  addToHistogramOf,
  subtractHistogram,
} from '../../src/numeric/histogram.js';
import { createHistogram } from '../support/histogram.js';

const x = {
  rows: 6,
  columns: 2,
  values: Float32Array.of(1, NaN, 2, 5, 1, 5, 3, 6, 2, NaN, 1, 6),
};
const packed = Float64Array.of(1, 2, 4, 8, 16, 32);

describe('histogram', () => {
  test('adds the packed gradients of the rows asked for, bin by bin, missing last', () => {
    const data = binMatrix(x, 255);
    const histogram = createHistogram(data).fill(100);
    addToHistogram(histogram, data, packed, Int32Array.of(0, 5, 1, 2, 3, 4), 1, 6);
    const sums = Array.from(histogram.slice(0, 6), (sum) => sum - 100);
    expect(sums).toEqual([32 + 4, 2 + 16, 8, 2 + 4, 32 + 8, 16]);
  });

  test('of some columns leaves the others as they are', () => {
    const data = binMatrix(x, 255);
    const histogram = createHistogram(data).fill(99);
    const rows = Int32Array.of(0, 1, 2);
    addToHistogramOf(Int32Array.of(1), histogram, data, packed, rows, 0, 3);
    expect(Array.from(histogram.slice(0, 6))).toEqual([99, 99, 99, 99 + 2 + 4, 99, 99 + 1]);
  });

  test('four rows at a time or one: the sums are those of a plain loop, of all columns or some', () => {
    const rows = 103;
    const columns = 7;
    const values = Float32Array.from({ length: rows * columns }, (_, i) =>
      i % 11 === 0 ? NaN : (i * 7919) % (3 + (i % columns) * 40),
    );
    const data = binMatrix({ rows, columns, values }, 255);
    const numbers = Float64Array.from({ length: rows }, (_, i) => (i * i) % 97);
    const order = Int32Array.from({ length: rows }, (_, i) => (i * 10) % rows);
    for (const [start, end] of [
      [0, 103],
      [5, 12],
      [7, 9],
    ] as const) {
      const expected = createHistogram(data);
      for (const row of order.slice(start, end)) {
        data.bins.forEach((bins, column) => {
          const cell = (data.cellStart[column] ?? 0) + (bins[row] ?? 0);
          expected[cell] = (expected[cell] ?? 0) + (numbers[row] ?? 0);
        });
      }
      const cells = data.cellStart[columns] ?? 0;
      const all = createHistogram(data);
      addToHistogram(all, data, numbers, order, start, end);
      expect(all.slice(0, cells)).toEqual(expected.slice(0, cells));
      const some = createHistogram(data);
      addToHistogramOf(Int32Array.of(1, 4, 6), some, data, numbers, order, start, end);
      for (let column = 0; column < columns; column++) {
        const [from, to] = [data.cellStart[column], data.cellStart[column + 1]];
        const zeros = new Float64Array((to ?? 0) - (from ?? 0));
        const wanted = [1, 4, 6].includes(column) ? expected.slice(from, to) : zeros;
        expect(some.slice(from, to)).toEqual(wanted);
      }
    }
  });

  test('of the parent minus one child is exactly that of the other child', () => {
    const integer = fc.maxSafeNat().map((value) => value % 2 ** 40);
    const weights = fc.array(integer, { minLength: 6, maxLength: 6 });
    const middle = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(weights, middle, (values, split) => {
        const data = binMatrix(x, 255);
        const numbers = Float64Array.from(values);
        const rows = Int32Array.of(3, 1, 4, 0, 5, 2);
        const [parent, left, right] = [0, 1, 2].map(() => createHistogram(data));
        if (!parent || !left || !right) return;
        addToHistogram(parent, data, numbers, rows, 0, 6);
        addToHistogram(left, data, numbers, rows, 0, split);
        addToHistogram(right, data, numbers, rows, split, 6);
        subtractHistogram(parent, left);
        expect(parent).toEqual(right);
      }),
      { seed: 1 },
    );
  });
});
