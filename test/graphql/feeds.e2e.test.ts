import 'reflect-metadata';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeCursor } from '../../src/graphql/cursor.js';
import { feedCursor } from '../../src/graphql/feed-cursor.js';
import { JOB_TOPIC } from '../../src/job/job.messages.js';
import type { Job } from '../../src/job/job.js';
import { systemClock } from '../../src/kernel/clock.js';
import { forgetFeed } from '../../src/plant/feed-log.js';
import { until } from '../support/door.js';
import { follow, openFeedDoor, type FeedDoor, type Follower } from '../support/feed-door.js';

interface ToldAlert {
  summary: string;
  status: string;
  cursor: string;
}
const clock = systemClock();
let lab: FeedDoor;
beforeAll(async () => {
  lab = await openFeedDoor({
    limits: { pingMs: 60_000, maxUndelivered: 100, stallMs: 120_000, closeGraceMs: 60_000 },
  });
});
beforeEach(() => lab.become((viewer) => viewer));
afterAll(() => lab.close());

const alerts = (args = '', key = lab.key): Promise<Follower<ToldAlert>> =>
  follow(
    lab.door.server.url,
    key,
    `subscription { alertChanged${args} { summary status cursor } }`,
    'alertChanged',
  );
const behind = (cursor: string | undefined): string => `(after: "${String(cursor)}")`;
const texts = (follower: Follower<ToldAlert>): string[] => follower.told.map((a) => a.summary);
const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
/** A cursor behind all that was told so far. */
async function now(): Promise<string> {
  const [id = 0] = await lab.tellAlerts(['now']);
  return feedCursor('alert', id);
}

describe('alertChanged', () => {
  it('tells an alert as it was, and resumes behind the last cursor after the line was cut', async () => {
    const start = await now();
    const first = await alerts(behind(start));
    await lab.tellAlerts(names(5, 'seen'));
    await until(() => first.told.length === 5);
    first.cut();
    await until(() => first.closed !== null);
    await lab.tellAlerts(names(700, 'missed'));
    const second = await alerts(behind(first.told.at(-1)?.cursor));
    await until(() => second.told.length >= 700);
    await lab.tellAlerts(['live']);
    await until(() => second.told.length === 701);
    expect([...texts(first), ...texts(second)]).toEqual([
      ...names(5, 'seen'),
      ...names(700, 'missed'),
      'live',
    ]);
    await second.end();
  });

  it('loses nothing and tells nothing twice, wherever lines are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            bursts: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
            reads: fc.nat(60),
          }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        async (visits) => {
          let cursor = await now();
          const got: string[] = [];
          const all: string[] = [];
          for (const { bursts, reads } of visits) {
            const follower = await alerts(behind(cursor));
            const writing = (async () => {
              for (const size of bursts) {
                const burst = names(size, String(all.length));
                all.push(...burst);
                await lab.tellAlerts(burst);
              }
            })();
            await Promise.race([
              until(() => follower.told.length >= reads).catch(() => undefined),
              writing,
            ]);
            follower.cut();
            await until(() => follower.closed !== null);
            got.push(...texts(follower));
            cursor = follower.told.at(-1)?.cursor ?? cursor;
            await writing;
          }
          const last = await alerts(behind(cursor));
          await until(() => got.length + last.told.length >= all.length);
          expect([...got, ...texts(last)]).toEqual(all);
          await last.end();
        },
      ),
      { numRuns: 5 },
    );
  }, 30_000);

  it('leaves out what is below minSeverity', async () => {
    const start = await now();
    await lab.tellAlerts(['low'], { severity: 'LOW' });
    for (const status of ['FIRING', 'ACKNOWLEDGED', 'SILENCED', 'RESOLVED'] as const)
      await lab.tellAlerts([status], { status });
    const some = await alerts(`(after: "${start}", minSeverity: MEDIUM)`);
    const all = await alerts(`(after: "${start}")`);
    await until(() => some.told.length === 4 && all.told.length === 5);
    expect(texts(some)).toEqual(['FIRING', 'ACKNOWLEDGED', 'SILENCED', 'RESOLVED']);
    expect(texts(all).slice(0, 2)).toEqual(['low', 'FIRING']);
    await some.end();
    await all.end();
  });

  it.each([
    ['that is none', () => 'nonsense', 'after is not a cursor of this connection: nonsense'],
    ['of a list', () => encodeCursor([3]), 'after is not a cursor of this connection'],
    [
      'of another subscription',
      () => feedCursor('job', 1),
      'a cursor of changes of job, not of alert',
    ],
    ['from the future', () => feedCursor('alert', 99_999_999), 'never given out here'],
  ])('refuses a cursor %s, and the socket stays open', async (_, cursor, reason) => {
    const follower = await alerts(behind(cursor()));
    await until(() => follower.errors.length > 0);
    expect(follower.errors[0]).toMatchObject({ extensions: { code: 'INVALID' } });
    expect(follower.errors[0]?.message).toContain(reason);
    expect(follower.closed).toBeNull();
    await follower.end();
  });

  it('refuses a cursor from before what is held, with the reason', async () => {
    const [first = 0] = await lab.tellAlerts(['old', 'old too']);
    await forgetFeed(lab.database.db, clock.wall(), clock.wall());
    const follower = await alerts(behind(feedCursor('alert', first)));
    await until(() => follower.errors.length > 0);
    expect(follower.errors[0]?.message).toBe(
      'alert changes since that cursor are no longer held; read what is there now and subscribe without after',
    );
    await follower.end();
  });

  it('takes a cursor of changesCursor: nothing falls between a list and the subscription', async () => {
    const { body } = await ask('{ changesCursor(topic: ALERT) }', lab.key);
    await lab.tellAlerts(['between']);
    const follower = await alerts(behind(String(body.data?.['changesCursor'])));
    await until(() => follower.told.length === 1);
    expect(texts(follower)).toEqual(['between']);
    await follower.end();
  });
});

async function ask(query: string, key: string) {
  const response = await fetch(`${lab.door.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query }),
  });
  return {
    body: (await response.json()) as {
      data?: Record<string, unknown>;
      errors?: { extensions: Record<string, unknown> }[];
    },
  };
}

describe('rights', () => {
  it('a key that is revoked ends its subscription at the next change, which is not told', async () => {
    const { key, id } = await lab.access.createKey({ role: 'ANALYST', name: 'b', createdBy: 't' });
    const follower = await alerts(behind(await now()), key);
    await lab.tellAlerts(['before']);
    await until(() => follower.told.length === 1);
    await lab.access.revokeKey({ id, revokedBy: 'test' });
    await lab.tellAlerts(['for nobody']);
    await until(() => follower.closed !== null);
    expect(follower.closed?.code).toBe(4401);
    expect(texts(follower)).toEqual(['before']);
  });

  it('so does one that expires', async () => {
    const expiresAt = new Date(clock.wall().getTime() + 1_000);
    const made = await lab.access.createKey({
      ...{ role: 'ANALYST', name: 'c', createdBy: 't', expiresAt },
    });
    const follower = await alerts(behind(await now()), made.key);
    await lab.tellAlerts(['before']);
    await until(() => follower.told.length === 1);
    await until(() => clock.wall() > expiresAt);
    await lab.tellAlerts(['for nobody']);
    await until(() => follower.closed !== null);
    expect(follower.closed?.code).toBe(4401);
    expect(texts(follower)).toEqual(['before']);
  });

  it('a role that has changed is asked anew: the line closes, and who may not any more is refused', async () => {
    const follower = await alerts(behind(await now()));
    await lab.tellAlerts(['before']);
    await until(() => follower.told.length === 1);
    lab.become((viewer) => ({ ...viewer, role: 'CRM' }));
    await lab.tellAlerts(['for nobody']);
    await until(() => follower.closed !== null);
    expect(follower.closed).toEqual({
      code: 1013,
      reason: 'the role of the key has changed: connect again',
    });
    expect(texts(follower)).toEqual(['before']);
    const again = await alerts(behind(follower.told[0]?.cursor));
    await until(() => again.errors.length > 0);
    expect(again.errors[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    expect((await ask('{ changesCursor(topic: ALERT) }', lab.key)).body.errors?.[0]).toMatchObject({
      extensions: { code: 'FORBIDDEN' },
    });
    await again.end();
  });
});

describe('a client that does not read', () => {
  it('is closed with the reason and resumes without loss; others hear everything', async () => {
    const start = await now();
    const [slow, good] = [await alerts(behind(start)), await alerts(behind(start))];
    await lab.tellAlerts(['first']);
    await until(() => slow.told.length === 1 && good.told.length === 1);
    slow.socket().pause();
    // more than sockets and buffers of both sides hold
    const padding = '.'.repeat(6_000);
    const all: string[] = [];
    for (let burst = 0; burst < 8; burst += 1) {
      const some = names(500, `${burst}`).map((name) => name + padding);
      all.push(...some);
      await lab.tellAlerts(some);
    }
    await until(() => good.told.length === all.length + 1, 20_000);
    slow.socket().resume();
    await until(() => slow.closed !== null, 10_000);
    expect(slow.closed).toEqual({
      code: 4290,
      reason:
        'slow subscriber: over 1000 unread changes of alert; subscribe again with after: your last cursor',
    });
    const back = await alerts(behind(slow.told.at(-1)?.cursor));
    await until(() => slow.told.length + back.told.length >= all.length + 1, 20_000);
    expect([...texts(slow), ...texts(back)]).toEqual(['first', ...all]);
    expect(texts(good)).toEqual(['first', ...all]);
    await Promise.all([good.end(), back.end()]);
  }, 60_000);
});

describe('jobChanged', () => {
  const jobs = (
    args = '',
  ): Promise<Follower<{ id: string; status: string; cursor: string | null }>> =>
    follow(
      lab.door.server.url,
      lab.key,
      `subscription { jobChanged${args} { id status cursor } }`,
      'jobChanged',
    );
  const publish = ({ id, kind, revision }: Job): void =>
    lab.bus.publish(JOB_TOPIC, { id, kind, revision });

  it('with a cursor tells each change of status, those that were missed and those that come', async () => {
    const { body } = await ask('{ changesCursor(topic: JOB) }', lab.key);
    const { jobs: store } = lab;
    const job = await store.create({ kind: 'TRAIN', input: {}, createdBy: 'test' });
    await store.create({ kind: 'SCORE', input: {}, createdBy: 'test' });
    const lease = { jobId: job.id, workerId: 'w' };
    await store.claim(lease, 5_000);
    await store.progress(lease, 0.5, 'half', 5_000);
    const first = await jobs(`(kind: [TRAIN], after: "${String(body.data?.['changesCursor'])}")`);
    await until(() => first.told.length === 2);
    first.cut();
    const released = await store.release(lease, false);
    const claimed = await store.claim(lease, 5_000);
    const second = await jobs(`(kind: [TRAIN], after: "${String(first.told.at(-1)?.cursor)}")`);
    await until(() => second.told.length === 2);
    const done = await store.succeed(lease, { rows: 1 });
    for (const row of [released, claimed, done]) if (row) publish(row);
    await until(() => second.told.length === 3);
    const states = [...first.told, ...second.told].map(({ status }) => status);
    expect(states).toEqual(['QUEUED', 'RUNNING', 'QUEUED', 'RUNNING', 'SUCCEEDED']);
    expect(await store.cancel(job.id)).toBeNull();
    await second.end();
  });

  it('without one tells every change from now on, progress too, as ever', async () => {
    const follower = await jobs();
    const job = await lab.jobs.create({ kind: 'TRAIN', input: {}, createdBy: 'test' });
    // told again until the subscription is there: nobody says when it is
    for (let tries = 0; follower.told.length === 0 && tries < 200; tries += 1) {
      publish(job);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(follower.told[0]).toMatchObject({ status: 'QUEUED', cursor: null });
    await follower.end();
  });
});
