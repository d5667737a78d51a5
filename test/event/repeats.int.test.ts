import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/event/event.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { openDatabase } from '../../src/plant/database.js';
import { projectRoot } from '../../src/plant/paths.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { eventState } from '../support/event-state.js';
import { eventFixture } from '../support/event-fixture.js';
import { writerBatch } from '../support/event-writer-batch.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let test: TestDatabase;
let fixture: FeatureFixture;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));

beforeAll(async () => {
  test = await testDatabase();
  fixture = featureFixture(test.db, clock);
  await fixture.seed();
});
afterAll(() => test.drop());
beforeEach(async () => {
  await test.db.query('truncate event, event_key');
  await test.db.query('delete from customer');
});

function event(change: Partial<EventRow> = {}): EventRow {
  return {
    source: 'shop',
    id: 'e1',
    user: 'u1',
    type: 'purchase',
    at: new Date('2026-05-01T10:00:00Z'),
    value: 9.5,
    properties: null,
    ...change,
  };
}

const state = (): Promise<object[]> => eventState(test.db);

async function totals(): Promise<[string, number, number][]> {
  const features = await fixture.features.byNames(['purchase_count', 'purchase_sum']);
  const users = await test.db.query<{ id: number; key: string }>(
    'select id, external_id as key from customer order by external_id',
  );
  const { columns } = await fixture.read({
    features,
    users: users.map(({ id }) => id),
    asOf: clock.now(),
  });
  const of = (name: string, row: number): number => Number(columns.get(name)?.[row]);
  return users.map(({ key }, row) => [key, of('purchase_count', row), of('purchase_sum', row)]);
}

describe('a repeat of (source, id)', () => {
  it.each<[string, Partial<EventRow>, boolean]>([
    ['as it was', {}, true],
    ['with another value', { value: 1 }, true],
    ['with an instant in another month', { at: new Date('2026-02-01T00:00:00Z') }, true],
    ['with an instant in another year', { at: new Date('1999-02-01T00:00:00Z') }, true],
    ['with a later instant', { at: new Date('2026-06-01T00:00:00Z') }, true],
    ['of another customer', { user: 'u2' }, true],
    ['of another type', { type: 'page_view' }, true],
    ['with a device', { device: 'd1' }, true],
    ['from another source', { source: 'crm' }, false],
    ['whose id differs in case', { id: 'E1' }, false],
  ])('%s', async (_, change, isRepeat) => {
    const filler = Array.from({ length: 2_500 }, (_each, i) => event({ id: `f${i}`, user: 'u3' }));
    for (const beside of [[], filler]) {
      await test.db.query('truncate event, event_key');
      await fixture.record([event()]);
      const before = await state();
      const result = await fixture.record([event(change), ...beside]);
      expect(result.duplicates).toBe(isRepeat ? 1 : 0);
      const after = await state();
      const own = after.filter((row) => !(row as { key: string }).key.startsWith('f'));
      if (isRepeat) expect(own).toEqual(before);
      else expect(own).toHaveLength(2);
    }
  });
});

describe('two hundred calls at once', () => {
  it('that repeat one another, or overlap, take each event once, and the features are right at once', async () => {
    const random = seededRandom(5);
    const others = Array.from({ length: 3 }, () => openDatabase(test.url));
    const records = others.map((db) => eventFixture(db, clock).record);
    const pool = Array.from({ length: 400 }, (_, i) =>
      event({
        id: `k${i}`,
        user: `u${i % 9}`,
        value: i,
        at: new Date(Date.UTC(2026, i % 5, 1 + (i % 28))),
      }),
    );
    try {
      const same = pool.slice(0, 20);
      const calls = Array.from({ length: 200 }, (_, n) => {
        const from = random.int(380);
        const rows = n % 2 === 0 ? same : pool.slice(from, from + 20).reverse();
        return records[n % 3]?.(rows) ?? Promise.reject(new Error('no record'));
      });
      const results = await Promise.all(calls);
      const sum = (key: 'accepted' | 'duplicates'): number =>
        results.reduce((total, result) => total + result[key], 0);
      expect(sum('accepted') + sum('duplicates')).toBe(4_000);
      await fixture.record(pool);
      const [row] = await test.db.query<{ n: number; keys: number }>(
        'select count(*) as n, (select count(*) from event_key) as keys from event',
      );
      expect(row).toEqual({ n: 400, keys: 400 });
      expect(sum('accepted')).toBeLessThanOrEqual(400);
      expect(await totals()).toEqual(
        Array.from({ length: 9 }, (_, user) => {
          const own = pool.filter((_row, i) => i % 9 === user);
          return [
            `u${user}`,
            own.length,
            own.reduce((total, { value }) => total + (value ?? 0), 0),
          ];
        }),
      );
    } finally {
      await Promise.all(others.map((db) => db.close()));
    }
  });
});

describe('a crash', () => {
  it.each([
    ['small', 500],
    ['large', 2_500],
  ])(
    'of the backends in the middle of %s calls: the retry leaves the state of one call',
    async (_, size) => {
      const rows = Array.from({ length: size }, (_each, i) =>
        event({
          id: `c${i}`,
          user: `u${i % 40}`,
          at: new Date(Date.UTC(2026, i % 5, 1 + (i % 28))),
        }),
      );
      await fixture.record(rows);
      const expected = await state();
      let broken = 0;
      for (let round = 0; round < 20 && broken < 3; round += 1) {
        await test.db.query('truncate event, event_key');
        await test.db.query('delete from customer');
        const victim = openDatabase(test.url, { max: 4, onError: () => undefined });
        const calls = [0, 1, 2].map(() => eventFixture(victim, clock).record(rows));
        // a look every millisecond: whoever writes to the table of keys or of events is ended
        const ends = (async () => {
          for (let look = 0; look < 400; look += 1) {
            const hit = await test.db.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
               and (query ilike '%insert into event%' or query ilike 'copy event%')`,
            );
            if (hit.length > 0) return;
          }
        })();
        const results = await Promise.allSettled([...calls, ends]);
        broken += results.filter(({ status }) => status === 'rejected').length;
        await victim.close();
        const partly = await state();
        expect([0, size]).toContain(partly.length); // all of a call or nothing
        await fixture.record(rows);
        expect(await state()).toEqual(expected);
      }
      expect(broken).toBeGreaterThan(0);
    },
  );

  it('of the writing process by kill -9: what it acknowledged is there, and the next run completes it', async () => {
    const [batches, size] = [120, 50];
    const program = path.join(projectRoot, 'dist', 'test', 'support', 'event-writer.js');
    const run = async (killAfter: number): Promise<number[]> => {
      const child = spawn(process.execPath, [program, test.url, String(batches), String(size)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const acknowledged: number[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(Number(line));
        if (acknowledged.length === killAfter) child.kill('SIGKILL');
      }
      await ended;
      return acknowledged;
    };
    for (const killAfter of [1, 20]) {
      const acknowledged = await run(killAfter);
      expect(acknowledged.length).toBeLessThan(batches);
      const held = await test.db.query<{ key: string }>('select key from event');
      const keys = new Set(held.map(({ key }) => key));
      expect(keys.size).toBe(held.length);
      for (const batch of acknowledged)
        for (const { id } of writerBatch(batch, size)) expect(keys).toContain(id);
    }
    expect(await run(Infinity)).toHaveLength(batches);
    const afterCrashes = await state();
    expect(afterCrashes).toHaveLength(batches * size);
    await test.db.query('truncate event, event_key');
    await test.db.query('delete from customer');
    for (let batch = 0; batch < batches; batch += 20)
      await fixture.record(
        Array.from({ length: 20 }, (_, i) => writerBatch(batch + i, size)).flat(),
      );
    expect(await state()).toEqual(afterCrashes);
  });
});
