import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { AppError } from '../../../src/kernel/error.js';
import { predictClassifier } from '../../../src/numeric/classifier-predict.js';
import { trainClassifier } from '../../../src/model/train/train-classifier.js';
import {
  defaultTrainingOptions,
  isTestRow,
  type Algorithm,
  type MetricName,
  type MetricSplit,
  type TrainingInput,
  type TrainingOptions,
  type TrainingResult,
} from '../../../src/model/train/training.js';
import { writeClassifier } from '../../../src/onnx/write-classifier.js';
import { madeTable } from '../../support/made-tables.js';

const quick: TrainingOptions = { ...defaultTrainingOptions, trials: 6, folds: 3 };

function train(input: Partial<TrainingInput> = {}, options: Partial<TrainingOptions> = {}) {
  const made = madeTable(800);
  return trainClassifier(
    { ...made, ...input, options: { ...quick, ...options } },
    { now: () => performance.now() },
  );
}

function metric({ report }: TrainingResult, name: MetricName, split: MetricSplit): number {
  return report.metrics.find((m) => m.name === name && m.split === split)?.value ?? NaN;
}

function withoutSeconds(result: TrainingResult): unknown {
  const trials = result.report.trials.map((trial) => ({ ...trial, seconds: 0 }));
  return { ...result, report: { ...result.report, trials, seconds: 0 } };
}

describe('automatic training', async () => {
  const result = await train();

  test('finds what the table was made from', () => {
    // The true odds reach about 0.84 here; a tenth of the risks is missing.
    expect(metric(result, 'auc', 'TEST')).toBeGreaterThan(0.75);
    expect(metric(result, 'logLoss', 'TEST')).toBeLessThan(
      result.report.baseline.find(({ name }) => name === 'logLoss')?.value ?? NaN,
    );
    const ranks = result.report.importances.map(({ feature }) => feature);
    expect(ranks.slice(0, 2).sort()).toEqual(['plan', 'risk']);
  });

  test('parts add up: rows, confusion counts, gains, one chosen trial', () => {
    const { confusionMatrix, importances, trials } = result.report;
    expect(result.trainingRows + result.testRows).toBe(800);
    expect(result.report.searchedRows).toBe(result.trainingRows);
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = confusionMatrix;
    expect(truePositives + falsePositives + falseNegatives + trueNegatives).toBe(result.testRows);
    expect(importances.reduce((sum, { gain }) => sum + gain, 0)).toBeCloseTo(1, 9);
    expect(importances.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
    // Six candidates, a bag of the best boosted forest, and the blend where one was chosen.
    expect(trials).toHaveLength(result.algorithm === 'blend' ? 8 : 7);
    expect(trials.filter(({ chosen }) => chosen)).toMatchObject([{ algorithm: result.algorithm }]);
  });

  test('of a long table the search sees 30,000 rows, and the record says so; the fit takes all', async () => {
    const few = { algorithms: ['logistic' as const], trials: 1, folds: 2 };
    const { trainingRows, report } = await train(madeTable(38_000), few);
    expect(trainingRows).toBeGreaterThan(30_000);
    expect(report.searchedRows).toBe(30_000);
  });

  test('targets are reported with value and verdict, test part only', () => {
    for (const { metric: name, goal, value, met } of result.report.targets) {
      expect(value).toBe(metric(result, name, 'TEST'));
      expect(met).toBe(value >= goal);
    }
    expect(result.report.targets.map((target) => target.metric)).toEqual(['recall', 'precision']);
  });

  test('the same input and seed give the same result, apart from seconds', async () => {
    expect(withoutSeconds(await train())).toEqual(withoutSeconds(result));
  });

  test('the same input and seed give the same file to the bit, another seed another', async () => {
    const hash = async (seed: number, algorithms: Algorithm[]) => {
      const { classifier } = await train(madeTable(300), { seed, algorithms, trials: 10 });
      return createHash('sha256').update(writeClassifier(classifier)).digest('hex');
    };
    const everything: Algorithm[] = ['logistic', 'boosting', 'forest', 'perceptron', 'isolation'];
    expect(await hash(1, everything)).toBe(await hash(1, everything));
    const drawn: Algorithm[] = ['boosting', 'forest', 'perceptron'];
    const first = await hash(1, drawn);
    expect(await hash(1, drawn)).toBe(first);
    expect(await hash(2, drawn)).not.toBe(first);
  });

  test('another label changes the data hash', async () => {
    const { table, labels } = madeTable(800);
    labels[3] = 1 - (labels[3] ?? 0);
    expect((await train({ table, labels }, { trials: 1 })).dataHash).not.toBe(result.dataHash);
  });

  test('test rows decide nothing: other test labels give the same classifier and threshold', async () => {
    const { table, labels } = madeTable(800);
    for (let i = 0; i < labels.length; i++) if (isTestRow(i)) labels[i] = 1 - (labels[i] ?? 0);
    const flipped = await train({ table, labels });
    expect(flipped.classifier).toEqual(result.classifier);
    expect(flipped.threshold).toBe(result.threshold);
    expect(metric(flipped, 'auc', 'TEST')).toBeCloseTo(1 - metric(result, 'auc', 'TEST'), 9);
  });

  test('one algorithm alone is trained when asked for', async () => {
    expect((await train({}, { algorithms: ['logistic'] })).classifier.kind).toBe('logistic');
    expect((await train({}, { algorithms: ['boosting'], trials: 2 })).classifier.kind).toBe(
      'boosting',
    );
  });

  test('a fixed threshold is kept', async () => {
    const fixed = await train({}, { trials: 2, thresholdRule: { kind: 'fixed', value: 0.37 } });
    expect(fixed.threshold).toBe(0.37);
  });

  test('progress never falls and ends at 1', async () => {
    const shares: number[] = [];
    await trainClassifier(
      { ...madeTable(300), options: quick },
      { now: () => performance.now(), onProgress: ({ share }) => shares.push(share) },
    );
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    expect(shares.length).toBeGreaterThan(10);
  });
});

describe('threshold rules', () => {
  test('precision as asked for is kept out of fold; one that cannot be gives the highest there is', async () => {
    const at = async (atLeast: number) => {
      const { report } = await train(
        {},
        { trials: 1, thresholdRule: { kind: 'precision', atLeast } },
      );
      const of = (name: MetricName) =>
        report.metrics.find((m) => m.name === name && m.split === 'CROSS_VALIDATION')?.value ?? NaN;
      return { precision: of('precision'), recall: of('recall') };
    };
    const [loose, strict, beyond] = [await at(0.6), await at(0.8), await at(1)];
    expect(loose.precision).toBeGreaterThanOrEqual(0.6);
    expect(strict.precision).toBeGreaterThanOrEqual(0.8);
    expect(strict.recall).toBeLessThan(loose.recall);
    expect(beyond.precision).toBeGreaterThanOrEqual(strict.precision);
    expect(beyond.recall).toBeGreaterThan(0);
  });

  test('cost: the dearer a miss, the lower the threshold', async () => {
    const at = async (falseNegative: number) => {
      const base = { truePositive: 0, trueNegative: 0, savedPerTruePositive: 0 };
      const costs = { ...base, falsePositive: 10, falseNegative };
      const { threshold } = await train({}, { trials: 1, thresholdRule: { kind: 'cost', costs } });
      return threshold;
    };
    const [cheap, even, dear] = [await at(2), await at(10), await at(90)];
    expect(dear).toBeLessThan(even);
    expect(even).toBeLessThan(cheap);
    // Of honest probabilities the cheapest threshold is cost of an alarm / (that + cost of a miss).
    expect(Math.abs(even - 0.5)).toBeLessThan(0.15);
  });
});

describe('awkward tables', () => {
  test('constant and missing columns are named, and change no prediction', async () => {
    const { table, labels } = madeTable(300);
    const numeric = new Float32Array(300 * 4);
    for (let i = 0; i < 300; i++)
      numeric.set([table.numeric[i * 2] ?? NaN, table.numeric[i * 2 + 1] ?? NaN, 7, NaN], i * 4);
    const wide = { ...table, numericNames: ['risk', 'noise', 'same', 'never'], numeric };
    for (const algorithm of ['logistic', 'boosting', 'forest', 'perceptron'] as const) {
      const { classifier, report } = await train(
        { table: wide, labels },
        { algorithms: [algorithm], trials: 1 },
      );
      expect(report.ignoredFeatures).toEqual([
        { feature: 'same', reason: 'CONSTANT' },
        { feature: 'never', reason: 'ALL_MISSING' },
      ]);
      const other = numeric.map((value, at) => (at % 4 >= 2 ? 123 : value));
      expect(predictClassifier(classifier, { ...wide, numeric: other })).toEqual(
        predictClassifier(classifier, wide),
      );
    }
  });

  test('a number that is all but missing, and categories that only the test part or a served row has, are taken', async () => {
    const { table, labels } = madeTable(400);
    const numeric = table.numeric.map((value, at) => (at % 2 === 1 && at > 9 ? NaN : value));
    const categorical = table.categorical.map((value, at) =>
      isTestRow(Math.floor(at / 2)) ? `new in ${String(at)}` : value,
    );
    for (const algorithm of [
      'logistic',
      'boosting',
      'forest',
      'perceptron',
      'isolation',
    ] as const) {
      const rare = { ...table, numeric, categorical };
      const result = await train({ table: rare, labels }, { algorithms: [algorithm], trials: 1 });
      expect(predictClassifier(result.classifier, rare).every(Number.isFinite)).toBe(true);
      const unseen = { ...rare, categorical: categorical.map(() => 'Atlantis') };
      expect(predictClassifier(result.classifier, unseen).every(Number.isFinite)).toBe(true);
    }
  });

  test(
    '10,000 columns are trained on: beyond 2,000 by elastic nets, not ridges, whose cost grows with their cube',
    { timeout: 120_000 },
    async () => {
      const { table, labels } = madeTable(120);
      const columns = 10_000;
      const random = seededRandom(5);
      const numeric = Float32Array.from({ length: 120 * columns }, (_, at) =>
        at % columns === 0 ? (table.numeric[(at / columns) * 2] ?? NaN) : random.normal(),
      );
      const numericNames = Array.from({ length: columns }, (_, j) => `c${String(j)}`);
      const none = { categoricalNames: [], categorical: [] };
      const wide = { rows: 120, numericNames, numeric, ...none };
      const result = await train({ table: wide, labels }, { algorithms: ['logistic'], trials: 2 });
      const [first, second] = result.report.trials;
      expect(first?.hyperparameters.l1Ratio).toBeGreaterThan(0);
      expect(second?.hyperparameters.l1Ratio).toBeGreaterThan(0);
      expect(result.report.importances[0]?.feature).toBe('c0');
    },
  );

  test('monotone inputs: boosting alone is tried, and no score falls as the input rises', async () => {
    const { table, labels } = madeTable(600);
    const { classifier, report } = await train(
      { table, labels },
      { monotone: { risk: 1, noise: -1 } },
    );
    expect(new Set(report.trials.map(({ algorithm }) => algorithm))).toEqual(new Set(['boosting']));
    const steps = [-3, -1, -0.5, 0, 0.2, 0.7, 1.5, 3];
    const served = (at: number) => ({
      ...table,
      rows: steps.length,
      numeric: Float32Array.from(steps.flatMap((x) => (at === 0 ? [x, 0.1] : [0.1, x]))),
      categorical: steps.flatMap(() => ['basic', 'Rome']),
    });
    const rising = [...predictClassifier(classifier, served(0))];
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(rising[0]).toBeLessThan(rising.at(-1) ?? NaN);
    const falling = [...predictClassifier(classifier, served(1))];
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
  });

  test('separable classes train to finite margins', async () => {
    const { table } = madeTable(300);
    const numeric = table.numeric.map((value) => (Number.isNaN(value) ? 0 : value));
    const labels = Uint8Array.from({ length: 300 }, (_, i) => ((numeric[i * 2] ?? 0) > 0 ? 1 : 0));
    const result = await train({ table: { ...table, numeric }, labels });
    expect(metric(result, 'auc', 'TEST')).toBeGreaterThan(0.99);
    expect(predictClassifier(result.classifier, table).every(Number.isFinite)).toBe(true);
  });

  test('a table of categories alone, and one of 50 rows, can be trained on', async () => {
    const { table, labels } = madeTable(400);
    const texts = { ...table, numericNames: [], numeric: new Float32Array(0) };
    expect(metric(await train({ table: texts, labels }), 'auc', 'TEST')).toBeGreaterThan(0.55);
    expect((await train(madeTable(50))).trainingRows).toBe(39);
  });

  const { table, labels } = madeTable(200);
  const infinite = table.numeric.slice();
  infinite[7] = Infinity;
  const few = new Uint8Array(200).fill(1, 1, 3);
  const constant = {
    numeric: new Float32Array(400),
    categorical: new Array<string>(400).fill('x'),
  };
  const refused: [string, Partial<TrainingInput>, Partial<TrainingOptions>, string][] = [
    ['too few rows', madeTable(49), {}, 'rows must be >= 50, got 49'],
    [
      'one class',
      { table, labels: new Uint8Array(200) },
      {},
      '>= 3 positive rows (one a fold), got 0',
    ],
    ['a rare class', { table, labels: few }, {}, '>= 3 positive rows (one a fold), got 2'],
    ['a label of 2', { table, labels: labels.map((x) => x * 2) }, {}, 'labels must be 0 or 1'],
    ['an infinite value', { table: { ...table, numeric: infinite }, labels }, {}, 'noise of row 3'],
    ['no varying feature', { table: { ...table, ...constant }, labels }, {}, 'at least 1 feature'],
    ['missing labels', { table, labels: labels.slice(1) }, {}, 'must have 200 rows'],
    ['no trial', { table, labels }, { trials: 0 }, 'trials must be 1..200, got 0'],
    ['no algorithm', { table, labels }, { algorithms: [] }, 'algorithms must name at least one'],
    [
      'a monotone category',
      { table, labels },
      { monotone: { plan: 1 } },
      'monotone holds for numbers, plan is a category',
    ],
    [
      'monotone without boosting',
      { table, labels },
      { monotone: { risk: 1 }, algorithms: ['logistic'] },
      'monotone (risk) needs boosting among the algorithms, got logistic',
    ],
    [
      'fewer rows of a class than folds',
      { table, labels: few },
      { folds: 20 },
      '>= 20 positive rows',
    ],
    ['one fold', { table, labels }, { folds: 1 }, 'folds must be 2..20, got 1'],
  ];

  test.each(refused)(
    '%s: refused as INVALID with the bound',
    async (_, input, options, message) => {
      const error: unknown = await train(input, options).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'INVALID', message: expect.stringContaining(message) });
    },
  );
});
