import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { composePrivacyRoom } from '../../src/compose-privacy.js';
import { manualClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import { outcomeStore } from '../../src/model/outcome.store.js';
import { predictionStore, type NewPrediction } from '../../src/prediction/prediction.store.js';
import { parseTombstones } from '../../src/privacy/tombstone-file.js';
import { backupOf, CANARIES, CANARY, placesOf, plantCanary } from '../support/canary.js';
import { temporaryTombstones } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { batchOf } from '../support/ledger-batch.js';
import { eventFixture } from '../support/event-fixture.js';
import { keptLog } from '../support/quiet-log.js';

let database: TestDatabase;
let place: ReturnType<typeof temporaryTombstones>;
let userId: number;
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const MODEL = '00000000-0000-7000-8000-000000000001';
const VERSION = '00000000-0000-7000-8000-000000000002';

const roomOf = (file = place.file) =>
  composePrivacyRoom({ db: database.db, clock, log: keptLog(), bus: null, tombstones: file });

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  await database.db.query(
    'truncate customer, event, event_key, erasure, outcome, prediction cascade',
  );
  await database.db.query(
    'truncate device, user_device, ticket, rejected_row, audit_entry, job, feature_statistics, quality_scan',
  );
  await database.db.query('truncate model, model_version, artifact');
  clock.set(new Date('2026-11-21T12:00:00Z'));
  place = temporaryTombstones();
  ({ userId } = await plantCanary(database.db, clock));
  return () => place.remove();
});

describe('eraseUser', () => {
  it('refuses a key that no customer has, and says so of one that was erased', async () => {
    const room = roomOf();
    expect(await room.eraseUser('nobody', 'test')).toEqual({
      receipt: null,
      error: {
        code: 'NOT_FOUND',
        message: 'no customer has the externalId nobody',
        path: ['externalId'],
      },
    });
    await room.eraseUser(CANARY.externalId, 'test');
    clock.advance(60_000);
    const { error } = await room.eraseUser(CANARY.externalId, 'test');
    expect(error?.message).toBe('the customer was erased at 2026-11-21T12:00:00.000Z');
  });

  it('erases nothing while a table of ours states no policy, and names it', async () => {
    await database.db.query('create table diary (text text)');
    try {
      await expect(roomOf().eraseUser(CANARY.externalId, 'test')).rejects.toThrow(
        /table public\.diary states no privacy policy/,
      );
      expect((await placesOf(database.db, CANARIES)).length).toBeGreaterThan(0);
      await database.db.query(`comment on table diary is 'privacy: by owner as key'`);
      await expect(roomOf().eraseUser(CANARY.externalId, 'test')).rejects.toThrow(
        /public\.diary has no column owner/,
      );
    } finally {
      await database.db.query('drop table diary');
    }
  });

  it('takes in a table that nobody told it of when the table has a user_id', async () => {
    await database.db.query('create table diary (user_id bigint, text text)');
    try {
      await database.db.query(`insert into diary values ($1, 'mine'), ($1 + 1000, 'not mine')`, [
        userId,
      ]);
      const { receipt } = await roomOf().eraseUser(CANARY.externalId, 'test');
      expect(receipt?.rows).toMatchObject({ diary: 1 });
      expect(await database.db.query('select text from diary')).toEqual([{ text: 'not mine' }]);
    } finally {
      await database.db.query('drop table diary');
    }
  });

  it('keeps a receipt without personal data, and an entry in the audit trail', async () => {
    const { receipt } = await roomOf().eraseUser(CANARY.externalId, 'dpo');
    const stored = await database.db.query(
      `select id, erased_by as by, models_trained_on as models, octet_length(key_hash) as hash from erasure`,
    );
    expect(stored).toEqual([{ id: receipt?.id, by: 'dpo', models: ['churn@1'], hash: 32 }]);
    const [entry] = await auditStore(database.db).bySubject(`Erasure:${receipt?.id}`);
    expect(entry).toMatchObject({ actor: 'dpo', action: 'erased' });
    const [version] = await database.db.query<{ canary: number }>(
      'select get_bit(trained_on, $1) as canary from model_version',
      [userId],
    );
    expect(version?.canary).toBe(0);
  });
});

describe('What was under way when the customer was erased', () => {
  const event = {
    source: 'api',
    type: 'purchase',
    value: 1,
    properties: null,
    user: CANARY.externalId,
    at: new Date('2026-11-20T00:00:00Z'),
  };

  it.each([1, 2_500])(
    'events whose customer was resolved before are not written: %d',
    async (size) => {
      const data = eventFixture(database.db, clock);
      const resolved = await data.users.resolve([CANARY.externalId, 'neighbour'], clock.wall());
      await roomOf().eraseUser(CANARY.externalId, 'test');
      const keys = Array.from({ length: size * 2 }, (_, i) => `late-${String(i).padStart(6, '0')}`);
      const typeIds = await data.types.idsOf(['purchase']);
      const accepted = await data.events.insert({
        receivedAt: clock.wall(),
        sourceIds: keys.map(() => 1),
        keys,
        userIds: keys.map((_, i) => resolved.get(i % 2 ? 'neighbour' : CANARY.externalId) ?? 0),
        typeIds: keys.map(() => typeIds.get('purchase') ?? 0),
        atMs: keys.map(() => event.at.getTime()),
        values: keys.map(() => 1),
        properties: keys.map(() => null),
        deviceIds: null,
        keepBefore: null,
      });
      expect(accepted).toBe(size);
      const left = await database.db.query('select from event where user_id = $1', [userId]);
      expect(left).toHaveLength(0);
    },
  );

  it('an event statement that waits for the erasure sees that the customer is gone', async () => {
    const data = eventFixture(database.db, clock);
    await data.record([{ ...event, id: 'warm' }]);
    const room = roomOf();
    const results = await Promise.all([
      room.eraseUser(CANARY.externalId, 'test'),
      ...Array.from({ length: 60 }, (_, i) => data.record([{ ...event, id: `during-${i}` }])),
    ]);
    expect(results[0].receipt).not.toBeNull();
    const orphans = await database.db.query(
      'select from event e where not exists (select from customer c where c.id = e.user_id)',
    );
    expect(orphans).toHaveLength(0);
    // who came back meanwhile has nothing from before
    const risen = await database.db.query(
      'select from event e join customer c on c.id = e.user_id where c.external_id = $1',
      [CANARY.externalId],
    );
    expect(risen).toHaveLength(0);
  });

  it.each([1, 2_500])(
    'an event statement that began while it ran waits for it: %d',
    async (size) => {
      const data = eventFixture(database.db, clock);
      const many = (name: string) =>
        Array.from({ length: size }, (_, i) => ({ ...event, id: `${name}-${i}` }));
      await data.record(many('before')); // the statement is prepared
      const late = await database.db.transaction(async (sql) => {
        await sql.query('lock table erasure in access exclusive mode');
        await sql.query('delete from customer where id = $1', [userId]);
        await sql.query(
          `insert into erasure (id, key_hash, erased_at, erased_by, rows, models_trained_on)
           values (gen_random_uuid(), '\\x00', '2020-01-01', 'test', '{}', '{}')`, // old: done again after a restore
        );
        const writing = data.record(many('during'));
        for (let waiting = 0; waiting === 0;) {
          const [row] = await sql.query<{ waiting: number }>(
            `select count(*) as waiting from pg_locks where not granted and relation = 'erasure'::regclass`,
          );
          waiting = row?.waiting ?? 0;
        }
        return { writing };
      });
      expect((await late.writing).accepted).toBe(0);
    },
  );

  it.each([1, 2_500])('a key that comes back does so without what is older: %d', async (size) => {
    await roomOf().eraseUser(CANARY.externalId, 'test');
    clock.advance(60_000);
    const data = eventFixture(database.db, clock); // a process that has not heard of it
    const old = Array.from({ length: size }, (_, i) => ({ ...event, id: `old-${i}` }));
    const since = { ...event, id: 'since', at: new Date('2026-11-21T12:00:30Z') };
    expect((await data.record([...old, since])).accepted).toBe(1);
    const [risen] = await data.users.byExternalIds([CANARY.externalId]);
    const keys = await database.db.query('select key from event where user_id = $1', [risen?.id]);
    expect(keys).toEqual([{ key: 'since' }]);
  });

  it('scores and outcomes are not written, those of others are', async () => {
    const neighbour =
      (await eventFixture(database.db, clock).users.resolve(['neighbour'], clock.wall())).get(
        'neighbour',
      ) ?? 0;
    await roomOf().eraseUser(CANARY.externalId, 'test');
    const row: Omit<NewPrediction, 'userId'> = {
      modelId: MODEL,
      modelVersionId: VERSION,
      probability: 0.5,
      threshold: 0.5,
      source: 'MODEL',
      asOf: clock.wall(),
      scoredAt: clock.wall(),
      latencyMs: 1,
      inputs: { numeric: new Float32Array(1), categorical: [] },
      jobId: null,
    };
    const ledger = predictionStore(database.db);
    const ids = await ledger.write([
      { ...row, userId },
      { ...row, userId: neighbour },
      { ...row, userId },
      { ...row, userId: neighbour },
    ]);
    expect(ids.map((id) => id === null)).toEqual([true, false, true, false]);
    expect(ids[3]).toBe((ids[1] ?? 0) + 1);
    const jobId = '00000000-0000-7000-8000-00000000000a';
    const batch = [userId, neighbour].map((id) => ({ ...row, userId: id, jobId }));
    await ledger.writeBatch(batchOf(jobId, 0, 0, batch));
    expect((await ledger.runState(jobId)).rows).toBe(1);
    const outcome = {
      modelId: MODEL,
      at: clock.wall(),
      source: 'crm',
      positive: true,
      predictionId: null,
    };
    const { written } = await outcomeStore(database.db, clock).record([
      { ...outcome, userId },
      { ...outcome, source: 'shop', userId: neighbour },
    ]);
    expect(written).toBe(1);
  });

  it('a model that learned from the customer is not registered', async () => {
    const store = modelStore(database.db, clock, auditStore);
    const neighbour =
      (await eventFixture(database.db, clock).users.resolve(['neighbour'], clock.wall())).get(
        'neighbour',
      ) ?? 0;
    const version = {
      modelId: MODEL,
      algorithm: 'LOGISTIC',
      hyperparameters: {},
      seed: 1,
      featureNames: ['amount'],
      threshold: 0.5,
      trainingRows: 1,
      testRows: 1,
      dataFrom: null,
      dataUntil: null,
      dataHash: 'h',
      report: {} as never,
      trainedAt: clock.wall(),
      artifact: { sha256: 'b', bytes: new Uint8Array([1]), opset: 21 },
    } as unknown as Parameters<typeof store.registerVersion>[0];
    const both = [userId, neighbour];
    const first = await store.registerVersion({ ...version, jobId: null, trainedOn: both });
    const { receipt } = await roomOf().eraseUser(CANARY.externalId, 'test');
    expect(receipt?.modelsTrainedOn).toEqual(['churn@1', `churn@${first.version}`]);
    await expect(
      store.registerVersion({ ...version, jobId: null, trainedOn: both }),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('1 of the customers') as string,
    });
    await store.registerVersion({ ...version, jobId: null, trainedOn: [neighbour] });
  });
});

describe('Tombstones', () => {
  it('erase again what a restore brings back, and only once', async () => {
    const restore = await backupOf(database.db);
    await roomOf().eraseUser(CANARY.externalId, 'test');
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    await restore();
    expect((await placesOf(database.db, CANARIES)).length).toBeGreaterThan(10);
    expect(await roomOf().replay()).toEqual({ unknown: 1, erased: 1, events: 0, savedOutside: 0 });
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    expect(await roomOf().replay()).toEqual({ unknown: 0, erased: 0, events: 0, savedOutside: 0 });
    const { error } = await roomOf().eraseUser(CANARY.externalId, 'test');
    expect(error?.message).toBe('the customer was erased at 2026-11-21T12:00:00.000Z');
  });

  it('take from who came back after a restore only what is older than the erasure', async () => {
    const restore = await backupOf(database.db);
    await roomOf().eraseUser(CANARY.externalId, 'test');
    await restore();
    await database.db.query('delete from customer where id = $1', [userId]);
    await database.db.query('delete from event where user_id = $1', [userId]);
    clock.advance(3_600_000);
    const data = eventFixture(database.db, clock);
    const event = {
      source: 'shop',
      type: 'purchase',
      value: 1,
      properties: null,
      user: CANARY.externalId,
    };
    await data.record([
      { ...event, id: 'old', at: new Date('2026-11-20T00:00:00Z') },
      { ...event, id: 'new', at: new Date('2026-11-21T12:30:00Z') },
    ]);
    expect(await roomOf().replay()).toMatchObject({ unknown: 1, erased: 0, events: 1 });
    const [customer] = await data.users.byExternalIds([CANARY.externalId]);
    const left = await database.db.query('select key from event where user_id = $1', [
      customer?.id,
    ]);
    expect(left).toEqual([{ key: 'new' }]);
  });

  it('that are missing outside of the database are written there', async () => {
    await roomOf().eraseUser(CANARY.externalId, 'test');
    const before = place.text();
    const other = temporaryTombstones();
    try {
      expect(await roomOf(other.file).replay()).toMatchObject({ savedOutside: 1 });
      expect(other.text()).toBe(before);
    } finally {
      other.remove();
    }
  });

  it('refuse events until the erasure and take those after it as of a new customer', async () => {
    const room = roomOf();
    expect((await room.erasedBefore([CANARY.externalId])).size).toBe(0);
    await room.eraseUser(CANARY.externalId, 'test');
    const erased = await room.erasedBefore([CANARY.externalId, 'neighbour']);
    expect([...erased]).toEqual([[CANARY.externalId, new Date('2026-11-21T12:00:00Z')]]);
    // another process learns of it within a second
    const other = roomOf();
    expect((await other.erasedBefore([CANARY.externalId])).size).toBe(1);
  });

  it.each([
    ['{"id":"x"}', 1],
    ['\n{}', 2],
    ['{"id":"00000000-0000-7000-8000-000000000001","salt":"","hash":"","erasedAt":"now"}', 1],
  ])('that cannot be read are told with file and line: %s', (text, line) => {
    expect(() => parseTombstones(text, '/x/t.ndjson')).toThrow(
      `/x/t.ndjson, line ${line} is no tombstone`,
    );
  });

  it('pass over a line that a crash cut off, and go on behind it', async () => {
    await roomOf().eraseUser(CANARY.externalId, 'test');
    const whole = place.text();
    const fs = await import('node:fs/promises');
    await fs.appendFile(place.file, '{"id":"0000');
    expect(await roomOf().replay()).toMatchObject({ unknown: 0 });
    clock.advance(1_000);
    await roomOf().eraseUser('neighbour', 'test');
    expect(parseTombstones(place.text(), 'f')).toHaveLength(2);
    expect(place.text().startsWith(whole)).toBe(true);
  });
});
