import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';
import { purchases, registryGraph, type RegistryGraph } from '../support/registry-graph.js';

const now = new Date('2026-06-01T00:00:00Z');
const clock = manualClock(now);
let database: TestDatabase;
let graph: RegistryGraph;

beforeAll(async () => {
  database = await testDatabase();
  graph = registryGraph(database.db, memoryBus(), clock);
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

describe('versions of a feature', () => {
  beforeAll(async () => {
    await graph.addFeature('orders', 'APPROVED', { definition: purchases(30) });
    await graph.addFeature('orders', 'APPROVED', { definition: purchases(90) });
    await graph.upsert([{ externalId: 'buyer' }]);
    await graph.record(
      [10, 60].map((days) => ({
        ...{ source: 'shop', id: `order-${days}`, user: 'buyer', type: 'purchase', value: 5 },
        ...{ at: new Date(now.getTime() - days * 86_400_000), properties: null },
      })),
    );
  });

  it('live side by side: each question says which it wants, each value which it is', async () => {
    const { data, errors } = await graph.ask(`{ user(externalId: "buyer") {
      newest: features(names: ["orders"]) { name number feature { version } }
      first: features(names: ["orders@1"]) { name number feature { version } }
      second: features(names: ["orders@2"]) { name number feature { version } } } }`);
    expect(errors).toBeUndefined();
    const one = [{ name: 'orders', number: 1, feature: { version: 1 } }];
    const two = [{ name: 'orders', number: 2, feature: { version: 2 } }];
    expect(data.user).toEqual({ newest: two, first: one, second: two });
  });

  it.each([
    ['orders@3', 'no feature is registered as orders@3'],
    ['orders@0', 'no feature is registered as orders@0'],
    ['orders@x', 'no feature is registered as orders@x'],
  ])('that are not there are an error: %s', async (name, message) => {
    const { errors } = await graph.ask(
      `query ($names: [String!]) { user(externalId: "buyer") { features(names: $names) { number } } }`,
      { names: [name] },
    );
    expect(errors?.[0]?.message).toBe(message);
  });

  it('serve several models each, and say whom', async () => {
    for (const model of ['risk', 'forecast', 'recommendation'])
      await graph.promote(await graph.addVersion(model, ['orders@1']));
    await graph.addVersion('risk', ['orders@2']);
    const { data } = await graph.ask(`{ features(filter: { names: ["orders"] }) {
      version usedBy { version stage } } }`);
    expect(data.features).toEqual([
      { version: 1, usedBy: Array(3).fill({ version: 1, stage: 'PRODUCTION' }) },
      { version: 2, usedBy: [{ version: 2, stage: 'CANDIDATE' }] },
    ]);
    const { data: found, errors } = await graph.ask(
      `{ risk: features(filter: { usedByModel: "risk" }) { name version }
         forecast: features(filter: { usedByModel: "forecast", tags: ["test"] }) { name version } }`,
    );
    expect(errors).toBeUndefined();
    expect(found).toEqual({
      risk: [
        { name: 'orders', version: 1 },
        { name: 'orders', version: 2 },
      ],
      forecast: [{ name: 'orders', version: 1 }],
    });
  });
});

describe('a customer who opts out of profiling', () => {
  const values = async (): Promise<unknown> => {
    const { data, errors, counts } = await graph.ask(`{ users { nodes { externalId
      features(names: ["orders", "plan"]) { name number text isMissing missingReason } } } }`);
    expect(errors).toBeUndefined();
    expect(counts.sql).toBe(2); // users, features
    return Object.fromEntries(
      (data.users.nodes as { externalId: string; features: unknown }[]).map(
        ({ externalId, features }) => [externalId, features],
      ),
    );
  };

  it('has no values from the next question on, and the reason says why', async () => {
    await graph.addFeature('plan', 'APPROVED', {
      ...{ type: 'CATEGORICAL', unit: null },
      definition: { kind: 'attribute', name: 'plan', as: 'text' },
    });
    await graph.upsert([{ externalId: 'other', attributes: { plan: 'gold' } }]);
    const there = { text: null, isMissing: false, missingReason: null };
    const missing = { number: null, text: null, isMissing: true };
    const buyer = (reason: string) => [{ name: 'plan', ...missing, missingReason: reason }];
    const other = [
      { name: 'orders', ...there, number: 0 },
      { name: 'plan', ...there, number: null, text: 'gold' },
    ];
    const consent = `mutation ($profiling: Boolean!) {
      setConsent(externalId: "buyer", profiling: $profiling) { userErrors { message } } }`;
    expect(await values()).toEqual({
      buyer: [{ name: 'orders', ...there, number: 2 }, ...buyer('NO_DATA')],
      other,
    });
    expect(await graph.refused(consent, { profiling: false })).toEqual([]);
    expect(await values()).toEqual({
      buyer: [{ name: 'orders', ...missing, missingReason: 'OPTED_OUT' }, ...buyer('OPTED_OUT')],
      other,
    });
    expect(await graph.refused(consent, { profiling: true })).toEqual([]);
    expect(await values()).toMatchObject({ buyer: [{ number: 2 }, {}], other });
  });
});
