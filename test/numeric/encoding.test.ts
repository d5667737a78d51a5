import { describe, expect, test } from 'vitest';
import {
  designColumns,
  encode,
  fitEncoding,
  inputOfColumn,
  maxCategories,
} from '../../src/numeric/encoding.js';
import type { FeatureTable } from '../../src/numeric/table.js';

const table: FeatureTable = {
  rows: 4,
  numericNames: ['age', 'spend'],
  numeric: Float32Array.of(30, 1.5, NaN, 2.5, 50, 3.5, 60, NaN),
  categoricalNames: ['plan', 'city'],
  categorical: ['b', 'Rome', 'a', '', 'b', 'Oslo', 'z', 'Rome'],
};

describe('encoding', () => {
  test('numbers come first and raw, then one block a category, ascending', () => {
    const encoding = fitEncoding(table, [0, 1, 2]);
    expect(encoding.categories).toEqual([
      ['a', 'b'],
      ['', 'Oslo', 'Rome'],
    ]);
    expect(designColumns(encoding)).toBe(7);
    expect([...inputOfColumn(encoding)]).toEqual([0, 1, 2, 2, 3, 3, 3]);
    const x = encode(encoding, table, [1, 0]);
    expect([...x.values]).toEqual([NaN, 2.5, 1, 0, 1, 0, 0, 30, 1.5, 0, 1, 0, 0, 1]);
  });

  test('a category that was not among the fitted rows is an all-zero block', () => {
    const x = encode(fitEncoding(table, [0, 1, 2]), table);
    expect([...x.values.subarray(3 * 7)]).toEqual([60, NaN, 0, 0, 0, 0, 1]);
  });

  test('the most frequent categories are kept up to the cap', () => {
    const names = Array.from({ length: maxCategories + 20 }, (_, k) => `c${String(k)}`);
    const categorical = [...names, ...names.slice(20)];
    const wide = { ...table, rows: categorical.length, categoricalNames: ['c'], categorical };
    const { categories } = fitEncoding(
      wide,
      categorical.map((_, i) => i),
    );
    expect(categories[0]).toEqual(names.slice(20).sort());
  });

  test('inputs are found by name, in a table that holds more and in another order', () => {
    const encoding = fitEncoding(table, [0, 1, 2, 3]);
    const other: FeatureTable = {
      rows: 1,
      numericNames: ['extra', 'spend', 'age'],
      numeric: Float32Array.of(9, 2.5, 44),
      categoricalNames: ['city', 'plan'],
      categorical: ['Oslo', 'a'],
    };
    expect([...encode(encoding, other).values]).toEqual([44, 2.5, 1, 0, 0, 0, 1, 0]);
    expect(() => encode(encoding, { ...other, categoricalNames: ['city', 'x'] })).toThrow(
      'no categorical input named plan',
    );
  });
});
