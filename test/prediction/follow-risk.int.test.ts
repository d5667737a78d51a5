import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import {
  crossesUp,
  riskLook,
  startFollowingRisk,
  type FollowRiskDeps,
  type RiskLevelStore,
} from '../../src/prediction/follow-risk.js';
import { predictionTopic } from '../../src/prediction/prediction.messages.js';
import type { PredictionSource, RiskBand } from '../../src/prediction/prediction.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { riskLevelStore } from '../../src/prediction/risk-level.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/door.js';
import { memoryBus } from '../support/memory-bus.js';

const MODEL = '01900000-0000-7000-8000-0000000000b1';
const OTHER = '01900000-0000-7000-8000-0000000000b2';
const VERSION = '01900000-0000-7000-8000-0000000000b3';
const bus = memoryBus();
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
const ended = new AbortController().signal;
let database: TestDatabase;
let users: number[];
let announced = 0;

beforeAll(async () => {
  database = await testDatabase();
  const rows = await database.db.query<{ id: number }>(
    `insert into customer (external_id) select 'u' || n from generate_series(1, 12) n returning id`,
  );
  users = rows.map(({ id }) => id);
});
afterEach(async () => {
  announced = 0;
  await database.db.query('truncate feed_entry, feed_position, risk_level');
});
afterAll(() => database.drop());

const deps = (store: RiskLevelStore = riskLevelStore(database.db)): FollowRiskDeps => ({
  store,
  listModels: () =>
    Promise.resolve([
      { id: MODEL, spec: { riskBands: { medium: 0.25, high: 0.5, critical: 0.75 } } },
      { id: OTHER, spec: { riskBands: { medium: 0.1, high: 0.2, critical: 0.3 } } },
    ]),
  subscribe: (topic) => bus.subscribe(topic),
  announceCrossings: () => {
    announced += 1;
  },
  clock,
  onInterrupted: (error) => {
    throw error;
  },
});

const score = (
  user: number,
  probability: number,
  { source = 'MODEL', modelId = MODEL }: { source?: PredictionSource; modelId?: string } = {},
) =>
  predictionStore(database.db).write([
    {
      userId: users[user] ?? 0,
      modelId,
      modelVersionId: VERSION,
      probability,
      threshold: 0.5,
      source,
      asOf: clock.now(),
      scoredAt: clock.wall(),
      latencyMs: 1,
      inputs: { numeric: Float32Array.of(1), categorical: [] },
      jobId: null,
    },
  ]);

const look = async (store?: RiskLevelStore): Promise<void> => riskLook(deps(store), ended)();
const crossings = async (): Promise<string[]> =>
  (await readFeed(database.db, 'risk', 0, 10_000)).map(
    ({ userId, keys }) =>
      `${users.indexOf(userId ?? 0)} ${String(keys['from'])} -> ${String(keys['to'])}`,
  );

describe('a level', () => {
  it.each([
    ['LOW', 'HIGH', 'HIGH', true],
    ['LOW', 'CRITICAL', 'HIGH', true],
    ['MEDIUM', 'HIGH', 'HIGH', true],
    ['HIGH', 'CRITICAL', 'HIGH', false],
    ['HIGH', 'CRITICAL', 'CRITICAL', true],
    ['CRITICAL', 'HIGH', 'HIGH', false],
    ['LOW', 'MEDIUM', 'HIGH', false],
    ['LOW', 'LOW', 'LOW', false],
  ] satisfies [RiskBand, RiskBand, RiskBand, boolean][])(
    '%s -> %s crosses %s upwards: %s',
    (from, to, level, crosses) => {
      expect(crossesUp(from, to, level)).toBe(crosses);
    },
  );
});

describe('following the ledger', () => {
  it('begins where it stands: history is no news, and a first score crosses nothing', async () => {
    await score(0, 0.1);
    await look();
    await score(0, 0.9);
    await look();
    expect(await crossings()).toEqual([]);
    await score(0, 0.2);
    await look();
    expect(await crossings()).toEqual(['0 CRITICAL -> LOW']);
    expect(announced).toBe(1);
  });

  it('puts down each change of band once, up and down, by the bounds of the model', async () => {
    await look();
    for (const p of [0.1, 0.24, 0.25, 0.5, 0.6, 0.75, 0.3]) {
      await score(1, p);
      await look();
    }
    await score(1, 0.15, { modelId: OTHER });
    await look();
    await score(1, 0.35, { modelId: OTHER });
    await look();
    await look();
    expect(await crossings()).toEqual([
      '1 LOW -> MEDIUM',
      '1 MEDIUM -> HIGH',
      '1 HIGH -> CRITICAL',
      '1 CRITICAL -> MEDIUM',
      '1 MEDIUM -> CRITICAL',
    ]);
  });

  it('leaves out what the model did not say, and takes the newest of a stretch', async () => {
    await look();
    await score(2, 0.1);
    await look();
    await score(2, 0.9, { source: 'RULES' });
    await score(2, 0.8);
    await score(2, 0.3);
    await look();
    expect(await crossings()).toEqual(['2 LOW -> MEDIUM']);
  });

  it('walks in stretches, to the same end', async () => {
    await look();
    for (let user = 0; user < 10; user += 1) await score(user, 0.1);
    await look();
    for (let user = 0; user < 10; user += 1) await score(user, 0.6);
    await riskLook({ ...deps(), chunk: 3 }, ended)();
    expect(await crossings()).toHaveLength(10);
  });

  it('leaves out customers who were erased meanwhile', async () => {
    await look();
    const [row] = await database.db.query<{ id: number }>(
      `insert into customer (external_id) values ('gone') returning id`,
    );
    users.push(row?.id ?? 0);
    await score(12, 0.1);
    await look();
    await score(12, 0.9);
    await database.db.query('delete from risk_level where user_id = $1', [row?.id]);
    await database.db.query('delete from customer where id = $1', [row?.id]);
    await look();
    expect(await crossings()).toEqual([]);
    expect(
      await database.db.query('select 1 from risk_level where user_id = $1', [row?.id]),
    ).toEqual([]);
  });
});

describe('rows that are not committed yet', () => {
  it('are waited for, although rows behind them are', async () => {
    await look();
    await score(3, 0.1);
    await look();
    let commit = (): void => undefined;
    let drawn = (): void => undefined;
    const decided = new Promise<void>((resolve) => (commit = resolve));
    const hasDrawn = new Promise<void>((resolve) => (drawn = resolve));
    const slow = database.db.transaction(async (sql) => {
      // an id that is drawn before the transaction has a number, as a batch does
      const [row] = await sql.query<{ id: number }>(`select nextval('prediction_id_seq') as id`);
      drawn();
      await decided;
      await sql.query(
        `insert into prediction (id, user_id, model_id, model_version_id, probability, threshold, source, as_of,
           scored_at, latency_ms, numeric) values ($1, $2, $3, $4, 0.9, 0.5, 'MODEL', $5, $5, 1, '')`,
        [row?.id, users[3], MODEL, VERSION, clock.wall()],
      );
    });
    await hasDrawn;
    await score(4, 0.1);
    const lookOnce = riskLook(deps(), ended);
    await lookOnce();
    expect(await crossings()).toEqual([]);
    commit();
    await slow;
    await lookOnce();
    expect(await crossings()).toEqual(['3 LOW -> CRITICAL']);
  });
});

describe('exactly once', () => {
  it('with three workers at once and scores that go on', async () => {
    await look();
    for (let user = 0; user < 8; user += 1) await score(user, 0.1);
    await look();
    const workers = [1, 2, 3].map(() =>
      startFollowingRisk({ ...deps(), everyMs: 5, chunk: 4, onInterrupted: () => undefined }),
    );
    for (let round = 0; round < 6; round += 1)
      await Promise.all(
        users.slice(0, 8).map((_, user) => score(user, round % 2 === 0 ? 0.9 : 0.1)),
      );
    const store = riskLevelStore(database.db);
    const head = await store.head();
    const done = async (): Promise<boolean> => ((await store.position()) ?? 0) >= head;
    for (let tries = 0; !(await done()) && tries < 500; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all(workers.map((worker) => worker.close()));
    const entries = await crossings();
    // a stretch tells of its end only, so a customer may have missed a pair; what is told alternates and ends LOW
    for (let user = 0; user < 8; user += 1) {
      const of = entries.filter((entry) => entry.startsWith(`${user} `));
      expect(of).toEqual(
        of.map((_, n) => `${user} ${n % 2 === 0 ? 'LOW -> CRITICAL' : 'CRITICAL -> LOW'}`),
      );
      expect(of.length % 2).toBe(0);
    }
    const subjects = await readFeed(database.db, 'risk', 0, 10_000);
    expect(new Set(subjects.map(({ subject }) => subject)).size).toBe(subjects.length);
  });

  it('over a worker that dies in the middle: level, entry and position go together', async () => {
    await look();
    await score(5, 0.1);
    await look();
    await score(5, 0.9);
    // the transaction fails at its last statement, as when the process is gone
    const store = riskLevelStore({
      ...database.db,
      transaction: (work) =>
        database.db.transaction(async (sql) => {
          await work(sql);
          throw new Error('the worker is gone');
        }),
    });
    await expect(look(store)).rejects.toThrow('the worker is gone');
    expect(await crossings()).toEqual([]);
    await look();
    await look();
    expect(await crossings()).toEqual(['5 LOW -> CRITICAL']);
  });
});

describe('a follower', () => {
  it('is woken by a score, and reads next to nothing while there is none', async () => {
    const store = riskLevelStore(database.db);
    let heads = 0;
    let takes = 0;
    const counted: RiskLevelStore = {
      ...store,
      head: () => ((heads += 1), store.head()),
      take: (chunk) => ((takes += 1), store.take(chunk)),
    };
    const follower = startFollowingRisk({ ...deps(counted), everyMs: 60_000 });
    await until(() => bus.subscribers() === 2 && takes === 1);
    await score(6, 0.1);
    bus.publish(predictionTopic(MODEL), {});
    await until(() => takes === 2);
    await score(6, 0.9);
    bus.publish(predictionTopic(MODEL), {});
    await until(() => announced === 1);
    const before = takes;
    bus.publish(predictionTopic(OTHER), {});
    const asked = heads;
    await until(() => heads > asked);
    await follower.close();
    expect(takes).toBe(before);
    expect(await crossings()).toEqual(['6 LOW -> CRITICAL']);
    expect(bus.subscribers()).toBe(0);
  });
});
