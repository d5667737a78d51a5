import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceStore, writeSeenDevices } from '../../src/device/device.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
const at = new Date('2026-06-01T12:00:00Z');

beforeAll(async () => {
  database = await testDatabase();
  await database.db.query(
    'insert into customer (id, external_id) select n, n from generate_series(0, 29) n',
  );
});
afterAll(() => database.drop());
beforeEach(() => database.db.query('truncate device, user_device restart identity'));

function seen(userId: number, deviceId: number, firstMs: number, lastMs = firstMs) {
  return { userId, deviceId, firstMs, lastMs };
}

function spans() {
  return database.db.query(
    `select user_id, device_id, (extract(epoch from first_seen_at) * 1000)::int8 as first,
       (extract(epoch from last_seen_at) * 1000)::int8 as last from user_device order by 1, 2`,
  );
}

describe('resolving device keys', () => {
  it('makes what is missing once, however often a key is named, and answers the same ids again', async () => {
    const { resolve } = deviceStore(database.db);
    const first = await resolve(['b', 'a', 'b', '订单 "x" \\'], at);
    expect([...first.keys()].sort()).toEqual(['a', 'b', '订单 "x" \\']);
    expect(await resolve(['a', 'c', 'b'], at)).toEqual(
      new Map([...first].filter(([key]) => key.length === 1)).set('c', expect.any(Number)),
    );
    expect(await resolve([], at)).toEqual(new Map());
  });

  it('answers the same ids to overlapping parallel calls in opposite orders', async () => {
    const { resolve } = deviceStore(database.db);
    const keys = Array.from({ length: 500 }, (_, i) => `d${i}`);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => resolve(i % 2 ? keys : keys.toReversed(), at)),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await database.db.query('select count(*) as n from device')).toEqual([{ n: 500 }]);
  });
});

describe('sightings of devices', () => {
  it('widen: the first only moves back, the last only forward, in whatever order they come', async () => {
    await writeSeenDevices(database.db, [seen(1, 1, 5_000), seen(1, 2, 1_001)]);
    await writeSeenDevices(database.db, [seen(1, 1, 4_000), seen(1, 1, 6_500, 7_250)]);
    await writeSeenDevices(database.db, [seen(1, 1, 5_500, 6_000), seen(2, 1, 9_000)]);
    await writeSeenDevices(database.db, []);
    expect(await spans()).toEqual([
      { user_id: 1, device_id: 1, first: 4_000, last: 7_250 },
      { user_id: 1, device_id: 2, first: 1_001, last: 1_001 },
      { user_id: 2, device_id: 1, first: 9_000, last: 9_000 },
    ]);
  });

  it('are not written of who was erased since', async () => {
    await writeSeenDevices(database.db, [seen(4_711, 1, 5_000), seen(1, 1, 5_000)]);
    expect(await spans()).toEqual([{ user_id: 1, device_id: 1, first: 5_000, last: 5_000 }]);
  });

  it('of overlapping parallel calls in opposite orders all count', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => seen(i % 30, i % 7, i));
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        database.db.transaction((sql) => writeSeenDevices(sql, i % 2 ? rows : rows.toReversed())),
      ),
    );
    const expected = await spans();
    await database.db.query('truncate user_device');
    await writeSeenDevices(database.db, rows);
    expect(await spans()).toEqual(expected);
    expect(expected).toHaveLength(210);
  });
});
