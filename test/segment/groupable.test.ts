import { expect, it } from 'vitest';
import type { FeatureTable } from '../../src/numeric/table.js';
import { checkFinite, groupableRows } from '../../src/segment/groupable.js';

const table: FeatureTable = {
  rows: 5,
  numericNames: ['spend', 'visits'],
  numeric: Float32Array.of(1, 2, NaN, 0, NaN, NaN, NaN, NaN, 3, NaN),
  categoricalNames: ['gender'],
  categorical: ['F', '', 'M', '', ''],
};

it('are those of customers who agreed and of whom anything is known, a zero included', () => {
  expect(groupableRows(table, null)).toEqual([0, 1, 2, 4]);
  expect(groupableRows(table, Float64Array.of(1, 1, 0, 1, NaN))).toEqual([0, 1]);
});

it('a number without bound is refused with the customer; one of somebody who is not looked at is not', () => {
  const numeric = Float32Array.of(1, NaN, 2, -Infinity);
  const ids = Float64Array.of(41, 42);
  const given = { numericNames: ['spend', 'visits'], numeric };
  expect(() => checkFinite(given, [0, 1], ids)).toThrow(
    'visits must be finite or missing, got -Infinity for User:42',
  );
  expect(() => checkFinite(given, [0], ids)).not.toThrow();
});
