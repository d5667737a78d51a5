import { expect, it } from 'vitest';
import type { FeatureTable } from '../../src/numeric/table.js';
import { packRows, unpackCategorical } from '../../src/scorer/rows.js';

const table = (numbers: number[], strings: string[]): { table: FeatureTable } => ({
  table: {
    rows: numbers.length,
    numericNames: ['x'],
    numeric: Float32Array.from(numbers),
    categoricalNames: ['a', 'b'],
    categorical: strings,
  },
});

it('lays the pieces of several tables one after the other', () => {
  const packed = packRows([
    { request: table([1, 2, NaN], ['p', '', 'q', 'p', 'r', 's']), from: 1, to: 3 },
    { request: table([4], ['', 'p']), from: 0, to: 1 },
  ]);
  expect(packed.rows).toBe(3);
  expect([...packed.numeric]).toEqual([2, NaN, 4]);
  expect(unpackCategorical(packed)).toEqual(['q', 'p', 'r', 's', '', 'p']);
  expect(packed.dictionary).toEqual(['q', 'p', 'r', 's', '']);
});
