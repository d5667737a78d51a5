import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { START_SET } from '../../src/feature/start-set.js';
import { manualClock } from '../../src/kernel/clock.js';
import { dataGraph, type DataGraph } from '../support/data-graph.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';

let database: TestDatabase;
let fixture: FeatureFixture;
let graph: DataGraph;
const now = new Date('2026-06-01T00:00:00Z');
const clock = manualClock(now);

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  graph = dataGraph(fixture, clock);
  await fixture.seed();
  await fixture.upsert(
    Array.from({ length: 1000 }, (_, i) => ({
      externalId: `u${i}`,
      registeredAt: new Date(now.getTime() - i * 86_400_000),
      attributes:
        i % 4 ? { age: 20 + (i % 50), gender: i % 2 ? 'female' : 'male', vip: i % 3 === 0 } : {},
    })),
  );
  await fixture.record(
    Array.from({ length: 3000 }, (_, i) => ({
      source: 'shop',
      id: `e${i}`,
      user: `u${i % 500}`,
      type: 'purchase',
      at: new Date(now.getTime() - ((i * 7919) % 5000) * 3_600_000 - 1),
      value: (i % 90) + 1,
      properties: null,
    })),
  );
});
afterAll(() => database.drop());

type Answer = Record<
  string,
  { [key: string]: unknown; userErrors?: { code: string; path: string[]; message: string }[] }
>;

async function answer(source: string, variables?: Record<string, unknown>): Promise<Answer> {
  const { data, errors } = await graph.ask(source, variables);
  expect(errors).toBeUndefined();
  return data as unknown as Answer;
}

const register = `mutation ($input: RegisterFeatureInput!) { registerFeature(input: $input) {
  feature { name version status definition dependencies { name version } } userErrors { code message path } } }`;
const move = `mutation ($name: String!, $to: FeatureStatus!, $comment: String) {
  moveFeature(name: $name, to: $to, comment: $comment) { feature { status updatedAt } userErrors { code message path } } }`;

function input(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'spend_60d',
    description: 'Spent in 60 days',
    type: 'NUMERICAL',
    unit: 'currency',
    owner: 'team crm',
    tags: ['purchase', 'test'],
    definition: { kind: 'events', aggregate: 'sum', types: ['purchase'], windowDays: 60 },
    ...change,
  };
}

describe('User.features', () => {
  it('costs the same number of statements for 1, 100 and 1,000 users', async () => {
    const query = `query ($first: Int!) { users(first: $first) { nodes { externalId
      features { name number text isMissing ageSeconds feature { unit } } } } }`;
    const counts = [];
    for (const first of [1, 100, 1000]) {
      const { data, errors, counts: caused } = await graph.ask(query, { first });
      expect(errors).toBeUndefined();
      const { nodes } = (data as unknown as { users: { nodes: { features: unknown[] }[] } }).users;
      expect(nodes.map(({ features }) => features.length)).toEqual(
        Array.from({ length: first }, () => START_SET.length),
      );
      counts.push(caused.sql);
    }
    // users, registry, features
    expect(counts).toEqual([3, 3, 3]);
  });

  it('answers in the order of the names, typed, with what is missing marked', async () => {
    const { user } = await answer(`{ user(externalId: "u5") {
      features(names: ["gender", "purchase_count", "age", "device_type"]) {
        name number text boolean isMissing asOf computedAt ageSeconds feature { version type } } } }`);
    const values = user?.['features'] as Record<string, unknown>[];
    expect(
      values.map(({ name, number, text, isMissing }) => [name, number, text, isMissing]),
    ).toEqual([
      ['gender', null, 'female', false],
      ['purchase_count', 6, null, false],
      ['age', 25, null, false],
      ['device_type', null, null, true],
    ]);
    expect(values[0]).toMatchObject({
      asOf: new Date(now.getTime() + 1).toISOString(),
      computedAt: now.toISOString(),
      ageSeconds: 0,
      feature: { version: 1, type: 'CATEGORICAL' },
    });
  });

  it('shows a recorded event on the next query, even in the millisecond it happened', async () => {
    const count = async (): Promise<unknown> =>
      (
        await answer(
          '{ user(externalId: "u700") { features(names: ["purchase_count"]) { number } } }',
        )
      )['user']?.['features'];
    expect(await count()).toEqual([{ number: 0 }]);
    await answer(
      `mutation { recordEvents(events: [{id: "fresh", user: "u700", type: "purchase", at: "${now.toISOString()}", value: 5}]) { accepted } }`,
    );
    expect(await count()).toEqual([{ number: 1 }]);
  });

  it('answers as of an earlier instant', async () => {
    const asOf = '2020-01-01T00:00:00.000Z';
    const { user } = await answer(
      `{ user(externalId: "u5") { features(names: ["purchase_count", "days_since_registration"], asOf: "${asOf}") { number asOf } } }`,
    );
    expect(user?.['features']).toEqual([
      { number: 0, asOf },
      { number: null, asOf },
    ]);
  });

  it('names an unknown feature', async () => {
    const { errors } = await graph.ask(
      '{ user(externalId: "u5") { features(names: ["age", "nonsense"]) { name } } }',
    );
    expect(errors?.[0]?.message).toBe('no feature is registered as nonsense');
  });
});

describe('features', () => {
  it('shows every field of a feature', async () => {
    const { feature } =
      await answer(`{ feature(name: "purchase_gap_mean_days") { id name version description businessMeaning
      type dataType unit status owner tags definition sql source lineage dependencies { name }
      statistics { count missing mean p25 median p75 min max standardDeviation } categories { value count }
      createdAt updatedAt history { actor action detail } } }`);
    expect(feature).toMatchObject({
      id: 'Feature:purchase_gap_mean_days@1',
      type: 'NUMERICAL',
      dataType: 'float64',
      unit: 'day',
      status: 'APPROVED',
      owner: 'augury',
      source: [
        'feature:days_since_first_purchase@1',
        'feature:days_since_last_purchase@1',
        'feature:purchase_days@1',
      ],
      lineage: ['event.at', 'event.type_id', 'event.user_id'],
      dependencies: [
        { name: 'days_since_first_purchase' },
        { name: 'days_since_last_purchase' },
        { name: 'purchase_days' },
      ],
      statistics: { count: 500, missing: 500 },
      categories: [],
      history: [{ actor: 'augury', action: 'registered' }],
    });
    expect(feature?.['sql']).toMatch(/-- \$\d+ = as of/);
    expect(feature?.['sql']).not.toContain('purchase)');
  });

  it('gives categories of a text feature, missing ones counted', async () => {
    const { feature } = await answer(
      '{ feature(name: "gender") { statistics { count } categories { value count } } }',
    );
    expect(feature).toEqual({
      statistics: null,
      categories: [
        { value: 'female', count: 500 },
        { value: null, count: 250 },
        { value: 'male', count: 250 },
      ],
    });
  });

  it('reads the statistics of the whole registry with a constant number of statements', async () => {
    const { counts } = await graph.ask(
      '{ features { name statistics { mean } categories { count } history { at } sql } }',
    );
    // registry, sample, features, history
    expect(counts.sql).toBe(4);
  });

  it('intersects tags, and an empty match stays empty', async () => {
    const names = async (args: string): Promise<string[]> =>
      (
        (await answer(`{ features(${args}) { name } }`))['features'] as unknown as {
          name: string;
        }[]
      ).map(({ name }) => name);
    const both = await names('tags: ["purchase", "clustering"]');
    expect(both).toEqual(
      START_SET.filter(({ tags }) => tags.includes('purchase') && tags.includes('clustering'))
        .map(({ name }) => name)
        .sort(),
    );
    expect(await names('tags: ["no such tag", "purchase"]')).toEqual([]);
    expect(await names('status: [DRAFT], tags: ["purchase"]')).toEqual([]);
  });

  it('is null for an unknown name or version', async () => {
    expect(await answer('{ feature(name: "nonsense") { id } }')).toEqual({ feature: null });
    expect(await answer('{ feature(name: "age", version: 7) { id } }')).toEqual({ feature: null });
  });
});

describe('registerFeature and moveFeature', () => {
  it('takes a feature from draft to approved, keeps who did it, and refuses every shortcut', async () => {
    const { registerFeature } = await answer(register, { input: input() });
    expect(registerFeature).toMatchObject({
      feature: { name: 'spend_60d', version: 1, status: 'DRAFT' },
      userErrors: [],
    });
    const shortcut = await answer(move, { name: 'spend_60d', to: 'APPROVED' });
    expect(shortcut['moveFeature']).toEqual({
      feature: null,
      userErrors: [
        {
          code: 'CONFLICT',
          path: ['to'],
          message: 'spend_60d is DRAFT and may move to REVIEW or ARCHIVED, not to APPROVED',
        },
      ],
    });
    await answer(move, { name: 'spend_60d', to: 'REVIEW' });
    clock.advance(1000);
    const { moveFeature } = await answer(move, {
      name: 'spend_60d',
      to: 'APPROVED',
      comment: 'checked',
    });
    expect(moveFeature).toMatchObject({
      feature: { status: 'APPROVED', updatedAt: new Date(now.getTime() + 1000).toISOString() },
    });
    clock.set(now);
    const { feature } = await answer(
      '{ feature(name: "spend_60d") { history { actor action detail } } }',
    );
    expect(feature?.['history']).toEqual([
      {
        actor: 'admin key',
        action: 'moved',
        detail: { from: 'REVIEW', to: 'APPROVED', comment: 'checked' },
      },
      {
        actor: 'admin key',
        action: 'moved',
        detail: { from: 'DRAFT', to: 'REVIEW', comment: null },
      },
      { actor: 'admin key', action: 'registered', detail: { version: 1, status: 'DRAFT' } },
    ]);
  });

  it('gives a known name its next version, and lets an approved one go on answering', async () => {
    const definition = { kind: 'events', aggregate: 'sum', types: ['purchase'], windowDays: 61 };
    const { registerFeature } = await answer(register, { input: input({ definition }) });
    expect(registerFeature?.['feature']).toMatchObject({ version: 2, status: 'DRAFT' });
    const { feature } = await answer('{ feature(name: "spend_60d") { version } }');
    expect(feature).toEqual({ version: 1 });
  });

  it('pins references to the version that holds now', async () => {
    const expression = { op: 'divide', of: [{ feature: 'spend_60d' }, 60] };
    const { registerFeature } = await answer(register, {
      input: input({ name: 'spend_a_day', definition: { kind: 'expression', expression } }),
    });
    expect(registerFeature?.['feature']).toMatchObject({
      definition: { expression: { of: [{ feature: 'spend_60d', version: 1 }, 60] } },
      dependencies: [{ name: 'spend_60d', version: 1 }],
    });
  });

  const of = (feature: string): Record<string, unknown> => ({ feature });
  const formula = (expression: unknown): Record<string, unknown> => ({
    name: 'formula',
    definition: { kind: 'expression', expression },
  });
  const powers = Array.from({ length: 5 }).reduce<unknown>(
    (part) => ({ op: 'multiply', of: [part, part] }),
    of('purchase_sum'),
  );
  it.each<[string, Record<string, unknown>, string, string]>([
    ['a name with a space', { name: 'a b' }, 'name', 'must be a lower-case letter'],
    ['no description', { description: '' }, 'description', 'is missing'],
    ['an unknown kind', { definition: { kind: 'magic' } }, 'definition', ''],
    [
      'an unknown key',
      { definition: { kind: 'events', aggregate: 'count', window: 3 } },
      'definition',
      '',
    ],
    [
      'a window of 0 days',
      { definition: { kind: 'events', aggregate: 'count', windowDays: 0 } },
      'definition',
      '',
    ],
    [
      'SQL for an event type',
      { definition: { kind: 'events', aggregate: 'count', types: ["x'; drop table event --"] } },
      'definition',
      '',
    ],
    [
      'a type that does not fit',
      { type: 'CATEGORICAL' },
      'type',
      'type must be NUMERICAL for this definition, got CATEGORICAL',
    ],
    ['an unknown reference', formula(of('nonsense')), 'definition', 'nonsense is not registered'],
    [
      'a reference to itself',
      formula({ op: 'add', of: [of('formula'), 1] }),
      'definition',
      'formula refers to itself',
    ],
    [
      'a reference to a text',
      formula({ op: 'add', of: [of('gender'), 1] }),
      'definition',
      'refers to gender, which is not a number',
    ],
    ['a formula that could overflow', formula(powers), 'definition', 'the formula could reach 1e'],
    [
      'a formula too large',
      formula({ op: 'add', of: Array.from({ length: 8 }, () => powers) }),
      'definition',
      'an expression must',
    ],
  ])('refuses %s, naming the field', async (_, change, field, message) => {
    const { registerFeature } = await answer(register, { input: input(change) });
    expect(registerFeature?.['feature']).toBeNull();
    expect(registerFeature?.userErrors?.[0]).toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(message) as string,
    });
    expect(registerFeature?.userErrors?.[0]?.path[0]).toBe(field);
  });

  it('registers one version each when two ask for the same name at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, () => answer(register, { input: input({ name: 'contested' }) })),
    );
    const versions = results.map(
      ({ registerFeature }) => (registerFeature?.['feature'] as { version: number }).version,
    );
    expect(versions.sort()).toEqual([1, 2, 3, 4]);
  });

  it('lets an analyst register and a CRM key not', async () => {
    const { errors } = await graph.ask(register, { input: input() }, 'CRM');
    expect(errors?.[0]?.message).toBe('role CRM may not feature:write');
    const analyst = await graph.ask(register, { input: input({ name: 'by_analyst' }) }, 'ANALYST');
    expect(analyst.errors).toBeUndefined();
  });

  it('seeds the start set once, however often it boots', async () => {
    expect(await fixture.seed()).toBe(0);
    const { features } = await answer('{ features { owner } }');
    expect(
      (features as unknown as { owner: string }[]).filter(({ owner }) => owner === 'augury'),
    ).toHaveLength(START_SET.length);
  });
});
