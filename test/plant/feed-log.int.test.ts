import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NewFeedEntry } from '../../src/kernel/feed.js';
import { appendFeed, feedBounds, forgetFeed, readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterEach(() => database.db.query('truncate feed_entry, feed_position'));
afterAll(() => database.drop());

const AT = new Date('2026-06-01T00:00:00Z');
const entry = (subject: string, at = AT): NewFeedEntry => ({ at, subject, keys: { n: 1 } });
const subjects = async (topic: 'alert' | 'drift' = 'alert'): Promise<string[]> =>
  (await readFeed(database.db, topic, 0, 100)).map(({ subject }) => subject);

/** A transaction that has appended and waits to be told how it ends. */
function openWriter(subject: string, topic: 'alert' | 'drift' = 'alert') {
  let decide: (commit: boolean) => void = () => undefined;
  const decided = new Promise<boolean>((resolve) => (decide = resolve));
  let appended: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (appended = resolve));
  const ended = database.db
    .transaction(async (sql) => {
      await appendFeed(sql, topic, [entry(subject)]);
      appended();
      if (!(await decided)) throw new Error('rolled back');
    })
    .catch(() => undefined);
  return {
    ready,
    end: async (commit: boolean) => {
      decide(commit);
      await ended;
    },
  };
}

describe('entries of a topic', () => {
  it('become visible in the order of their numbers: a slow transaction keeps later writers waiting', async () => {
    const slow = openWriter('slow');
    await slow.ready;
    const fast = openWriter('fast');
    await Promise.race([fast.ready, new Promise((resolve) => setTimeout(resolve, 100))]);
    expect(await subjects()).toEqual([]);
    await slow.end(true);
    await fast.ready;
    await fast.end(true);
    expect(await subjects()).toEqual(['slow', 'fast']);
  });

  it('do not wait for those of another topic, nor for ever after one that was rolled back', async () => {
    const slow = openWriter('slow');
    await slow.ready;
    await appendFeed(database.db, 'drift', [entry('other')]);
    expect(await subjects('drift')).toEqual(['other']);
    await slow.end(false);
    await appendFeed(database.db, 'alert', [entry('next')]);
    expect(await subjects()).toEqual(['next']);
  });

  it('are never seen out of order by a reader, however many write at once and give up', async () => {
    const seen: number[] = [];
    const turns = { writing: true };
    const reader = (async () => {
      for (let rest = 0; rest < 2; rest += turns.writing ? 0 : 1)
        for (const { id } of await readFeed(database.db, 'alert', seen.at(-1) ?? 0, 7))
          seen.push(id);
    })();
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let n = 0; n < 15; n += 1)
        await database.db
          .transaction(async (sql) => {
            await appendFeed(sql, 'alert', [entry(`${writer}.${n}`), entry(`${writer}.${n}b`)]);
            await sql.query('select pg_sleep($1)', [(n % 3) / 1_000]);
            if (n % 5 === 4) throw new Error('rolled back');
          })
          .catch(() => undefined);
    });
    await Promise.all(writers);
    turns.writing = false;
    await reader;
    const all = await readFeed(database.db, 'alert', 0, 1_000);
    expect(all).toHaveLength(6 * 12 * 2);
    // the two turns after the last write read what a page of 7 left over
    for (let page; (page = await readFeed(database.db, 'alert', seen.at(-1) ?? 0, 50)).length > 0;)
      seen.push(...page.map(({ id }) => id));
    expect(seen).toEqual(all.map(({ id }) => id));
  });
});

describe('what is held', () => {
  it('knows the newest number, the newest forgotten and the highest ever given out', async () => {
    const [first = 0] = await appendFeed(database.db, 'alert', [entry('a')]);
    const later = new Date(AT.getTime() + 86_400_000);
    const [second = 0] = await appendFeed(database.db, 'alert', [entry('b', later)]);
    expect(await feedBounds(database.db, 'alert')).toEqual({
      head: second,
      forgotten: 0,
      given: second,
    });
    expect(await forgetFeed(database.db, later, later)).toBe(1);
    expect(await forgetFeed(database.db, later, later)).toBe(0);
    expect(await feedBounds(database.db, 'alert')).toMatchObject({
      head: second,
      forgotten: first,
    });
    await forgetFeed(database.db, new Date(later.getTime() + 1), later);
    expect(await feedBounds(database.db, 'alert')).toEqual({
      head: second,
      forgotten: second,
      given: second,
    });
    expect(await feedBounds(database.db, 'drift')).toMatchObject({ head: 0, given: second });
  });
});
