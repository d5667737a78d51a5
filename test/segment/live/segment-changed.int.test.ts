import 'reflect-metadata';
import type { ExecutionResult } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composePrivacyRoom } from '../../../src/compose-privacy.js';
import { openBus } from '../../../src/plant/bus.js';
import type { Bus } from '../../../src/plant/ports.js';
import { temporaryTombstones } from '../../support/canary.js';
import { keptLog } from '../../support/quiet-log.js';
import {
  openSegmentLab,
  THREE,
  type SegmentLab,
  type SegmentProcess,
} from '../../support/segment-lab.js';

const CUSTOMERS = 650;

/** Two processes, each with a bus of its own on one PostgreSQL. */
let lab: SegmentLab;
let busOfOne: Bus;
let busOfOther: Bus;
let one: SegmentProcess;
let other: SegmentProcess;

beforeAll(async () => {
  lab = await openSegmentLab(CUSTOMERS);
  const open = (): Promise<Bus> =>
    openBus({ databaseUrl: lab.database.url, redisUrl: null, log: keptLog() });
  [busOfOne, busOfOther] = await Promise.all([open(), open()]);
  one = lab.process({ bus: busOfOne });
  other = lab.process({ bus: busOfOther });
});
afterAll(async () => {
  await one.live.close();
  await other.live.close();
  await busOfOne.close();
  await busOfOther.close();
  await lab.close();
});
beforeEach(async () => {
  await lab.database.db.query('truncate segment_membership');
  await lab.goLive(THREE);
});

const FEED = `subscription { segmentChanged { user { id } from { key } to { key } at } }`;

interface Told {
  user: { id: string };
  from: { key: string } | null;
  to: { key: string };
  at: string;
}

/** Everything that a subscriber is told, until it is ended. */
async function subscriber(process: SegmentProcess) {
  const feed = await process.follow(FEED);
  const told: Told[] = [];
  const waiting: (() => void)[] = [];
  const reading = (async () => {
    for (;;) {
      const step: IteratorResult<ExecutionResult> = await feed.next();
      if (step.done) return;
      expect(step.value.errors).toBeUndefined();
      told.push(step.value.data?.['segmentChanged'] as Told);
      for (const wake of waiting.splice(0)) wake();
    }
  })();
  return {
    told,
    async atLeast(count: number): Promise<void> {
      while (told.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async end(): Promise<void> {
      await feed.return?.();
      await reading;
    },
  };
}

/** Resolves once the subscribers of both processes hear: the first `next` subscribes, listening takes a round trip. */
const listening = () => new Promise((resolve) => setTimeout(resolve, 100));

const somebody = async (key: string): Promise<{ id: number; externalId: string }> => {
  const [row] = await lab.database.db.query<{ id: number; externalId: string }>(
    `select c.id, c.external_id as "externalId" from customer c join segment_membership m on m.user_id = c.id
     where m.until is null and m.segment_key = $1 and c.consent_profiling order by c.id limit 1`,
    [key],
  );
  if (!row) throw new Error(`nobody is in ${key}`);
  return row;
};

let events = 0;
const purchases = (process: SegmentProcess, user: string, times: number) =>
  process.recordEvents(
    Array.from({ length: times }, () => ({
      id: `bought-${(events += 1)}`,
      user,
      type: 'purchase',
      at: new Date(Date.now() - 1_000),
      value: 1,
      source: 'test',
      properties: {},
    })),
  );

const everybody = (process: SegmentProcess) =>
  process.ask('{ users(first: 1000) { nodes { segment { probability } } } }');

/** Puts everybody into a segment; what was told of that has been heard by the other process. */
async function everybodyIsSomewhere(): Promise<void> {
  const heard = await subscriber(other);
  await listening();
  await everybody(one);
  const [row] = await lab.database.db.query<{ count: number }>(
    'select count(*) as count from segment_membership',
  );
  await heard.atLeast(row?.count ?? Infinity);
  await heard.end();
}

describe('segmentChanged', () => {
  it('tells a border that an event crossed in one process once in each', async () => {
    await everybodyIsSomewhere();
    const { id, externalId } = await somebody('rare');
    const [here, there] = await Promise.all([subscriber(one), subscriber(other)]);
    await listening();
    await purchases(one, externalId, 3);
    await Promise.all([here.atLeast(1), there.atLeast(1)]);
    // one that stays where it is, and a question about everybody in both, tell nothing
    await purchases(other, externalId, 1);
    await Promise.all([one.live.idle(), other.live.idle(), everybody(one), everybody(other)]);
    // a second border, so that whatever else was published has been heard before it
    await purchases(other, externalId, 5);
    await Promise.all([here.atLeast(2), there.atLeast(2)]);
    await Promise.all([here.end(), there.end()]);
    const user = { id: `User:${id}` };
    const moves = [
      { user, from: { key: 'rare' }, to: { key: 'some' } },
      { user, from: { key: 'some' }, to: { key: 'many' } },
    ];
    expect(here.told).toMatchObject(moves);
    expect(there.told).toMatchObject(moves);
    const written = await lab.database.db.query<{ since: Date }>(
      'select since from segment_membership where user_id = $1 and previous_key is not null order by id',
      [id],
    );
    expect(there.told.map(({ at }) => at)).toEqual(written.map(({ since }) => since.toISOString()));
  });

  it('tells every customer that a new version moves, once, over several messages', async () => {
    await everybodyIsSomewhere();
    const there = await subscriber(other);
    await listening();
    await lab.goLive({ keys: ['some', 'many', 'rare'], borders: THREE.borders });
    await everybody(one);
    const [row] = await lab.database.db.query<{ count: number }>(
      'select count(*) as count from segment_membership where previous_key is not null',
    );
    expect(row?.count).toBeGreaterThan(300);
    await there.atLeast(row?.count ?? 0);
    await there.end();
    expect(there.told).toHaveLength(row?.count ?? 0);
    expect(new Set(there.told.map(({ user }) => user.id)).size).toBe(row?.count);
  });

  it('tells nothing of customers who were erased or opted out meanwhile', async () => {
    const { db } = lab.database;
    await everybodyIsSomewhere();
    const [optedOut, erased, heard] = await db.query<{ id: number; userId: number }>(
      `select id, user_id as "userId" from segment_membership order by id limit 3`,
    );
    await db.query('update customer set consent_profiling = false where id = $1', [
      optedOut?.userId,
    ]);
    const place = temporaryTombstones();
    const { eraseUser, exportUser } = composePrivacyRoom({
      db,
      clock: lab.clock,
      log: keptLog(),
      bus: null,
      tombstones: place.file,
    });
    const [key] = await db.query<{ key: string }>(
      'select external_id as key from customer where id = $1',
      [erased?.userId],
    );
    const exported = JSON.stringify(await exportUser(key?.key ?? '', 'test'));
    expect(exported).toContain('segment_membership');
    const receipt = await eraseUser(key?.key ?? '', 'test');
    expect(receipt.error).toBeNull();
    expect(JSON.stringify(receipt.receipt)).toContain('"segment_membership":1');
    expect(
      await db.query('select 1 from segment_membership where user_id = $1', [erased?.userId]),
    ).toEqual([]);
    const there = await subscriber(other);
    await listening();
    busOfOne.publish(`segment:${lab.modelId}`, {
      ids: [optedOut?.id, erased?.id, heard?.id],
    });
    await there.atLeast(1);
    await there.end();
    expect(there.told.map(({ user }) => user.id)).toEqual([`User:${heard?.userId}`]);
    await db.query('update customer set consent_profiling = true');
    place.remove();
  });

  it('is refused to a role that may not list customers, and for a segmentation that is not live', async () => {
    await expect(one.follow(FEED, 'CRM')).rejects.toThrow('may not user:list');
    await expect(
      one.follow('subscription { segmentChanged(segmentation: "colour") { at } }'),
    ).rejects.toThrow('no segmentation of the key colour is live');
  });
});
