import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import { defaultLogisticParameters, fitLogistic, marginsOf } from '../../src/numeric/logistic.js';
import { logLossOfMargins, sigmoid } from '../../src/numeric/metrics.js';
import { fitStandardisation, standardise } from '../../src/numeric/standardise.js';
import { areaUnderRoc, sweepThresholds } from '../../src/numeric/threshold-sweep.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import {
  cdnowTable,
  documentedSplit,
  haveReferenceData,
  onlineShoppersTable,
  readReference,
  telcoTable,
  type LabelledTable,
} from '../support/reference-tables.js';

const numbersByColumn = z.record(z.string(), z.number());

/** scikit-learn's LogisticRegression objective, minimised by Newton to 1e-9; see `objective` in the file. */
const reference = z.object({
  columns: z.array(z.string()),
  splits: z.object({
    rule: z.object({
      models: z.object({
        'LogisticRegression default': z.object({
          exact_optimum: z.object({
            objective: z.number(),
            intercept: z.number(),
            coef_zscored: numbersByColumn,
            column_means: numbersByColumn,
            column_sds: numbersByColumn,
            first5_test_predictions: z.array(z.number()),
            test_auc: z.number(),
            test_log_loss: z.number(),
          }),
        }),
      }),
    }),
  }),
});

function matrix(columns: number, values: number[]): DesignMatrix {
  return { rows: values.length / columns, columns, values: Float32Array.from(values) };
}

function fit(x: DesignMatrix, labels: number[], c = 1, weights?: number[], positiveWeight = 1) {
  const rows = standardise(x, fitStandardisation(x, x.columns));
  return fitLogistic(
    rows,
    Uint8Array.from(labels),
    { ...defaultLogisticParameters, c, positiveWeight },
    weights ? { weights: Float64Array.from(weights) } : {},
  );
}

describe.skipIf(!haveReferenceData())('logistic regression on public data', () => {
  const cases: [string, () => LabelledTable][] = [
    ['classify_telco', withZeroTotal(telcoTable)],
    ['classify_cdnow_churn', cdnowTable],
    ['classify_online_shoppers', onlineShoppersTable],
  ];

  test.each(cases)('%s: equals the exact optimum of the reference', (name, load) => {
    const { table, labels } = load();
    const { train, test } = documentedSplit(table.rows);
    const encoding = fitEncoding(table, train);
    const x = encode(encoding, table, train);
    const standardisation = fitStandardisation(x, encoding.numericNames.length);
    const own = fitLogistic(
      standardise(x, standardisation),
      Uint8Array.from(train, (i) => labels[i] ?? 0),
      defaultLogisticParameters,
    );
    const parsed = reference.parse(readReference(name));
    const optimum = parsed.splits.rule.models['LogisticRegression default'].exact_optimum;
    const gap = (values: ArrayLike<number>, expected: Record<string, number>) =>
      Math.max(
        ...parsed.columns.map((column, j) => {
          const wanted = expected[column] ?? NaN;
          return Math.abs((values[j] ?? NaN) - wanted) / Math.max(1, Math.abs(wanted));
        }),
      );
    expect(x.columns).toBe(parsed.columns.length);
    expect(gap(standardisation.mean, optimum.column_means)).toBeLessThan(1e-6);
    expect(gap(standardisation.scale, optimum.column_sds)).toBeLessThan(1e-6);
    // The reference kept float64: rounding Telco's charges to float32 alone moves its optimum by 1.5e-6.
    expect(gap(own.weights, optimum.coef_zscored)).toBeLessThan(2e-6);
    expect(own.intercept).toBeCloseTo(optimum.intercept, 5);
    expect(own.objective / optimum.objective).toBeCloseTo(1, 8);

    const testLabels = Uint8Array.from(test, (i) => labels[i] ?? 0);
    const margins = marginsOf(own, standardise(encode(encoding, table, test), standardisation));
    const auc = areaUnderRoc(sweepThresholds(testLabels, margins));
    expect(auc).toBeCloseTo(optimum.test_auc, 5);
    expect(logLossOfMargins(testLabels, margins)).toBeCloseTo(optimum.test_log_loss, 6);
    optimum.first5_test_predictions.forEach((probability, k) => {
      expect(sigmoid(margins[k] ?? NaN)).toBeCloseTo(probability, 6);
    });
  });
});

/** The reference sets the blank `TotalCharges` to 0; the product leaves them missing. */
function withZeroTotal(load: () => LabelledTable): () => LabelledTable {
  return () => {
    const { table, labels } = load();
    const numeric = table.numeric.map((value) => (Number.isNaN(value) ? 0 : value));
    return { table: { ...table, numeric }, labels };
  };
}

describe('logistic regression', () => {
  const x = matrix(2, [1, 5, 2, 3, 3, 9, 4, 1, 5, 2, 6, 7]);
  const labels = [0, 0, 1, 0, 1, 1];

  test('a row of weight 2 counts like the row given twice', () => {
    const rows = fitStandardisation(x, 2);
    const twice = matrix(2, [...x.values, 3, 9]);
    const parameters = defaultLogisticParameters;
    const weighted = fitLogistic(standardise(x, rows), Uint8Array.from(labels), parameters, {
      weights: Float64Array.of(1, 1, 2, 1, 1, 1),
    });
    const doubled = fitLogistic(
      standardise(twice, rows),
      Uint8Array.from([...labels, 1]),
      parameters,
    );
    weighted.weights.forEach((weight, j) =>
      expect(weight).toBeCloseTo(doubled.weights[j] ?? NaN, 9),
    );
  });

  test('a positive weight of 3 counts like a weight of 3 on every positive row', () => {
    const byClass = fit(x, labels, 1, undefined, 3);
    const byRow = fit(x, labels, 1, [1, 1, 3, 1, 3, 3]);
    expect([...byClass.weights]).toEqual([...byRow.weights]);
  });

  test('a constant column and a column without any value get weight 0', () => {
    const values = [1, 7, NaN, 2, 7, NaN, 3, 7, NaN, 4, 7, NaN];
    const result = fit(matrix(3, values), [0, 1, 0, 1]);
    expect(result.weights[0]).toBeGreaterThan(0);
    expect(result.weights[1]).toBeCloseTo(0, 12);
    expect(result.weights[2]).toBeCloseTo(0, 12);
  });

  test('separable classes give finite weights with a vanishing gradient', () => {
    const result = fit(matrix(1, [1, 2, 3, 10, 11, 12]), [0, 0, 0, 1, 1, 1], 1e6);
    expect(Number.isFinite(result.intercept)).toBe(true);
    expect(result.largestGradient).toBeLessThan(1e-2);
  });

  test('a mostly zero column is packed sparsely and gives the same fit as a dense one', () => {
    const sparse = matrix(1, [0, 0, 0, 1, 0, 2, 0, 0]);
    const dense = matrix(1, [5, 5, 5, 6, 5, 7, 5, 5]);
    const target = [0, 1, 0, 1, 0, 1, 0, 0];
    const a = fit(sparse, target);
    const b = fit(dense, target);
    expect(a.weights[0]).toBeCloseTo(b.weights[0] ?? NaN, 6);
    expect(a.intercept).toBeCloseTo(b.intercept, 6);
  });

  test('a start from a neighbouring fit ends in the same optimum', () => {
    const rows = standardise(x, fitStandardisation(x, 2));
    const target = Uint8Array.from(labels);
    const near = fitLogistic(rows, target, { ...defaultLogisticParameters, c: 0.1 });
    const warm = fitLogistic(rows, target, defaultLogisticParameters, { start: near });
    const cold = fitLogistic(rows, target, defaultLogisticParameters);
    warm.weights.forEach((weight, j) => expect(weight).toBeCloseTo(cold.weights[j] ?? NaN, 7));
  });

  test.each([
    ['one class', () => fit(x, [1, 1, 1, 1, 1, 1]), 'both 0 and 1, got only label 1'],
    ['no rows', () => fit(matrix(2, []), []), 'both 0 and 1, got no rows'],
    ['a penalty that is not positive', () => fit(x, labels, 0), 'c must be > 0 and finite, got 0'],
    ['too few labels', () => fit(x, [0, 1]), 'training labels must have 6 rows, got 2'],
    ['a label of 2', () => fit(x, [0, 1, 2, 0, 1, 1]), 'must be 0 or 1, got 2 in row 2'],
    ['too few weights', () => fit(x, labels, 1, [1]), 'weights must have 6 rows, got 1'],
    [
      'a negative weight',
      () => fit(x, labels, 1, [1, 1, -1, 1, 1, 1]),
      'weights must be finite and >= 0, got -1 in row 2',
    ],
    [
      'a class without weight',
      () => fit(x, labels, 1, [1, 1, 0, 1, 0, 0]),
      'both 0 and 1 with a weight above 0',
    ],
    [
      'an infinite value',
      () => fit(matrix(1, [1, 2, Infinity, 4]), [0, 1, 0, 1]),
      'standardised values must be finite, got -Infinity in column 0, row 0',
    ],
  ])('%s is refused with its name and bound', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
