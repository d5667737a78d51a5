import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openBus, type BusEvent, type BusOptions } from '../../src/plant/bus.js';
import type { Bus } from '../../src/plant/ports.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js';

let database: TestDatabase;
let redis: TestRedis | null = null;

beforeAll(async () => {
  database = await testDatabase();
  if (hasRedis) redis = await startRedis();
});
afterAll(async () => {
  await database.drop();
  await redis?.stop();
});

const backends = [
  { name: 'PostgreSQL', available: true, redisUrl: () => null },
  { name: 'Redis', available: hasRedis, redisUrl: () => redis?.url ?? null },
];

async function take(iterator: AsyncIterableIterator<unknown>, n: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < n) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

describe.each(backends)('bus over $name', ({ available, redisUrl }) => {
  async function bus(extra: Partial<BusOptions> = {}): Promise<Bus> {
    const opened = await openBus({
      databaseUrl: database.url,
      redisUrl: redisUrl(),
      log: keptLog(),
      ...extra,
    });
    onTestFinished(() => opened.close());
    return opened;
  }
  const test = it.runIf(available);

  test('carries messages to every process in the order they were published', async () => {
    const [here, there] = [await bus(), await bus()];
    const local = here.subscribe('job');
    const remote = there.subscribe('job');
    const sent = Array.from({ length: 2_000 }, (_, i) => ({ id: i }));
    const received = Promise.all([take(local, 2_000), take(remote, 2_000)]);
    for (const message of sent) here.publish('job', message);
    expect(await received).toEqual([sent, sent]);
  });

  test('delivers equal messages as often as they were published', async () => {
    const here = await bus();
    const received = take(here.subscribe('tick'), 3);
    for (let i = 0; i < 3; i += 1) here.publish('tick', 'same');
    expect(await received).toEqual(['same', 'same', 'same']);
  });

  test('keeps topics apart, and a message may hold quotes, umlauts and line breaks', async () => {
    const here = await bus();
    const a = here.subscribe('a');
    const b = here.subscribe('b');
    here.publish('b', null);
    here.publish('a', { text: 'it\'s "ü" \n\\ 👋', list: [1, null, true] });
    expect(await take(a, 1)).toEqual([{ text: 'it\'s "ü" \n\\ 👋', list: [1, null, true] }]);
    expect(await take(b, 1)).toEqual([null]);
  });

  test('drops a subscriber that reads nothing of 5,000 messages; the others get all', async () => {
    const events: Partial<Record<BusEvent, number>> = {};
    const here = await bus({
      onEvent: (event, amount) => (events[event] = (events[event] ?? 0) + amount),
    });
    const slow = here.subscribe('flood');
    const readers = [here.subscribe('flood'), here.subscribe('flood')].map((s) => take(s, 5_000));
    for (let i = 0; i < 5_000; i += 1) here.publish('flood', i);
    const all = Array.from({ length: 5_000 }, (_, i) => i);
    expect(await Promise.all(readers)).toEqual([all, all]);
    await expect(slow.next()).rejects.toMatchObject({
      code: 'SLOW_SUBSCRIBER',
      message: expect.stringContaining('more than 1024 undelivered messages of "flood"') as string,
    });
    expect(await slow.next()).toEqual({ value: undefined, done: true });
    expect(events.slow).toBe(1);
    expect(events.published).toBe(5_000);
  });

  test('refuses a message over the bound at once, and carries one just below it', async () => {
    const here = await bus();
    const received = take(here.subscribe('big'), 1);
    expect(() => here.publish('big', 'x'.repeat(8_000))).toThrow(
      /a message of "big" must be at most 7900 bytes, got 80\d\d/,
    );
    here.publish('big', 'ü'.repeat(3_930));
    expect(await received).toEqual(['ü'.repeat(3_930)]);
  });

  test('return ends the iteration and releases the subscription, also of a reader that waits', async () => {
    const here = await bus();
    const subscription = here.subscribe('end');
    const waiting = subscription.next();
    await subscription.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    here.publish('end', 1);
    await here.flush();
    expect(await subscription.next()).toEqual({ value: undefined, done: true });
  });

  test('leaving a for-await loop releases the subscription', async () => {
    const here = await bus();
    const subscription = here.subscribe('loop');
    here.publish('loop', 1);
    for await (const message of subscription) {
      expect(message).toBe(1);
      break;
    }
    expect(await subscription.next()).toEqual({ value: undefined, done: true });
  });

  test('close sends what was published and ends every subscription', async () => {
    const [here, there] = [await bus(), await bus()];
    const received = take(there.subscribe('last'), 1);
    const mine = here.subscribe('last').next();
    here.publish('last', 'words');
    await here.close();
    expect(await received).toEqual(['words']);
    expect((await mine).done === true || (await mine).value === 'words').toBe(true);
    expect(() => here.publish('last', 1)).toThrow('the bus is closed');
  });
});

describe('bus after its connection was lost', () => {
  it('listens and publishes again on PostgreSQL, with what was published meanwhile', async () => {
    const log = keptLog();
    const here = await openBus({ databaseUrl: database.url, redisUrl: null, log });
    onTestFinished(() => here.close());
    const subscription = here.subscribe('again');
    const admin = new pg.Client(database.url);
    await admin.connect();
    const killed = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'augury bus' and datname = current_database()`,
    );
    await admin.end();
    expect(killed.rowCount).toBe(1);
    await expect.poll(() => log.lines.length).toBeGreaterThan(0);
    here.publish('again', 1);
    here.publish('again', 2);
    expect(await take(subscription, 2)).toEqual([1, 2]);
    expect(log.lines.map((line) => line.message)).toEqual([
      'the bus lost its connection: reconnecting',
      'the bus is connected again',
    ]);
  });

  it.runIf(hasRedis)(
    'listens and publishes again on Redis after the server was killed',
    async () => {
      if (!redis) throw new Error('no redis');
      const log = keptLog();
      const here = await openBus({ databaseUrl: database.url, redisUrl: redis.url, log });
      onTestFinished(() => here.close());
      const subscription = here.subscribe('again');
      await redis.restart();
      await expect
        .poll(() => log.lines.filter((line) => line.message.includes('connected again')).length, {
          timeout: 10_000,
        })
        .toBe(2);
      here.publish('again', 1);
      expect(await take(subscription, 1)).toEqual([1]);
    },
  );
});

describe('opening a bus', () => {
  it('says in one sentence that PostgreSQL cannot be reached, without the password', async () => {
    const url = 'postgresql://me:secret@127.0.0.1:1/db';
    const opening = openBus({ databaseUrl: url, redisUrl: null, log: keptLog() });
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'PostgreSQL postgresql://me:***@127.0.0.1:1/db cannot be reached (connect ECONNREFUSED 127.0.0.1:1): start it or correct DATABASE_URL',
    });
  });

  it('says in one sentence that Redis cannot be reached', async () => {
    const url = 'redis://127.0.0.1:1';
    const opening = openBus({ databaseUrl: database.url, redisUrl: url, log: keptLog() });
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'Redis redis://127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): start it or correct REDIS_URL',
    });
  });
});
