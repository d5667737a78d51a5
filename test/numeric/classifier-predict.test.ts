import { describe, expect, test } from 'vitest';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import { explainClassifier, predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { Classifier, LogisticClassifier } from '../../src/numeric/classifier.js';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import { madeTable } from '../support/made-tables.js';

const { table, labels } = madeTable(600);
const allRows = Array.from({ length: table.rows }, (_, i) => i);

function boosted(): Classifier {
  const encoding = fitEncoding(table, allRows);
  const parameters = { ...defaultBoostingParameters, rounds: 30, maxDepth: 4 };
  const { forest } = fitBoosting(encode(encoding, table), labels, parameters);
  return { kind: 'boosting', encoding, forest };
}

const linear: LogisticClassifier = {
  kind: 'logistic',
  encoding: {
    numericNames: ['risk', 'noise'],
    categoricalNames: ['plan'],
    categories: [['basic', 'pro']],
  },
  median: Float32Array.of(0.25, 0),
  mean: Float64Array.of(0.5, 0, 0.25, 0.5),
  scale: Float64Array.of(2, 1, 0.5, 0.5),
  weights: Float64Array.of(3, 0, 1, -1),
  intercept: 0.75,
};

describe('predicting and explaining', () => {
  test.each([
    ['boosting', boosted()],
    ['logistic', linear],
  ])('%s: base value and contributions add up to the margin on every row', (_, classifier) => {
    const margins = predictClassifier(classifier, table);
    const { baseValue, values, inputs } = explainClassifier(classifier, table);
    const sums = Array.from(margins, (_margin, i) =>
      values
        .subarray(i * inputs.length, (i + 1) * inputs.length)
        .reduce((sum, value) => sum + value, baseValue),
    );
    const worst = Math.max(...sums.map((sum, i) => Math.abs(sum - (margins[i] ?? NaN))));
    expect(worst).toBeLessThan(1e-6);
  });

  test('a linear contribution is weight x standardised value, one-hot columns in one sum', () => {
    const row = {
      rows: 2,
      numericNames: ['risk', 'noise'],
      numeric: Float32Array.of(2.5, 9, NaN, 9),
      categoricalNames: ['plan'],
      categorical: ['pro', 'unheard of'],
    };
    const { baseValue, values, inputs } = explainClassifier(linear, row);
    expect(inputs).toEqual(['risk', 'noise', 'plan']);
    expect(baseValue).toBe(0.75);
    // plan = pro: 1 x (0 - 0.25) / 0.5 - 1 x (1 - 0.5) / 0.5; unknown: both columns are 0.
    expect([...values]).toEqual([3, 0, -1.5, -0.375, 0, 0.5]);
    expect([...predictClassifier(linear, row)]).toEqual([2.25, 0.875]);
  });

  test('an input that matters gets contributions, one that does not gets hardly any', () => {
    const { values, inputs } = explainClassifier(boosted(), table);
    const mean = (name: string) =>
      allRows.reduce(
        (sum, row) => sum + Math.abs(values[row * inputs.length + inputs.indexOf(name)] ?? NaN),
        0,
      ) / table.rows;
    expect(mean('risk')).toBeGreaterThan(3 * mean('noise'));
    expect(mean('plan')).toBeGreaterThan(3 * mean('city'));
  });
});
