import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { foldsOf, makeFolds, splitRows } from '../../../src/model/train/fold-data.js';
import { scoreFold } from '../../../src/model/train/run-trial.js';
import { trainClassifier } from '../../../src/model/train/train-classifier.js';
import {
  defaultTrainingOptions,
  isTestRow,
  type Algorithm,
  type TrainingInput,
  type TrainingResult,
} from '../../../src/model/train/training.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { madeTable } from '../../support/made-tables.js';

const ROWS = 400;
const made = madeTable(ROWS);

/** The table with absurd numbers, gaps and categories in some rows, and the other label. */
function spoilt(rows: ReadonlySet<number>): { table: FeatureTable; labels: Uint8Array } {
  const { table, labels } = made;
  return {
    table: {
      ...table,
      numeric: table.numeric.map((value, at) => {
        if (!rows.has(Math.floor(at / 2))) return value;
        return at % 3 === 0 ? NaN : 1e6 * (1 + (at % 5));
      }),
      categorical: table.categorical.map((value, at) =>
        rows.has(Math.floor(at / 2)) ? `nowhere ${String(at % 4)}` : value,
      ),
    },
    labels: labels.map((label, row) => (rows.has(row) ? 1 - label : label)),
  };
}

function train(data: Pick<TrainingInput, 'table' | 'labels'>, algorithms: Algorithm[]) {
  const options = { ...defaultTrainingOptions, algorithms, trials: 4, folds: 3 };
  return trainClassifier({ ...data, options }, { now: () => 0 });
}

/** Everything that is decided, and what is measured without the test part. */
function decided({ classifier, threshold, hyperparameters, algorithm, report }: TrainingResult) {
  const { scoreCard } = report;
  return {
    ...{ classifier, threshold, hyperparameters, algorithm },
    metrics: report.metrics.filter(({ split }) => split !== 'TEST'),
    trials: report.trials,
    calibration: report.calibration,
    importances: report.importances,
    ignored: report.ignoredFeatures,
    reference: report.reference,
    card: { base: scoreCard.base, inputs: scoreCard.inputs },
    thresholds: (report.thresholds ?? []).map(({ rule, threshold: at }) => [rule, at]),
  };
}

describe('the test part decides nothing', () => {
  it.each<[string, Algorithm[]]>([
    ['logistic', ['logistic']],
    ['boosting', ['boosting']],
    ['decision forest', ['forest']],
    ['perceptron', ['perceptron']],
    ['isolation forest', ['isolation']],
    ['whatever wins', ['logistic', 'boosting']],
  ])(
    '%s: absurd values, new categories and wrong labels there leave preprocessing, weights, threshold, calibration, trials and score card to the bit',
    async (_, algorithms) => {
      const { test } = splitRows(ROWS);
      const clean = await train(made, algorithms);
      const other = await train(spoilt(new Set(test)), algorithms);
      expect(decided(other)).toEqual(decided(clean));
      expect(other.report.metrics).not.toEqual(clean.report.metrics);
    },
  );
});

describe('a fold', () => {
  const rows = Array.from({ length: ROWS }, (_, row) => row).filter((row) => !isTestRow(row));

  it('has preprocessing that knows nothing of its validation rows', () => {
    const folds = makeFolds(made.table, made.labels, rows, 4, 1);
    for (const [at, fold] of folds.entries()) {
      const held = new Set(Array.from(fold.positions, (position) => rows[position] ?? -1));
      const { table } = spoilt(held);
      // the labels stay: they say which row lies in which fold
      const other = makeFolds(table, made.labels, rows, 4, 1)[at];
      expect(other?.positions).toEqual(fold.positions);
      expect(other?.encoding).toEqual(fold.encoding);
      expect(other?.train).toEqual(fold.train);
      expect(other?.linear().standardisation).toEqual(fold.linear().standardisation);
      expect(other?.linear().train).toEqual(fold.linear().train);
      expect(other?.validation).not.toEqual(fold.validation);
    }
  });

  it('holds no row of the test part, and each other row is held out once', () => {
    const options = { ...defaultTrainingOptions, folds: 4 };
    const folds = foldsOf({ ...made, options });
    const held = folds.flatMap(({ positions }) => [...positions]).sort((a, b) => a - b);
    expect(held).toEqual(rows.map((_, position) => position));
    for (const fold of folds) expect(fold.train.x.rows + fold.validation.x.rows).toBe(rows.length);
  });

  it('scores a candidate with class weights as the probabilities it stands for', () => {
    const [fold] = makeFolds(made.table, made.labels, rows, 4, 1);
    if (!fold) throw new Error('no fold');
    const random = seededRandom(3);
    const plain = Float64Array.from(fold.validation.labels, () => random.normal());
    const shift = Math.log(7); // what a weight of 7 adds to honest log-odds
    const curve = new Float64Array(0);
    const weighted = scoreFold(
      fold,
      plain.map((margin) => margin + shift),
      curve,
      shift,
    );
    const honest = scoreFold(fold, plain, curve, 0);
    expect(weighted.logLoss).toBeCloseTo(honest.logLoss, 12);
    expect(weighted.auc).toBe(honest.auc);
  });

  it('follows the seed', () => {
    const positions = (seed: number) =>
      makeFolds(made.table, made.labels, rows, 4, seed).map((fold) => fold.positions);
    expect(positions(1)).toEqual(positions(1));
    expect(positions(2)).not.toEqual(positions(1));
  });
});
