import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { EventRow } from '../../src/event/event.js';
import { eventFixture, type EventFixture } from '../support/event-fixture.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let fixture: EventFixture;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));

beforeAll(async () => {
  database = await testDatabase();
  fixture = eventFixture(database.db, clock);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query('truncate event, event_key');
  await database.db.query('delete from customer');
});

function event(change: Partial<EventRow> = {}): EventRow {
  return {
    source: 'shop',
    id: 'e1',
    user: 'u1',
    type: 'purchase',
    at: new Date('2026-05-01T10:00:00.123Z'),
    value: 9.5,
    properties: null,
    ...change,
  };
}

describe('recordEvents', () => {
  it('stores an event, makes its customer, and moves last_active_at to its instant', async () => {
    const result = await fixture.record([event({ properties: { items: [1, 'two "quoted" \\'] } })]);
    expect(result).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    const [stored] = await database.db.query(
      `select s.name as source, e.key, c.external_id, t.name as type, e.at, e.value, e.properties,
         c.last_active_at from event e join customer c on c.id = e.user_id
       join event_source s on s.id = e.source_id join event_type t on t.id = e.type_id`,
    );
    expect(stored).toEqual({
      source: 'shop',
      key: 'e1',
      external_id: 'u1',
      type: 'purchase',
      at: new Date('2026-05-01T10:00:00.123Z'),
      value: 9.5,
      properties: { items: [1, 'two "quoted" \\'] },
      last_active_at: new Date('2026-05-01T10:00:00.123Z'),
    });
  });

  it('counts repeats in one call and over calls exactly, and lets the first one stand', async () => {
    const first = await fixture.record([event(), event({ value: 1 }), event({ id: 'e2' })]);
    expect(first).toMatchObject({ accepted: 2, duplicates: 1 });
    const second = await fixture.record([
      event({ value: 2, at: new Date('2026-05-30T00:00:00Z') }),
      event({ id: 'e3', at: new Date('2026-04-01T00:00:00Z') }),
      event({ source: 'crm' }),
    ]);
    expect(second).toMatchObject({ accepted: 2, duplicates: 1 });
    const values = await database.db.query(`select value from event where key = 'e1'`);
    expect(values).toEqual([{ value: 9.5 }, { value: 9.5 }]);
    const [customer] = await database.db.query('select last_active_at from customer');
    expect(customer).toEqual({ last_active_at: new Date('2026-05-01T10:00:00.123Z') });
  });

  const now = clock.now().getTime();
  it.each<[string, Partial<EventRow>, string]>([
    ['an empty id', { id: '' }, 'id is missing'],
    ['an id of 201 characters', { id: 'x'.repeat(201) }, 'id must be 1..200 characters, got 201'],
    ['an empty user', { user: '' }, 'user is missing'],
    ['a type that starts with a sign', { type: '-purchase' }, 'type must be'],
    ['a source that ends with a space', { source: 'a ' }, 'source must be'],
    ['a value that is NaN', { value: NaN }, 'value must be finite, got NaN'],
    ['an infinite value', { value: -Infinity }, 'value must be finite, got -Infinity'],
    ['a value beyond 1e15', { value: 1e16 }, 'value must be 0 or of magnitude'],
    ['an instant that is none', { at: new Date(NaN) }, 'at is not an instant'],
    ['an instant before 1970', { at: new Date(-1) }, 'at must be 1970 or later'],
    ['an instant 5 min 1 ms ahead', { at: new Date(now + 300_001) }, 'at must not be after'],
    [
      'properties of 9 KB',
      { properties: { a: 'x'.repeat(9000) } },
      'properties must be at most 8192',
    ],
    ['a NUL character', { id: 'a\u0000b' }, 'id holds a character'],
    ['half a surrogate pair', { properties: { a: '\ud800' } }, 'properties hold a character'],
    [
      'properties that nest too deep',
      { properties: { a: { b: { c: { d: { e: { f: 1 } } } } } } },
      'properties must nest at most 5',
    ],
  ])('rejects %s and takes the row beside it', async (_, change, message) => {
    const result = await fixture.record([event(change), event({ id: 'good' })]);
    expect(result.accepted).toBe(1);
    expect(result.rejected).toEqual([
      {
        index: 0,
        code: expect.any(String) as string,
        message: expect.stringContaining(message) as string,
      },
    ]);
  });

  it('takes an instant exactly 5 minutes ahead', async () => {
    expect(await fixture.record([event({ at: new Date(now + 300_000) })])).toMatchObject({
      accepted: 1,
    });
  });

  it('survives eight overlapping batches at once without a deadlock, and counts exactly', async () => {
    const random = seededRandom(7);
    const pool = Array.from({ length: 3000 }, (_, i) =>
      event({ id: `k${i}`, user: `u${random.int(200)}`, at: new Date(now - random.int(1e9)) }),
    );
    const newest = new Map<string, number>();
    for (let round = 0; round < 4; round += 1) {
      await database.db.query('truncate event, event_key');
      const batches = Array.from({ length: 8 }, () =>
        Array.from({ length: 2000 }, () => pool[random.int(pool.length)] ?? event()),
      );
      const results = await Promise.all(batches.map((batch) => fixture.record(batch)));
      const distinct = new Set(batches.flat().map((row) => row.id)).size;
      expect(results.reduce((sum, result) => sum + result.accepted, 0)).toBe(distinct);
      expect(results.reduce((sum, result) => sum + result.duplicates, 0)).toBe(16_000 - distinct);
      for (const { user, at } of batches.flat())
        newest.set(user, Math.max(newest.get(user) ?? 0, at.getTime()));
    }
    const stored = await database.db.query<{ external_id: string; last_active_at: Date }>(
      'select external_id, last_active_at from customer',
    );
    expect(new Map(stored.map((row) => [row.external_id, row.last_active_at.getTime()]))).toEqual(
      newest,
    );
  });

  const large = (from: number, count: number, change: Partial<EventRow> = {}): EventRow[] =>
    Array.from({ length: count }, (_, i) =>
      event({
        id: `l${from + i}`,
        user: `u${(from + i) % 700}`,
        at: new Date(now - (((from + i) * 7919) % 1_000_003)),
        value: (from + i) % 3 === 0 ? null : from + i,
        properties: (from + i) % 5 === 0 ? { page: `/ä/${from + i}` } : null,
        ...change,
      }),
    );
  const newestOf = (rows: readonly EventRow[]): [string, number][] => {
    const newest = new Map<string, number>();
    for (const { user, at } of rows)
      newest.set(user, Math.max(newest.get(user) ?? 0, at.getTime()));
    return [...newest].sort();
  };
  const stored = async (): Promise<{ values: object[]; newest: [string, number][] }> => {
    const customers = await database.db.query<{ external_id: string; last_active_at: Date }>(
      'select external_id, last_active_at from customer',
    );
    return {
      values: await database.db.query(
        'select key, at, value, properties from event order by length(key), key',
      ),
      newest: customers
        .map((row): [string, number] => [row.external_id, row.last_active_at.getTime()])
        .sort(),
    };
  };

  it('writes a large batch as it writes small ones, repeats inside it included', async () => {
    const rows = large(0, 5_000);
    const repeated = [...rows, ...large(10, 3, { value: -1, at: new Date(now) })];
    expect(await fixture.record(repeated)).toEqual({
      accepted: 5_000,
      duplicates: 3,
      rejected: [],
    });
    const { values, newest } = await stored();
    expect(values).toEqual(
      rows.map(({ id, at, value, properties }) => ({ key: id, at, value, properties })),
    );
    expect(newest).toEqual(newestOf(rows));
  });

  it('lets what is there stand when a large batch repeats it, first, last or all', async () => {
    const rows = large(0, 12_000);
    const later = { at: new Date(now), value: -1 };
    await fixture.record(rows.slice(4_000, 4_001));
    expect(await fixture.record(rows.slice(0, 4_000))).toMatchObject({ accepted: 4_000 });
    const scattered = [...large(4_000, 1, later), ...rows.slice(4_001, 8_000)];
    expect(await fixture.record(scattered)).toMatchObject({ accepted: 3_999, duplicates: 1 });
    expect(await fixture.record(rows.slice(8_000))).toMatchObject({ accepted: 4_000 });
    for (const from of [0, 9_000])
      expect(await fixture.record(large(from, 3_000, later))).toMatchObject({
        accepted: 0,
        duplicates: 3_000,
      });
    const { values, newest } = await stored();
    expect(values.map((row) => (row as { value: unknown }).value)).toEqual(
      rows.map(({ value }) => value),
    );
    expect(newest).toEqual(newestOf(rows));
  });

  it('survives large overlapping batches at once: no deadlock, exact counts, no connection lost', async () => {
    for (let round = 0; round < 3; round += 1) {
      await database.db.query('truncate event, event_key');
      const batches = [0, 1_500, 3_000, 0, 4_500, 1_500, 6_000, 3_000].map((from) =>
        large(from, 3_000).reverse(),
      );
      // a store each, as in as many processes: none has met a repeat before
      const results = await Promise.all(
        batches.map((batch) => eventFixture(database.db, clock).record(batch)),
      );
      expect(results.reduce((sum, result) => sum + result.accepted, 0)).toBe(9_000);
      expect(results.reduce((sum, result) => sum + result.duplicates, 0)).toBe(15_000);
      expect((await stored()).newest).toEqual(newestOf(batches.flat()));
    }
    const { pool } = database.db;
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  it('survives profiles and events of the same new customers written at once', async () => {
    const random = seededRandom(11);
    for (let round = 0; round < 12; round += 1) {
      await database.db.query('delete from customer');
      const work = Array.from({ length: 12 }, (_, batch) => {
        const users = Array.from({ length: 400 }, () => `w${random.int(500)}`);
        return batch % 3 === 0
          ? fixture.record(users.map((user, i) => event({ id: `${round}-${batch}-${i}`, user })))
          : fixture.upsert(
              users.map((externalId, i) => ({ externalId, attributes: { n: i + 1 } })),
            );
      });
      await expect(Promise.all(work)).resolves.toHaveLength(12);
    }
  });
});
