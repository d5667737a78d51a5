import { describe, expect, it } from 'vitest';
import { pickColumns, pickRows, type FeatureTable } from '../../src/numeric/table.js';

const TABLE: FeatureTable = {
  rows: 2,
  numericNames: ['a', 'b', 'c'],
  numeric: Float32Array.of(1, NaN, 3, 4, 5, 6),
  categoricalNames: ['x', 'y'],
  categorical: ['p', '', 'q', 'r'],
};

describe('a part of a table', () => {
  it('is the columns named, in their order, missing values as they are', () => {
    const names = { numericNames: ['c', 'b'], categoricalNames: ['y'] };
    expect(pickColumns(TABLE, names)).toEqual({
      rows: 2,
      ...names,
      numeric: Float32Array.of(3, NaN, 6, 5),
      categorical: ['', 'r'],
    });
  });

  it('has its rows without any column', () => {
    const none = pickColumns(TABLE, { numericNames: [], categoricalNames: [] });
    expect(none).toMatchObject({ rows: 2, numeric: new Float32Array(0), categorical: [] });
  });

  it.each([
    ['number', { numericNames: ['d'], categoricalNames: [] }, 'd'],
    ['category', { numericNames: [], categoricalNames: ['a'] }, 'a'],
  ])('is refused for a %s that the table does not have', (_, names, missing) => {
    expect(() => pickColumns(TABLE, names)).toThrow(
      new RangeError(`the table has no column ${missing}`),
    );
  });

  it('is the rows asked for, as often and in the order they are asked for', () => {
    expect(pickRows(TABLE, [1, 0, 1])).toEqual({
      ...TABLE,
      rows: 3,
      numeric: Float32Array.of(4, 5, 6, 1, NaN, 3, 4, 5, 6),
      categorical: ['q', 'r', 'p', '', 'q', 'r'],
    });
  });
});
