import 'reflect-metadata';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';
import {
  purchases,
  registryGraph,
  type Change,
  type RegistryGraph,
} from '../support/registry-graph.js';

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

const add: RegistryGraph['addFeature'] = (...feature) => graph.addFeature(...feature);

const sumOf = (...features: string[]): Change => ({
  definition: {
    kind: 'expression',
    expression: { op: 'add', of: [...features.map((feature) => ({ feature })), 1] },
  },
});

const refused: RegistryGraph['refused'] = (...question) => graph.refused(...question);

const move = (name: string, to: string, version: number | null = null) =>
  refused(
    `mutation ($name: String!, $to: FeatureStatus!, $version: Int) {
      moveFeature(name: $name, to: $to, version: $version) { userErrors { code message path } } }`,
    { name, to, version },
  );
const update = (input: Change) =>
  refused(
    `mutation ($input: UpdateFeatureInput!) { updateFeature(input: $input) { userErrors { code message path } } }`,
    { input },
  );
const messagesOf = (errors: { message: string }[]): string[] =>
  errors.map(({ message }) => message);

describe('updateFeature', () => {
  beforeAll(async () => {
    await add('edited');
  });

  it.each<[string, Change, string, RegExp]>([
    ['an empty description', { description: '' }, 'description', /^description: is missing$/],
    [
      'a description of 1,001 characters',
      { description: 'x'.repeat(1001) },
      'description',
      /at most 1000 characters/,
    ],
    ['an owner of 201 characters', { owner: 'x'.repeat(201) }, 'owner', /at most 200 characters/],
    ['an empty meaning', { businessMeaning: '' }, 'businessMeaning', /is missing/],
    ['an empty tag', { tags: ['fine', ''] }, 'tags', /^tags\.1: is missing$/],
    ['21 tags', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, 'tags', /at most 20/],
    ['an unknown name', { name: 'nobody' }, 'name', /^no feature is registered as nobody$/],
    ['an unknown version', { version: 7 }, 'name', /^no feature is registered as edited@7$/],
  ])('refuses %s, naming the field, and changes nothing', async (_, change, field, message) => {
    const errors = await update({ name: 'edited', ...change });
    expect(errors[0]?.path[0]).toBe(field);
    expect(errors[0]?.message).toMatch(message);
    const { data } = await graph.ask('{ feature(name: "edited") { history { action } } }');
    expect(data.feature.history).toEqual([{ action: 'registered' }]);
  });

  it('changes what is given and no more, and the trail holds old and new with who did it', async () => {
    clock.advance(60_000);
    const change = { name: 'edited', owner: 'data team', tags: ['a', 'b', 'a'] };
    expect(await update({ ...change, description: 'edited of a test' })).toEqual([]);
    expect(await update(change)).toEqual([]);
    clock.set(now);
    const { data } = await graph.ask(`{ feature(name: "edited") { version description owner tags
      businessMeaning createdAt updatedAt definition history { at actor action detail } } }`);
    expect(data.feature).toMatchObject({
      ...{ version: 1, description: 'edited of a test', owner: 'data team', tags: ['a', 'b'] },
      ...{ businessMeaning: null, definition: purchases(30) },
      createdAt: now.toISOString(),
      updatedAt: new Date(now.getTime() + 60_000).toISOString(),
    });
    expect(data.feature.history).toMatchObject([
      {
        actor: 'admin key',
        action: 'updated',
        detail: {
          old: { owner: 'crm', tags: ['test'] },
          new: { owner: 'data team', tags: ['a', 'b'] },
        },
      },
      { actor: 'seed', action: 'registered' },
    ]);
  });

  it('is not for who may only read', async () => {
    const { errors } = await graph.ask(
      'mutation { updateFeature(input: {name: "edited", owner: "x"}) { feature { id } } }',
      {},
      'CRM',
    );
    expect(errors?.[0]?.message).toBe('role CRM may not feature:write');
  });
});

describe('a registration', () => {
  it('stands or falls with its entry in the trail', async () => {
    await database.db.query(`alter table audit_entry rename to audit_entry_away`);
    try {
      await expect(add('torn')).rejects.toThrow('audit_entry');
    } finally {
      await database.db.query(`alter table audit_entry_away rename to audit_entry`);
    }
    const { data } = await graph.ask('{ feature(name: "torn") { id } }');
    expect(data.feature).toBeNull();
  });

  it('never builds on what is archived', async () => {
    await add('old_base', 'DRAFT');
    expect(await move('old_base', 'ARCHIVED')).toEqual([]);
    const result = await graph.register(
      {
        ...{ name: 'on_old', description: 'x', type: 'NUMERICAL', unit: 'count', owner: 'x' },
        definition: sumOf('old_base')['definition'],
      },
      'seed',
    );
    expect(messagesOf(result.errors).join()).toContain('old_base@1 is archived');
  });

  it('cannot be updated before it was created', async () => {
    await add('dated');
    await expect(
      database.db.query(
        `update feature set updated_at = created_at - interval '1 ms' where name = 'dated'`,
      ),
    ).rejects.toThrow('feature_updated_at_check');
  });
});

describe('archiving', () => {
  it('is refused while a model in production or shadow, or another feature, takes that very version', async () => {
    const keys = [await add('used'), await add('used_too')];
    const production = await graph.addVersion('archiving', keys);
    const shadow = await graph.addVersion('archiving', keys);
    expect((await graph.promote(production)).userErrors).toEqual([]);
    expect((await graph.promote(shadow, 'SHADOW')).userErrors).toEqual([]);
    await add('on_used', 'DRAFT', sumOf('used'));
    expect(await move('used', 'DEPRECATED')).toEqual([]);
    expect(await move('used', 'ARCHIVED')).toEqual([
      {
        ...{ code: 'CONFLICT', path: ['to'] },
        message:
          'used@1 is used by archiving@1, archiving@2, feature on_used@1 and cannot be archived',
      },
    ]);
    // another version of the name is nobody's
    await add('used', 'DRAFT', { definition: purchases(31) });
    expect(await move('used', 'ARCHIVED', 2)).toEqual([]);
  });

  it('goes once nobody does', async () => {
    const free = await graph.addVersion('archiving', [await add('free')]);
    expect((await graph.promote(free)).userErrors).toEqual([]);
    expect(
      (await graph.promote(await graph.addVersion('archiving', ['free@1']), 'SHADOW')).userErrors,
    ).toEqual([]);
    expect(messagesOf(await move('used', 'ARCHIVED', 1))).toEqual([
      'used@1 is used by feature on_used@1 and cannot be archived',
    ]);
    expect(await move('on_used', 'ARCHIVED')).toEqual([]);
    expect(await move('used', 'ARCHIVED', 1)).toEqual([]);
  });

  it('and a promotion at the same moment never both happen', async () => {
    for (let round = 0; round < 6; round += 1) {
      const name = `raced_${round}`;
      const version = await graph.addVersion(`race_${round}`, [await add(name)]);
      await move(name, 'DEPRECATED');
      await Promise.all([
        graph.promote(version, 'SHADOW'),
        round % 2 ? graph.ask('{ features { id } }') : null,
        move(name, 'ARCHIVED'),
      ]);
      const [row] = await database.db.query<{ stage: string; status: string }>(
        `select v.stage::text as stage, f.status::text as status from model_version v, feature f
         where v.id = $1 and f.name = $2`,
        [version, name],
      );
      expect([
        { stage: 'SHADOW', status: 'DEPRECATED' },
        { stage: 'CANDIDATE', status: 'ARCHIVED' },
      ]).toContainEqual(row);
    }
  });
});

describe('production', () => {
  it('takes approved features only, and the refusal names the others', async () => {
    const keys = [
      await add('ready'),
      await add('unready', 'DRAFT'),
      await add('retired', 'DEPRECATED'),
    ];
    const version = await graph.addVersion('gate', keys);
    const { userErrors } = await graph.promote(version);
    expect(userErrors).toEqual([
      {
        ...{ code: 'CONFLICT', path: ['version'] },
        message:
          'features must be APPROVED for PRODUCTION: unready@1 is DRAFT, retired@1 is DEPRECATED',
      },
    ]);
    expect(
      await graph.models.inStage([(await graph.models.byName('gate'))?.id ?? ''], 'PRODUCTION'),
    ).toEqual([]);
  });

  it('keeps a version whose feature is deprecated, and rolls back to it, but not to an archived one', async () => {
    const old = await graph.addVersion('keeps', [await add('kept')]);
    const next = await graph.addVersion('keeps', [await add('fresh')]);
    await graph.promote(old);
    expect(await move('kept', 'DEPRECATED')).toEqual([]);
    clock.advance(1000);
    expect((await graph.promote(next)).userErrors).toEqual([]);
    expect((await graph.promote(old)).userErrors[0]?.message).toContain('kept@1 is DEPRECATED');
    expect((await graph.rollBack('keeps')).version).toMatchObject({ id: old, stage: 'PRODUCTION' });

    clock.advance(1000);
    await graph.promote(next);
    expect(await move('kept', 'ARCHIVED')).toEqual([]);
    expect(messagesOf((await graph.rollBack('keeps')).userErrors)).toEqual([
      'features must be APPROVED or DEPRECATED for PRODUCTION: kept@1 is ARCHIVED',
    ]);
    clock.set(now);
  });
});

describe('the search', () => {
  it.each([
    ['usedByModel: "nobody"', 'filter.usedByModel: no model is named nobody'],
    ['text: ""', 'filter.text must be 1..200 characters, got 0'],
    ['dependsOn: "A b"', 'filter.dependsOn must be a name or name@version, got A b'],
  ])('refuses { %s }', async (filter, message) => {
    const { errors } = await graph.ask(`{ features(filter: { ${filter} }) { id } }`);
    expect(errors?.[0]?.message).toBe(message);
  });

  it('takes status, tags and filter together', async () => {
    await add('found_me', 'REVIEW', { tags: ['test', 'rare'], description: 'A needle' });
    const { data } = await graph.ask(
      `query ($from: DateTime!) { features(status: [REVIEW], tags: ["rare", "test"], filter: {
        text: "NEEDLE", types: [NUMERICAL], units: ["count"], definitionKinds: [EVENTS],
        lineage: "event.user_id", hasStatistics: false, createdAt: { gte: $from } }) { id } }`,
      { from: now.toISOString() },
    );
    expect(data.features).toEqual([{ id: 'Feature:found_me@1' }]);
  });

  it('sees a change of status at once, and tags never widen it', async () => {
    await add('moving', 'DRAFT', { tags: ['moving', 'other'] });
    const statuses = ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED'];
    const next = ['REVIEW', 'DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED', 'DRAFT'];
    for (const to of next) {
      expect(await move('moving', to)).toEqual([]);
      const { data } = await graph.ask(
        `{ ${statuses.map((each) => `${each}: features(status: [${each}], tags: ["moving"]) { name }`).join(' ')} }`,
      );
      const held = statuses.filter((each) => data[each].length > 0);
      expect(held).toEqual([to]);
    }
    const tagged = async (tags: string[]): Promise<{ id: string; tags: string[] }[]> =>
      (await graph.ask(`query ($tags: [String!]) { features(tags: $tags) { id tags } }`, { tags }))
        .data.features;
    const all = await tagged([]);
    const tag = fc.constantFrom('moving', 'other', 'test', 'rare', 'unknown');
    await fc.assert(
      fc.asyncProperty(fc.array(tag, { maxLength: 3 }), async (tags) => {
        const both = all.filter((row) => tags.every((each) => row.tags.includes(each)));
        expect(await tagged(tags)).toEqual(both);
      }),
      { numRuns: 20 },
    );
  });
});
