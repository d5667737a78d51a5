import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeJobs } from '../../src/compose-models.js';
import { QUEUE_OF_KIND } from '../../src/job/job.messages.js';
import { processJob } from '../../src/job/process-job.js';
import { JOB_LEASE_MS } from '../../src/job/run-job.js';
import { AppError } from '../../src/kernel/error.js';
import { systemClock } from '../../src/kernel/clock.js';
import { openQueues } from '../../src/plant/queue.js';
import { CANARIES, CANARY, placesOf } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';
import { keptLog } from '../support/quiet-log.js';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** A job whose input, result and failures all name the customer, run to its end. */
async function runTellingJob(redisUrl: string | null): Promise<void> {
  const { db, url } = database;
  const clock = systemClock();
  const queues = await openQueues({
    databaseUrl: url,
    redisUrl,
    redisPrefix: 'ids-only',
    log: keptLog(),
    retryDelayMs: 1,
  });
  try {
    const jobs = composeJobs({ db, bus: memoryBus(), queues, clock, log: keptLog() });
    const ended = new Promise<void>((resolve) => {
      let attempts = 0;
      const run = processJob(
        {
          ...jobs.store,
          writeProgress: jobs.store.progress,
          publishJob: () => undefined,
          onFailure: () => undefined,
          workerId: 'test',
          leaseMs: JOB_LEASE_MS,
        },
        (job) => {
          job.report(0.5, `at ${CANARY.externalId}`);
          attempts += 1;
          return attempts < 2
            ? Promise.reject(new AppError('UNAVAILABLE', `lost ${CANARY.name} <${CANARY.email}>`))
            : Promise.resolve({ last: CANARY.externalId });
        },
      );
      void queues.work(QUEUE_OF_KIND.ERASE, { concurrency: 1 }, async (delivery) => {
        await run(delivery).finally(() => {
          if (attempts === 2) resolve();
        });
      });
    });
    await jobs.submit('ERASE', { user: CANARY.externalId }, 'test');
    await ended;
  } finally {
    await queues.close();
  }
}

describe('A queue', () => {
  it('in PostgreSQL holds ids only, whatever a job was given, answered or failed with', async () => {
    await runTellingJob(null);
    const places = await placesOf(database.db, CANARIES);
    expect([...new Set(places.map(({ table }) => table))]).toEqual(['job']); // our row, which erasure redacts
  });

  it.skipIf(!hasRedis)('in Redis holds ids only', async () => {
    const redis: TestRedis = await startRedis();
    const client = new Redis(redis.url);
    try {
      await runTellingJob(redis.url);
      const keys = await client.keys('*');
      expect(keys.length).toBeGreaterThan(3);
      for (const key of keys) {
        const bytes = (await client.dumpBuffer(key)).toString('latin1').toLowerCase();
        const values = JSON.stringify([key, await valueOf(client, key)]).toLowerCase();

        for (const canary of CANARIES) expect(`${bytes} ${values}`, key).not.toContain(canary);
      }
    } finally {
      client.disconnect();
      await redis.stop();
    }
  });
});

async function valueOf(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return client.hgetall(key);
    case 'list':
      return client.lrange(key, 0, -1);
    case 'zset':
      return client.zrange(key, 0, -1);
    case 'set':
      return client.smembers(key);
    case 'stream':
      return client.xrange(key, '-', '+');
    default:
      return client.get(key);
  }
}
