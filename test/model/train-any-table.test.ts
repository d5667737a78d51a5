import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { ReadFeatures } from '../../src/feature/read-features.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { Labels } from '../../src/model/labels.js';
import type { Model, ModelVersion, NewModelVersion } from '../../src/model/model.js';
import { trainInWorker } from '../../src/model/train/train-in-worker.js';
import { trainModel, type TrainModelDeps } from '../../src/model/train-model.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { reportOf } from '../../src/model/version-report.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { churnSpec } from '../support/demo-shop.js';
import { listLog } from '../support/scorer.js';

const request = {
  model: 'churn',
  asOf: '2026-01-01T00:00:00.000Z',
  label: 'BEHAVIOUR',
  horizonDays: 30,
  algorithms: ['logistic', 'boosting'],
  trials: 2,
  seed: 1,
  promote: 'NO',
};

let scorer: Scorer;
beforeAll(async () => {
  scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 20_000, log: listLog() });
});
afterAll(() => scorer.close());

interface Given {
  rows: number;
  positive(row: number): boolean;
  numbers: Record<string, (row: number) => number>;
  texts?: Record<string, (row: number) => string | null>;
}

const random = seededRandom(9);
const noise = Array.from({ length: 400 }, () => random.normal());
const useful = (row: number): number => (row % 3 === 0 ? 1.5 : 0) + (noise[row % 400] ?? 0);
const everyThird = (row: number): boolean => row % 3 === 0;

/** The whole work of a TRAIN job on these customers: thread, file, ONNX Runtime, record. */
async function train(given: Given): Promise<NewModelVersion & { id: string }> {
  const { rows, numbers, texts = {} } = given;
  const labels: Labels = {
    userIds: Array.from({ length: rows }, (_, k) => k + 1),
    positive: Array.from({ length: rows }, (_, k) => given.positive(k)),
    asOf: Array.from({ length: rows }, () => new Date(request.asOf)),
    dataFrom: null,
  };
  const definition = (type: string) => (name: string) =>
    ({ name, version: 1, type, tags: [] }) as unknown as FeatureDefinition;
  const features = [
    ...Object.keys(numbers).map(definition('NUMERICAL')),
    ...Object.keys(texts).map(definition('CATEGORICAL')),
  ];
  const readFeatures: ReadFeatures = ({ users: asked }) => {
    const users = asked === 'everyone' ? labels.userIds : asked;
    return Promise.resolve({
      userIds: Float64Array.from(users),
      rows: users.length,
      columns: new Map<string, Float64Array | (string | null)[]>([
        ...Object.entries(numbers).map(
          ([name, of]) => [name, Float64Array.from(users, (id) => of(id - 1))] as const,
        ),
        ...Object.entries(texts).map(
          ([name, of]) => [name, users.map((id) => of(id - 1))] as const,
        ),
      ]),
    } as Awaited<ReturnType<ReadFeatures>>);
  };
  const registered: NewModelVersion[] = [];
  const deps = {
    modelByName: () =>
      Promise.resolve({ id: 'm', name: 'churn', spec: churnSpec({ folds: 3 }) } as Model),
    behaviourLabels: () => Promise.resolve(labels),
    approvedFeatures: () => Promise.resolve(features),
    readFeatures,
    train: (input, { onProgress }) => trainInWorker(input, { onProgress }),
    scorer,
    registerVersion: (version) => {
      registered.push(version);
      return Promise.resolve({
        ...version,
        id: 'v',
        stage: 'CANDIDATE',
      } as unknown as ModelVersion);
    },
    now: () => new Date(request.asOf),
  } satisfies Partial<TrainModelDeps> as unknown as TrainModelDeps;
  const { signal } = new AbortController();
  const job = { id: 'j', attempt: 1, input: request, createdBy: 'test', signal };
  await trainModel(deps, { ...job, report: () => undefined });
  const [version] = registered;
  if (!version) throw new Error('nothing was registered');
  return { ...version, id: 'v' };
}

describe('a training on awkward customers', () => {
  it('leaves out columns that are constant or missing everywhere, and says which', async () => {
    const version = await train({
      rows: 200,
      positive: everyThird,
      numbers: { useful, same: () => 7, never: () => NaN },
      texts: { nothing: () => null, one: () => 'gold' },
    });
    expect(version.featureNames).toEqual(['useful']);
    expect(version.report.ignoredFeatures).toEqual([
      { feature: 'same', reason: 'CONSTANT' },
      { feature: 'never', reason: 'ALL_MISSING' },
      { feature: 'nothing', reason: 'ALL_MISSING' },
      { feature: 'one', reason: 'CONSTANT' },
    ]);
  });

  it('takes categories that came up nowhere in training, numbers that are missing, and scores them', async () => {
    const version = await train({
      rows: 300,
      positive: everyThird,
      numbers: { useful: (row) => (row % 4 === 0 ? NaN : useful(row)) },
      texts: { city: (row) => (row % 2 === 0 ? 'Rome' : 'Oslo') },
    });
    const { sha256, bytes } = version.artifact;
    await scorer.load({ sha256, bytes });
    const { probability } = await scorer.score(sha256, {
      rows: 3,
      numericNames: ['useful'],
      numeric: Float32Array.of(NaN, -1e30, 0),
      categoricalNames: version.featureNames.filter((name) => name === 'city'),
      categorical: ['Atlantis', '', 'ROME'].slice(0, 3 * (version.featureNames.length - 1)),
    });
    expect(probability.every((p) => p > 0 && p < 1)).toBe(true);
    expect(reportOf(version).parity.worstDifference).toBeLessThan(1e-5);
  });

  it('takes 10,000 columns', { timeout: 240_000 }, async () => {
    const many = Object.fromEntries(
      Array.from({ length: 9_999 }, (_, column) => [
        `c${String(column)}`,
        (row: number) => noise[(row * 31 + column * 17 + ((row * column) % 13)) % 400] ?? NaN,
      ]),
    );
    const version = await train({
      rows: 60,
      positive: everyThird,
      numbers: { useful: (row) => useful(row) + 5 * Number(everyThird(row)), ...many },
    });
    expect(version.featureNames.length).toBeGreaterThan(300);
    expect(reportOf(version).importances[0]?.feature).toBe('useful');
  });

  it.each<[string, Given, string]>([
    [
      'one class only',
      { rows: 100, positive: () => true, numbers: { useful } },
      'training needs both labels, all 100 rows are positive',
    ],
    [
      'fewer rows than a training needs',
      { rows: 49, positive: everyThird, numbers: { useful } },
      'training needs at least 50 labelled customers, got 49',
    ],
    [
      'fewer rows of a class than folds',
      { rows: 100, positive: (row) => row === 7 || row === 8, numbers: { useful } },
      'the training part must hold >= 3 positive rows (one a fold), got 2',
    ],
    [
      'nothing that varies',
      { rows: 100, positive: everyThird, numbers: { same: () => 1, never: () => NaN } },
      'every candidate feature has the same value in every row',
    ],
    [
      'no feature',
      { rows: 100, positive: everyThird, numbers: {} },
      'no approved feature fits the model',
    ],
    [
      'an infinite value',
      {
        rows: 100,
        positive: everyThird,
        numbers: { useful, wild: (row) => (row === 41 ? Infinity : useful(row + 1)) },
      },
      'numbers must be finite in float32 or missing, wild of row 41 is not',
    ],
    [
      'a value beyond float32',
      {
        rows: 100,
        positive: everyThird,
        numbers: { useful, wild: (row) => (row === 12 ? -1e39 : useful(row + 1)) },
      },
      'numbers must be finite in float32 or missing, wild of row 12 is not',
    ],
  ])('%s: refused with what is wrong, and nothing is registered', async (_, given, message) => {
    await expect(train(given)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(message) as string,
    });
  });
});
