import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import { heaps } from '../support/made-customers.js';
import {
  eventually,
  openSegmentationShop,
  type SegmentationShop,
} from '../support/segmentation-shop.js';

/** Four heaps apart in spend and visits; who opted out and who is erased belong to the first. */
const CUSTOMERS = heaps([
  { prefix: 'a', count: 62, attributes: { spend: [100, 20], visits: [10, 2], group: 'a' } },
  { prefix: 'b', count: 50, attributes: { spend: [500, 20], visits: [10, 2], group: 'b' } },
  { prefix: 'c', count: 40, attributes: { spend: [100, 20], visits: [50, 2], group: 'c' } },
  { prefix: 'd', count: 30, attributes: { spend: [500, 20], visits: [50, 2], group: 'd' } },
]);
const TENURE = new Map(['a', 'b', 'c', 'd'].map((group, at) => [group, 10 * (at + 1)]));

const clock = systemClock();
let shop: SegmentationShop;

beforeAll(async () => {
  shop = await openSegmentationShop(
    clock,
    [
      { name: 'spend', type: 'numerical' },
      { name: 'visits', type: 'numerical' },
      { name: 'tenure', type: 'numerical' },
      { name: 'plan', type: 'categorical' },
    ],
    async ({ db }) => {
      await segmentationStore(db, clock).ensure(
        segmentationSpec.parse({
          name: 'heaps',
          task: 'CLUSTERING',
          description: 'by spend and visits',
          features: [{ name: 'spend' }, { name: 'visits' }],
          describe: ['tenure', 'not_registered'],
          algorithms: ['kmeans'],
          maxK: 6,
        }),
      );
    },
  );
  const rows = Object.entries(CUSTOMERS).map(([key, attributes]) => {
    const group = key.slice(0, 1);
    const plan = group === 'a' || group === 'd' ? 'basic' : 'gold';
    return [key, { ...attributes, tenure: TENURE.get(group) ?? 0, plan }] as const;
  });
  // of whom nothing is known but a name
  await shop.customers({ ...Object.fromEntries(rows), silent: {} });
  const { errors } = await shop.graph.ask(`mutation {
    setConsent(externalId: "a-60", profiling: false) { userErrors { message } }
    eraseUser(externalId: "a-61") { userErrors { message } } }`);
  expect(errors).toBeUndefined();
});
afterAll(() => shop.close());

async function ask(question: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await shop.graph.ask(question, variables);
  if (errors?.[0]) throw errors[0];
  return data;
}

async function rowsOf<T extends object>(sql: string): Promise<T[]> {
  return shop.database.db.query<T>(sql);
}

const sizes = (of: Iterable<string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of of) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

/** Key of the segment that holds all customers of a prefix. */
async function segmentOf(prefix: string, key = 'heaps'): Promise<string> {
  const all = [...(await shop.memberships(key))].filter(([user]) => user.startsWith(prefix));
  const [only, ...others] = new Set(all.map(([, segment]) => segment));
  expect(others).toEqual([]);
  return only ?? '';
}

describe('a run', { timeout: 60_000 }, () => {
  it('registers a version, makes it live, and puts everybody where our own predictor says', async () => {
    const { job } = await shop.run(
      { key: 'heaps', labels: 'group' },
      'id version live algorithm k rows chosenBecause job { id } external { ari nmi homogeneity completeness }',
    );
    expect(job).toMatchObject({
      status: 'SUCCEEDED',
      error: null,
      result: {
        ...{ version: 1, live: true, algorithm: 'kmeans', k: 4, rows: 180, job: { id: job?.id } },
        external: { ari: 1, nmi: 1, homogeneity: 1, completeness: 1 },
      },
    });
    const memberships = await shop.memberships('heaps');
    expect(memberships).toEqual(await shop.predicted('heaps', 1));
    expect(sizes(memberships.values())).toEqual({
      ...{ 'segment-1': 60, 'segment-2': 50, 'segment-3': 40, 'segment-4': 30 },
    });
    const [version] = await shop.versions('heaps');
    expect(version).toMatchObject({ stage: 'PRODUCTION', report: { rows: 180, k: 4 } });
    expect(version?.report.parity.rows).toBe(180);
    expect(version?.report.parity.worstDifference).toBeLessThan(1e-5);
    expect(version?.report.candidates.map(({ k }) => k)).toEqual([2, 3, 4, 5, 6]);
    expect(version?.report.stability).toMatchObject({ runs: 10, mean: 1 });
    expect(version?.report.featureImportance.map(({ rank }) => rank)).toEqual([1, 2]);
    expect(version?.report.explainedVariance.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect(version?.report.recipe.features).toEqual(['spend@1', 'visits@1']);
    const names = await rowsOf<{ name: string; namedBy: string | null }>(
      'select name, named_by as "namedBy" from segment_name order by key',
    );
    expect(names).toHaveLength(4);
    expect(new Set(names.map(({ name }) => name)).size).toBe(4);
  });

  it('learns from nobody who opted out, was erased, or has no value of any input', async () => {
    const ids = await rowsOf<{ id: number; key: string }>(
      `select id, external_id as key from customer where external_id in ('a-60', 'a-61', 'silent')`,
    );
    expect(ids.map(({ key }) => key).sort()).toEqual(['a-60', 'silent']);
    const [found] = await rowsOf<{ members: number; points: number; learnt: number; of: number }>(
      `select (select count(*) from segment_membership where user_id in (${ids.map(({ id }) => id).join()})) as members,
         (select count(*) from segment_point where user_id in (${ids.map(({ id }) => id).join()})) as points,
         (select count(*) from model_version v, unnest(array[${ids.map(({ id }) => id).join()}]) u(id)
          where u.id < 8 * length(v.trained_on) and get_bit(v.trained_on, u.id::int) = 1) as learnt,
         (select bit_count(trained_on) from model_version) as of`,
    );
    expect(found).toEqual({ members: 0, points: 0, learnt: 0, of: 180 });
  });

  it('is a version of a model like any: listed, with a card, a gate, and the features that it uses', async () => {
    const [version] = await shop.versions('heaps');
    const data = await ask(
      `query ($id: ID!) {
        models { name production { version } }
        modelVersion(id: $id) { algorithm stage features { name } metrics { name value } card
          gate { name met blocks detail } model { name } trainingRows }
        feature(name: "spend") { usedBy { version model { name } } }
        segmentation(key: "heaps") { modelVersion { id } projection(first: 1000) { points { userId segment x y } }
          distribution { total segments { key count } } diversity
          segments { key size share name profile { feature mean } } } }`,
      { id: `ModelVersion:${version?.id}` },
    );
    expect(data.models).toEqual([{ name: 'heaps', production: { version: 1 } }]);
    expect(data.modelVersion).toMatchObject({
      ...{ algorithm: 'kmeans', stage: 'PRODUCTION', model: { name: 'heaps' }, trainingRows: 180 },
      features: [{ name: 'spend' }, { name: 'visits' }],
    });
    expect(data.modelVersion.card).toContain('# heaps, version 1');
    expect(data.modelVersion.card).toContain('silhouette');
    for (const check of data.modelVersion.gate) expect(check).toMatchObject({ met: true });
    expect(data.modelVersion.gate.map(({ name }: { name: string }) => name)).toContain('parity');
    expect(data.feature.usedBy).toEqual([{ version: 1, model: { name: 'heaps' } }]);
    const { segmentation } = data;
    expect(segmentation.modelVersion.id).toBe(`ModelVersion:${version?.id}`);
    const { points } = segmentation.projection;
    expect(points).toHaveLength(180);
    expect(sizes(points.map(({ segment }: { segment: string }) => segment))).toEqual({
      'segment-1': 60,
      'segment-2': 50,
      'segment-3': 40,
      'segment-4': 30,
    });
    expect(segmentation.distribution.total).toBe(180);
    expect(segmentation.diversity).toBeCloseTo(
      1 - (60 ** 2 + 50 ** 2 + 40 ** 2 + 30 ** 2) / 180 ** 2,
    );
  });

  it('tells in the profiles also of numbers that customers are not grouped by', async () => {
    const { segments } = await ask(
      '{ segments(segmentation: "heaps") { key profile { feature mean } } }',
    );
    for (const { key, profile } of segments) {
      const group = (await groupsOf(key))[0] ?? '';
      expect(profile.map(({ feature }: { feature: string }) => feature)).toEqual([
        ...['spend', 'visits', 'tenure'],
      ]);
      expect(profile[2].mean).toBe(TENURE.get(group));
    }
  });
});

/** First letters of the customers in a segment, each once. */
async function groupsOf(segment: string): Promise<string[]> {
  const members = [...(await shop.memberships('heaps'))].filter(([, key]) => key === segment);
  return [...new Set(members.map(([user]) => user.slice(0, 1)))];
}

describe('a second run', { timeout: 60_000 }, () => {
  it('keeps keys and names where only the numbers of the clusters differ, and moves nobody', async () => {
    const { renameSegment } = await ask(
      'mutation { renameSegment(segmentation: "heaps", key: "segment-3", name: "Window shoppers") { userErrors { message } } }',
    );
    expect(renameSegment.userErrors).toEqual([]);
    const names = 'select key, name from segment_name order by key';
    const before = { memberships: await shop.memberships('heaps'), names: await rowsOf(names) };
    const { job } = await shop.run({ key: 'heaps', seed: 5 }, 'version changes { kind from to }');
    expect(job).toMatchObject({ status: 'SUCCEEDED', result: { version: 2 } });
    expect(job?.result.changes).toHaveLength(4);
    for (const { kind, from, to } of job?.result.changes ?? []) {
      expect(kind).toBe('KEPT');
      expect(from).toEqual(to);
    }
    const [first, second] = await shop.versions('heaps');
    const keysOf = (version: typeof first) => version?.report.segments.map(({ key }) => key);
    expect(keysOf(second)).not.toEqual(keysOf(first));
    expect(keysOf(second)?.sort()).toEqual(keysOf(first)?.sort());
    expect(first?.stage).toBe('ARCHIVED');
    expect(await shop.memberships('heaps')).toEqual(before.memberships);
    expect(await rowsOf(names)).toEqual(before.names);
    expect(await shop.predicted('heaps', 2)).toEqual(before.memberships);
    expect(await rowsOf('select count(*) as n from segment_membership')).toEqual([{ n: 180 }]);
  });

  it('that is not to be live waits as a candidate with exactly as many groups as asked', async () => {
    const before = await shop.memberships('heaps');
    const { job } = await shop.run(
      { key: 'heaps', k: 2, makeLive: false },
      'version live k candidates { k }',
    );
    expect(job?.result).toEqual({ version: 3, live: false, k: 2, candidates: [{ k: 2 }] });
    const data = await ask(
      '{ segmentation(key: "heaps") { version } segmentations(key: "heaps") { version live } }',
    );
    expect(data.segmentation).toEqual({ version: 2 });
    expect(data.segmentations).toEqual([
      { version: 3, live: false },
      { version: 2, live: true },
      { version: 1, live: false },
    ]);
    expect(await shop.memberships('heaps')).toEqual(before);
  });
});

describe('a version moved by hand', { timeout: 60_000 }, () => {
  const live = async (): Promise<number> =>
    (await ask('{ segmentation(key: "heaps") { version } }')).segmentation.version;
  const assignments = async (): Promise<{ status: string; createdBy: string }[]> =>
    rowsOf(
      `select status::text as status, created_by as "createdBy" from job
       where kind = 'SEGMENT' and input->>'kind' = 'ASSIGN' and input->>'key' = 'heaps' order by created_at`,
    );
  const assigned = (times: number) =>
    eventually(async () => {
      const jobs = await assignments();
      return jobs.length === times && jobs.every(({ status }) => status === 'SUCCEEDED');
    }, `${times} assignments`);

  it('answers when it is promoted, and memberships follow', async () => {
    const [, , third] = await shop.versions('heaps');
    expect(await assignments()).toEqual([]);
    const { promoteModel } = await ask(
      `mutation ($v: ID!) { promoteModel(version: $v, comment: "fewer") { modelVersion { stage } userErrors { message } } }`,
      { v: `ModelVersion:${third?.id}` },
    );
    expect(promoteModel).toEqual({ modelVersion: { stage: 'PRODUCTION' }, userErrors: [] });
    expect(await live()).toBe(3);
    await assigned(1);
    expect(await assignments()).toEqual([{ status: 'SUCCEEDED', createdBy: 'promotion' }]);
    const memberships = await shop.memberships('heaps');
    expect(memberships).toEqual(await shop.predicted('heaps', 3));
    expect(new Set(memberships.values()).size).toBe(2);
  });

  it('goes when it is rolled back, and memberships follow again', async () => {
    const { rollBackModel } = await ask(
      'mutation { rollBackModel(model: "heaps") { modelVersion { version } userErrors { message } } }',
    );
    expect(rollBackModel).toEqual({ modelVersion: { version: 2 }, userErrors: [] });
    expect(await live()).toBe(2);
    await assigned(2);
    const memberships = await shop.memberships('heaps');
    expect(memberships).toEqual(await shop.predicted('heaps', 2));
    expect(new Set(memberships.values()).size).toBe(4);
  });
});

describe('a run whose customers changed', { timeout: 60_000 }, () => {
  it('says what split, merged and vanished, and gives no key to another group', async () => {
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((each) => segmentOf(each)));
    const place = { far: [300, 200], low: [100, 10], window: [100, 50] } as const;
    const at = ([spend, visits]: readonly [number, number]) => ({ spend, visits });
    const changed: Record<string, { spend: number; visits: number }> = {};
    // half of a goes far away, d joins c, and b scatters
    for (let i = 0; i < 30; i += 1) changed[`a-${i}`] = at(place.far);
    for (let i = 0; i < 30; i += 1) changed[`d-${i}`] = at(place.window);
    const places = Object.values(place);
    for (let i = 0; i < 50; i += 1) changed[`b-${i}`] = at(places[i % 3] ?? place.low);
    await shop.customers(changed);
    const { job } = await shop.run(
      { key: 'heaps', k: 3 },
      'version k changes { kind from to text }',
    );
    expect(job).toMatchObject({ status: 'SUCCEEDED', result: { version: 4, k: 3 } });
    expect(job?.result.changes).toEqual([
      {
        ...{ kind: 'SPLIT', from: [a], to: [a, 'segment-5'] },
        text: `${a} split into ${a} and segment-5: 50 % and 50 % of its customers went there.`,
      },
      {
        ...{ kind: 'MERGED', from: [c, d], to: [c] },
        text: `${c} and ${d} merged into ${c}: 47 % and 35 % of its customers came from there.`,
      },
      {
        ...{ kind: 'VANISHED', from: [b], to: [] },
        text: `${b} is gone: no segment continues it. It had 50 customers, of whom 34 % are now in ${a}.`,
      },
    ]);
    expect(await shop.memberships('heaps')).toEqual(await shop.predicted('heaps', 4));
  });
});

describe('a segmentation of its own', { timeout: 60_000 }, () => {
  it('is made from the features named, by medoids where one of them is a category', async () => {
    const { job } = await shop.run(
      { key: 'mixed', features: ['spend', 'visits', 'plan'], maxK: 5 },
      'version live algorithm features { name } segments { key persona { labels { dimension } } }',
    );
    expect(job).toMatchObject({
      status: 'SUCCEEDED',
      result: { version: 1, live: true, algorithm: 'medoids' },
    });
    expect(job?.result.features).toEqual([{ name: 'spend' }, { name: 'visits' }, { name: 'plan' }]);
    const memberships = await shop.memberships('mixed');
    expect(memberships.size).toBe(180);
    expect(memberships).toEqual(await shop.predicted('mixed', 1));
  });
});
