import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeProfiling } from '../../src/compose-registry.js';
import { planProfileRun, profileFeatures } from '../../src/feature/profile-features.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';
import { keptLog } from '../support/quiet-log.js';
import { registryGraph, type RegistryGraph } from '../support/registry-graph.js';

const now = new Date('2026-06-01T12:00:00Z');
const clock = manualClock(now);
const bus = memoryBus();
let database: TestDatabase;
let graph: RegistryGraph;

/** 200 customers with 0..9 purchases of 1 each, one far outside; the last 20 do not agree to profiling. */
beforeAll(async () => {
  database = await testDatabase();
  graph = registryGraph(database.db, bus, clock);
  const customers = Array.from({ length: 200 }, (_, i) => ({
    externalId: `u${i}`,
    registeredAt: new Date(now.getTime() - i * DAY_MS),
    attributes: i % 4 ? { plan: i % 3 ? 'gold' : 'free', vip: i % 2 === 0, score: i } : {},
  }));
  await graph.upsert(customers);
  await graph.record(
    customers.flatMap(({ externalId }, i) =>
      Array.from({ length: i === 7 ? 300 : i % 10 }, (_, n) => ({
        ...{ source: 'shop', id: `${i}-${n}`, user: externalId, type: 'purchase', value: 1 },
        ...{ at: new Date(now.getTime() - DAY_MS), properties: null },
      })),
    ),
  );
  await database.db.query(
    `update customer set consent_profiling = false where id in (select id from customer order by id desc limit 20)`,
  );
  await add('orders', { kind: 'events', aggregate: 'count', types: ['purchase'] });
  await add('orders', { kind: 'events', aggregate: 'sum', types: ['purchase'] });
  await add('plan', { kind: 'attribute', name: 'plan', as: 'text' }, 'CATEGORICAL');
  await add('vip', { kind: 'attribute', name: 'vip', as: 'boolean' }, 'BOOLEAN', 'DEPRECATED');
  await add('bought_at', { kind: 'instant', of: 'lastEvent', types: ['purchase'] }, 'DATETIME');
  await add('score', { kind: 'attribute', name: 'score', as: 'number' }, 'NUMERICAL', 'DRAFT');
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

async function add(
  name: string,
  definition: object,
  type: 'NUMERICAL' | 'CATEGORICAL' | 'BOOLEAN' | 'DATETIME' = 'NUMERICAL',
  status: 'APPROVED' | 'DEPRECATED' | 'DRAFT' = 'APPROVED',
): Promise<void> {
  const unit = type === 'NUMERICAL' ? 'count' : null;
  const given = { name, description: name, type, unit, owner: 'test', definition };
  const { errors } = await graph.register(given, 'test', status);
  expect(errors).toEqual([]);
}

/** Runs a PROFILE job as of the instant. */
async function profile(asOf: Date, seedFitted?: () => Promise<number>) {
  const { db } = database;
  const deps = composeProfiling({ db, bus, clock, log: keptLog() }, graph.registry, graph.read);
  const told: number[] = [];
  const result = await profileFeatures(seedFitted ? { ...deps, seedFitted } : deps, {
    ...{ id: 'job', attempt: 1, createdBy: 'test', input: planProfileRun(asOf) },
    signal: new AbortController().signal,
    report: (progress) => told.push(progress),
  });
  expect(told.at(-1)).toBe(1);
  return result;
}

const DAY = `day asOf rows missing missingShare summary { count mean median max }
  histogram { low high count } categories { value count } outliers { method below above share }`;

describe('before a job has run', () => {
  it('distributions come from a sample now, and there is no monitoring', async () => {
    const { data } = await graph.ask(`{ features { name statistics { count missing }
      categories { value count } statisticsComputedAt monitoring { day } } }`);
    expect(data.features).toContainEqual({
      ...{ name: 'orders', statistics: { count: 180, missing: 0 }, categories: [] },
      ...{ statisticsComputedAt: null, monitoring: [] },
    });
  });

  it.each([
    ['first: -1', 'first must be 0..1000, got -1'],
    ['first: 1001', 'first must be 0..1000, got 1001'],
    ['since: "2026-06-02"', 'since must be at most until 2026-06-01, got 2026-06-02'],
  ])('refuses monitoring(%s)', async (args, message) => {
    const { errors } = await graph.ask(`{ feature(name: "plan") { monitoring(${args}) { day } } }`);
    expect(errors?.[0]?.message).toBe(message);
  });

  it('refuses a day that is none', async () => {
    const { errors } = await graph
      .ask('{ feature(name: "plan") { monitoring(since: "2026-02-30") { day } } }')
      .catch((error: unknown) => ({ errors: [error as Error] }));
    expect(errors?.[0]?.message).toMatch(/2026-02-30/);
  });
});

describe('profileFeatures', () => {
  it('is for who may run jobs, and pins the instant', async () => {
    const ask = 'mutation { profileFeatures { job { kind } userErrors { message } } }';
    const refused = await graph.ask(ask, {}, 'ANALYST');
    expect(refused.errors?.[0]?.message).toBe('role ANALYST may not job:run');
    const { data } = await graph.ask(ask, {}, 'OPERATOR');
    expect(data.profileFeatures).toEqual({ job: { kind: 'PROFILE' }, userErrors: [] });
    const [row] = await database.db.query<{ input: unknown; by: string }>(
      `select input, created_by as by from job where kind = 'PROFILE'`,
    );
    expect(row).toEqual({ input: planProfileRun(clock.now()), by: 'operator key' });
  });

  it('looks at every version that is in use, of the customers who agreed, and registers what can be fitted', async () => {
    const result = await profile(now, () => Promise.resolve(3));
    expect(result).toMatchObject({ featureCount: 5, customers: 180, fitted: 3 });
    const { data } = await graph.ask(
      `{ features(filter: { hasStatistics: true }) { name version } }`,
    );
    expect(data.features).toEqual([
      { name: 'bought_at', version: 1 },
      { name: 'orders', version: 1 },
      { name: 'orders', version: 2 },
      { name: 'plan', version: 1 },
      { name: 'vip', version: 1 },
    ]);
  });

  it('stores what a plain count gives: summary, bars, categories, outliers', async () => {
    const { data } = await graph.ask(
      `{ orders: feature(name: "orders", version: 1) { monitoring { ${DAY} } statistics { mean }
           statisticsComputedAt }
         plan: feature(name: "plan") { monitoring { ${DAY} } }
         vip: feature(name: "vip") { categories { value count } }
         bought_at: feature(name: "bought_at") { monitoring { rows missing summary { count } } } }`,
    );
    const counts = Array.from({ length: 180 }, (_, i) => (i === 7 ? 300 : i % 10));
    const mean = counts.reduce((sum, count) => sum + count, 0) / 180;
    const [orders] = data.orders.monitoring;
    expect(orders).toMatchObject({
      ...{ day: '2026-06-01', asOf: now.toISOString(), rows: 180, missing: 0, missingShare: 0 },
      summary: { count: 180, mean: expect.closeTo(mean, 9) as number, median: 4.5, max: 300 },
      outliers: [
        { method: 'IQR_1_5', below: 0, above: 1, share: 1 / 180 },
        { method: 'SIGMA_3', below: 0, above: 1, share: 1 / 180 },
      ],
    });
    expect(orders.histogram).toHaveLength(30);
    expect(orders.histogram[0]).toEqual({ low: 0, high: 10, count: 179 });
    expect(data.orders.statistics.mean).toBeCloseTo(mean, 9);
    expect(data.orders.statisticsComputedAt).toBe(now.toISOString());

    const plans = counts.map((_, i) => (i % 4 === 0 ? null : i % 3 ? 'gold' : 'free'));
    const having = (value: string | null): number => plans.filter((plan) => plan === value).length;
    expect(data.plan.monitoring[0]).toMatchObject({
      ...{ missing: having(null), missingShare: having(null) / 180, summary: null, histogram: [] },
      categories: ['gold', null, 'free'].map((value) => ({ value, count: having(value) })),
    });
    expect(data.vip.categories).toEqual([
      { value: 'false', count: 90 },
      { value: null, count: 45 },
      { value: 'true', count: 45 },
    ]);
    expect(data.bought_at.monitoring).toEqual([{ rows: 180, missing: 18, summary: null }]);
  });

  it('keeps one row a feature and day, the newest, and a trend over days for one statement', async () => {
    await profile(new Date(now.getTime() - 2 * DAY_MS));
    await profile(new Date(now.getTime() - DAY_MS + 1000));
    await profile(new Date(now.getTime() - DAY_MS)); // an earlier instant of that day comes too late
    const { data, errors, counts } = await graph.ask(`{ features { name
      monitoring(since: "2026-05-30", until: "2026-05-31") { day asOf summary { max } } statistics { max }
      newest: monitoring(first: 1) { day } } }`);
    expect(errors).toBeUndefined();
    // registry, monitoring twice, newest; sample and features for the draft
    expect(counts.sql).toBe(6);
    const orders = (data.features as { name: string }[]).find(({ name }) => name === 'orders');
    expect(orders).toEqual({
      name: 'orders',
      monitoring: [
        { day: '2026-05-31', asOf: '2026-05-31T12:00:01.000Z', summary: { max: 300 } },
        { day: '2026-05-30', asOf: '2026-05-30T12:00:00.000Z', summary: { max: 0 } },
      ],
      statistics: { max: 300 },
      newest: [{ day: '2026-06-01' }],
    });
  });

  it('tells subscribers of the features it looked at', async () => {
    const feed = await graph.follow(
      'subscription { featureProfiled(name: "orders") { name version statistics { count } } }',
    );
    const first = feed.next();
    await new Promise((resolve) => setImmediate(resolve));
    await profile(now);
    const told = [await first, await feed.next()].map(({ value }) => value.data.featureProfiled);
    await feed.return?.();
    expect(told).toEqual(
      [1, 2].map((version) => ({ name: 'orders', version, statistics: { count: 180 } })),
    );
    const unknown = await graph.follow('subscription { featureProfiled(name: "nobody") { id } }');
    await expect(unknown.next()).rejects.toThrow('no feature is registered as nobody');
  });

  it('stops when its job is taken away', async () => {
    const deps = composeProfiling(
      { db: database.db, bus, clock, log: keptLog() },
      graph.registry,
      graph.read,
    );
    await expect(
      profileFeatures(deps, {
        ...{ id: 'job', attempt: 1, createdBy: 'test', input: planProfileRun(now) },
        ...{ signal: AbortSignal.abort(new Error('taken')), report: () => undefined },
      }),
    ).rejects.toThrow('taken');
  });
});
