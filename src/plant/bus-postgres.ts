import pg from 'pg';
import type { Wire, WireOptions } from './bus.js';
import { reconnectDelayMs, sessionOptions, cannotReach } from './connection.js';

/**
 * LISTEN/NOTIFY over one connection of its own: through a pool messages would change their order.
 * Reconnects with backoff and listens again; while it is down, `send` waits and messages of others
 * are missed.
 */
export async function openPostgresWire(options: WireOptions): Promise<Wire> {
  const { url, channel, onLine, log } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let ready: { promise: Promise<pg.Client | null>; resolve: (client: pg.Client | null) => void };
  const awaitClient = (): void => {
    let resolve: (client: pg.Client | null) => void = () => undefined;
    const promise = new Promise<pg.Client | null>((done) => (resolve = done));
    ready = { promise, resolve };
  };
  awaitClient();

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      ...sessionOptions(url),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 10_000,
      application_name: 'augury bus',
    });
    let lost = false;
    const onLost = (error: Error | null): void => {
      if (lost || closed) return;
      lost = true;
      if (!connected) return;
      log.warn({ err: error }, 'the bus lost its connection: reconnecting');
      awaitClient();
      void client.end().catch(() => undefined);
      reconnect(1);
    };
    let connected = false;
    client.on('error', onLost);
    client.on('end', () => onLost(null));
    client.on('notification', (notice) => onLine(notice.payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      lost = true;
      void client.end().catch(() => undefined);
      throw error;
    }
    connected = true;
    return client;
  };

  const reconnect = (attempt: number): void => {
    timer = setTimeout(() => {
      if (closed) return;
      connect().then(
        (client) => {
          if (closed) void client.end().catch(() => undefined);
          else {
            log.info({ attempt }, 'the bus is connected again');
            ready.resolve(client);
          }
        },
        () => {
          if (!closed) reconnect(attempt + 1);
        },
      );
    }, reconnectDelayMs(attempt));
  };

  try {
    ready!.resolve(await connect());
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
