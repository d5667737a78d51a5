import { describe, expect, test } from 'vitest';
import { trainClassifier } from '../../../src/model/train/train-classifier.js';
import { defaultTrainingOptions } from '../../../src/model/train/training.js';
import { blankFeatures, findTwins } from '../../../src/model/train/twins.js';
import { predictClassifier } from '../../../src/numeric/classifier-predict.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { madeTable } from '../../support/made-tables.js';

/** The table with further columns, each made from the numbers or categories of a row. */
function widened(
  table: FeatureTable,
  numbers: Record<string, (risk: number, noise: number) => number>,
  words: Record<string, (plan: string, city: string) => string>,
): FeatureTable {
  const numeric: number[] = [];
  const categorical: string[] = [];
  for (let i = 0; i < table.rows; i++) {
    const [risk = NaN, noise = NaN] = table.numeric.subarray(2 * i, 2 * i + 2);
    const [plan = '', city = ''] = table.categorical.slice(2 * i, 2 * i + 2);
    numeric.push(risk, noise, ...Object.values(numbers).map((make) => make(risk, noise)));
    categorical.push(plan, city, ...Object.values(words).map((make) => make(plan, city)));
  }
  return {
    rows: table.rows,
    numericNames: [...table.numericNames, ...Object.keys(numbers)],
    numeric: Float32Array.from(numeric),
    categoricalNames: [...table.categoricalNames, ...Object.keys(words)],
    categorical,
  };
}

const made = madeTable(400);
const table = widened(
  made.table,
  {
    hours: (risk) => 24 * risk + 7,
    against: (_, noise) => -3 * noise,
    nearly: (risk, noise) => risk + 0.01 * noise,
    filled: (risk) => (Number.isNaN(risk) ? 0 : risk),
    same: () => 5,
  },
  {
    tariff: (plan) => ({ basic: 'B', plus: 'P', pro: 'R' })[plan] ?? '',
    coarse: (plan) => (plan === 'basic' ? 'B' : 'other'),
  },
);
const rows = [...Array(400).keys()];

describe('twins of a feature', () => {
  test('another unit, the negative and a renamed category are twins; what differs in a row is none', () => {
    expect(findTwins(table, rows)).toEqual([
      { feature: 'hours', reason: 'TWIN', of: 'risk' },
      { feature: 'against', reason: 'TWIN', of: 'noise' },
      { feature: 'tariff', reason: 'TWIN', of: 'plan' },
    ]);
  });

  test('only the given rows count', () => {
    const apart = { ...table, numeric: table.numeric.slice() };
    apart.numeric[2] = 99; // `hours` of row 0
    expect(findTwins(apart, rows).map(({ feature }) => feature)).toEqual(['against', 'tariff']);
    expect(findTwins(apart, rows.slice(1)).map(({ feature }) => feature)).toContain('hours');
  });

  test('blank features are missing everywhere, the others as they were', () => {
    const blank = blankFeatures(table, new Set(['hours', 'tariff']));
    expect(blank.numeric.filter((_, at) => at % 7 === 2).every(Number.isNaN)).toBe(true);
    expect(blank.categorical.filter((_, at) => at % 4 === 2)).toEqual(Array(400).fill(''));
    expect(findTwins(blank, rows).map(({ feature }) => feature)).toEqual(['against']);
    expect(blankFeatures(table, new Set())).toBe(table);
  });

  test.each(['logistic', 'boosting', 'forest', 'perceptron'] as const)(
    '%s: a training names them, and their values change no prediction',
    async (algorithm) => {
      const options = { ...defaultTrainingOptions, algorithms: [algorithm], trials: 1, folds: 2 };
      const { classifier, report } = await trainClassifier(
        { table, labels: made.labels, options },
        { now: () => 0 },
      );
      expect(report.ignoredFeatures).toEqual([
        { feature: 'same', reason: 'CONSTANT' },
        ...findTwins(table, rows),
      ]);
      const other = table.numeric.map((value, at) => ([2, 3, 6].includes(at % 7) ? 123 : value));
      const words = table.categorical.map((value, at) => (at % 4 === 2 ? 'B' : value));
      expect(
        predictClassifier(classifier, { ...table, numeric: other, categorical: words }),
      ).toEqual(predictClassifier(classifier, table));
      const twins = report.importances.filter(({ feature }) => feature === 'hours');
      expect(twins).toMatchObject([{ gain: 0, meanAbsoluteContribution: 0 }]);
    },
  );
});
