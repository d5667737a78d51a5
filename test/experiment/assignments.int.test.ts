import 'reflect-metadata';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { variantFor } from '../../src/experiment/assign.js';
import { manualClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  experimentLab,
  experimentMutations,
  type ExperimentLab,
} from '../support/experiment-lab.js';
import { memoryBus } from '../support/memory-bus.js';

const START = new Date('2026-03-02T00:00:00Z');
const clock = manualClock(START);
const bus = memoryBus();
let database: TestDatabase;
let lab: ExperimentLab;

beforeAll(async () => {
  database = await testDatabase();
  lab = await experimentLab(database.db, bus, clock);
  await lab.upsert(Array.from({ length: 60 }, (_, i) => ({ externalId: `u-${i}` })));
});
afterAll(async () => {
  await lab.close();
  await database.drop();
});
beforeEach(() => {
  clock.set(START);
});
afterEach(async () => {
  await lab.serving.exposures.flush();
  await database.db.query('truncate experiment, variant, assignment, feed_entry cascade');
  await lab.serving.running.refresh();
});

const { running } = experimentMutations(() => lab);
const ASSIGNMENTS = `{ users(first: 100) { nodes { externalId
  assignments { experiment { key } variant { key } source assignedAt exposures } } } }`;
interface Told {
  externalId: string;
  assignments: {
    experiment: { key: string };
    variant: { key: string };
    source: string;
    assignedAt: string;
    exposures: number;
  }[];
}
const read = async () => {
  const { data, errors, counts } = await lab.ask(ASSIGNMENTS);
  expect(errors).toBeUndefined();
  return { nodes: (data as { users: { nodes: Told[] } }).users.nodes, counts };
};
const rows = () =>
  database.db.query<{ user: string; variant: string; exposures: number; assignedAt: Date }>(
    `select c.external_id as "user", a.variant_key as variant, a.exposures, a.assigned_at as "assignedAt"
     from assignment a join customer c on c.id = a.user_id order by c.id`,
  );

describe('assignments', () => {
  it('are what the hash says, in three statements however many customers', async () => {
    const experiment = await running();
    await running({ key: 'second' });
    const { nodes, counts } = await read();
    // the page, what is recorded, the exposures
    expect(counts.sql).toBe(3);
    expect(nodes).toHaveLength(60);
    for (const { externalId, assignments } of nodes) {
      expect(assignments).toHaveLength(2);
      const own = assignments.find((each) => each.experiment.key === 'winback');
      expect(own).toEqual({
        ...{ experiment: { key: 'winback' }, source: 'HASH', exposures: 1 },
        ...{
          variant: { key: variantFor(experiment, externalId)?.key },
          assignedAt: clock.now().toISOString(),
        },
      });
    }
    expect(await rows()).toHaveLength(120);
    const again = await read();
    expect(again.counts.sql).toBe(2);
  });

  it('are told of one experiment alone, and nobody is exposed to another', async () => {
    await running();
    await running({ key: 'second' });
    const { data, counts } = await lab.ask(
      `{ users(first: 100) { nodes { one: assignments(experiment: "second") { experiment { key } }
         none: assignments(experiment: "third") { experiment { key } } } } }`,
    );
    const { nodes } = (data as { users: { nodes: { one: object[]; none: object[] }[] } }).users;
    for (const { one, none } of nodes)
      expect([one, none]).toEqual([[{ experiment: { key: 'second' } }], []]);
    expect(counts.sql).toBe(4);
    expect(await rows()).toHaveLength(60);
    expect((await read()).nodes.every(({ assignments }) => assignments.length === 2)).toBe(true);
    expect(await rows()).toHaveLength(120);
  });

  it('are written once under 50 concurrent reads, and every read is counted', async () => {
    await running();
    clock.advance(1_000);
    const answers = await Promise.all(Array.from({ length: 50 }, () => read()));
    expect(
      new Set(
        answers.map(({ nodes }) =>
          JSON.stringify(nodes.map((node) => node.assignments[0]?.variant)),
        ),
      ).size,
    ).toBe(1);
    clock.advance(1_000);
    await read();
    await lab.serving.exposures.flush();
    const written = await rows();
    expect(written).toHaveLength(60);
    for (const row of written)
      expect(row).toMatchObject({ exposures: 51, assignedAt: new Date(START.getTime() + 1_001) });
    const { data } =
      await lab.ask(`{ user(externalId: "u-1") { assignments { exposures lastExposedAt } }
      experiment(key: "winback") { variants { users } } }`);
    expect(data).toMatchObject({
      user: {
        assignments: [
          { exposures: 51, lastExposedAt: new Date(START.getTime() + 2_001).toISOString() },
        ],
      },
    });
    const { variants } = (data as { experiment: { variants: { users: number }[] } }).experiment;
    expect(variants.reduce((sum, { users }) => sum + users, 0)).toBe(60);
  });

  it('come out of the SQL of the document as out of the program', async () => {
    const variants = [
      { key: 'control', weight: 2 },
      ...['low', 'high'].map((key) => ({ key, weight: 1.5 })),
    ];
    const part = await running({ key: 'part', variants, trafficShare: 0.6, holdoutShare: 0.1 });
    const all = await running({ key: 'all', variants });
    const document = fs.readFileSync(path.join(projectRoot, 'docs/experiments.md'), 'utf8');
    const [, declaration = '', question = ''] =
      /```sql\n(create function.*?\$\$;)\n\n(select.*?);\n```/s.exec(document) ?? [];
    await database.db.transaction(async (sql) => {
      await sql.query(declaration);
      const found = await sql.query<{ external_id: string; key: string; variant: string | null }>(
        question,
      );
      expect(found).toHaveLength(120);
      for (const { external_id, key, variant } of found)
        expect(variant).toBe(variantFor(key === 'part' ? part : all, external_id)?.key ?? null);
      expect(new Set(found.map(({ variant }) => variant)).size).toBe(4);
    });
  });

  it('stay the same after a restart', async () => {
    await running();
    const before = await read();
    const second = await experimentLab(database.db, bus, clock);
    try {
      const { data } = await second.ask(ASSIGNMENTS);
      const { nodes } = (data as { users: { nodes: Told[] } }).users;
      expect(nodes).toEqual(before.nodes);
      await second.serving.exposures.flush();
      expect((await rows()).every(({ exposures }) => exposures === 2)).toBe(true);
    } finally {
      await second.close();
    }
  });

  it('are given inside the window only, and shown afterwards as they were recorded', async () => {
    const window = { startsAt: '2026-03-03T00:00:00Z', endsAt: '2026-03-04T00:00:00Z' };
    const { startsAt, endsAt } = await running(window);
    expect((await read()).nodes.every(({ assignments }) => assignments.length === 0)).toBe(true);
    expect(await rows()).toEqual([]);
    clock.set(startsAt);
    const inside = await read();
    expect(inside.nodes.every(({ assignments }) => assignments.length === 1)).toBe(true);
    clock.set(endsAt);
    await database.db.query(`delete from assignment where user_id > 30`);
    await lab.serving.exposures.flush();
    const after = await read();
    expect(after.nodes.filter(({ assignments }) => assignments.length === 1)).toHaveLength(30);
    await lab.serving.exposures.flush();
    expect((await rows()).every(({ exposures }) => exposures === 1)).toBe(true);
  });

  it('are never made of who opted out or was erased, nor is a repeat counted', async () => {
    const { id } = await running();
    const consent = (agrees: boolean) =>
      database.db.query(
        'update customer set consent_profiling = $1 where external_id in ($2, $3)',
        [agrees, 'u-0', 'u-1'],
      );
    const userIds = await lab.users.idsByExternalId(['u-0', 'u-1', 'u-2']);
    const exposed = [...userIds.values(), 999_999].map((userId) => ({
      ...{ experimentId: id, userId, variantKey: 'control' },
    }));
    await consent(false);
    try {
      const { nodes } = await read();
      expect(
        nodes
          .filter(({ assignments }) => assignments.length === 0)
          .map(({ externalId }) => externalId)
          .sort(),
      ).toEqual(['u-0', 'u-1']);
      await lab.serving.exposures.expose(exposed, clock.now());
      expect((await rows()).filter(({ user }) => ['u-0', 'u-1'].includes(user))).toEqual([]);
      expect(await rows()).toHaveLength(58);
      await consent(true);
      await read();
      await consent(false);
      await lab.serving.exposures.expose(exposed, clock.now());
      await lab.serving.exposures.flush();
      const counted = new Map((await rows()).map(({ user, exposures }) => [user, exposures]));
      expect([counted.get('u-0'), counted.get('u-2')]).toEqual([1, 4]);
    } finally {
      await consent(true);
    }
  });

  it('wait for an erasure that is under way, and leave no row behind it', async () => {
    const { id } = await running();
    await lab.upsert([{ externalId: 'gone' }]);
    const userId = (await lab.users.idsByExternalId(['gone'])).get('gone') ?? 0;
    let exposing: Promise<void> = Promise.resolve();
    await database.db.transaction(async (sql) => {
      await sql.query('lock table erasure in access exclusive mode');
      await sql.query('delete from customer where id = $1', [userId]);
      exposing = lab.serving.exposures.expose(
        [{ experimentId: id, userId, variantKey: 'control' }],
        clock.now(),
      );
      const [waits] = await database.db.query<{ waits: boolean }>(
        `select pg_sleep(0.05) is not null as waits`,
      );
      expect(waits?.waits).toBe(true);
    });
    await exposing;
    expect(await rows()).toEqual([]);
  });

  it('group customers by the arm they were told', async () => {
    await running({ holdoutShare: 0.2 });
    await read();
    const groups = async (name: string | null) =>
      lab.ask(
        `query ($name: String) { userGroups(groupBy: [{ kind: ASSIGNMENT, name: $name }]) { key count } }`,
        { name },
      );
    const { data } = await groups('winback');
    const told = await rows();
    const count = (variant: string) => told.filter((row) => row.variant === variant).length;
    const found = (data as { userGroups: { key: (string | null)[]; count: number }[] }).userGroups;
    expect(new Map(found.map((group) => [group.key[0], group.count]))).toEqual(
      new Map([
        ['control', count('control')],
        ['offer', count('offer')],
        [null, 60 - told.length],
      ]),
    );
    expect((await groups('none')).errors?.[0]?.message).toBe(
      'groupBy.0: no experiment has the key none',
    );
    expect((await groups(null)).errors?.[0]?.message).toContain('needs the key of an experiment');
  });
});

describe('exposures', () => {
  it('are not lost when counting fails: they wait and are tried again', async () => {
    const { id } = await running();
    const { openExposures } = await import('../../src/experiment/expose.js');
    const { expose, count } = lab.serving.assignments;
    let fails = true;
    const exposures = openExposures({
      expose,
      count: (repeats) => (fails ? Promise.reject(new Error('away')) : count(repeats)),
      log: lab.log,
      everyMs: 3_600_000,
    });
    const userId = (await lab.users.idsByExternalId(['u-5'])).get('u-5') ?? 0;
    for (let i = 0; i < 4; i += 1) {
      await exposures.expose([{ experimentId: id, userId, variantKey: 'control' }], clock.now());
      await exposures.flush();
    }
    expect(await rows()).toMatchObject([{ exposures: 1 }]);
    fails = false;
    await exposures.close();
    expect(await rows()).toMatchObject([{ exposures: 4 }]);
  });
});
