import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose, type Composition } from '../../src/compose.js';
import { systemClock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/plant/env.js';
import { projectRoot } from '../../src/plant/paths.js';
import { startServer, type RunningServer } from '../../src/server.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js';

const STREAMS = 5;
const STREAM_BATCH = 10;
/** 5 streams of 10 events every 100 ms: 500 events a second. */
const STREAM_PAUSE_MS = 100;
const ROUNDS = 50;

let database: TestDatabase;
let redis: TestRedis | null = null;
let composition: Composition;
let server: RunningServer;
let key: string;

beforeAll(async () => {
  database = await testDatabase();
  if (hasRedis) redis = await startRedis();
  const clock = systemClock();
  const log = keptLog();
  composition = await compose({
    databaseUrl: database.url,
    redisUrl: redis?.url ?? null,
    config: readConfig({}),
    log,
    clock,
  });
  await composition.prepare(path.join(projectRoot, 'models'));
  server = await startServer({
    ...composition.door,
    config: { host: '127.0.0.1', port: 0, allowedOrigins: [] },
    clock,
    log,
    explorerFolder: path.join(projectRoot, 'dist', 'explorer'),
  });
  ({ key } = await composition.access.createKey({
    role: 'ADMIN',
    name: 'test',
    createdBy: 'test',
  }));
});
afterAll(async () => {
  await server.close();
  await composition.close();
  await redis?.stop();
  await database.drop();
});

async function ask<T>(query: string, variables: object = {}): Promise<T> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

async function record(events: readonly object[]): Promise<number> {
  const { recordEvents } = await ask<{ recordEvents: { accepted: number; rejected: object[] } }>(
    `mutation ($events: [EventInput!]!) { recordEvents(events: $events) {
       accepted rejected { message } userErrors { message } } }`,
    { events },
  );
  expect(recordEvents.rejected).toEqual([]);
  return recordEvents.accepted;
}

async function purchases(user: string): Promise<{ count: number; sum: number; last: string }> {
  const data = await ask<{ user: { lastActiveAt: string; features: { number: number }[] } }>(
    `query ($user: String!) { user(externalId: $user) { lastActiveAt
       features(names: ["purchase_count", "purchase_sum"]) { number } } }`,
    { user },
  );
  const [count, sum] = data.user.features.map(({ number }) => number);
  return { count: count ?? NaN, sum: sum ?? NaN, last: data.user.lastActiveAt };
}

const purchase = (user: string, id: string, value: number, at = new Date()) => ({
  id,
  user,
  type: 'purchase',
  at: at.toISOString(),
  value,
});

/** Records and asks, over and over: each answer must hold all that was acknowledged before it. */
async function writeAndRead(user: string, rounds: number): Promise<void> {
  let sum = 0;
  for (let n = 1; n <= rounds; n += 1) {
    const at = new Date();
    expect(await record([purchase(user, `${user}-${n}`, n, at)])).toBe(1);
    sum += n;
    expect(await purchases(user)).toEqual({ count: n, sum, last: at.toISOString() });
  }
}

describe('an event that was acknowledged', () => {
  it('is in the features of the very next query, also while 500 others come in a second', async () => {
    let streaming = true;
    const stream = async (name: string): Promise<number> => {
      let sent = 0;
      while (streaming) {
        const next = new Promise((resolve) => setTimeout(resolve, STREAM_PAUSE_MS));
        const events = Array.from({ length: STREAM_BATCH }, (_, i) =>
          purchase(`${name}-${(sent + i) % 7}`, `${name}-${sent + i}`, 1),
        );
        sent += await record(events);
        await next;
      }
      return sent;
    };
    const names = Array.from({ length: STREAMS }, (_, i) => `stream${i}`);
    const streams = Promise.all(names.map(stream));
    try {
      await Promise.all([writeAndRead('mine', ROUNDS), writeAndRead('yours', ROUNDS)]);
    } finally {
      streaming = false;
    }
    const sent = await streams;
    for (const [i, name] of names.entries()) {
      const users = Array.from({ length: 7 }, (_, n) => `${name}-${n}`);
      const counts = await Promise.all(users.map(async (user) => (await purchases(user)).count));
      expect(counts.reduce((a, b) => a + b, 0)).toBe(sent[i]);
    }
  });

  it('is in the features also when Redis, which holds queue and bus, is killed', async (test) => {
    if (!redis) test.skip('redis-server is not installed');
    await writeAndRead('before', 5);
    await redis?.stop();
    await writeAndRead('after', 20);
    expect(await purchases('before')).toMatchObject({ count: 5, sum: 15 });
    expect(await record([purchase('before', 'before-5', 1)])).toBe(0);
  });
});
