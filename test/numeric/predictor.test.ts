import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import type { Forest } from '../../src/numeric/forest.js';
import { predictMargin, preparePredictor } from '../../src/numeric/predictor.js';
import { uniformAt } from '../support/synthetic.js';
import { plainMargin } from './plain-tree-shap.js';

/** Root splits column 0 at 0.5 (NaN left); its right child splits column 1 at 0.1 (NaN right). */
const forest: Forest = {
  treeCount: 2,
  treeStart: Int32Array.of(0, 5, 6),
  feature: Int32Array.of(0, -1, 1, -1, -1, -1),
  threshold: Float32Array.of(0.5, 0, 0.1, 0, 0, 0),
  left: Int32Array.of(1, 0, 3, 0, 0, 0),
  right: Int32Array.of(2, 0, 4, 0, 0, 0),
  missingLeft: Uint8Array.of(1, 0, 0, 0, 0, 0),
  value: Float64Array.of(0, 1, 0, 2, 4, 8),
  cover: Float64Array.of(4, 1, 3, 1, 2, 4),
  baseValue: 0.25,
  columns: 2,
};

function marginOf(...values: number[]): number | undefined {
  return predictMargin(forest, { rows: 1, columns: 2, values: Float32Array.from(values) })[0];
}

describe('predictor', () => {
  test.each([
    { title: 'at the threshold goes left', row: [0.5, 9], leaf: 1 },
    { title: 'above it goes right', row: [0.6, 0], leaf: 2 },
    { title: 'a float32 threshold equals the float32 of its decimal', row: [9, 0.1], leaf: 2 },
    { title: 'the next float32 does not', row: [9, 0.1 + 2 ** -26], leaf: 4 },
    { title: 'NaN goes left where left was learned', row: [NaN, 9], leaf: 1 },
    { title: 'NaN goes right where right was learned', row: [9, NaN], leaf: 4 },
    { title: 'infinite values compare as numbers', row: [Infinity, -Infinity], leaf: 2 },
  ])('$title', ({ row, leaf }) => {
    expect(marginOf(...row)).toBe(0.25 + leaf + 8);
    const values = Float32Array.from(row);
    expect(Array.from(preparePredictor(forest)({ rows: 1, columns: 2, values }))).toEqual([
      0.25 + leaf + 8,
    ]);
  });

  test('many rows at once, as the forest is then prepared, get what few rows get', () => {
    const rows = 2001;
    const values = Float32Array.from({ length: rows * 2 }, (_, i) =>
      i % 7 === 0 ? NaN : uniformAt(i, 0, 8),
    );
    const margins = predictMargin(forest, { rows, columns: 2, values });
    expect(margins).toHaveLength(rows);
    margins.forEach((margin, row) => {
      expect(margin).toBe(marginOf(...values.subarray(row * 2, row * 2 + 2)));
    });
  });

  test('a forest that splits nothing is its base value and its leaves', () => {
    const leafOnly: Forest = {
      treeCount: 1,
      treeStart: Int32Array.of(0, 1),
      feature: Int32Array.of(-1),
      threshold: new Float32Array(1),
      left: new Int32Array(1),
      right: new Int32Array(1),
      missingLeft: new Uint8Array(1),
      value: Float64Array.of(0.5),
      cover: Float64Array.of(4),
      baseValue: 1,
      columns: 0,
    };
    const x = { rows: 5, columns: 0, values: new Float32Array(0) };
    expect(Array.from(preparePredictor(leafOnly)(x))).toEqual([1.5, 1.5, 1.5, 1.5, 1.5]);
  });

  test('equals walking every tree, bit for bit, for any rows', () => {
    const rows = 300;
    const values = Float32Array.from({ length: rows * 4 }, (_, i) => {
      const value = uniformAt(i, 0, 4);
      return value < 0.1 ? NaN : Math.round(value * 100);
    });
    const labels = Uint8Array.from({ length: rows }, (_, i) =>
      uniformAt(i, 1, 4) < ((values[i * 4] ?? 0) > 50 ? 0.8 : 0.2) ? 1 : 0,
    );
    const parameters = { ...defaultBoostingParameters, rounds: 40, minChildWeight: 0.1 };
    const grown = fitBoosting({ rows, columns: 4, values }, labels, parameters).forest;
    const number = fc.oneof(
      fc.float(),
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom(...Array.from(grown.threshold.slice(0, 100))),
    );
    const prepared = preparePredictor(grown);
    fc.assert(
      fc.property(fc.array(number, { minLength: 0, maxLength: 800 }), (numbers) => {
        const count = Math.floor(numbers.length / 4);
        const some = Float32Array.from(numbers.slice(0, count * 4));
        const x = { rows: count, columns: 4, values: some };
        const expected = Array.from({ length: count }, (_, row) => plainMargin(grown, x, row));
        expect(Array.from(predictMargin(grown, x))).toEqual(expected);
        expect(Array.from(prepared(x))).toEqual(expected);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test('refuses rows with other columns than the forest has', () => {
    expect(() =>
      predictMargin(forest, { rows: 1, columns: 3, values: new Float32Array(3) }),
    ).toThrow(new RangeError('columns must be 2 as in training, got 3'));
  });
});
