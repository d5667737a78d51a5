import { expect, test } from 'vitest';
import { averageForests } from '../../src/numeric/average-forests.js';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import { treeShap } from '../../src/numeric/tree-shap.js';
import { madeTable } from '../support/made-tables.js';

const { table, labels } = madeTable(500);
const x = encode(
  fitEncoding(
    table,
    Array.from({ length: 500 }, (_, i) => i),
  ),
  table,
);
const forests = [1, 2, 3].map((seed) => {
  const parameters = { ...defaultBoostingParameters, rounds: 10 + seed, rowShare: 0.7, seed };
  return fitBoosting(x, labels, parameters).forest;
});

test('the margin of the average is the mean of the margins, and its reasons add up to it', () => {
  const average = averageForests(forests);
  const margins = forests.map((forest) => predictMargin(forest, x));
  const merged = predictMargin(average, x);
  const { baseValue, values } = treeShap(average, x);
  for (let i = 0; i < x.rows; i++) {
    const mean = margins.reduce((sum, list) => sum + (list[i] ?? NaN), 0) / forests.length;
    expect(Math.abs((merged[i] ?? NaN) - mean)).toBeLessThan(1e-6);
    const reasons = values.subarray(i * x.columns, (i + 1) * x.columns);
    const sum = reasons.reduce((total, value) => total + value, baseValue);
    expect(Math.abs(sum - mean)).toBeLessThan(1e-6);
  }
  expect(average.treeCount).toBe(11 + 12 + 13);
});

test('one forest is its own average; forests of other columns are refused', () => {
  const [first] = forests;
  if (!first) throw new Error('no forest');
  expect(averageForests([first])).toBe(first);
  expect(() => averageForests([first, { ...first, columns: 1 }])).toThrow('same columns');
});
