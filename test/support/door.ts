import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfig,
} from 'graphql';
import type { Presented } from '../../src/access/authenticate.js';
import type { OperationReport, ServerOptions } from '../../src/door/options.js';
import { beforeAnswer, type RequestContext, type Viewer } from '../../src/graphql/context.js';
import type { SchemaSource } from '../../src/graphql/schema-source.js';
import { systemClock } from '../../src/kernel/clock.js';
import { count } from '../../src/kernel/count.js';
import { AppError } from '../../src/kernel/error.js';
import { createSubscription, type Subscription } from '../../src/plant/subscription.js';
import type { RunningServer } from '../../src/server.js';
import { startServer } from '../../src/server.js';

export const KEY = 'augury_admin_test';
export const SESSION = 'a-session';

/** Everything that was logged at error. */
export interface DoorTest {
  server: RunningServer;
  errors: { fields: Record<string, unknown>; message: string }[];
  reports: OperationReport[];
  /** Loader keys that the `fresh` field saw, in order. */
  loaderKeys: object[];
  /** Signals of `slow` fields, in order. */
  signals: AbortSignal[];
  /** What `noted` fields wrote down before their answer left. */
  notes: string[];
  /** The schema that the door began with. */
  base: GraphQLSchema;
  /** Gives the door another schema while it is open. */
  swap(schema: GraphQLSchema, version: string): void;
  publish(payload: unknown): void;
  subscribers(): number;
  revoke(): void;
  options: ServerOptions;
  close(): Promise<void>;
}

/** A small graph with one field for each thing that the door must deal with. */
function schemaOf(
  test: Pick<DoorTest, 'loaderKeys' | 'signals' | 'notes'>,
  topic: Set<Subscription>,
) {
  const string = { type: GraphQLString };
  const noted: GraphQLFieldConfig<unknown, RequestContext> = {
    type: GraphQLString,
    resolve: (_, __, context) => {
      beforeAnswer(context).push(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        test.notes.push(context.requestId);
      });
      return 'Ada Lovelace';
    },
  };
  const unnoted: GraphQLFieldConfig<unknown, RequestContext> = {
    type: GraphQLString,
    resolve: (_, __, context) => {
      beforeAnswer(context).push(() => Promise.reject(new Error('the audit table is gone')));
      return 'Ada Lovelace';
    },
  };
  const item: GraphQLObjectType = new GraphQLObjectType({
    name: 'Item',
    fields: () => ({
      name: string,
      items: {
        type: new GraphQLList(item),
        args: { first: { type: GraphQLInt, defaultValue: 2 } },
        resolve: (_: unknown, { first }: { first: number }) =>
          Array.from({ length: first }, (_each, index) => ({ name: String(index) })),
      },
      tags: { type: new GraphQLList(item), resolve: () => [] },
    }),
  });
  const fail = (error: () => Error) => ({
    type: GraphQLString,
    resolve: () => {
      throw error();
    },
  });
  const viewerType = new GraphQLObjectType({
    name: 'Viewer',
    description: 'Whose key this is.',
    fields: { name: string, role: string },
  });
  const users = new GraphQLObjectType({
    name: 'Users',
    fields: {
      nodes: {
        type: new GraphQLList(
          new GraphQLObjectType({ name: 'User', fields: { externalId: string } }),
        ),
      },
    },
  });
  const query = new GraphQLObjectType<unknown, RequestContext>({
    name: 'Query',
    fields: {
      noted,
      unnoted,
      viewer: { type: viewerType, resolve: (_, __, { viewer }) => viewer },
      users: {
        type: users,
        args: { first: { type: GraphQLInt, defaultValue: 20 } },
        resolve: () => ({ nodes: [{ externalId: 'customer-7' }] }),
      },
      echo: {
        type: GraphQLString,
        args: { text: { type: GraphQLString } },
        resolve: (_, { text }: { text: string }) => `echo of ${text}`,
      },
      rows: {
        type: GraphQLInt,
        args: { of: { type: new GraphQLList(GraphQLInt) } },
        resolve: (_, { of }: { of: number[] }) => of.length,
      },
      who: { type: GraphQLString, resolve: (_, __, { viewer }) => viewer.name },
      requestId: { type: GraphQLString, resolve: (_, __, context) => context.requestId },
      counted: {
        type: GraphQLString,
        resolve: async () => {
          await Promise.resolve();
          count('sql', 2);
          count('onnxRuns');
          count('onnxRows', 7);
          return 'counted';
        },
      },
      item: { type: item, resolve: () => ({ name: 'root' }) },
      slow: {
        type: GraphQLString,
        resolve: (_, __, { signal }) => {
          test.signals.push(signal);
          return new Promise((resolve) => {
            const timer = setTimeout(() => resolve('done'), 400);
            signal.addEventListener('abort', () => {
              clearTimeout(timer);
              resolve('aborted');
            });
          });
        },
      },
      secretFailure: fail(() => new Error('password=hunter2 at /srv/app.js')),
      appFailure: fail(() => new AppError('UNAVAILABLE', 'the scorer is full: 100 rows wait')),
      internalFailure: fail(() => new AppError('INTERNAL', 'table customer is corrupt')),
      deliberate: fail(() => new GraphQLError('as meant', { extensions: { code: 'MEANT' } })),
      badResult: { type: GraphQLInt, resolve: () => 'no number' },
      needs: {
        type: GraphQLString,
        args: { n: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 1 } },
        resolve: (_, { n }: { n: number }) => String(n),
      },
    },
  });
  const event = new GraphQLObjectType<unknown, RequestContext>({
    name: 'Event',
    fields: {
      text: string,
      noted,
      unnoted,
      viewer: { type: GraphQLString, resolve: (_, __, { viewer }) => viewer.name },
      fresh: {
        type: GraphQLString,
        resolve: (_, __, { loaderKey }) => {
          test.loaderKeys.push(loaderKey);
          count('sql');
          return 'fresh';
        },
      },
      broken: fail(() => new Error('secret of an event')),
    },
  });
  const subscription = new GraphQLObjectType<unknown, RequestContext>({
    name: 'Subscription',
    fields: {
      event: {
        type: event,
        subscribe: () => {
          const feed = createSubscription('event', 2_000, () => topic.delete(feed));
          topic.add(feed);
          return feed;
        },
        resolve: (payload) => payload,
      },
      unnotedSource: {
        type: event,
        subscribe: (_, __, context) => {
          beforeAnswer(context).push(() => Promise.reject(new Error('the audit table is gone')));
          const feed = createSubscription('unnoted', 2, () => topic.delete(feed));
          topic.add(feed);
          return feed;
        },
        resolve: (payload) => payload,
      },
      refused: {
        type: GraphQLString,
        subscribe: () => {
          throw new AppError('FORBIDDEN', 'role CRM may not job:read');
        },
      },
      overflowing: {
        type: event,
        subscribe: () => {
          const feed = createSubscription('overflowing', 2, () => topic.delete(feed));
          topic.add(feed);
          for (let i = 0; i < 10; i += 1) feed.push({ text: String(i) });
          return feed;
        },
        resolve: (payload) => payload,
      },
    },
  });
  const mutation = new GraphQLObjectType({
    name: 'Mutation',
    fields: { change: { type: GraphQLString, resolve: () => 'changed' } },
  });
  return new GraphQLSchema({ query, mutation, subscription });
}

/** A schema that a test changes by hand. */
function switchingSchema(first: GraphQLSchema): SchemaSource & Pick<DoorTest, 'swap'> {
  const listeners = new Set<(schema: GraphQLSchema) => void>();
  let present = { schema: first, version: 'first' };
  return {
    current: () => present.schema,
    version: () => present.version,
    onSwap: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    swap(schema, version) {
      present = { schema, version };
      for (const listener of listeners) listener(schema);
    },
  };
}

/** A server on a free port with one key and one session, both of a viewer named Ada. */
export async function startDoor(
  overrides: Partial<Omit<ServerOptions, 'config'>> & {
    config?: Partial<ServerOptions['config']>;
  } = {},
): Promise<DoorTest> {
  const topic = new Set<Subscription>();
  const seen: Pick<DoorTest, 'loaderKeys' | 'signals' | 'notes' | 'errors' | 'reports'> = {
    loaderKeys: [],
    signals: [],
    notes: [],
    errors: [],
    reports: [],
  };
  let revoked = false;
  const ada: Viewer = { id: 'c1', name: 'Ada', role: 'ADMIN' };
  const authenticate = ({ bearer, session }: Presented): Promise<Viewer | null> =>
    Promise.resolve(!revoked && (bearer === KEY || session === SESSION) ? ada : null);
  const opened = {
    secret: SESSION,
    expiresAt: new Date(Date.now() + 3_600_000),
    viewer: ada,
  };
  let linkUsed = false;
  const explorerFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-door-'));
  fs.writeFileSync(path.join(explorerFolder, 'index.html'), '<!doctype html><p>explorer</p>');
  const ignore = (): void => undefined;
  const base = schemaOf(seen, topic);
  const schema = switchingSchema(base);
  const options: ServerOptions = {
    schema,
    clock: systemClock(),
    log: {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (fields, message) => seen.errors.push({ fields: { ...fields }, message }),
    },
    authenticate,
    login: {
      openLoginLink: (secret) => {
        const good = secret === 'one-time' && !linkUsed;
        linkUsed ||= good;
        return Promise.resolve(good ? opened : null);
      },
      signInWithKey: (key) => Promise.resolve(key === KEY ? opened : null),
      signOut: () => {
        revoked = true;
        return Promise.resolve();
      },
    },
    explorerFolder,
    readiness: () => Promise.resolve([{ name: 'database', ok: true, detail: 'answers' }]),
    metricsText: () => Promise.resolve('augury_up 1\n'),
    onOperation: (report) => seen.reports.push(report),
    ...overrides,
    config: { host: '127.0.0.1', port: 0, allowedOrigins: [], ...overrides.config },
  };
  const server = await startServer(options);
  return {
    ...seen,
    base,
    swap: (next, version) => schema.swap(next, version),
    server,
    options,
    publish: (payload) => {
      for (const feed of topic) feed.push(payload);
    },
    subscribers: () => topic.size,
    revoke: () => {
      revoked = true;
    },
    async close() {
      await server.close();
      fs.rmSync(explorerFolder, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  status: number;
  headers: Headers;
  body: {
    data?: Record<string, unknown> | null;
    errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[];
    extensions: { counts: Record<string, number> };
  };
}

/** One operation by POST with the key. */
export async function post(
  server: RunningServer,
  query: string,
  options: { variables?: object; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
      ...options.headers,
    },
    body: options.body ?? JSON.stringify({ query, variables: options.variables }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
