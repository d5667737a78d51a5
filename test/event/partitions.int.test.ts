import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { composeEventUpkeep } from '../../src/compose-event-upkeep.js';
import { partitionEnsurer } from '../../src/event/event-partition.store.js';
import type { EventRow } from '../../src/event/event.js';
import { retentionStore } from '../../src/event/retention.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { openDatabase } from '../../src/plant/database.js';
import { eventFixture } from '../support/event-fixture.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const DAYS = 365;
let test: TestDatabase;
const clock = manualClock(new Date('2026-06-15T12:00:00Z'));

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());
beforeEach(async () => {
  const parts = await test.db.query<{ name: string }>('select name from event_partition');
  for (const { name } of parts) await test.db.query(`drop table ${name}`);
  await test.db.query('truncate event_partition, event_key, audit_entry, customer cascade');
});

const calls = (history: boolean) =>
  eventFixture(test.db, clock, { retention: { days: DAYS, history } }).record;
const upkeep = () => composeEventUpkeep(test.db, clock, DAYS);

function events(month: string, ids: readonly string[]): EventRow[] {
  return ids.map((id) => ({
    source: 'shop',
    id,
    user: 'u1',
    type: 'purchase',
    at: new Date(`${month}-10T08:00:00Z`),
    value: 1,
    properties: null,
  }));
}

async function names(): Promise<string[]> {
  const rows = await test.db.query<{ name: string }>(
    'select name from event_partition order by starts_at',
  );
  const attached = await test.db.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'event'::regclass`,
  );
  expect(attached.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
  return rows.map(({ name }) => name);
}

async function keys(): Promise<string[]> {
  const rows = await test.db.query<{ key: string }>('select key from event_key order by key');
  return rows.map(({ key }) => key);
}

describe('parts of the table of events', () => {
  it('are months, and whole years of history that is older than 426 days', async () => {
    await calls(true)([
      ...events('1997-03', ['a']),
      ...events('1997-12', ['b']),
      ...events('2025-05', ['c']),
      ...events('2026-06', ['d']),
    ]);
    expect(await names()).toEqual(['event_1997', 'event_2025_05', 'event_2026_06']);
  });

  it('stay months where a year has a month already', async () => {
    await calls(false)(events('2025-07', ['a']));
    clock.advance(2 * 365 * 86_400_000);
    try {
      await calls(true)(events('2025-09', ['b']));
    } finally {
      clock.advance(-2 * 365 * 86_400_000);
    }
    expect(await names()).toEqual(['event_2025_07', 'event_2025_09']);
  });

  it('are made three months ahead, and again without effect', async () => {
    for (let run = 0; run < 2; run += 1) {
      await upkeep().createMonthsAhead();
      expect(await names()).toEqual([6, 7, 8, 9].map((month) => `event_2026_0${month}`));
    }
  });

  it('are made once by ten processes that need them at the same moment, while others write', async () => {
    const others = Array.from({ length: 10 }, () => openDatabase(test.url, { max: 2 }));
    try {
      const results = await Promise.all(
        others.map((db, i) =>
          eventFixture(db, clock).record(
            ['2026-01', '2026-02', '2026-03', '2026-04'].flatMap((month) =>
              events(month, [`${month} ${i}`, `${month} shared`]),
            ),
          ),
        ),
      );
      expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(44);
    } finally {
      await Promise.all(others.map((db) => db.close()));
    }
    expect(await names()).toEqual([1, 2, 3, 4].map((month) => `event_2026_0${month}`));
  });

  it('are not remembered as there when making them was rolled back', async () => {
    const partitions = partitionEnsurer(test.db);
    const need = { atMs: [Date.UTC(2026, 4, 10)], madeAt: clock.wall(), keepBefore: null };
    await test.db.query('create table event_2026_05 ()'); // in the way
    await expect(partitions.ensure(need)).rejects.toThrow('already exists');
    await test.db.query('drop table event_2026_05');
    await partitions.ensure(need);
    expect(await names()).toEqual(['event_2026_05']);
  });

  it.each([
    ['small', 3],
    ['large', 2_500],
  ])('that were dropped by another process are made again for a %s batch', async (_, size) => {
    const record = calls(false);
    await record(events('2026-05', ['first']));
    const store = retentionStore(test.db, auditStore);
    expect(await store.drop('event_2026_05', clock.wall(), DAYS)).toBe('dropped');
    const ids = Array.from({ length: size }, (_each, i) => `again ${i}`);
    expect(await record(events('2026-05', ids))).toMatchObject({ accepted: size });
    expect(await names()).toEqual(['event_2026_05']);
  });
});

describe('retention', () => {
  it('drops months that passed out of it, with their keys, and writes it down; the rest stays', async () => {
    await calls(false)([...events('2025-07', ['old 1', 'old 2']), ...events('2025-08', ['new'])]);
    clock.set(new Date('2026-08-01T00:59:59Z')); // an hour of grace
    expect(await upkeep().lookAfterEvents()).toEqual({ dropped: [], busy: [] });
    clock.set(new Date('2026-08-01T01:00:00Z'));
    expect(await upkeep().lookAfterEvents()).toEqual({ dropped: ['event_2025_07'], busy: [] });
    clock.set(new Date('2026-06-15T12:00:00Z'));
    expect(await keys()).toEqual(['new']);
    expect((await names())[0]).toBe('event_2025_08');
    const [entry] = await auditStore(test.db).bySubject('Retention:event_2025_07');
    expect(entry).toMatchObject({
      actor: 'augury',
      action: 'dropped',
      detail: { events: 2, days: DAYS, from: '2025-07-01T00:00:00.000Z' },
    });
  });

  it('does nothing at 0 days, and nothing while questions are asked in the past', async () => {
    await calls(true)(events('2026-01', ['a']));
    clock.set(new Date('2036-01-01T00:00:00Z'));
    const forEver = composeEventUpkeep(test.db, clock, 0);
    expect(await forEver.lookAfterEvents()).toEqual({ dropped: [], busy: [] });
    const past = { ...clock, now: () => new Date('2026-02-01T00:00:00Z') };
    const inThePast = composeEventUpkeep(test.db, past, DAYS);
    expect(await inThePast.lookAfterEvents()).toEqual({ dropped: [], busy: [] });
    expect(await upkeep().lookAfterEvents()).toEqual({ dropped: ['event_2026_01'], busy: [] });
    clock.set(new Date('2026-06-15T12:00:00Z'));
  });

  it('refuses an event that is too old by name of the bound and the setting, and keeps what an import brings', async () => {
    const { accepted, rejected } = await calls(false)([
      ...events('2025-06', ['too old']),
      ...events('2025-07', ['held']),
    ]);
    expect(accepted).toBe(1);
    expect(rejected).toEqual([
      {
        index: 0,
        code: 'INVALID',
        message:
          'at must not be before 2025-06-15T12:00:00.000Z, got 2025-06-10T08:00:00.000Z: events are held for 365 days (AUGURY_RETENTION_DAYS)',
      },
    ]);
    expect(
      await calls(true)([...events('2025-06', ['too old']), ...events('2025-07', ['more'])]),
    ).toMatchObject({ accepted: 2, rejected: [] });
    const parts = await retentionStore(test.db, auditStore).partitions();
    expect(parts.map(({ name, kept }) => [name, kept])).toEqual([
      ['event_2025_06', true],
      ['event_2025_07', false],
    ]);
    clock.set(new Date('2027-01-01T00:00:00Z'));
    expect((await upkeep().lookAfterEvents()).dropped).toEqual(['event_2025_07']);
    clock.set(new Date('2026-06-15T12:00:00Z'));
    expect(await keys()).toEqual(['too old']);
  });

  it('loses no event of an import that writes while its month is dropped', async () => {
    for (let round = 0; round < 6; round += 1) {
      const ids = Array.from({ length: 2_500 }, (_, i) => `${round} ${i}`);
      await test.db.query('update event_partition set kept = false');
      await calls(true)(events('2026-01', [`${round} before`]));
      clock.set(new Date('2027-06-01T00:00:00Z'));
      const [, result] = await Promise.all([
        upkeep().lookAfterEvents(),
        calls(true)(events('2026-01', ids)),
      ]);
      clock.set(new Date('2026-06-15T12:00:00Z'));
      expect(result.accepted).toBe(2_500);
      const [row] = await test.db.query<{ n: number; keys: number }>(
        `select count(*) as n, (select count(*) from event_key where key like '${round} %') as keys
         from event where key like '${round} %' and key <> '${round} before'`,
      );
      expect(row?.n).toBe(2_500);
      expect([2_500, 2_501]).toContain(row?.keys);
    }
  });

  it('never makes a reader wait for one that reads on, and says that the table was busy', async () => {
    await calls(false)(events('2026-01', ['a']));
    const store = retentionStore(test.db, auditStore, { lockTries: 4 });
    let outcome: Promise<string> = Promise.resolve('');
    await test.db.transaction(async (sql) => {
      await sql.query('select count(*) from event'); // and reads on until the transaction ends
      outcome = store.drop('event_2026_01', clock.wall(), DAYS);
      for (let i = 0; i < 50; i += 1) {
        const [row] = await test.db.query<{ n: number }>('select count(*) as n from event');
        expect(row).toEqual({ n: 1 });
      }
      expect(await outcome).toBe('busy');
    });
    expect(await keys()).toEqual(['a']); // nothing of it was done
    expect(await store.drop('event_2026_01', clock.wall(), DAYS)).toBe('dropped');
    expect(await store.drop('event_2026_01', clock.wall(), DAYS)).toBe('gone');
  });
});
