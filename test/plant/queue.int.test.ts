import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../src/plant/paths.js';
import { UnrecoverableJobError, type Delivery, type Queues } from '../../src/plant/ports.js';
import { openQueues } from '../../src/plant/queue.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog, type KeptLog } from '../support/quiet-log.js';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js';

let database: TestDatabase;
let redis: TestRedis | null = null;
const workerFile = path.join(projectRoot, 'dist/test/support/queue-worker.js');

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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(backends)('queues on $name', ({ available, redisUrl }) => {
  async function open(log: KeptLog = keptLog()): Promise<Queues> {
    const queues = await openQueues({
      databaseUrl: database.url,
      redisUrl: redisUrl(),
      log,
      retryDelayMs: 50,
      closeGraceMs: 500,
    });
    onTestFinished(() => queues.close());
    return queues;
  }
  const test = it.runIf(available);

  test('process an added job once, with the payload as it was sent', async () => {
    const queues = await open();
    const seen: Delivery[] = [];
    await queues.work('once', { concurrency: 2 }, (delivery) => {
      seen.push(delivery);
      return Promise.resolve();
    });
    await queues.add('once', { id: 'a', n: 1, list: ['ü', null] });
    await expect.poll(() => seen.length).toBe(1);
    await pause(300);
    expect(seen.map(({ payload, attempt }) => ({ payload, attempt }))).toEqual([
      { payload: { id: 'a', n: 1, list: ['ü', null] }, attempt: 1 },
    ]);
    expect(await queues.depth('once')).toEqual({ waiting: 0, active: 0, failed: 0 });
  });

  test('take the same jobId once while it waits or runs, and again when it has ended', async () => {
    const queues = await open();
    let release: () => void = () => undefined;
    let runs = 0;
    await queues.add('same', {}, { jobId: 'score:7' });
    await queues.add('same', {}, { jobId: 'score:7' });
    expect(await queues.depth('same')).toMatchObject({ waiting: 1 });
    await queues.work('same', { concurrency: 4 }, async () => {
      runs += 1;
      await new Promise<void>((resolve) => (release = resolve));
    });
    await expect.poll(() => runs).toBe(1);
    await queues.add('same', {}, { jobId: 'score:7' });
    release();
    await expect.poll(async () => (await queues.depth('same')).active).toBe(0);
    await pause(300);
    expect(runs).toBe(1);
    await queues.add('same', {}, { jobId: 'score:7' });
    await expect.poll(() => runs).toBe(2);
    release();
  });

  test('run a failed job again, later and later, until it succeeds', async () => {
    const queues = await open();
    const attempts: { attempt: number; at: number }[] = [];
    await queues.work('retry', { concurrency: 1 }, ({ attempt }) => {
      attempts.push({ attempt, at: performance.now() });
      return attempt < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    });
    await queues.add('retry', {}, { jobId: 'r' });
    await expect.poll(() => attempts.length, { timeout: 10_000 }).toBe(3);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    const [first, second, third] = attempts.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(45);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(95);
    await expect.poll(() => queues.depth('retry')).toEqual({ waiting: 0, active: 0, failed: 0 });
  });

  test('give up after the last attempt; then the same jobId may be added anew', async () => {
    const queues = await open();
    let runs = 0;
    await queues.work('give-up', { concurrency: 1 }, () => {
      runs += 1;
      return Promise.reject(new Error('never'));
    });
    await queues.add('give-up', {}, { jobId: 'g', attempts: 2 });
    await expect.poll(async () => (await queues.depth('give-up')).failed).toBe(1);
    expect(runs).toBe(2);
    await queues.add('give-up', {}, { jobId: 'g', attempts: 1 });
    await expect.poll(async () => (await queues.depth('give-up')).failed).toBe(2);
    expect(runs).toBe(3);
  });

  test('do not run an unrecoverable job again', async () => {
    const queues = await open();
    let runs = 0;
    await queues.work('bad', { concurrency: 1 }, () => {
      runs += 1;
      return Promise.reject(new UnrecoverableJobError('bad input'));
    });
    await queues.add('bad', {}, { attempts: 5 });
    await expect.poll(async () => (await queues.depth('bad')).failed).toBe(1);
    await pause(300);
    expect(runs).toBe(1);
  });

  test('hold a delayed job back', async () => {
    const queues = await open();
    const started = performance.now();
    let ranAfter = 0;
    await queues.work('later', { concurrency: 1 }, () => {
      ranAfter = performance.now() - started;
      return Promise.resolve();
    });
    await queues.add('later', {}, { delayMs: 400 });
    await expect.poll(() => ranAfter, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(ranAfter).toBeGreaterThanOrEqual(390);
  });

  test('run scheduled work again and again; the same key replaces the schedule', async () => {
    const queues = await open();
    const seen: unknown[] = [];
    await queues.schedule('tick', 'sweep', { cron: '0 3 * * *' }, { version: 1 });
    await queues.schedule('tick', 'sweep', { everyMs: 200 }, { version: 2 });
    await queues.work('tick', { concurrency: 1 }, ({ payload }) => {
      seen.push(payload);
      return Promise.resolve();
    });
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    expect(new Set(seen.map((payload) => JSON.stringify(payload)))).toEqual(
      new Set(['{"version":2}']),
    );
  });

  test('fire the signal on close and give the job to another worker, as the same attempt', async () => {
    const [first, second] = [await open(), await open()];
    const runs: { by: string; attempt: number }[] = [];
    await first.work('move', { concurrency: 1 }, async ({ signal, attempt }) => {
      runs.push({ by: 'first', attempt });
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    });
    await first.add('move', {}, { attempts: 1 });
    await expect.poll(() => runs.length).toBe(1);
    const closing = performance.now();
    await first.close();
    expect(performance.now() - closing).toBeLessThan(1_500);
    await second.work('move', { concurrency: 1 }, ({ attempt }) => {
      runs.push({ by: 'second', attempt });
      return Promise.resolve();
    });
    await expect.poll(() => runs.length, { timeout: 3_000 }).toBe(2);
    expect(runs).toEqual([
      { by: 'first', attempt: 1 },
      { by: 'second', attempt: 1 },
    ]);
  });

  test('close in bounded time although a job ignores its signal', async () => {
    const log = keptLog();
    const queues = await open(log);
    let running = false;
    await queues.work('deaf', { concurrency: 1 }, async () => {
      running = true;
      await pause(4_000);
    });
    await queues.add('deaf', {});
    await expect.poll(() => running).toBe(true);
    const started = performance.now();
    await queues.close();
    expect(performance.now() - started).toBeLessThan(3_500);
    expect(log.lines.map((line) => line.message)).toContain(
      'jobs did not stop in time: they will be run again by another worker',
    );
    await expect(queues.add('deaf', {})).rejects.toThrow('the job queues are closed');
  });

  test('run many workers of many queues on one set of connections', async () => {
    const queues = await open();
    let runs = 0;
    const names = Array.from({ length: 12 }, (_, i) => `many-${i}`);
    for (const name of names)
      await queues.work(name, { concurrency: 2 }, () => {
        runs += 1;
        return Promise.resolve();
      });
    await Promise.all(names.flatMap((name) => [queues.add(name, {}), queues.add(name, {})]));
    await expect.poll(() => runs, { timeout: 10_000 }).toBe(24);
  });

  test('run the job of a worker that was killed with SIGKILL again, within 12 s', async () => {
    const queues = await open();
    const child = spawn(process.execPath, [workerFile, database.url, redisUrl() ?? '', 'killed'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = new Promise((resolve) => child.stdout.once('data', resolve));
    await queues.add('killed', { id: 1 }, { jobId: 'k' });
    await started;
    child.kill('SIGKILL');
    const killedAt = performance.now();
    let rerunAfter = 0;
    await queues.work('killed', { concurrency: 1 }, () => {
      rerunAfter = performance.now() - killedAt;
      return Promise.resolve();
    });
    await expect.poll(() => rerunAfter, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(rerunAfter).toBeLessThan(12_000);
    await expect.poll(() => queues.depth('killed')).toEqual({ waiting: 0, active: 0, failed: 0 });
  });
});

it.runIf(hasRedis)(
  'what recurs goes on by itself after Redis came back with nothing in it, and what is there is left alone',
  async () => {
    const queues = await openQueues({
      ...{ databaseUrl: database.url, redisUrl: redis?.url ?? null, log: keptLog() },
      upholdEveryMs: 50,
    });
    onTestFinished(() => queues.close());
    let turns = 0;
    await queues.work('recurring', { concurrency: 1 }, () => {
      turns += 1;
      return Promise.resolve();
    });
    // looked after twice as often as it comes: it would never come if that put it off
    await queues.schedule('recurring', 'tick', { everyMs: 100 }, {});
    await expect.poll(() => turns).toBeGreaterThan(5);
    await redis?.restart();
    const before = turns;
    await expect.poll(() => turns, { timeout: 20_000 }).toBeGreaterThan(before + 3);
  },
);

describe('opening queues', () => {
  it('says in one sentence that PostgreSQL cannot be reached', async () => {
    const opening = openQueues({
      databaseUrl: 'postgresql://me:secret@127.0.0.1:1/db',
      redisUrl: null,
      log: keptLog(),
    });
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'PostgreSQL postgresql://me:***@127.0.0.1:1/db cannot be reached (connect ECONNREFUSED 127.0.0.1:1): start it or correct DATABASE_URL',
    });
  });
});
