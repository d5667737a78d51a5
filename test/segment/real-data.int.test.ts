import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareEvents, prepareUsers } from '../../src/cli/import/import-file.js';
import { auditStore } from '../../src/access/audit.store.js';
import { composePersonas } from '../../src/compose-personas.js';
import { projectRoot } from '../../src/plant/paths.js';
import { featureStore } from '../../src/feature/feature.store.js';
import { seedStartSet } from '../../src/feature/seed-start-set.js';
import { systemClock, type Clock } from '../../src/kernel/clock.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import type { TestDatabase } from '../support/database.js';
import type { Answer } from '../support/graph.js';
import { importDeps } from '../support/import-deps.js';
import {
  eventually,
  openSegmentationShop,
  type SegmentationShop,
} from '../support/segmentation-shop.js';
import { sharedData } from '../support/shared-data.js';

const cdnow = sharedData('cdnow.csv.gz');
const telco = sharedData('telco_customer_churn.csv.gz');
const SELECTION = `k rows algorithm report candidates { k inertia silhouette calinskiHarabasz daviesBouldin }
  segments { key name size persona(locale: "en") { labels { dimension label rule } traits insights strategies goals } }`;

interface Run {
  k: number;
  inertia: number;
  silhouette_sample: number;
  calinski_harabasz: number;
  davies_bouldin: number;
  sizes: number[];
}

/** What scikit-learn 1.2.1 found in the same rows, scaled the same way: KMeans(n_clusters=k, n_init=10). */
function referenceOf(name: string, k: number): Run {
  const file = sharedData(`reference/${name}.json`) ?? '';
  const { kmeans } = JSON.parse(fs.readFileSync(file, 'utf8')) as { kmeans: Run[] };
  const run = kmeans.find((each) => each.k === k);
  if (!run) throw new Error(`no run with k = ${k} in ${name}`);
  return run;
}

/** The preparation of the reference: z-scores of all values, after log1p where told; nothing is cut. */
async function register(
  { db }: TestDatabase,
  clock: Clock,
  recipe: { name: string; features: object[]; persona: object },
): Promise<void> {
  await composePersonas({ db, clock }).seedTexts(path.join(projectRoot, 'models'));
  await segmentationStore(db, clock).ensure(
    segmentationSpec.parse({
      ...recipe,
      ...{ task: 'CLUSTERING', description: 'as the reference', algorithms: ['kmeans'] },
      winsorise: 0,
    }),
  );
}

function expectLike(result: Answer, reference: Run): void {
  const candidate: Record<string, number> = result.candidates[0];
  const sizes: number[] = result.segments.map(({ size }: { size: number }) => size);
  const off = (value: number | undefined, expected: number): number =>
    Math.abs((value ?? NaN) / expected - 1);
  expect(off(candidate['inertia'], reference.inertia)).toBeLessThan(0.01);
  expect(off(candidate['silhouette'], reference.silhouette_sample)).toBeLessThan(0.01);
  expect(off(candidate['calinskiHarabasz'], reference.calinski_harabasz)).toBeLessThan(0.01);
  expect(off(candidate['daviesBouldin'], reference.davies_bouldin)).toBeLessThan(0.01);
  for (const [at, size] of sizes.sort((a, b) => b - a).entries())
    expect(off(size, reference.sizes[at] ?? NaN)).toBeLessThan(0.01);
}

function expectPersonas(result: {
  report: string;
  segments: { key: string; name: string; persona: Record<string, unknown[]> }[];
}): void {
  const { report, segments } = result;
  const labels = segments.map(({ persona }) => JSON.stringify(persona['labels']));
  expect(new Set(labels).size).toBe(segments.length);
  expect(new Set(segments.map(({ name }) => name)).size).toBe(segments.length);
  expect(report).toMatch(/^# /);
  for (const { key, name, persona } of segments) {
    expect(report).toContain(key);
    expect(report).toContain(name);
    for (const texts of ['traits', 'insights', 'strategies', 'goals'])
      expect(persona[texts]?.length, `${texts} of ${name}`).toBeGreaterThan(0);
  }
}

describe.skipIf(cdnow === null)(
  'CDNOW: purchases of 23,570 customers as of 1998-07-01',
  { timeout: 60_000 },
  () => {
    let now = new Date('1998-07-01');
    const clock: Clock = { ...systemClock(), now: () => new Date(now) };
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-segments-'));
    let shop: SegmentationShop;

    beforeAll(async () => {
      shop = await openSegmentationShop(clock, [], async (database) => {
        const { db } = database;
        const store = featureStore(db, auditStore);
        const insert: typeof store.insert = (...row) => store.insert(...row);
        await seedStartSet({ registry: () => store.all(), insert, wall: () => clock.wall() })();
        const columns = { user: 'customer_id', at: 'date', type: 'purchase', value: 'amount' };
        const prepared = await prepareEvents({ file: cdnow ?? '', ...columns, source: 'cdnow' });
        await prepared.run(importDeps(db, clock, folder));
        await register(database, clock, {
          name: 'rfm',
          features: ['days_since_last_purchase', 'purchase_days', 'purchase_sum'].map((name) => ({
            ...{ name, transform: 'LOG1P' },
          })),
          persona: {
            ...{ spend: 'purchase_sum', frequency: 'purchase_days' },
            recency: 'days_since_last_purchase',
          },
        });
      });
    }, 60_000);
    afterAll(async () => {
      await shop.close();
      fs.rmSync(folder, { recursive: true });
    });

    it('are grouped as by scikit-learn, and the groups have personas of their own', async () => {
      const { job, refused } = await shop.run({ key: 'rfm', k: 3 }, SELECTION);
      expect(refused).toEqual([]);
      expect(job).toMatchObject({ status: 'SUCCEEDED', error: null });
      const reference = referenceOf('cluster_cdnow_rfm', 3);
      expect(job?.result).toMatchObject({ k: 3, rows: 23_570, algorithm: 'kmeans' });
      expectLike(job?.result, reference);
      expectPersonas(job?.result);
      const memberships = await shop.memberships('rfm');
      expect(memberships).toEqual(await shop.predicted('rfm', 1));
    });

    it('move right after the purchase that crosses a border, once, and it is told where they came from', async () => {
      const { data } = await shop.graph.ask(
        '{ segments(segmentation: "rfm") { key size users(first: 1) { nodes { externalId } } } }',
      );
      const ofSize = [...data.segments].sort((a, b) => b.size - a.size);
      const [silent, , best] = ofSize;
      const key = silent.users.nodes[0].externalId;
      const question = `{ user(externalId: "${key}") { segment(segmentation: "rfm") { segment { key } previous { key } since history { nodes { segment { key } until } } } } }`;
      const before = (await shop.graph.ask(question)).data.user.segment;
      expect(before).toMatchObject({ segment: { key: silent.key }, previous: null });
      const feed = await shop.graph.follow(
        'subscription { segmentChanged(segmentation: "rfm") { user { externalId } from { key } to { key } at } }',
      );
      const told: { user: { externalId: string }; to: { key: string } }[] = [];
      const listening = (async () => {
        for await (const { data: news } of feed) told.push(news?.['segmentChanged'] as never);
      })();
      now = new Date('1998-07-08');
      const record = async (day: number, value: number): Promise<void> => {
        const { errors } = await shop.graph.ask(
          `mutation { recordEvents(events: [{ id: "live-${day}", user: "${key}", type: "purchase",
          at: "1998-07-0${day}T12:00:00Z", value: ${value} }]) { accepted } }`,
        );
        expect(errors).toBeUndefined();
      };
      for (const day of [2, 3, 4, 5, 6, 7]) await record(day, 80);
      const stands = async () => (await shop.graph.ask(question)).data.user.segment;
      await eventually(async () => (await stands()).segment.key === best.key, 'the best segment');
      await eventually(() => Promise.resolve(told.at(-1)?.to.key === best.key), 'the news');
      const after = await stands();
      expect(after.previous.key).not.toBe(best.key);
      expect(after.since).toBe('1998-07-08T00:00:00.000Z');
      // each stay that began was told, and none twice
      const stays = [...after.history.nodes].reverse();
      expect(told.map(({ to }) => to.key)).toEqual(
        stays.slice(1).map(({ segment }: { segment: { key: string } }) => segment.key),
      );
      // a purchase that crosses no border moves nobody and tells nothing
      const calls = told.length;
      await record(7, 1);
      expect((await stands()).history.nodes).toHaveLength(stays.length);
      expect(told).toHaveLength(calls);
      await feed.return?.();
      await listening;
    });
  },
);

describe.skipIf(telco === null)(
  'Telco: tenure and charges of 7,043 customers',
  { timeout: 60_000 },
  () => {
    const clock = systemClock();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-segments-'));
    let shop: SegmentationShop;

    beforeAll(async () => {
      shop = await openSegmentationShop(clock, [], async (database) => {
        const prepared = await prepareUsers({
          ...{ file: telco ?? '', id: 'customerID', attribute: 'all' },
        });
        await prepared.run(importDeps(database.db, clock, folder));
        await register(database, clock, {
          name: 'charges',
          // blank charges are those of customers in their first month
          features: ['tenure', 'monthly_charges', 'total_charges'].map((name) => ({
            ...{ name, missing: 'ZERO', transform: 'NONE' },
          })),
          persona: { spend: 'monthly_charges', frequency: 'tenure', gender: 'gender' },
        });
      });
    }, 60_000);
    afterAll(async () => {
      await shop.close();
      fs.rmSync(folder, { recursive: true });
    });

    it('are grouped as by scikit-learn, compared with who left, and have personas of their own', async () => {
      const { job } = await shop.run(
        { key: 'charges', k: 4, labels: 'Churn' },
        `${SELECTION} external { ari nmi }`,
      );
      expect(job).toMatchObject({ status: 'SUCCEEDED', error: null });
      const reference = referenceOf('cluster_telco_numeric', 4);
      expect(job?.result).toMatchObject({ k: 4, rows: 7_043, algorithm: 'kmeans' });
      expectLike(job?.result, reference);
      expectPersonas(job?.result);
      const { external } = job?.result ?? {};
      // who stays long seldom leaves: the groups know a little of it, and no more
      expect(external.nmi).toBeGreaterThan(0.02);
      expect(external.nmi).toBeLessThan(0.3);
      const { data } = await shop.graph.ask(
        '{ segments(segmentation: "charges") { persona(locale: "zh") { locale traits } } }',
      );
      for (const { persona } of data.segments) {
        expect(persona.locale).toBe('zh');
        expect(persona.traits.join()).toMatch(/[\u4e00-\u9fff]/);
      }
      expect(await shop.memberships('charges')).toEqual(await shop.predicted('charges', 1));
    });
  },
);
