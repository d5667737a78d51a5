import { describe, expect, it, test } from 'vitest';
import { rankVersions } from '../../src/model/rank-versions.js';
import { recommendModel, type Task } from '../../src/model/recommend-model.js';
import { versionRecord } from './version-record.js';

const version = (number: number, [tp, fp, fn, tn]: readonly [number, number, number, number]) => ({
  ...{ id: String(number), version: number },
  report: versionRecord({
    confusionMatrix: {
      ...{ truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn },
    },
    rocCurve: [
      { x: 0, y: 0, threshold: null },
      { x: fp / (fp + tn), y: tp / (tp + fn), threshold: 0.5 },
    ],
  }),
});
const none = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };

describe('versions ranked by cost', () => {
  // the careful one misses 6 of 10, the eager one calls 40 of 90 in vain
  const careful = version(1, [4, 0, 6, 90]);
  const eager = version(2, [10, 40, 0, 50]);
  const order = (costs: Partial<typeof none>): number[] =>
    rankVersions([careful, eager], { ...none, savedPerTruePositive: 0, ...costs }).map(
      (each) => each.version.version,
    );

  it('change places with the costs, and nothing is trained', () => {
    expect(order({ falsePositive: 1, falseNegative: 100 })).toEqual([2, 1]);
    expect(order({ falsePositive: 100, falseNegative: 1 })).toEqual([1, 2]);
  });

  it('tell the cost a prediction, with what is saved taken off', () => {
    const costs = { ...none, falsePositive: 10, falseNegative: 100, savedPerTruePositive: 50 };
    const [first, second] = rankVersions([careful, eager], costs);
    expect(first).toMatchObject({ rank: 1, netCostPerPrediction: (400 - 500) / 100 });
    expect(second).toMatchObject({ rank: 2, netCostPerPrediction: (600 - 200) / 100 });
  });

  it('leave out what was never measured; of equal ones the newer comes first', () => {
    const unmeasured = { id: '3', version: 3, report: versionRecord() };
    const twin = { ...version(4, [4, 0, 6, 90]) };
    const costs = { ...none, savedPerTruePositive: 1 };
    const ranked = rankVersions([careful, unmeasured, twin], costs);
    expect(ranked.map((each) => each.version.version)).toEqual([4, 1]);
  });
});

const task: Task = { rows: 20_000, explain: false, positiveShare: null, features: null };
test.each<[string, Partial<Task>, string[], string]>([
  ['families compete', {}, ['boosting', 'logistic', 'forest', 'perceptron'], 'none'],
  ['a formula is wanted', { explain: true, rows: 1e6 }, ['logistic'], 'none'],
  ['few rows', { rows: 999 }, ['logistic', 'forest'], 'none'],
  [
    'the first row above few',
    { rows: 1000, features: 100 },
    ['boosting', 'logistic', 'forest', 'perceptron'],
    'none',
  ],
  ['wide', { features: 3000 }, ['logistic', 'boosting'], 'none'],
  ['rare positives', { positiveShare: 0.02 }, ['boosting', 'isolation', 'logistic'], 'balanced'],
  ['many rows', { rows: 100_000, positiveShare: 0.3 }, ['boosting'], 'none'],
])('advice: %s', (_, change, algorithms, classWeight) => {
  expect(recommendModel({ ...task, ...change })).toMatchObject({ algorithms, classWeight });
});

it('advice says when there are too few positives', () => {
  expect(recommendModel({ ...task, rows: 2000, positiveShare: 0.01 }).reasons.at(-1)).toBe(
    'about 20 positive rows are few to learn from: at least 50 are wanted',
  );
});

test.each<[Partial<Task>, string]>([
  [{ rows: 0 }, 'rows must be a whole number >= 1, got 0'],
  [{ positiveShare: 1.5 }, 'positiveShare must be 0..1, got 1.5'],
  [{ features: 0 }, 'features must be a whole number >= 1, got 0'],
])('advice refuses %j', (change, message) => {
  expect(() => recommendModel({ ...task, ...change })).toThrow(message);
});
