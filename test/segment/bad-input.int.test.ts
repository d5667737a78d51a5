import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { featureStore } from '../../src/feature/feature.store.js';
import type { DefinitionInput } from '../../src/feature/definition.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import { systemClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import type { TestDatabase } from '../support/database.js';
import { churnSpec } from '../support/demo-shop.js';
import { heaps } from '../support/made-customers.js';
import { openSegmentationShop, type SegmentationShop } from '../support/segmentation-shop.js';

const clock = systemClock();
const NUMBERS = ['x', 'y', 'price', 'same', 'pair', 'unknown', 'rare', 'huge', 'gappy'];
const PLAIN = { algorithms: ['kmeans'] };
let shop: SegmentationShop;

/** Features that no attribute is, a model that scores, and recipes that cannot be followed. */
async function prepare({ db }: TestDatabase): Promise<void> {
  await modelStore(db, clock, auditStore).ensure(churnSpec());
  const store = featureStore(db, auditStore);
  const register = registerFeature({
    registry: () => store.all(),
    insert: (...row) => store.insert(...row),
    wall: () => clock.wall(),
  });
  const add = async (
    name: string,
    type: 'NUMERICAL' | 'DATETIME',
    definition: DefinitionInput,
    status: 'APPROVED' | 'DRAFT' = 'APPROVED',
  ): Promise<void> => {
    const unit = type === 'NUMERICAL' ? 'number' : null;
    const row = { name, type, unit, definition, description: name, owner: 'test', tags: ['test'] };
    const { errors } = await register(row, 'test', status);
    if (errors[0]) throw new Error(errors[0].message);
  };
  await add('last_seen', 'DATETIME', { kind: 'instant', of: 'lastEvent' });
  await add('draft', 'NUMERICAL', { kind: 'events', aggregate: 'count' }, 'DRAFT');
  await add('huge', 'NUMERICAL', { kind: 'attribute', name: 'huge', as: 'number' });
  // 1e45 is a number, but none of float32
  const huge = { feature: 'huge' };
  const cubed = { op: 'multiply' as const, of: [huge, huge, huge] };
  await add('cubed', 'NUMERICAL', { kind: 'expression', expression: cubed });
  const spec = { task: 'CLUSTERING', description: 'of a test', algorithms: ['kmeans'] };
  const recipes = segmentationStore(db, clock);
  await recipes.ensure(
    segmentationSpec.parse({ ...spec, name: 'orphan', features: [{ name: 'purchase_sum' }] }),
  );
  await recipes.ensure(
    segmentationSpec.parse({
      ...{ ...spec, name: 'logarithm' },
      features: [{ name: 'x' }, { name: 'below', transform: 'LOG1P' }],
    }),
  );
}

beforeAll(async () => {
  shop = await openSegmentationShop(
    clock,
    [...NUMBERS, 'below'].map((name) => ({ name, type: 'numerical' as const })),
    prepare,
  );
});
afterAll(() => shop.close());

describe('asking for a segmentation that cannot be made', () => {
  const x = { key: 'fresh', features: ['x', 'y'] };
  const name = 'a'.repeat(90);
  it.each<[string, Record<string, unknown>, string, string, string]>([
    [
      ...(['a key that is not known, without features', { key: 'nobody' }] as const),
      ...([
        'NOT_FOUND',
        'features',
        'no segmentation has the key nobody: name the features it is to be made from',
      ] as const),
    ],
    [
      ...(['a key that cannot be one', { ...x, key: 'Ümlaut' }] as const),
      ...(['INVALID', 'key', 'key must match ^[a-z][a-z0-9_-]{0,62}$, got "Ümlaut"'] as const),
    ],
    [
      ...(['a key that is too long', { ...x, key: name }] as const),
      ...([
        'INVALID',
        'key',
        `key must match ^[a-z][a-z0-9_-]{0,62}$, got "${'a'.repeat(80)}"`,
      ] as const),
    ],
    [
      ...(['the name of a model that scores', { ...x, key: 'churn' }] as const),
      ...(['CONFLICT', 'key', 'key churn is the name of a model that scores'] as const),
    ],
    [
      ...(['an unknown feature', { ...x, features: ['x', 'nope'] }] as const),
      ...(['INVALID', 'features', 'features must be approved ones; none is named nope'] as const),
    ],
    [
      ...(['a feature that is not approved', { ...x, features: ['x', 'draft'] }] as const),
      ...(['INVALID', 'features', 'features must be approved ones; none is named draft'] as const),
    ],
    [
      ...(['a recipe whose features are not registered', { key: 'orphan' }] as const),
      ...([
        'INVALID',
        'features',
        'features must be approved ones; none is named purchase_sum',
      ] as const),
    ],
    [
      ...(['no feature', { ...x, features: [] }] as const),
      ...(['INVALID', 'features', 'features must be 1..200 names, got 0'] as const),
    ],
    [
      ...(['an instant', { ...x, features: ['x', 'last_seen'] }] as const),
      ...([
        'INVALID',
        'features',
        'features must be numbers, booleans or categories; last_seen is DATETIME',
      ] as const),
    ],
    [
      ...(['a feature twice', { ...x, features: ['x', 'y', 'x'] }] as const),
      ...(['INVALID', 'features', 'features must be named once each, got x twice'] as const),
    ],
    [
      ...(['k and maxK', { ...x, k: 3, maxK: 5 }] as const),
      ...(['INVALID', 'k', 'give k or maxK, not both'] as const),
    ],
    [
      ...(['one group', { ...x, k: 1 }] as const),
      ...(['INVALID', 'k', 'k must be a whole number 2..50, got 1'] as const),
    ],
    [
      ...(['51 groups', { ...x, k: 51 }] as const),
      ...(['INVALID', 'k', 'k must be a whole number 2..50, got 51'] as const),
    ],
    [
      ...(['at most one group', { ...x, maxK: 1 }] as const),
      ...(['INVALID', 'maxK', 'maxK must be a whole number 2..50, got 1'] as const),
    ],
    [
      ...(['an unknown algorithm', { ...x, algorithms: ['kmeans', 'magic'] }] as const),
      ...([
        'INVALID',
        'algorithms',
        'algorithms must be one or more of kmeans, mixture, ward, dbscan, medoids, bisecting, got kmeans, magic',
      ] as const),
    ],
    [
      ...(['no algorithm', { ...x, algorithms: [] }] as const),
      ...([
        'INVALID',
        'algorithms',
        'algorithms must be one or more of kmeans, mixture, ward, dbscan, medoids, bisecting, got none',
      ] as const),
    ],
    [
      ...(['a seed below 0', { ...x, seed: -1 }] as const),
      ...(['INVALID', 'seed', 'seed must be a whole number 0..4294967295, got -1'] as const),
    ],
    [
      ...(['no radius', { ...x, algorithms: ['dbscan'], dbscanEps: 0 }] as const),
      ...(['INVALID', 'dbscanEps', 'dbscanEps must be above 0 and finite, got 0'] as const),
    ],
    [
      ...(['one point', { ...x, algorithms: ['dbscan'], dbscanMinPoints: 1 }] as const),
      ...([
        'INVALID',
        'dbscanMinPoints',
        'dbscanMinPoints must be a whole number 2..1000, got 1',
      ] as const),
    ],
    [
      ...(['a radius without dbscan', { ...x, algorithms: ['ward'], dbscanEps: 1 }] as const),
      ...([
        'INVALID',
        'dbscanEps',
        'dbscanEps is for dbscan, which is not among the algorithms: ward',
      ] as const),
    ],
    [
      ...(['labels without a name', { ...x, labels: '' }] as const),
      ...(['INVALID', 'labels', 'labels must be 1..200 characters, got ""'] as const),
    ],
  ])('%s is refused at once', async (_, input, code, field, message) => {
    const { job, refused } = await shop.run(input);
    expect(job).toBeNull();
    expect(refused).toEqual([{ code, message, path: ['input', field] }]);
    // nothing is registered for what was refused
    const { data } = await shop.graph.ask('{ models { name } }');
    expect(data.models.map((model: { name: string }) => model.name).sort()).toEqual([
      ...['churn', 'logarithm', 'orphan'],
    ]);
  });
});

describe('a run without customers', { timeout: 60_000 }, () => {
  it('fails and says how many there must be', async () => {
    const { job } = await shop.run({ key: 'empty', features: ['x', 'y'] });
    expect(job).toMatchObject({
      status: 'FAILED',
      error: '2 groups need at least as many customers with values, got 0',
    });
  });
});

describe('a run on odd data', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    const made = heaps([
      { prefix: 'low', count: 60, attributes: { x: [10, 2], y: [10, 2], price: [20, 5] } },
      { prefix: 'high', count: 50, attributes: { x: [90, 2], y: [90, 2], price: [80, 5] } },
    ]);
    const rows = Object.entries(made).map(([key, attributes], at) => {
      const odd = {
        same: 7,
        pair: at % 3 === 0 ? 1 : 2,
        huge: at === 0 ? 1e15 : at,
        ...(at < 5 ? { rare: at } : {}),
        ...(at % 4 === 0 ? {} : { gappy: attributes['x'] ?? 0 }),
        below: at - 10,
      };
      // one customer who is worth more than all others together, ten billion times
      const giant = at === 0 ? { price: 1e14 } : {};
      return [key, { ...attributes, ...odd, ...giant }] as const;
    });
    await shop.customers(Object.fromEntries(rows));
  });

  it.each<[string, Record<string, unknown>, string | RegExp]>([
    [
      ...(['more groups than customers with values', { features: ['rare'], k: 10 }] as const),
      '10 groups need at least as many customers with values, got 5',
    ],
    [
      ...(['constant features only', { features: ['same'] }] as const),
      'no input tells the rows apart: same is constant: 7 in every row',
    ],
    [
      ...(['a feature without any value only', { features: ['unknown'] }] as const),
      '2 groups need at least as many customers with values, got 0',
    ],
    [
      ...(['more groups than different customers', { features: ['pair'], k: 3 }] as const),
      /^no grouping can be chosen of 1: k-means with 3 groups: .*\b2\b.*$/,
    ],
    [
      ...(['a number beyond those of the graph', { features: ['x', 'cubed'] }] as const),
      /^cubed must be finite or missing, got Infinity for User:\d+$/,
    ],
    [
      ...(['LOG1P of numbers below 0', { key: 'logarithm' }] as const),
      'LOG1P needs numbers of at least 0: below has -10',
    ],
  ])('fails for %s and says why', async (_, input, message) => {
    const { job, refused } = await shop.run({ key: 'odd', ...PLAIN, ...input });
    expect(refused).toEqual([]);
    expect(job).toMatchObject({ status: 'FAILED' });
    if (typeof message === 'string') expect(job?.error).toBe(message);
    else expect(job?.error).toMatch(message);
    expect(await shop.versions('odd')).toEqual([]);
  });

  const SELECTION =
    'k rows treatments segments { key size } modelVersion { ignoredFeatures { feature reason } }';

  it('groups duplicates, as many groups as there are different customers', async () => {
    const { job } = await shop.run(
      { key: 'twins', features: ['pair'], maxK: 4, ...PLAIN },
      SELECTION,
    );
    expect(job).toMatchObject({ status: 'SUCCEEDED', result: { k: 2, rows: 110 } });
    expect(await shop.memberships('twins')).toEqual(await shop.predicted('twins', 1));
  });

  it('leaves out what tells nobody apart, fills what is missing, and says both', async () => {
    const { job } = await shop.run(
      { key: 'gaps', features: ['gappy', 'same', 'unknown', 'x'], k: 2, labels: 'none', ...PLAIN },
      SELECTION,
    );
    expect(job).toMatchObject({ status: 'SUCCEEDED', result: { k: 2, rows: 110 } });
    const { treatments, modelVersion } = job?.result ?? {};
    expect(treatments).toContain('same is constant: 7 in every row; it was left out');
    expect(treatments).toContain('unknown has no value in any row; it was left out');
    expect(treatments.find((text: string) => /^gappy: 28 missing/.test(text))).toContain('median');
    expect(treatments).toContain(
      'Fewer than two customers have a label: the segments were compared with none.',
    );
    expect(modelVersion.ignoredFeatures).toEqual([
      { feature: 'same', reason: 'is constant: 7 in every row' },
      { feature: 'unknown', reason: 'has no value in any row' },
    ]);
    expect(await shop.memberships('gaps')).toEqual(await shop.predicted('gaps', 1));
  });

  it.each(['kmeans', 'mixture', 'ward', 'medoids'])(
    'is not swallowed by one giant: %s cuts it to the others and says so',
    async (algorithm) => {
      const key = `giant-${algorithm}`;
      const input = { key, features: ['x', 'y', 'price'], k: 2, algorithms: [algorithm] };
      const { job } = await shop.run(input, SELECTION);
      expect(job).toMatchObject({ status: 'SUCCEEDED', error: null });
      expect(job?.result.segments.map(({ size }: { size: number }) => size).sort()).toEqual([
        50, 60,
      ]);
      expect(
        job?.result.treatments.find((text: string) => text.startsWith('price: 1 value above')),
      ).toMatch(/was cut to it$/);
      const memberships = await shop.memberships(key);
      expect(memberships.get('low-0')).toBe(memberships.get('low-1'));
      expect(memberships).toEqual(await shop.predicted(key, 1));
    },
  );
});

describe('a number beyond all bounds', () => {
  it('is no attribute', async () => {
    for (const value of ['1e400', '-1e400', '1e16']) {
      const { data, errors } = await shop.graph
        .ask(
          `mutation { upsertUsers(users: [{ externalId: "low-0", attributes: { x: ${value} } }]) { updated rejected { message } } }`,
        )
        .catch((error: unknown) => ({ data: null, errors: [error as Error] }));
      const message = errors?.[0]?.message ?? data?.upsertUsers.rejected[0].message;
      expect(message).toMatch(/finite|1e-15..1e15|JSON/);
    }
  });
});
