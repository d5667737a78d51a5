import { describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { FeatureRequest } from '../../src/feature/read-features.js';
import type { Labels } from '../../src/model/labels.js';
import type { Model, ModelVersion } from '../../src/model/model.js';
import { promoteTrained, testRows, type Trained } from '../../src/model/promote-trained.js';
import type { ServedModel } from '../../src/model/serving.js';
import { isTestRow } from '../../src/model/train/training.js';
import { churnSpec } from '../support/demo-shop.js';

const ROWS = 60;
const EARLY = new Date('2026-01-01T00:00:00Z');
const LATE = new Date('2026-02-01T00:00:00Z');

const model: Model = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'churn',
  task: 'BINARY_CLASSIFICATION',
  description: '',
  spec: churnSpec(),
  createdAt: EARLY,
};

/** Customer 1000 + i; every third is positive; half of them are read early, half late. */
const labels: Labels = {
  userIds: Array.from({ length: ROWS }, (_, i) => 1000 + i),
  positive: Array.from({ length: ROWS }, (_, i) => i % 3 === 0),
  asOf: Array.from({ length: ROWS }, (_, i) => (i % 2 === 0 ? EARLY : LATE)),
  dataFrom: null,
};

function version(number: number, stage: ModelVersion['stage']): ModelVersion {
  return {
    id: `version ${number}`,
    modelId: model.id,
    version: number,
    stage,
    algorithm: 'logistic',
    hyperparameters: {},
    seed: 1,
    featureNames: ['score'],
    threshold: 0.5,
    trainingRows: 1,
    testRows: 1,
    dataFrom: null,
    dataUntil: null,
    dataHash: '',
    report: {},
    artifactSha256: `bytes ${number}`,
    trainedAt: EARLY,
    promotedBy: null,
    promotedAt: null,
    jobId: null,
  };
}

/** An old version of the feature, which the new version of the model does not take any more. */
const oldFeature: FeatureDefinition = {
  id: 'score@1',
  name: 'score',
  version: 1,
  description: '',
  businessMeaning: null,
  type: 'NUMERICAL',
  unit: null,
  status: 'DEPRECATED',
  owner: 'test',
  tags: [],
  definition: { kind: 'attribute', name: 'score', as: 'number' },
  dependencies: [],
  createdAt: EARLY,
  updatedAt: EARLY,
};

const present: ServedModel = {
  model,
  version: version(1, 'PRODUCTION'),
  inputs: { numericNames: ['score'], categoricalNames: [] },
  features: [oldFeature],
  threshold: 0.5,
};

/** Margins of all rows: `sureness` on the right side of 0. */
const margins = (sureness: number): Float64Array =>
  Float64Array.from(labels.positive, (positive) => (positive ? sureness : -sureness));

/** The present version answers its input; the value of a customer is its margin, `sureness` strong. */
function installation(sureness: number | null) {
  const promoted: string[] = [];
  const asked: FeatureRequest[] = [];
  const deps: Parameters<typeof promoteTrained>[0] = {
    readFeatures: (request) => {
      asked.push(request);
      const users = request.users === 'everyone' ? [] : request.users;
      const column = Float64Array.from(users, (id) => margins(sureness ?? 0)[id - 1000] ?? NaN);
      return Promise.resolve({
        userIds: Float64Array.from(users),
        rows: users.length,
        columns: new Map([['score', column]]),
      });
    },
    scorer: {
      score: (_sha256, table) =>
        Promise.resolve({
          margin: Float64Array.from(table.numeric),
          probability: new Float64Array(table.rows),
        }),
    },
    useProduction: async (_model, work) => (sureness === null ? null : work(present)),
    promote: (id, actor, comment) => {
      promoted.push(`${id} by ${actor}: ${comment}`);
      return Promise.resolve();
    },
  };
  return { deps, promoted, asked };
}

const trained = (stage: ModelVersion['stage'] = 'CANDIDATE'): Trained => ({
  version: version(2, stage),
  labels,
  margins: margins(1),
});

describe('a version that was just trained', () => {
  it('replaces a worse one, which is given its own features of the same customers at the same instants', async () => {
    const { deps, promoted, asked } = installation(0.5);
    await promoteTrained(deps, model, trained(), 'IF_BETTER', 'ann');
    expect(promoted).toEqual([
      expect.stringMatching(
        /^version 2 by ann: log loss 0\.3133 against 0\.4741 of version 1 on the same \d+ test rows$/,
      ),
    ]);
    expect(asked.every(({ features }) => features[0] === oldFeature)).toBe(true);
    const read = asked.flatMap(({ users, asOf }) =>
      users === 'everyone' ? [] : users.map((id) => `${id} ${asOf.toISOString()}`),
    );
    const expected = labels.userIds.flatMap((id, i) =>
      isTestRow(i) ? [`${id} ${labels.asOf[i]?.toISOString() ?? ''}`] : [],
    );
    expect(read.sort()).toEqual(expected.sort());
  });

  it.each([
    ['an equal one', 1],
    ['a better one', 2],
  ])('does not replace %s', async (_name, sureness) => {
    const { deps, promoted } = installation(sureness);
    await promoteTrained(deps, model, trained(), 'IF_BETTER', 'ann');
    expect(promoted).toEqual([]);
  });

  it.each<[string, Date | null, RegExp]>([
    [
      'on all test rows where nobody knows what the present one learnt from',
      null,
      /same \d+ test rows/,
    ],
    ['on all test rows where too few are newer', LATE, /same \d+ test rows/],
    [
      'on the newest alone where the present one may have learnt the others',
      EARLY,
      /same \d+ newest test rows/,
    ],
  ])('is compared %s', async (_what, dataUntil, comment) => {
    const rows = 3_000;
    const many: Labels = {
      userIds: Array.from({ length: rows }, (_, i) => 1000 + i),
      positive: Array.from({ length: rows }, (_, i) => i % 3 === 0),
      asOf: Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? EARLY : LATE)),
      dataFrom: null,
    };
    // the present one is sure, and right of what it learnt, wrong of what came later
    const sureness = (i: number): number => ((many.positive[i] ?? false) ? 5 : -5);
    const learnt = (i: number): boolean =>
      dataUntil === null || (many.asOf[i] ?? LATE) <= dataUntil;
    const { deps, promoted, asked } = installation(null);
    const column = (users: readonly number[]) =>
      Float64Array.from(users, (id) => (learnt(id - 1000) ? 1 : -1) * sureness(id - 1000));
    const its: typeof deps = {
      ...deps,
      readFeatures: (request) => {
        asked.push(request);
        const users = request.users === 'everyone' ? [] : request.users;
        const columns = new Map([['score', column(users)]]);
        return Promise.resolve({ userIds: Float64Array.from(users), rows: users.length, columns });
      },
      useProduction: (_model, work) =>
        work({ ...present, version: { ...present.version, dataUntil } }),
    };
    const margins = Float64Array.from(many.positive, (positive) => (positive ? 1 : -1));
    const made = { version: version(2, 'CANDIDATE'), labels: many, margins };
    await promoteTrained(its, model, made, 'IF_BETTER', 'drift');
    const newest = asked
      .flatMap(({ asOf }) => [asOf.getTime()])
      .every((at) => at === LATE.getTime());
    expect(newest).toBe(dataUntil === EARLY);
    if (dataUntil === EARLY) expect(promoted).toEqual([expect.stringMatching(comment)]);
    else expect(promoted).toEqual([]);
  });

  it('stays a candidate where it violates a rule with a veto, be it better', async () => {
    const { deps, promoted, asked } = installation(0.5);
    const rule = { name: 'r', rows: 9, violations: 1, tolerance: 0, veto: true, met: false };
    const better = trained();
    better.version = { ...better.version, report: { ruleChecks: [rule] } };
    await promoteTrained(deps, model, better, 'IF_BETTER', 'ann');
    expect(promoted).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('takes an empty place', async () => {
    const { deps, promoted } = installation(null);
    await promoteTrained(deps, model, trained(), 'IF_BETTER', 'ann');
    expect(promoted).toEqual(['version 2 by ann: no version was in production']);
  });

  it.each([
    ['NO', 'CANDIDATE', []],
    ['YES', 'CANDIDATE', ['version 2 by ann: asked for with the training']],
    ['YES', 'PRODUCTION', []],
    ['IF_BETTER', 'PRODUCTION', []],
  ] as const)('asked for with %s while it is %s: %j', async (wish, stage, expected) => {
    const { deps, promoted } = installation(0.5);
    await promoteTrained(deps, model, trained(stage), wish, 'ann');
    expect(promoted).toEqual(expected);
  });
});

describe('the newest test rows decide', () => {
  it.each([
    ['100 of them, 10 positive', 100, 10, true],
    ['100 of them, 10 negative', 100, 90, true],
    ['99 of them', 99, 40, false],
    ['100 of them, 9 positive', 100, 9, false],
    ['100 of them, 9 negative', 100, 91, false],
  ])('or not: %s', (_what, newer, positives, alone) => {
    const rows = [...Array(2_000).keys()];
    const tests = rows.filter(isTestRow);
    const late = new Set(tests.slice(0, newer));
    const positive = new Set(tests.slice(0, positives));
    const chosen = testRows(
      {
        userIds: rows,
        positive: rows.map((row) => positive.has(row)),
        asOf: rows.map((row) => (late.has(row) ? LATE : EARLY)),
        dataFrom: null,
      },
      EARLY,
    );
    expect(chosen).toEqual({ rows: alone ? [...late] : tests, newest: alone });
  });
});
