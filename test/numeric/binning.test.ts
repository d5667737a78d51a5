import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binMatrix, LARGEST_FLOAT32 } from '../../src/numeric/binning.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { uniformAt } from '../support/synthetic.js';

function matrix(columns: number, ...values: number[]): DesignMatrix {
  return { rows: values.length / columns, columns, values: Float32Array.from(values) };
}

describe('binning', () => {
  test('few distinct values get a bin each, with edges half way between', () => {
    const data = binMatrix(matrix(1, 4, 1, 2, 1), 255);
    expect(Array.from(data.edges)).toEqual([1.5, 3, LARGEST_FLOAT32]);
    expect(Array.from(data.bins[0] ?? [])).toEqual([2, 0, 1, 0]);
    expect(data.hasMissing[0]).toBe(0);
  });

  test('a 0/1 column gets two bins and NaN one more', () => {
    const data = binMatrix(matrix(1, 0, 1, NaN, 1), 255);
    expect(data.binCount[0]).toBe(2);
    expect(Array.from(data.bins[0] ?? [])).toEqual([0, 1, 2, 1]);
    expect(Array.from(data.cellStart)).toEqual([0, 3]);
  });

  test('constant and all-missing columns are left out, constant-or-missing ones are kept', () => {
    const data = binMatrix(matrix(4, 7, NaN, 7, 1, 7, NaN, NaN, 2), 255);
    expect(Array.from(data.source)).toEqual([2, 3]);
  });

  test('many values are cut into bins of about equal counts', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i * 37) % 1000);
    const data = binMatrix(matrix(1, ...values), 10);
    const counts = new Array<number>(10).fill(0);
    for (const bin of data.bins[0] ?? []) counts[bin] = (counts[bin] ?? 0) + 1;
    expect(counts).toEqual(new Array<number>(10).fill(100));
  });

  test('a value that fills most rows does not take the bins of the others', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i < 900 ? 0 : i));
    const data = binMatrix(matrix(1, ...values), 11);
    expect(data.binCount[0]).toBe(11);
  });

  test('neighbouring float32 values stay apart: an edge never equals the upper one', () => {
    const low = Math.fround(1);
    const high = Math.fround(1 + 2 ** -23);
    const data = binMatrix(matrix(1, low, high), 255);
    expect(data.edges[0]).toBe(low);
    expect(Array.from(data.bins[0] ?? [])).toEqual([0, 1]);
  });

  test('negative numbers and both zeros are ordered as numbers', () => {
    const data = binMatrix(matrix(1, -1, 0, -0, 1, -2), 255);
    expect(Array.from(data.bins[0] ?? [])).toEqual([1, 2, 2, 3, 0]);
  });

  test('x <= edge says the same as the bins, for any column', () => {
    const column = fc.array(fc.float({ noDefaultInfinity: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(column, fc.integer({ min: 2, max: 255 }), (values, maxBins) => {
        const x = matrix(1, ...values);
        const data = binMatrix(x, maxBins);
        if (data.columns === 0) return;
        const bins = data.binCount[0] ?? 0;
        expect(bins).toBeLessThanOrEqual(maxBins);
        for (let row = 0; row < x.rows; row++) {
          const value = x.values[row] ?? 0;
          const bin = data.bins[0]?.[row] ?? -1;
          expect(data.words[row]).toBe(bin);
          if (Number.isNaN(value)) expect(bin).toBe(bins);
          else for (let b = 0; b < bins; b++) expect(value <= (data.edges[b] ?? 0)).toBe(bin <= b);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('on many rows, where bins are looked up by the upper bits of a value, they say the same', () => {
    const rows = 60_000;
    const shapes: ((u: number, i: number) => number)[] = [
      (u) => u,
      (u) => (u - 0.5) ** 3 * 1e-30,
      (u, i) => (i % 7 === 0 ? NaN : Math.floor(u * 300) - 150),
      (u, i) => (i % 2 === 0 ? -1 : 1) * 10 ** (u * 76 - 38),
      (u) => (u < 0.5 ? 0 : u < 0.7 ? -0 : 1e-45),
    ];
    const values = new Float32Array(rows * shapes.length);
    for (let i = 0; i < values.length; i++) {
      const row = Math.floor(i / shapes.length);
      values[i] = shapes[i % shapes.length]?.(uniformAt(row, i % shapes.length, 4), row) ?? NaN;
    }
    const data = binMatrix({ rows, columns: shapes.length, values }, 200);
    expect(data.columns).toBe(shapes.length);
    for (let c = 0; c < shapes.length; c++) {
      const start = data.cellStart[c] ?? 0;
      const bins = data.binCount[c] ?? 0;
      const edges = Array.from(data.edges.slice(start, start + bins));
      for (let row = 0; row < rows; row += 7) {
        const value = values[row * shapes.length + c] ?? 0;
        const expected = Number.isNaN(value) ? bins : edges.findIndex((edge) => value <= edge);
        if (data.bins[c]?.[row] !== expected) expect([c, row, data.bins[c]?.[row]]).toBe(expected);
      }
    }
  });

  test('a row is words of four columns, the last padded with a cell of its own', () => {
    const data = binMatrix(matrix(5, 0, 1, 2, 1, 0, 1, 0, NaN, 0, 1, 2, 0, 1, 1, 2), 255);
    expect(data.wordsPerRow).toBe(2);
    const bin = (row: number, column: number): number => data.bins[column]?.[row] ?? NaN;
    for (let row = 0; row < 3; row++) {
      const word =
        bin(row, 0) + bin(row, 1) * 2 ** 8 + bin(row, 2) * 2 ** 16 + bin(row, 3) * 2 ** 24;
      expect(data.words[row * 2]).toBe(word);
      expect(data.words[row * 2 + 1]).toBe(bin(row, 4));
    }
    const cells = data.cellStart[5];
    expect(Array.from(data.wordCell)).toEqual([...data.cellStart.slice(0, 5), cells, cells, cells]);
  });

  test('the 256th bin, NaN beside 255 values, does not spill into the next column', () => {
    const values = Array.from({ length: 256 }, (_, i) => [i === 255 ? NaN : i, i % 2]).flat();
    const data = binMatrix(matrix(2, ...values), 255);
    expect(data.words[255]).toBe(255 + 256);
    expect(data.words[254]).toBe(254);
  });

  test('an infinite value is refused by column and row', () => {
    expect(() => binMatrix(matrix(2, 1, 2, NaN, -Infinity), 255)).toThrow(
      new RangeError('values must be finite or NaN, got -Infinity in column 1, row 1'),
    );
  });

  test.each([1, 256, 2.5, NaN])('refuses %d bins', (maxBins) => {
    expect(() => binMatrix(matrix(1, 1, 2), maxBins)).toThrow(
      new RangeError(`maxBins must be 2..255, got ${String(maxBins)}`),
    );
  });
});
