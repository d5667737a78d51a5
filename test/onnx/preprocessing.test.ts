import { describe, expect, it } from 'vitest';
import { trainClassifier } from '../../src/model/train/train-classifier.js';
import { defaultTrainingOptions, isTestRow } from '../../src/model/train/training.js';
import type { Classifier, LogisticClassifier } from '../../src/numeric/classifier.js';
import { predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { bareRun, bareSession } from '../support/bare-onnx.js';
import { madeTable } from '../support/made-tables.js';

const { table, labels } = madeTable(800);
const served: FeatureTable = {
  ...table,
  rows: 6,
  numeric: Float32Array.of(0.3, -1, NaN, 0.5, 2, NaN, NaN, NaN, -0.7, 0, 1e6, -1e6),
  categorical: [
    'basic',
    '',
    'plus',
    'Oslo',
    'never seen',
    'Rome',
    'pro',
    'Atlantis',
    '',
    '',
    'a',
    'b',
  ],
};

async function train(algorithm: 'logistic' | 'boosting'): Promise<Classifier> {
  const options = { ...defaultTrainingOptions, algorithms: [algorithm], trials: 1, folds: 3 };
  return (await trainClassifier({ table, labels, options }, { now: () => 0 })).classifier;
}

async function served32(classifier: Classifier): Promise<number[]> {
  const session = await bareSession(writeClassifier(classifier));
  try {
    return [...(await bareRun(session, served)).probability];
  } finally {
    await session.release();
  }
}

/** Raw training rows -> probability of a served row, in plain code that knows only weights and intercept. */
function plainProbability({ weights, intercept }: LogisticClassifier, row: number): number {
  const trainRows = [...labels.keys()].filter((i) => !isTestRow(i));
  let margin = intercept;
  let column = 0;
  const add = (of: (i: number) => number, value: number): void => {
    const values = trainRows.map(of);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    margin += ((weights[column++] ?? NaN) * (value - mean)) / Math.sqrt(squares / values.length);
  };
  for (let j = 0; j < 2; j++) {
    const known = trainRows.map((i) => table.numeric[i * 2 + j] ?? NaN).filter((x) => x === x);
    const sorted = known.sort((a, b) => a - b);
    const middle = (at: number): number => sorted[at] ?? NaN;
    const median = (middle((sorted.length - 1) >> 1) + middle(sorted.length >> 1)) / 2;
    const imputed = (x: number): number => (Number.isNaN(x) ? median : x);
    add(
      (i) => imputed(table.numeric[i * 2 + j] ?? NaN),
      imputed(served.numeric[row * 2 + j] ?? NaN),
    );
  }
  for (let j = 0; j < 2; j++) {
    const categories = new Set(trainRows.map((i) => table.categorical[i * 2 + j] ?? ''));
    for (const category of [...categories].sort())
      add(
        (i) => (table.categorical[i * 2 + j] === category ? 1 : 0),
        served.categorical[row * 2 + j] === category ? 1 : 0,
      );
  }
  expect(column).toBe(weights.length);
  return 1 / (1 + Math.exp(-margin));
}

describe('preprocessing is inside the graph', () => {
  it('median imputation, standardisation, missing as a category and unknown ones as none: raw rows give the textbook probability to 1e-5', async () => {
    const classifier = await train('logistic');
    if (classifier.kind !== 'logistic') throw new Error('not a linear model');
    const probabilities = await served32(classifier);
    probabilities.forEach((probability, row) => {
      expect(Math.abs(probability - plainProbability(classifier, row))).toBeLessThan(1e-5);
    });
    expect(new Set(probabilities.slice(0, 5)).size).toBe(5);
  });

  it('of a forest takes missing numbers and unknown categories as the predictor does, to 1e-5', async () => {
    const classifier = await train('boosting');
    const margins = predictClassifier(classifier, served);
    (await served32(classifier)).forEach((probability, row) => {
      const expected = 1 / (1 + Math.exp(-(margins[row] ?? NaN)));
      expect(Math.abs(probability - expected)).toBeLessThan(1e-5);
    });
  });
});
