import { execute, isObjectType, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FEATURE_NAME } from '../../src/feature/definition-expression.js';
import type { RequestContext } from '../../src/graphql/context.js';
import { manualClock } from '../../src/kernel/clock.js';
import { zeroCounts } from '../../src/kernel/count.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { openGraph, type TestGraph } from '../support/graph.js';

const clock = manualClock(new Date('2026-06-01T00:00:00Z'));
let database: TestDatabase;
let graph: TestGraph;
let replica: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  graph = await openGraph(database.url, clock);
  replica = await openGraph(database.url, clock);
  const users = Array.from({ length: 120 }, (_, i) => ({
    externalId: `u${i}`,
    attributes: { city: i % 2 ? 'Porto' : 'Faro' },
  }));
  await graph.demo.upsertUsers(users);
  await graph.ask(
    `mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted } }`,
    {
      events: users.flatMap(({ externalId }, i) =>
        Array.from({ length: i % 4 }, (_, n) => ({
          id: `${i}-${n}`,
          user: externalId,
          type: 'purchase',
          at: '2026-05-01T00:00:00Z',
          value: 10,
        })),
      ),
    },
  );
});
afterAll(async () => {
  await replica.close();
  await graph.close();
  await database.drop();
});

const count = { kind: 'events', aggregate: 'count', types: ['purchase'] };

async function register(name: string, change: Record<string, unknown> = {}): Promise<void> {
  const input = {
    name,
    description: `What ${name} is.`,
    type: 'NUMERICAL',
    unit: 'count',
    owner: 'test',
    definition: count,
    ...change,
  };
  const { data, errors } = await graph.ask(
    `mutation ($input: RegisterFeatureInput!) { registerFeature(input: $input) { userErrors { message } } }`,
    { input },
  );
  expect([errors, data.registerFeature.userErrors]).toEqual([undefined, []]);
}

async function move(name: string, ...steps: [to: string, comment?: string][]): Promise<void> {
  for (const [to, comment] of steps) {
    const { data } = await graph.ask(
      `mutation ($name: String!, $to: FeatureStatus!, $comment: String) {
         moveFeature(name: $name, to: $to, comment: $comment) { userErrors { message } } }`,
      { name, to, comment },
    );
    expect(data.moveFeature.userErrors).toEqual([]);
  }
}

/** Deprecation reason of the fields that a graph shows now. */
async function shown(of: TestGraph): Promise<Record<string, string | null>> {
  const { data } = await of.ask(
    `{ __type(name: "FeatureSet") { fields(includeDeprecated: true) { name deprecationReason } } }`,
  );
  const fields = data.__type.fields as { name: string; deprecationReason: string | null }[];
  return Object.fromEntries(
    fields
      .filter(({ name }) => FEATURE_NAME.test(name))
      .map(({ name, deprecationReason }) => [name, deprecationReason]),
  );
}

const setOf = (user: string, fields: string): string =>
  `{ user(externalId: "${user}") { featureSet { ${fields} } } }`;

describe('User.featureSet', () => {
  it('has nothing but its own fields while no feature is approved, and they collide with no feature', async () => {
    await register('early');
    const set = graph.staticSchema.getType('FeatureSet');
    const own = isObjectType(set) ? Object.keys(set.getFields()) : [];
    expect(own).toContain('computedAt');
    expect(own.filter((name) => FEATURE_NAME.test(name))).toEqual([]);
    expect(await shown(graph)).toEqual({});
    const { data } = await graph.ask(setOf('u3', 'asOf'));
    expect(data.user.featureSet.asOf).toBe(clock.now().toISOString());
  });

  it('follows approving, deprecating and archiving: the next question sees it', async () => {
    await register('purchases');
    await expect(graph.ask(setOf('u3', 'purchases'))).rejects.toThrow('Cannot query field');
    await move('purchases', ['REVIEW'], ['APPROVED']);
    expect((await graph.ask(setOf('u3', 'purchases'))).data.user.featureSet).toEqual({
      purchases: 3,
    });
    await move('purchases', ['DEPRECATED', 'take early instead']);
    expect(await shown(graph)).toEqual({ purchases: 'take early instead' });
    expect((await graph.ask(setOf('u2', 'purchases'))).data.user.featureSet).toEqual({
      purchases: 2,
    });
    await move('purchases', ['ARCHIVED']);
    expect(await shown(graph)).toEqual({});
    await expect(graph.ask(setOf('u3', 'purchases'))).rejects.toThrow('Cannot query field');
  });

  it('is followed by another process of the installation', async () => {
    await register('elsewhere');
    await move('elsewhere', ['REVIEW'], ['APPROVED']);
    await expect
      .poll(() => shown(replica), { timeout: 9_000, interval: 50 })
      .toEqual({ elsewhere: null });
    await move('elsewhere', ['DEPRECATED'], ['ARCHIVED']);
  });

  it('lets an operation end on the schema that it began with', async () => {
    await register('leaving');
    await move('leaving', ['REVIEW'], ['APPROVED']);
    const schema = graph.schema;
    const document = parse(setOf('u1', 'leaving'));
    await move('leaving', ['DEPRECATED'], ['ARCHIVED']);
    const contextValue: RequestContext = {
      viewer: { id: 'test', name: 'test', role: 'ADMIN' },
      requestId: 'test',
      signal: new AbortController().signal,
      clock,
      counts: zeroCounts(),
      loaderKey: {},
    };
    const result = await execute({ schema, document, contextValue });
    expect(result).toEqual({ data: { user: { featureSet: { leaving: 1 } } } });
  });
});

describe('the values of a feature set', () => {
  beforeAll(async () => {
    await register('bought');
    await register('spent', { unit: 'currency', definition: { ...count, aggregate: 'sum' } });
    await register('city', {
      type: 'CATEGORICAL',
      unit: null,
      definition: { kind: 'attribute', name: 'city', as: 'text' },
    });
    await register('last_seen', {
      type: 'DATETIME',
      unit: null,
      definition: { kind: 'instant', of: 'lastEvent' },
    });
    for (const name of ['bought', 'spent', 'city', 'last_seen'])
      await move(name, ['REVIEW'], ['APPROVED']);
  });

  it('are those of features, each in its type, and as of an instant', async () => {
    const { data } = await graph.ask(`{ user(externalId: "u3") {
      features(names: ["bought", "spent"]) { name number }
      featureSet { bought spent city last_seen asOf computedAt }
      before: featureSet(asOf: "2026-04-01T00:00:00Z") { bought spent last_seen asOf } } }`);
    expect(data.user).toMatchObject({
      features: [
        { name: 'bought', number: 3 },
        { name: 'spent', number: 30 },
      ],
      featureSet: { bought: 3, spent: 30, city: 'Porto', asOf: clock.now().toISOString() },
      before: { bought: 0, spent: 0, last_seen: null, asOf: '2026-04-01T00:00:00.000Z' },
    });
    expect(data.user.featureSet.last_seen).toBe('2026-05-01T00:00:00.000Z');
  });

  it('cost the same statements for 1 and 120 customers, and no more for more fields', async () => {
    const cost = async (first: number, fields: string): Promise<number> => {
      const query = `{ users(first: ${first}) { nodes { externalId ${fields} } } }`;
      const { errors, counts } = await graph.ask(query);
      expect(errors).toBeUndefined();
      return counts.sql;
    };
    const none = await cost(120, '');
    expect(await cost(1, 'featureSet { bought }')).toBe(none + 1);
    expect(await cost(120, 'featureSet { bought spent city ... { last_seen } }')).toBe(none + 1);
  });

  it('are denied of a customer who opted out of profiling, and of nobody else', async () => {
    await graph.ask(
      `mutation { setConsent(externalId: "u7", profiling: false) { userErrors { message } } }`,
    );
    const { data } = await graph.ask(`{ users(first: 120) { nodes { externalId
      featureSet { bought city missingReason } } } }`);
    const nodes = data.users.nodes as {
      externalId: string;
      featureSet: { bought: number | null; missingReason: string | null };
    }[];
    const denied = nodes.filter(
      ({ featureSet }) => featureSet.bought === null || featureSet.missingReason !== null,
    );
    expect(denied).toEqual([
      { externalId: 'u7', featureSet: { bought: null, city: null, missingReason: 'OPTED_OUT' } },
    ]);
  });
});
