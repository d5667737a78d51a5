import 'reflect-metadata';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rejectedSink } from '../../src/cli/import/rejected-sink.js';
import { composeIngest } from '../../src/compose-data.js';
import { composePrivacyRoom } from '../../src/compose-privacy.js';
import { rejectedRowStore } from '../../src/job/rejected-row.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { recordOutcomes } from '../../src/model/record-outcomes.js';
import { CANARIES, CANARY, placesOf, plantCanary, temporaryTombstones } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';

let database: TestDatabase;
let place: ReturnType<typeof temporaryTombstones>;
let room: ReturnType<typeof composePrivacyRoom>;
let ingest: ReturnType<typeof composeIngest>;
const ERASED_AT = new Date('2026-11-21T12:00:00Z');
const clock = manualClock(ERASED_AT);
const OLD_ROW = {
  externalId: CANARY.externalId,
  name: CANARY.name,
  email: CANARY.email,
  registeredAt: new Date('2025-01-01T00:00:00Z'),
};

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  const { db } = database;
  await db.query('truncate customer, event, event_key, erasure, rejected_row, audit_entry cascade');
  await db.query('truncate outcome, prediction, model, model_version, artifact, device cascade');
  await db.query('truncate user_device, ticket, job, feature_statistics, quality_scan');
  clock.set(ERASED_AT);
  place = temporaryTombstones();
  await plantCanary(db, clock);
  room = composePrivacyRoom({ db, clock, log: keptLog(), bus: null, tombstones: place.file });
  ingest = composeIngest(db, clock, {
    erasedBefore: room.erasedBefore,
    keepRejected: rejectedRowStore(db).write,
  });
  await room.eraseUser(CANARY.externalId, 'test');
  clock.advance(3_600_000);
  return () => place.remove();
});

describe('The profile of an erased customer', () => {
  it.each([
    ['an older registration', OLD_ROW, '2025-01-01T00:00:00.000Z'],
    [
      'the instant of the erasure',
      { ...OLD_ROW, registeredAt: ERASED_AT },
      '2026-11-21T12:00:00.000Z',
    ],
    ['no registration', { externalId: CANARY.externalId, name: CANARY.name }, 'none'],
    ['a registration that is null', { ...OLD_ROW, registeredAt: null }, 'none'],
  ])('is refused with %s, and nothing of it is kept', async (_, row, got) => {
    const result = await ingest.upsertUsers([row, { externalId: 'neighbour', name: 'Ada' }]);
    expect(result).toEqual({
      created: 0,
      updated: 1,
      rejected: [
        {
          index: 0,
          code: 'FORBIDDEN',
          message: `externalId was erased at 2026-11-21T12:00:00.000Z, a profile is taken with a registeredAt after that, got ${got}`,
        },
      ],
    });
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    expect(
      await database.db.query(
        `select code, user_key, row from rejected_row where source = 'upsertUsers'`,
      ),
    ).toEqual([{ code: 'FORBIDDEN', user_key: null, row: {} }]);
  });

  it('is not in the file of an import’s refused rows either', async () => {
    const sink = rejectedSink(
      { writeRejectedRows: () => Promise.resolve(), clock, dataDir: path.dirname(place.file) },
      { jobId: 'job', source: 'crm', input: 'users.csv', file: null },
    );
    const { externalId } = CANARY;
    const reason = { code: 'FORBIDDEN', message: 'externalId was erased', row: { externalId } };
    await sink.add([{ line: 2, ...reason, userKey: externalId } as never]);
    const file = await sink.close();
    expect(JSON.parse(fs.readFileSync(file ?? '', 'utf8'))).toEqual({
      line: 2,
      ...reason,
      userKey: null,
      row: {},
    });
  });

  it('is taken with a registration after the erasure, and from then on without', async () => {
    const registeredAt = new Date('2026-11-21T12:30:00Z');
    const { externalId } = CANARY;
    const back = await ingest.upsertUsers([
      { externalId, email: 'too@early.example' },
      { externalId, name: 'Back', registeredAt },
      { externalId, attributes: { plan: 'new' } },
    ]);
    expect(back).toMatchObject({ created: 1, rejected: [{ index: 0 }] });
    const later = await ingest.upsertUsers([OLD_ROW, { externalId, attributes: { age: 40 } }]);
    expect(later).toMatchObject({ created: 0, updated: 1, rejected: [{ index: 0 }] });
    const [customer] = await ingest.users.byExternalIds([externalId]);
    expect(customer).toMatchObject({
      name: 'Back',
      email: null,
      registeredAt,
      attributes: { plan: 'new', age: 40 },
    });
  });

  it('is not written by a call that looked for erasures just before this one was made', async () => {
    const late = composeIngest(database.db, clock); // knows of no erasure
    const registeredAt = new Date('2026-11-21T12:30:00Z');
    const { externalId } = CANARY;
    const none = { created: 0, updated: 0, rejected: [] };
    expect(await late.upsertUsers([OLD_ROW])).toEqual(none);
    expect(await late.upsertUsers([{ externalId, name: CANARY.name }])).toEqual(none);
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    expect(await late.upsertUsers([{ externalId, registeredAt }, { externalId: 'new' }])).toEqual({
      ...none,
      created: 2,
    });
  });

  it('is not brought by an event after the erasure, which makes a bare customer', async () => {
    const { externalId } = CANARY;
    const event = {
      source: 'shop',
      type: 'visit',
      value: null,
      properties: null,
      user: externalId,
    };
    expect(
      await ingest.recordEvents([{ ...event, id: 'e', at: new Date('2026-11-21T12:30:00Z') }]),
    ).toMatchObject({ accepted: 1 });
    expect(await ingest.upsertUsers([OLD_ROW])).toMatchObject({ rejected: [{ index: 0 }] });
    const [customer] = await ingest.users.byExternalIds([externalId]);
    expect(customer).toMatchObject({ name: null, email: null, registeredAt: null, attributes: {} });
  });
});

describe('Who came back', () => {
  it('stays when the erasure is replayed, by their registration alone', async () => {
    const { externalId } = CANARY;
    const registeredAt = new Date('2026-11-21T12:30:00Z');
    await ingest.upsertUsers([{ externalId, name: 'Back', registeredAt }]);
    await database.db.query('truncate erasure'); // as a restore of a database that does not know it
    expect(await room.replay()).toMatchObject({ unknown: 1, erased: 0 });
    expect(await ingest.users.byExternalIds([externalId])).toMatchObject([{ name: 'Back' }]);
  });

  it('is told no outcome from before the erasure', async () => {
    const written: unknown[] = [];
    const record = recordOutcomes({
      models: () => Promise.resolve([{ id: 'm', name: 'churn' } as never]),
      userIds: (keys) => Promise.resolve(new Map(keys.map((key, i) => [key, i]))),
      predictionTargets: () => Promise.resolve(new Map()),
      record: (rows) => {
        written.push(...rows);
        return Promise.resolve({ written: rows.length, unchanged: 0 });
      },
      wall: () => clock.wall(),
      erasedBefore: room.erasedBefore,
    });
    const outcome = { model: 'churn', positive: true, source: 'crm' };
    const after = new Date(ERASED_AT.getTime() + 1);
    const result = await record([
      { ...outcome, user: CANARY.externalId, at: ERASED_AT },
      { ...outcome, user: CANARY.externalId, at: after },
      { ...outcome, user: 'neighbour', at: ERASED_AT },
    ]);
    expect(result.rejected).toEqual([
      {
        index: 0,
        code: 'FORBIDDEN',
        message:
          'user was erased at 2026-11-21T12:00:00.000Z, no outcome until then is taken, got 2026-11-21T12:00:00.000Z',
      },
    ]);
    expect(written).toMatchObject([{ at: after }, { at: ERASED_AT }]);
  });
});
