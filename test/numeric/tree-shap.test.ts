import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultBoostingParameters,
  fitBoosting,
  type BoostingParameters,
} from '../../src/numeric/boosting.js';
import type { Forest } from '../../src/numeric/forest.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { prepareTreeShap, treeShap } from '../../src/numeric/tree-shap.js';
import { uniformAt } from '../support/synthetic.js';
import { enumeratedShapley, plainTreeShap } from './plain-tree-shap.js';

/** A noisy set with interactions, repeated columns on paths, and NaN in every third row of column 1. */
function trained(
  columns: number,
  seed: number,
  parameters: Partial<BoostingParameters>,
): { forest: Forest; x: DesignMatrix } {
  const rows = 400;
  const values = new Float32Array(rows * columns);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    let score = 0;
    for (let j = 0; j < columns; j++) {
      const value = uniformAt(i, j, seed);
      values[i * columns + j] = value;
      score += Math.sin(5 * value + j) * (j % 2 === 0 ? 1 : uniformAt(i, 0, seed));
    }
    if (i % 3 === 0) values[i * columns + 1] = NaN;
    labels[i] = uniformAt(i, 99, seed) < 1 / (1 + Math.exp(-2 * score)) ? 1 : 0;
  }
  const x = { rows, columns, values };
  const all = { ...defaultBoostingParameters, ...parameters };
  return { forest: fitBoosting(x, labels, all).forest, x };
}

/** One tree that is a chain: node k splits column k at 0.5, its left child is a leaf, its right one goes on. */
function chain(columns: number): Forest {
  const nodes = 2 * columns + 1;
  const numbers = Array.from({ length: nodes }, (_, node) => node);
  const isInner = (node: number): boolean => node % 2 === 0 && node < nodes - 1;
  return {
    treeCount: 1,
    treeStart: Int32Array.of(0, nodes),
    feature: Int32Array.from(numbers, (node) => (isInner(node) ? node / 2 : -1)),
    threshold: new Float32Array(nodes).fill(0.5),
    left: Int32Array.from(numbers, (node) => (isInner(node) ? node + 1 : 0)),
    right: Int32Array.from(numbers, (node) => (isInner(node) ? node + 2 : 0)),
    missingLeft: new Uint8Array(nodes),
    value: Float64Array.from(numbers, (node) => (isInner(node) ? 0 : Math.sin(node) * 10)),
    // An inner node keeps 0.8 of its parent's rows.
    cover: Float64Array.from(numbers, (node) =>
      node % 2 === 0 ? 0.8 ** (node / 2) : 0.2 * 0.8 ** ((node - 1) / 2),
    ),
    baseValue: 0,
    columns,
  };
}

function rowSum(values: Float64Array, row: number, columns: number): number {
  return values.slice(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0);
}

describe('TreeSHAP', () => {
  test('a single split by hand: the column gets leaf minus mean, nothing else gets anything', () => {
    const forest: Forest = {
      treeCount: 1,
      treeStart: Int32Array.of(0, 3),
      feature: Int32Array.of(1, -1, -1),
      threshold: Float32Array.of(0.5, 0, 0),
      left: Int32Array.of(1, 0, 0),
      right: Int32Array.of(2, 0, 0),
      missingLeft: Uint8Array.of(1, 0, 0),
      value: Float64Array.of(0, -1, 3),
      cover: Float64Array.of(8, 6, 2),
      baseValue: 0.25,
      columns: 2,
    };
    const x = { rows: 3, columns: 2, values: Float32Array.of(9, 0.5, 9, 0.6, 9, NaN) };
    const { baseValue, values } = treeShap(forest, x);
    expect(baseValue).toBeCloseTo(0.25 + (6 * -1 + 2 * 3) / 8, 12);
    expect(Array.from(values)).toEqual([0, -1, 0, 3, 0, -1]);
  });

  test('a tree that is one leaf explains nothing and is the base value', () => {
    const forest: Forest = {
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
      columns: 2,
    };
    const { baseValue, values } = treeShap(forest, {
      rows: 1,
      columns: 2,
      values: Float32Array.of(1, NaN),
    });
    expect(baseValue).toBe(1.5);
    expect(Array.from(values)).toEqual([0, 0]);
  });

  test('equals the enumeration of all subsets of five columns to 1e-9', () => {
    const { forest, x } = trained(5, 11, { rounds: 12, maxDepth: 6, learningRate: 0.4 });
    const { baseValue, values } = treeShap(forest, x);
    for (let row = 0; row < 40; row++) {
      const expected = enumeratedShapley(forest, x, row);
      expect(Math.abs(baseValue - expected.baseValue)).toBeLessThan(1e-9);
      expected.values.forEach((value, column) => {
        expect(Math.abs((values[row * 5 + column] ?? NaN) - value)).toBeLessThan(1e-9);
      });
    }
  });

  test.each([
    { title: 'depth 6', columns: 12, maxDepth: 6, maxLeaves: 64 },
    { title: 'depth 3', columns: 4, maxDepth: 3, maxLeaves: 8 },
    { title: 'lopsided, depth 24', columns: 24, maxDepth: 24, maxLeaves: 60 },
  ])('equals the plain recursive algorithm to 1e-9: $title', ({ columns, maxDepth, maxLeaves }) => {
    const grow = { rounds: 15, maxDepth, maxLeaves, minChildWeight: 0.01, learningRate: 0.3 };
    const { forest, x } = trained(columns, 5, grow);
    const { values } = treeShap(forest, x);
    for (let row = 0; row < 60; row++) {
      plainTreeShap(forest, x, row).forEach((value, column) => {
        expect(Math.abs((values[row * columns + column] ?? NaN) - value)).toBeLessThan(1e-9);
      });
    }
  });

  test('equals the plain algorithm to 1e-9 on a path of 20 columns', () => {
    const columns = 20;
    const forest = chain(columns);
    const rows = 30;
    const values = Float32Array.from({ length: rows * columns }, (_, i) => {
      const value = uniformAt(i, 0, 6);
      return value < 0.05 ? NaN : value ** 0.3;
    });
    const x = { rows, columns, values };
    const found = treeShap(forest, x).values;
    for (let row = 0; row < rows; row++) {
      plainTreeShap(forest, x, row).forEach((value, column) => {
        expect(Math.abs((found[row * columns + column] ?? NaN) - value)).toBeLessThan(1e-9);
      });
    }
  });

  test('a path of 30 columns is explained, one of 31 is refused', () => {
    const x = { rows: 1, columns: 30, values: new Float32Array(30).fill(0.9) };
    const { baseValue, values } = treeShap(chain(30), x);
    const margin = predictMargin(chain(30), x)[0] ?? NaN;
    expect(Math.abs(baseValue + rowSum(values, 0, 30) - margin)).toBeLessThan(1e-9);
    expect(() => prepareTreeShap(chain(31))).toThrow('at most 30 distinct columns');
  });

  test('base value and contributions sum to the margin to 1e-9, whatever the rows', () => {
    const { forest, x: training } = trained(6, 3, { rounds: 60 });
    const explain = prepareTreeShap(forest);
    const anyNumber = fc.oneof(
      fc.float({ noNaN: false }),
      fc.constantFrom(...Array.from(forest.threshold.slice(0, 50))),
      fc.constantFrom(...Array.from(training.values.slice(0, 50))),
    );
    fc.assert(
      fc.property(fc.array(anyNumber, { minLength: 12, maxLength: 12 }), (numbers) => {
        const x = { rows: 2, columns: 6, values: Float32Array.from(numbers) };
        const margins = predictMargin(forest, x);
        const { baseValue, values } = explain(x);
        for (let row = 0; row < 2; row++) {
          const sum = baseValue + rowSum(values, row, 6);
          expect(Math.abs(sum - (margins[row] ?? NaN))).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test('a prepared explainer answers a later call as it answered the first', () => {
    const { forest, x } = trained(6, 3, { rounds: 20 });
    const explain = prepareTreeShap(forest);
    const first = explain(x).values;
    explain({ rows: 1, columns: 6, values: x.values.slice(6, 12) });
    expect(explain(x).values).toEqual(first);
  });

  test('contributions of a row do not depend on the rows around it', () => {
    const { forest, x } = trained(6, 3, { rounds: 20 });
    const all = treeShap(forest, x).values;
    const alone = treeShap(forest, { rows: 1, columns: 6, values: x.values.slice(60, 66) }).values;
    expect(Array.from(alone)).toEqual(Array.from(all.slice(60, 66)));
  });

  test('refuses rows with other columns than the forest has', () => {
    const { forest } = trained(6, 3, { rounds: 2 });
    const x = { rows: 1, columns: 5, values: new Float32Array(5) };
    expect(() => treeShap(forest, x)).toThrow(
      new RangeError('columns must be 6 as in training, got 5'),
    );
  });
});
