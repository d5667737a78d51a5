import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEntry } from '../../src/kernel/feed.js';
import { followedFeed, type FollowedFeed } from '../../src/graphql/followed-feed.js';
import { appendFeed, feedBounds, forgetFeed, readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/door.js';
import { memoryBus } from '../support/memory-bus.js';

let database: TestDatabase;
const bus = memoryBus();
const opened: FollowedFeed<FeedEntry>[] = [];
let reads = 0;
let looks = 0;

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  for (const feed of opened.splice(0)) await feed.close();
  expect(bus.subscribers()).toBe(0);
  await database.db.query('truncate feed_entry, feed_position');
});
afterAll(() => database.drop());

function open(options: { page?: number; places?: number; everyMs?: number } = {}) {
  const feed = followedFeed<FeedEntry>({
    topic: 'alert',
    read: (after, limit) => {
      reads += 1;
      return readFeed(database.db, 'alert', after, limit);
    },
    bounds: () => {
      looks += 1;
      return feedBounds(database.db, 'alert');
    },
    subscribe: () => bus.subscribe('feed:alert'),
    onInterrupted: (error) => {
      throw error;
    },
    everyMs: 60_000, // a test that would need the tick fails
    ...options,
  });
  opened.push(feed);
  return feed;
}

const AT = new Date('2026-06-01T00:00:00Z');
async function append(...subjects: string[]): Promise<number[]> {
  const ids = await appendFeed(
    database.db,
    'alert',
    subjects.map((subject) => ({ at: AT, subject, keys: {} })),
  );
  bus.publish('feed:alert', {});
  return ids;
}
const all = () => true;
const subjectsOf = (entries: FeedEntry[]) => entries.map(({ subject }) => subject);

async function take(stream: AsyncIterator<FeedEntry>, count: number): Promise<FeedEntry[]> {
  const taken: FeedEntry[] = [];
  while (taken.length < count) {
    const step = await stream.next();
    if (step.done) break;
    taken.push(step.value);
  }
  return taken;
}

/** Follows from now on; resolves when it is attached, which only what comes through can show. */
async function attached(feed: FollowedFeed<FeedEntry>, accept: (e: FeedEntry) => boolean = all) {
  const stream = feed.follow({ after: null, accept });
  const first = stream.next();
  await until(() => feed.seats() > 0);
  return { stream, first };
}

describe('a subscriber', () => {
  it('without a cursor gets what happens from now on', async () => {
    await append('before');
    const feed = open();
    const { stream, first } = await attached(feed);
    // the head is read behind the first `next`
    await until(() => looks > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await append('after');
    expect((await first).value).toMatchObject({ subject: 'after' });
    await stream.return?.();
  });

  it('with a cursor gets what was missed first, then goes on live', async () => {
    const [a = 0] = await append('a');
    await append('b', 'c', 'd');
    const stream = open({ page: 2 }).follow({ after: a, accept: ({ subject }) => subject !== 'c' });
    expect(subjectsOf(await take(stream, 2))).toEqual(['b', 'd']);
    await append('e');
    expect(subjectsOf(await take(stream, 1))).toEqual(['e']);
    await stream.return?.();
  });

  it.each([
    ['that was never given out', () => Promise.resolve(9_999_999), 'never given out'],
    [
      'from before what is held',
      async () => {
        const [first = 0] = await append('a');
        await append('b');
        await forgetFeed(database.db, new Date(AT.getTime() + 1), AT);
        return first;
      },
      'no longer held',
    ],
  ])('with a cursor %s is refused with the reason', async (_, cursor, reason) => {
    const stream = open().follow({ after: await cursor(), accept: all });
    await expect(stream.next()).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(reason) as string,
    });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('whose newest change was erased with its customer may still come back', async () => {
    const [, second = 0] = await append('a', 'b');
    await database.db.query('delete from feed_entry where id = $1', [second]);
    const stream = open().follow({ after: second, accept: all });
    const next = stream.next();
    await append('c');
    expect((await next).value).toMatchObject({ subject: 'c' });
  });
});

describe('many subscribers', () => {
  it('cost one read an event: a thousand of them', async () => {
    const feed = open();
    const [a = 0] = await append('a');
    const streams = Array.from({ length: 1_000 }, () => feed.follow({ after: null, accept: all }));
    const firsts = streams.map((stream) => stream.next());
    const late = feed.follow({ after: a, accept: all });
    const lateFirst = late.next();
    await until(() => feed.seats() === 1_001);
    await new Promise((resolve) => setTimeout(resolve, 50));
    reads = 0;
    await append('b');
    const got = await Promise.all([...firsts, lateFirst]);
    expect(new Set(got.map(({ value }) => (value as FeedEntry).subject))).toEqual(new Set(['b']));
    expect(reads).toBe(1);
  });

  it('read nothing when there are none any more', async () => {
    const feed = open({ everyMs: 5 });
    const { stream, first } = await attached(feed);
    await stream.return?.();
    expect(await first).toMatchObject({ done: true });
    await until(() => bus.subscribers() === 0);
    reads = 0;
    looks = 0;
    await append('a');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect({ reads, looks, seats: feed.seats() }).toEqual({ reads: 0, looks: 0, seats: 0 });
  });

  it('are found by the tick where the bus lost the message', async () => {
    const stream = open({ everyMs: 20 }).follow({ after: 0, accept: all });
    const first = stream.next();
    await appendFeed(database.db, 'alert', [{ at: AT, subject: 'unheard', keys: {} }]);
    expect((await first).value).toMatchObject({ subject: 'unheard' });
  });
});

describe('a slow subscriber', () => {
  it('is told so and comes back without loss, and nobody else notices', async () => {
    const feed = open({ page: 10, places: 20 });
    const [start = 0] = await append('start');
    const slow = feed.follow({ after: start, accept: all });
    const good = feed.follow({ after: start, accept: all });
    const [one, other] = [slow.next(), good.next()];
    await append('0');
    expect((await one).value).toMatchObject({ subject: '0' });
    expect((await other).value).toMatchObject({ subject: '0' });
    // who has not asked again still reads page by page, and cannot be slow
    const live = [slow.next(), good.next()];
    await append('1');
    for (const step of await Promise.all(live)) expect(step.value).toMatchObject({ subject: '1' });
    const names = Array.from({ length: 60 }, (_, n) => String(n + 2));
    const reading = take(good, 60);
    await append(...names);
    expect(subjectsOf(await reading)).toEqual(names);
    await expect(slow.next()).rejects.toMatchObject({
      code: 'SLOW_SUBSCRIBER',
      message: expect.stringContaining('subscribe again with after') as string,
    });
    const back = feed.follow({ after: start, accept: all });
    expect(subjectsOf(await take(back, 62))).toEqual(['0', '1', ...names]);
  });

  it('that reads, but late, is not slow: a burst waits for it a moment', async () => {
    const feed = open({ page: 10, places: 20 });
    const [start = 0] = await append('start');
    const stream = feed.follow({ after: start, accept: all });
    const first = stream.next();
    await append('0');
    await first;
    const names = Array.from({ length: 100 }, (_, n) => String(n + 1));
    await append(...names);
    const got: string[] = [];
    for (const _ of names) {
      const step = await stream.next();
      got.push((step.value as FeedEntry).subject);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(got).toEqual(names);
  });
});

describe('closing', () => {
  it('ends everybody, also who waits and who catches up', async () => {
    const feed = open({ page: 1 });
    await append('a', 'b', 'c');
    const waiting = feed.follow({ after: null, accept: all });
    const catching = feed.follow({ after: 0, accept: all });
    const first = waiting.next();
    expect((await catching.next()).value).toMatchObject({ subject: 'a' });
    await feed.close();
    expect(await first).toMatchObject({ done: true });
    await take(catching, 5);
    expect((await feed.follow({ after: 0, accept: all }).next()).done).toBe(true);
    expect(bus.subscribers()).toBe(0);
  });
});

describe('random writers, disconnects, pages and bounds', () => {
  it('every subscriber gets every committed change once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          page: fc.integer({ min: 1, max: 7 }),
          places: fc.integer({ min: 1, max: 12 }),
          writers: fc.array(
            fc.array(
              fc.record({
                size: fc.integer({ min: 1, max: 9 }),
                pauseMs: fc.integer({ min: 0, max: 3 }),
                commits: fc.boolean(),
                told: fc.boolean(),
              }),
              { minLength: 1, maxLength: 6 },
            ),
            { minLength: 1, maxLength: 3 },
          ),
          clients: fc.array(
            fc.array(fc.record({ takes: fc.nat(9), awayMs: fc.nat(4), slowMs: fc.nat(2) }), {
              maxLength: 5,
            }),
            { minLength: 1, maxLength: 3 },
          ),
        }),
        async ({ page, places, writers, clients }) => {
          await database.db.query('truncate feed_entry, feed_position');
          const [start = 0] = await append('start');
          const feed = open({ page, places, everyMs: 5 });
          let writing = true;
          const committed = (): Promise<FeedEntry[]> =>
            readFeed(database.db, 'alert', start, 10_000);
          const write = async (changes: (typeof writers)[number], writer: number) => {
            for (const { size, pauseMs, commits, told } of changes) {
              const entries = Array.from({ length: size }, (_, n) => ({
                at: AT,
                subject: `${writer}.${n}`,
                keys: {},
              }));
              await database.db
                .transaction(async (sql) => {
                  await appendFeed(sql, 'alert', entries);
                  await sleep(pauseMs);
                  if (!commits) throw new Error('rolled back');
                })
                .catch(() => undefined);
              if (told) bus.publish('feed:alert', {});
            }
          };
          /** Comes and goes, then stays until everything is there. */
          const read = async (visits: (typeof clients)[number]): Promise<number[]> => {
            const got: number[] = [];
            const visit = async (takes: number, slowMs: number): Promise<void> => {
              const stream = feed.follow({ after: got.at(-1) ?? start, accept: all });
              try {
                for (let n = 0; n < takes; n += 1) {
                  const next = stream.next();
                  const gone = await Promise.race([next, sleep(20)]);
                  if (gone === undefined) void next.catch(() => undefined);
                  if (gone === undefined || gone.done) break;
                  got.push(gone.value.id);
                  if (slowMs > 0) await sleep(slowMs);
                }
              } catch (error) {
                expect(error).toMatchObject({ code: 'SLOW_SUBSCRIBER' });
              }
              await stream.return?.();
            };
            for (const { takes, awayMs, slowMs } of visits) {
              await visit(takes, slowMs);
              await sleep(awayMs);
            }
            for (;;) {
              const last = !writing && got.length >= (await committed()).length;
              if (last) break;
              await visit(1_000, 0);
            }
            return got;
          };
          const reading = Promise.all(clients.map(read));
          await Promise.all(writers.map(write));
          writing = false;
          const expected = (await committed()).map(({ id }) => id);
          for (const got of await reading) expect(got).toEqual(expected);
          await feed.close();
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);
});

const sleep = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(resolve, ms, undefined));
