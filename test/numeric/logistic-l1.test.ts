import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultLogisticParameters,
  fitLogistic,
  marginsOf,
  type LogisticOptions,
} from '../../src/numeric/logistic.js';
import {
  defaultLogisticL1Parameters,
  fitLogisticL1,
  type LogisticL1Fit,
  type LogisticL1Parameters,
} from '../../src/numeric/logistic-l1.js';
import { sigmoid } from '../../src/numeric/metrics.js';
import {
  fitStandardisation,
  standardise,
  type StandardisedRows,
} from '../../src/numeric/standardise.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { fitsGolden, linearTable } from '../support/fits-golden.js';
import { uniformAt } from '../support/synthetic.js';

function standardised(x: DesignMatrix): StandardisedRows {
  return standardise(x, fitStandardisation(x, x.columns));
}

function fit(
  data: StandardisedRows,
  labels: Uint8Array,
  change: Partial<LogisticL1Parameters> = {},
  options: LogisticOptions = {},
): LogisticL1Fit {
  return fitLogisticL1(data, labels, { ...defaultLogisticL1Parameters, ...change }, options);
}

/** Dense standardised values, shape [rows][columns]. */
function dense(data: StandardisedRows): number[][] {
  return Array.from({ length: data.rows }, (_, i) => {
    const row = Array.from(data.shift, (shift) => -shift);
    for (let at = data.rowStart[i] ?? 0; at < (data.rowStart[i + 1] ?? 0); at++) {
      const j = data.column[at] ?? 0;
      row[j] = (row[j] ?? 0) + (data.value[at] ?? 0);
    }
    return row;
  });
}

/** Largest violation of the Karush-Kuhn-Tucker conditions, from dense rows and nothing of the fit but its weights. */
function largestViolation(
  data: StandardisedRows,
  labels: Uint8Array,
  { weights, intercept }: LogisticL1Fit,
  { c, l1Ratio, positiveWeight }: LogisticL1Parameters,
): number {
  const gradient = new Array<number>(data.columns + 1).fill(0);
  dense(data).forEach((row, i) => {
    const margin = row.reduce((sum, value, j) => sum + value * (weights[j] ?? NaN), intercept);
    const weight = c * (labels[i] === 1 ? positiveWeight : 1);
    const residual = weight * (sigmoid(margin) - (labels[i] ?? NaN));
    [...row, 1].forEach((value, j) => (gradient[j] = (gradient[j] ?? 0) + residual * value));
  });
  const violations = gradient.map((loss, j) => {
    const weight = weights[j];
    if (weight === undefined) return Math.abs(loss);
    const slope = loss + (1 - l1Ratio) * weight;
    if (weight === 0) return Math.max(0, Math.abs(slope) - l1Ratio);
    return Math.abs(slope + l1Ratio * Math.sign(weight));
  });
  return Math.max(...violations);
}

/** A table with copies, sparse and constant columns, seeded. */
function awkwardTable(rows: number, seed: number): { x: DesignMatrix; labels: Uint8Array } {
  const columns = 9;
  const values = new Float32Array(rows * columns);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const u = (column: number) => uniformAt(i, column, seed);
    const flag = u(3) < 0.15 ? 1 : 0;
    const row = [u(0), u(1), u(0), 1 - flag, flag, 7, u(2) ** 3, u(0) + u(1), u(4) < 0.3 ? 1 : 0];
    values.set(row, i * columns);
    labels[i] = u(9) < sigmoid(3 * u(0) - 2 * u(1) - 0.5 + flag) ? 1 : 0;
  }
  labels.set([0, 1]);
  return { x: { rows, columns, values }, labels };
}

describe('elastic-net logistic regression', () => {
  const { x, labels } = linearTable();
  const data = standardised(x);

  test('the table is the one of the golden values', () => {
    const positives = labels.reduce((sum, label) => sum + label, 0);
    expect(positives).toBe(fitsGolden.elasticNet.positives);
  });

  // scikit-learn's SAGA with tol 1e-13; its weights hold about 8 digits.
  test.each(fitsGolden.elasticNet.fits)(
    'c $c, share of L1 $l1Ratio: equals scikit-learn',
    ({ c, l1Ratio, weights, intercept, objective }) => {
      const own = fit(data, labels, { c, l1Ratio });
      own.weights.forEach((weight, j) => {
        expect(weight).toBeCloseTo(weights[j] ?? NaN, 6);
      });
      expect(own.intercept).toBeCloseTo(intercept, 6);
      expect(own.objective / objective).toBeCloseTo(1, 10);
      const zeros = weights.map((weight) => weight === 0);
      expect(Array.from(own.weights, (weight) => weight === 0)).toEqual(zeros);
      expect(own.nonZero).toBe(zeros.filter((isZero) => !isZero).length);
    },
  );

  test('the optimality conditions hold on tables with copies, twins and constant columns', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 1e6 }),
          rows: fc.integer({ min: 4, max: 150 }),
          c: fc.constantFrom(0.01, 0.3, 1, 30, 1000),
          l1Ratio: fc.constantFrom(0, 0.2, 0.9, 1),
          positiveWeight: fc.constantFrom(1, 0.3, 5),
        }),
        ({ seed, rows, ...change }) => {
          const table = awkwardTable(rows, seed);
          const parameters = { ...defaultLogisticL1Parameters, ...change };
          const packed = standardised(table.x);
          const own = fit(packed, table.labels, parameters);
          const violation = largestViolation(packed, table.labels, own, parameters);
          expect(violation).toBeLessThan(1e-6 * Math.max(1, parameters.c * rows));
          expect(own.weights[5]).toBe(0);
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });

  test('without L1 it has the minimum of the ridge fit', () => {
    const ridge = fitLogistic(data, labels, { ...defaultLogisticParameters, positiveWeight: 2 });
    const own = fit(data, labels, { l1Ratio: 0, positiveWeight: 2 });
    expect(own.objective / ridge.objective).toBeCloseTo(1, 11);
    own.weights.forEach((weight, j) => {
      expect(weight).toBeCloseTo(ridge.weights[j] ?? NaN, 6);
    });
  });

  test('below the smallest c that matters every weight is 0 and the intercept is the log-odds', () => {
    const own = fit(data, labels, { c: 1e-4 });
    expect(own.nonZero).toBe(0);
    const share = fitsGolden.elasticNet.positives / labels.length;
    expect(own.intercept).toBeCloseTo(Math.log(share / (1 - share)), 9);
  });

  test('a warm start ends in the same minimum in fewer steps', () => {
    const near = fit(data, labels, { c: 0.9 });
    const warm = fit(data, labels, { c: 1 }, { start: near });
    const cold = fit(data, labels, { c: 1 });
    warm.weights.forEach((weight, j) => {
      expect(weight).toBeCloseTo(cold.weights[j] ?? NaN, 7);
    });
    expect(warm.iterations).toBeLessThan(cold.iterations);
    expect(fit(data, labels, { c: 1 }, { start: cold }).iterations).toBe(0);
  });

  test('the same input gives the same bits, and margins are those of its weights', () => {
    const own = fit(data, labels);
    expect(fit(data, labels)).toEqual(own);
    const first = dense(data)[0] ?? [];
    const margin = first.reduce((sum, z, j) => sum + z * (own.weights[j] ?? NaN), own.intercept);
    expect(marginsOf(own, data)[0]).toBeCloseTo(margin, 10);
  });

  test('a row of weight 2 counts like the row given twice', () => {
    const once = standardised({ rows: 4, columns: 1, values: Float32Array.of(1, 2, 4, 8) });
    const rows = Float32Array.of(1, 2, 4, 8, 4);
    const standardisation = fitStandardisation(
      { rows: 4, columns: 1, values: rows.subarray(0, 4) },
      1,
    );
    const twice = standardise({ rows: 5, columns: 1, values: rows }, standardisation);
    const weighted = fit(
      once,
      Uint8Array.of(0, 1, 0, 1),
      { c: 3 },
      {
        weights: Float64Array.of(1, 1, 2, 1),
      },
    );
    const doubled = fit(twice, Uint8Array.of(0, 1, 0, 1, 0), { c: 3 });
    expect(weighted.weights[0]).toBeCloseTo(doubled.weights[0] ?? NaN, 8);
  });

  test('separable classes and columns without any value give finite weights', () => {
    const values = Float32Array.of(1, NaN, 2, NaN, 3, NaN, 10, NaN, 11, NaN, 12, NaN);
    const own = fit(
      standardised({ rows: 6, columns: 2, values }),
      Uint8Array.of(0, 0, 0, 1, 1, 1),
      {
        c: 1e4,
      },
    );
    expect(own.weights[0]).toBeGreaterThan(1);
    expect(own.weights[0]).toBeLessThan(100);
    expect(own.weights[1]).toBe(0);
  });

  test.each<[string, () => unknown, string]>([
    ['c of 0', () => fit(data, labels, { c: 0 }), 'c must be above 0'],
    [
      'a share above 1',
      () => fit(data, labels, { l1Ratio: 1.5 }),
      'l1Ratio must be 0 to 1, got 1.5',
    ],
    [
      'a share of NaN',
      () => fit(data, labels, { l1Ratio: NaN }),
      'l1Ratio must be 0 to 1, got NaN',
    ],
    [
      'a weight of 0',
      () => fit(data, labels, { positiveWeight: 0 }),
      'positiveWeight must be above 0',
    ],
    [
      'half a step',
      () => fit(data, labels, { maxIterations: 0.5 }),
      'maxIterations must be an integer 1 to 10000, got 0.5',
    ],
    [
      'too few labels',
      () => fit(data, labels.subarray(1)),
      'training labels must have 400 rows, got 399',
    ],
    ['one class', () => fit(data, new Uint8Array(400)), 'both 0 and 1, got only label 0'],
    [
      'a start of other columns',
      () => fit(data, labels, {}, { start: { weights: new Float64Array(2), intercept: 0 } }),
      'start must have 8 weights, got 2',
    ],
    [
      'an infinite value',
      () =>
        fit(
          standardised({ rows: 2, columns: 1, values: Float32Array.of(1, -Infinity) }),
          Uint8Array.of(0, 1),
        ),
      'standardised values must be finite',
    ],
  ])('%s is refused with its name and bound', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
