import fs from 'node:fs';
import { expect } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { hang, openReceiver, status } from '../alert/delivery/receiver.js';
import { testDatabase } from './database.js';
import { follow, type Follower } from './feed-door.js';
import {
  createKey,
  graphql,
  startSystem,
  startWorkerRole,
  temporaryFolder,
  type Answer,
  type RunningSystem,
} from './system.js';
import { fillWatchedShop } from './watched-shop.js';

export type Data = Answer['data'];
export const A = 0;
export const B = 1;
/** What the receiver knows; both channels sign with it. */
export const SECRET = 'the receiver knows it';

/** Two servers, as many workers as are started, a receiver of webhooks: all of them programs on one PostgreSQL. */
export async function openWatchLab() {
  const folder = temporaryFolder();
  const database = await testDatabase();
  const receiver = await openReceiver();
  fs.writeFileSync(
    `${folder}/channels.json`,
    JSON.stringify({
      night: { kind: 'webhook', url: receiver.url, secrets: ['env:HOOK_SECRET'] },
      desk: { kind: 'webhook', url: receiver.url, secrets: ['a new one', 'env:HOOK_SECRET'] },
    }),
  );
  const env = {
    DATABASE_URL: database.url,
    AUGURY_CHANNELS: `${folder}/channels.json`,
    AUGURY_WEBHOOK_NETWORKS: '127.0.0.1/32',
    AUGURY_ALERTS_EVERY_SECONDS: '1',
    HOOK_SECRET: SECRET,
  };
  const { versions } = await fillWatchedShop(database, systemClock());
  const servers: RunningSystem[] = [];
  const workers: Awaited<ReturnType<typeof startWorkerRole>>[] = [];
  const followers: { end(): Promise<void> }[] = [];
  const startServer = async (server: number): Promise<void> => {
    const args = ['--no-demo', '--role', 'api'];
    servers[server] = await startSystem(`${folder}/${server}`, args, env);
  };
  const startWorker = async (): Promise<void> => {
    workers.push(await startWorkerRole(`${folder}/worker-${workers.length}`, env));
  };
  await Promise.all([startServer(A), startServer(B), startWorker()]);
  const key = await createKey(`${folder}/${A}`, 'ADMIN', env);
  const urlOf = (server: number): string => servers[server]?.url ?? '';
  const ask = async (
    server: number,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Data> => {
    const { data, errors } = await graphql(urlOf(server), key, query, variables);
    expect(errors).toBeUndefined();
    return data;
  };
  return {
    ...{ database, versions, workers, startServer, startWorker, ask },
    /** What came to the receiver about an alert. */
    messagesOf: (alertId: string) =>
      receiver.received.filter(({ body }) => body.includes(alertId.replace('Alert:', ''))),
    receive: (how: 'hangs' | 'answers'): void => {
      receiver.answer = how === 'hangs' ? hang : status(200);
    },
    stopServer: async (server: number): Promise<void> => {
      await servers[server]?.end('SIGTERM');
    },
    /** A mutation without problems; its payload. */
    async change(server: number, field: string, answer: string, args: string): Promise<Data> {
      const { [field]: payload } = await ask(
        server,
        `mutation { ${field}(${args}) { ${answer} userErrors { code message path } } }`,
      );
      expect(payload.userErrors).toEqual([]);
      return payload;
    },
    async subscribe<T>(server: number, field: string, rest: string): Promise<Follower<T>> {
      const follower = await follow<T>(
        urlOf(server),
        key,
        `subscription { ${field}${rest} }`,
        field,
      );
      followers.push(follower);
      return follower;
    },
    /** Follows a job to its end. */
    async resultOf(jobId: string, selection: string): Promise<Data> {
      const job = await until(async () => {
        const { job: now } = await ask(
          B,
          `query ($id: ID!) { job(id: $id) { status error result { __typename ${selection} } } }`,
          { id: jobId },
        );
        return ['QUEUED', 'RUNNING'].includes(now.status) ? null : now;
      });
      expect([job.status, job.error]).toEqual(['SUCCEEDED', null]);
      return job.result;
    },
    /** Waits until the workers have looked at all rules so many times more. */
    async looks(count: number): Promise<void> {
      let last = '';
      for (let seen = -1; seen < count; seen += 1)
        last = await until(async () => {
          const [row] = await database.db.query<{ at: string }>(
            'select at::text as at from alert_tick',
          );
          return row && row.at !== last ? row.at : null;
        });
    },
    async close(): Promise<void> {
      await Promise.all(followers.map((each) => each.end()));
      for (const worker of workers) worker.kill('SIGTERM');
      await Promise.all([
        ...workers.map(({ ended }) => ended),
        ...servers.map((server) => server.end('SIGTERM')),
      ]);
      await receiver.close();
      await database.drop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Looks again and again until there is something. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
