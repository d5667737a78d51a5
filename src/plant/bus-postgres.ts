import pg from 'pg';
import type { Wire, WireOptions } from './bus.js';
import { reconnectDelayMs, sessionOptions, cannotReach } from './connection.js';

/** The connection, once there is one; null when the bus was closed before. */
function deferredClient(): {
  promise: Promise<pg.Client | null>;
  resolve: (client: pg.Client | null) => void;
} {
  let resolve: (client: pg.Client | null) => void = () => undefined;
  const promise = new Promise<pg.Client | null>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/**
 * LISTEN/NOTIFY over one connection of its own: through a pool messages would change their order.
 * Reconnects with backoff and listens again; while it is down, `send` waits and messages of others
 * are missed.
 */
export async function openPostgresWire(options: WireOptions): Promise<Wire> {
  const { url, channel, onLine, log } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let ready = deferredClient();

  /** Makes `ready` the new connection, in the same turn in which it may be lost again. */
  const connect = async (): Promise<void> => {
    const client = new pg.Client({
      ...sessionOptions(url),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 10_000,
      application_name: 'augury bus',
    });
    const state = { lost: false, connected: false };
    const onLost = (error: Error | null): void => {
      if (state.lost || closed) return;
      state.lost = true;
      if (!state.connected) return;
      log.warn({ err: error }, 'the bus lost its connection: reconnecting');
      ready = deferredClient();
      void client.end().catch(() => undefined);
      reconnect(1);
    };
    client.on('error', onLost);
    client.on('end', () => onLost(null));
    client.on('notification', (notice) => onLine(notice.payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      if (state.lost) throw new Error('the connection was lost at once');
    } catch (error) {
      state.lost = true;
      void client.end().catch(() => undefined);
      throw error;
    }
    if (closed) {
      await client.end();
      return;
    }
    state.connected = true;
    ready.resolve(client);
  };

  const reconnect = (attempt: number): void => {
    timer = setTimeout(() => {
      if (closed) return;
      connect().then(
        () => {
          if (!closed) log.info({ attempt }, 'the bus is connected again');
        },
        () => {
          if (!closed) reconnect(attempt + 1);
        },
      );
    }, reconnectDelayMs(attempt));
  };

  try {
    await connect();
  } catch (error) {
    throw cannotReach('PostgreSQL', url, error, 'start it or correct DATABASE_URL');
  }

  return {
    async send(lines) {
      const client = await ready.promise;
      if (!client) throw new Error('the bus is closed');
      await client.query({
        name: 'augury-bus',
        text: `select pg_notify('${channel}', line) from unnest($1::text[]) line`,
        values: [lines],
      });
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const { promise, resolve } = ready;
      resolve(null);
      const client = await promise;
      await client?.end().catch(() => undefined);
    },
  };
}
