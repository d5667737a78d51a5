import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { openDatabase } from '../../src/plant/database.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Database } from '../../src/plant/ports.js';
import { ledgerPartitionStore } from '../../src/prediction/ledger-partition.store.js';
import { predictionStore, type NewPrediction } from '../../src/prediction/prediction.store.js';
import { shadowStore } from '../../src/prediction/shadow.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { batchOf } from '../support/ledger-batch.js';

const MODEL = '01900000-0000-7000-8000-0000000000a1';
const VERSION = '01900000-0000-7000-8000-0000000000a2';
let database: TestDatabase;
let db: Database;
let users: number[];

beforeAll(async () => {
  database = await testDatabase();
  ({ db } = database);
  const rows = await db.query<{ id: number }>(
    `insert into customer (external_id) select 'u' || n from generate_series(1, 5) n returning id`,
  );
  users = rows.map(({ id }) => id);
});
afterAll(() => database.drop());

const scoreOf = (userId: number, scoredAt: Date, jobId: string | null = null): NewPrediction => ({
  userId,
  modelId: MODEL,
  modelVersionId: VERSION,
  probability: 0.25,
  threshold: 0.5,
  source: 'MODEL',
  asOf: scoredAt,
  scoredAt,
  latencyMs: 1,
  inputs: { numeric: Float32Array.of(userId, NaN), categorical: ['a'] },
  jobId,
});

const partOf = async (id: number | null | undefined): Promise<string | undefined> =>
  (
    await db.query<{ part: string }>(
      'select tableoid::regclass::text as part from prediction where id = $1',
      [id],
    )
  )[0]?.part;

describe('The ledger is append-only', () => {
  it.each([
    ['an UPDATE', `update prediction set probability = 0.9 where id = $1`, 'UPDATE'],
    ['an UPDATE of a part', `update %s set threshold = 0 where id = $1`, 'UPDATE'],
    ['a DELETE', `delete from prediction where id = $1`, 'DELETE'],
    ['a DELETE from a part', `delete from %s where id = $1`, 'DELETE'],
  ])('%s is refused, and names the row', async (_, statement, verb) => {
    const store = predictionStore(db);
    const [id] = await store.write([scoreOf(users[0] ?? 0, new Date())]);
    const part = (await partOf(id)) ?? '';
    await expect(db.query(statement.replace('%s', part), [id])).rejects.toThrow(
      `the ledger is append-only: ${verb} of prediction ${id} refused`,
    );
    expect((await store.byIds([id ?? 0]))[0]?.probability).toBe(0.25);
  });
});

describe('The months of the ledger', () => {
  it('are made where a score falls outside of them, once, by many writers at the same moment', async () => {
    const store = predictionStore(db);
    const at = new Date('2031-02-28T23:59:59.999Z');
    const next = new Date('2031-03-01T00:00:00.000Z');
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        predictionStore(db).write(users.map((id) => scoreOf(id, i % 2 ? at : next))),
      ),
    );
    expect(new Set(ids.flat()).size).toBe(8 * users.length);
    expect(await partOf(ids[1]?.[0])).toBe('prediction_2031_02');
    expect(await partOf(ids[0]?.[0])).toBe('prediction_2031_03');
    const jobId = randomUUID();
    const late = new Date('2032-01-01T00:00:00.000Z');
    const written = await store.writeBatch(
      batchOf(
        jobId,
        0,
        0,
        users.map((id) => scoreOf(id, late)),
      ),
    );
    expect(written).toMatchObject({ rows: users.length, positive: 0 });
    if (written === 'taken' || !written.range) throw new Error('not written');
    expect(await partOf(written.range.until)).toBe('prediction_2032_01');
    expect((await store.byIds([written.range.from]))[0]?.inputs).toEqual({
      numeric: Float32Array.of(users[0] ?? 0, NaN),
      categorical: ['a'],
    });
  });

  it('give the newest score of a customer, and pages, over their borders', async () => {
    const store = predictionStore(db);
    const [user = 0] = await db
      .query<{ id: number }>(`insert into customer (external_id) values ('pager') returning id`)
      .then((rows) => rows.map(({ id }) => id));
    const ids = [];
    for (const month of ['01', '02', '03', '04'])
      ids.push(...(await store.write([scoreOf(user, new Date(`2033-${month}-15T00:00:00Z`))])));
    const page = { userId: user, modelId: MODEL, first: 2, after: null };
    const [newest] = await store.pages([page]);
    expect(newest?.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[1]]);
    const [older] = await store.pages([{ ...page, after: ids[2] ?? 0 }]);
    expect(older?.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
  });

  it('are dropped whole, with an audit entry, and wait for nobody for long', async () => {
    const months = ledgerPartitionStore(db, auditStore, { lockTries: 2 });
    const [id] = await predictionStore(db).write([
      scoreOf(users[0] ?? 0, new Date('2020-05-05T00:00:00Z')),
    ]);
    const may = (await months.months()).find(({ name }) => name === 'prediction_2020_05');
    if (!may) throw new Error('no month');
    const shadow = {
      ...{ predictionId: id ?? 0, modelVersionId: randomUUID(), modelId: randomUUID() },
      ...{ userId: users[0] ?? 0, probability: 0.5, threshold: 0.5 },
      ...{ answered: 0.4, answeredPositive: false },
    };
    const spoken = [new Date('2020-05-05T00:00:01Z'), new Date('2020-06-01T00:00:00Z')];
    await shadowStore(db).write(
      spoken.map((scoredAt, n) => ({ ...shadow, predictionId: shadow.predictionId + n, scoredAt })),
    );
    expect([may.from, may.until]).toEqual([
      new Date('2020-05-01T00:00:00Z'),
      new Date('2020-06-01T00:00:00Z'),
    ]);
    const at = new Date('2026-11-21T12:00:00Z');
    const held = await db.transaction(async (sql) => {
      await sql.query('select 1 from prediction where id = $1', [id]);
      return months.drop(may, at, 30);
    });
    expect(held).toBe('busy');
    expect(await partOf(id)).toBe('prediction_2020_05');
    expect(await months.drop(may, at, 30)).toBe('dropped');
    expect(await months.drop(may, at, 30)).toBe('gone');
    expect(await predictionStore(db).byIds([id ?? 0])).toEqual([]);
    expect(await db.query('select scored_at as at from shadow_score')).toEqual([{ at: spoken[1] }]);
    const [entry] = await db.query(
      `select actor, action, detail from audit_entry where subject = 'Ledger:prediction_2020_05'`,
    );
    expect(entry).toMatchObject({
      actor: 'augury',
      action: 'dropped',
      detail: { predictions: 1, days: 30 },
    });
  });
});

describe('A ledger from before it lay in months', () => {
  it('keeps every row and id, goes on counting, and its runs go on behind what they wrote', async () => {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    const admin = new pg.Client(inject('postgresUrl'));
    await admin.connect();
    await admin.query(`create database ${name}`);
    const url = new URL(inject('postgresUrl'));
    url.pathname = `/${name}`;
    const old = openDatabase(url.toString());
    try {
      const folder = path.join(projectRoot, 'prisma', 'migrations');
      const names = fs.readdirSync(folder).filter((each) => /^\d/.test(each));
      const last = names.findIndex((each) => each.endsWith('_ledger_partitions'));
      const apply = (each: string) =>
        old.query(fs.readFileSync(path.join(folder, each, 'migration.sql'), 'utf8'));
      for (const each of names.sort().slice(0, last)) await apply(each);
      const jobId = randomUUID();
      await old.query(
        `insert into customer (external_id) select 'u' || n from generate_series(1, 90) n`,
      );
      await old.query(
        `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
           latency_ms, numeric, categorical, job_id)
         select 1 + n % 90, $1, $2, (n % 100) / 100.0, 0.5, 'MODEL', at, at, 1, '\\x0000803f', array['x'],
           case when n <= 40 then $3::uuid end
         from generate_series(1, 200) n, lateral (select timestamptz '2026-03-30' + n * interval '12 hours' as at) t`,
        [MODEL, VERSION, jobId],
      );
      const all = () => old.query('select * from prediction order by id');
      const before = await all();
      await apply(names[last] ?? '');
      expect(await all()).toEqual(before);
      const parts = await ledgerPartitionStore(old, auditStore).months();
      expect(parts.map((part) => part.name).slice(0, 4)).toEqual(
        ['03', '04', '05', '06'].map((month) => `prediction_2026_${month}`),
      );
      const store = predictionStore(old);
      expect(await store.runState(jobId)).toEqual({
        batches: 1,
        lastUserId: 41,
        looked: 41,
        rows: 40,
        positive: 0,
      });
      expect(await store.write([scoreOf(1, new Date())])).toEqual([201]);
    } finally {
      await old.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    }
  });
});
