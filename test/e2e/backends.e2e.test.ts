import fs from 'node:fs';
import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  augury,
  createKey,
  graphql,
  startSystem,
  startWorkerRole,
  temporaryFolder,
  type RunningSystem,
} from '../support/system.js';

/** The same program on an existing PostgreSQL, queue and bus on PostgreSQL or on Redis: by configuration alone. */
describe.each([
  { backend: 'PostgreSQL', redis: false },
  { backend: 'Redis', redis: true },
])('on an existing PostgreSQL with queue and bus on $backend', ({ redis }) => {
  const folder = temporaryFolder();
  let database: TestDatabase;
  let server: TestRedis | null = null;
  let env: Record<string, string>;
  const running: RunningSystem[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    if (redis && hasRedis) server = await startRedis();
    env = { DATABASE_URL: database.url, ...(server ? { REDIS_URL: server.url } : {}) };
  });
  afterEach(async () => {
    for (const system of running.splice(0).reverse()) await system.end('SIGTERM');
  });
  afterAll(async () => {
    await server?.stop();
    await database.drop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('scores in a worker of its own role while a subscriber follows the job and its predictions', async (test) => {
    if (redis && !server) test.skip('redis-server is not installed');
    const dataDir = `${folder}/data`;
    const system = await startSystem(dataDir, ['--no-demo', '--role', 'api'], env);
    running.push(system);
    const worker = await startWorkerRole(`${folder}/worker`, env);
    const key = await createKey(dataDir, 'ADMIN', env);

    const sample = await augury(['sample', '--out', `${folder}/sample`], { env });
    expect(sample.code).toBe(0);
    const import_ = async (...args: string[]): Promise<void> => {
      const result = await augury(['import', ...args, '--data-dir', dataDir, '--json'], { env });
      expect(result.stderr).toBe('');
      expect(result.code).toBe(0);
    };
    await import_(
      'users',
      '--file',
      `${folder}/sample/users.csv`,
      '--id',
      'user_id',
      '--registered',
      'registered_at',
      '--attribute',
      'age,gender,cityTier,membershipLevel,deviceType',
    );
    await import_(
      'events',
      '--file',
      `${folder}/sample/events.csv`,
      '--user',
      'user_id',
      '--at',
      'at',
      '--type',
      'type',
      '--value',
      'value',
      '--id',
      'event_id',
      '--property',
      'quantity',
    );

    const client = createClient({
      url: `${system.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${key}` },
    });
    const { data } = await graphql(
      system.url,
      key,
      'mutation { scoreUsers { job { id } userErrors { message } } }',
    );
    const states: string[] = [];
    for await (const event of client.iterate<{ job: { status: string; progress: number } }>({
      query: 'subscription ($id: ID!) { job(id: $id) { status progress } }',
      variables: { id: data.scoreUsers.job.id },
    }))
      states.push(event.data?.job.status ?? 'none');
    expect(states.at(-1)).toBe('SUCCEEDED');
    expect(states.indexOf('SUCCEEDED')).toBe(states.length - 1);

    const scored = client.iterate<{
      predictionMade: { probability: number; user: { externalId: string } };
    }>({
      query: 'subscription { predictionMade { probability user { externalId } } }',
    });
    const first = scored.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const live = await graphql(
      system.url,
      key,
      '{ user(externalId: "demo-00007") { prediction { probability } } }',
    );
    const event = await first;
    expect(event.value?.data?.predictionMade).toEqual({
      probability: live.data.user.prediction.probability,
      user: { externalId: 'demo-00007' },
    });
    await client.dispose();
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });
});
