import 'reflect-metadata';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { AlertResolver } from '../../src/alert/alert.resolver.js';
import type { AlertSnapshot, AlertStatus, Severity } from '../../src/alert/alert.js';
import { composeAccess } from '../../src/compose-data.js';
import { composeFeeds, type FeedParts } from '../../src/compose-feeds.js';
import type { DoorLimits } from '../../src/door/options.js';
import type { Viewer } from '../../src/graphql/context.js';
import { JobResolver } from '../../src/job/job.resolver.js';
import { jobStore } from '../../src/job/job.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import { openBus } from '../../src/plant/bus.js';
import { appendFeed, feedBusTopic } from '../../src/plant/feed-log.js';
import type { Bus } from '../../src/plant/ports.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { buildGraph } from '../../src/schema.js';
import { testDatabase, type TestDatabase } from './database.js';
import { startDoor, type DoorTest } from './door.js';
import { keptLog } from './quiet-log.js';

/** A server with nothing but the subscriptions that miss nothing, on a database of its own and with real keys. */
export interface FeedDoor {
  database: TestDatabase;
  door: DoorTest;
  bus: Bus;
  jobs: ReturnType<typeof jobStore>;
  access: ReturnType<typeof composeAccess>;
  /** An ADMIN key. */
  key: string;
  keyId: string;
  /** Changes who a key is, from the next question on. */
  become(change: (viewer: Viewer) => Viewer): void;
  /** Puts down changes of alerts; their summaries are the texts. */
  tellAlerts(texts: readonly string[], change?: AlertChange): Promise<number[]>;
  /** Another process of the installation goes away, and a new one comes. */
  close(): Promise<void>;
}

export interface AlertChange {
  severity?: Severity;
  status?: AlertStatus;
}

const clock = systemClock();

export async function openFeedDoor(
  options: { limits?: Partial<DoorLimits>; parts?: Partial<FeedParts> } = {},
): Promise<FeedDoor> {
  const database = await testDatabase();
  const { db } = database;
  const log = keptLog();
  const bus = await openBus({ databaseUrl: database.url, redisUrl: null, log });
  const access = composeAccess(db, clock);
  const { key, id: keyId } = await access.createKey({
    role: 'ADMIN',
    name: 'follower',
    createdBy: 'test',
  });
  const jobs = jobStore(db, clock);
  const nothing = (): Promise<never> => Promise.reject(new Error('not part of this graph'));
  const feeds = composeFeeds({
    plant: { db, bus, clock, log },
    jobs: { store: jobs },
    models: {
      serving: { current: () => null } as unknown as FeedParts['models']['serving'],
      store: { byName: () => Promise.resolve(null) },
    },
    ledger: { store: predictionStore(db) },
    ...options.parts,
  });
  const schema = buildGraph({
    resolvers: [
      ...feeds.resolvers,
      new AlertResolver({} as ConstructorParameters<typeof AlertResolver>[0]),
      new JobResolver({ getJob: jobs.get, jobPage: nothing, cancelJob: nothing }),
    ],
    feeds: feeds.feeds,
  });
  let change = (viewer: Viewer): Viewer => viewer;
  const door = await startDoor({
    schema: { current: () => schema, version: () => '1', onSwap: () => () => true },
    authenticate: async (presented) => {
      const viewer = await access.authenticate(presented);
      return viewer && change(viewer);
    },
    config: options.limits ? { limits: options.limits } : {},
  });
  return {
    database,
    door,
    bus,
    jobs,
    access,
    key,
    keyId,
    become: (next) => (change = next),
    tellAlerts: async (texts, how) => {
      const ids = await appendFeed(
        db,
        'alert',
        texts.map((text) => {
          const alert = snapshot(text, how);
          const { severity, status } = alert;
          return {
            at: clock.wall(),
            subject: alert.id,
            keys: { severity, status },
            payload: alert,
          };
        }),
      );
      bus.publish(feedBusTopic('alert'), {});
      return ids;
    },
    async close() {
      await door.close();
      await feeds.close();
      await bus.close();
      await database.drop();
    },
  };
}

function snapshot(
  summary: string,
  { severity = 'HIGH', status = 'FIRING' }: AlertChange = {},
): AlertSnapshot {
  const at = clock.wall();
  const id = uuidv7(at);
  return {
    ...{ id, revision: 1, ruleId: id, rule: 'High error rate', dedupKey: id, status, severity },
    ...{ summary, metric: 'error_rate', value: 0.08, threshold: 0.05, comparison: 'GT' },
    labels: { model: 'churn' },
    at: at.toISOString(),
    startedAt: at.toISOString(),
    firedAt: at.toISOString(),
    ...{ acknowledgedAt: null, acknowledgedBy: null, silencedUntil: null, resolvedAt: null },
  };
}

/** A socket of the protocol that keeps what it was told and how it ended. */
export interface Follower<T> {
  told: T[];
  errors: { message: string; extensions: Record<string, unknown> }[];
  /** Set once the socket has closed. */
  closed: { code: number; reason: string } | null;
  socket(): WebSocket;
  /** Cuts the line without a word. */
  cut(): void;
  end(): Promise<void>;
}

/** Subscribes over a real WebSocket; `field` names the root field whose payloads are kept. */
export async function follow<T>(
  url: string,
  key: string,
  query: string,
  field: string,
): Promise<Follower<T>> {
  let line: WebSocket | null = null;
  const follower: Follower<T> = {
    told: [],
    errors: [],
    closed: null,
    socket: () => {
      if (!line) throw new Error('not connected');
      return line;
    },
    cut: () => line?.terminate(),
    end: async () => {
      await client.dispose();
    },
  };
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => undefined,
    connectionParams: { authorization: `Bearer ${key}` },
    on: {
      connected: (socket) => (line = socket as WebSocket),
      closed: (event) => {
        const { code, reason } = event as { code: number; reason: string };
        follower.closed = { code, reason };
      },
    },
  });
  await new Promise<void>((resolve) => client.on('connected', () => resolve()));
  client.subscribe<Record<string, T>>(
    { query },
    {
      next: ({ data, errors }) => {
        const payload = data?.[field];
        if (payload) follower.told.push(payload);
        for (const { message, extensions = {} } of errors ?? [])
          follower.errors.push({ message, extensions });
      },
      error: (error) => {
        if (Array.isArray(error)) follower.errors.push(...(error as typeof follower.errors));
      },
      complete: () => undefined,
    },
  );
  return follower;
}
