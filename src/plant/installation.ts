import path from 'node:path';
import pg from 'pg';
import { AppError } from '../kernel/error.js';
import { cannotReach, sessionOptions } from './connection.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import type { Config } from './env.js';
import type { Log } from './ports.js';
import { openPresence } from './presence.js';

/** The database that an installation works on. */
export interface Installation {
  databaseUrl: string;
  /** Absolute. */
  dataDir: string;
  /** True when the server is our own; it is then stopped by the last process that uses it. */
  embedded: boolean;
  /** Call it last, when every pool is closed. Stops an own server, unless somebody else is still connected. */
  stop(): Promise<void>;
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const DATABASE = 'augury';
const OLDEST_SERVER = 140_000;
const STOP_NAME = 'augury stop';

/**
 * Makes the database reachable: the one of DATABASE_URL, or a private server below the data directory, with the
 * database `augury`; one that dies while this process lives is started again. Applies no migrations.
 * @throws AppError UNAVAILABLE when DATABASE_URL cannot be used; CONFIGURATION when the private server cannot start
 */
export async function openInstallation(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  log: Log = SILENT,
): Promise<Installation> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl !== null) {
    await checkServer(databaseUrl);
    return { databaseUrl, dataDir, embedded: false, stop: () => Promise.resolve() };
  }
  const start = (port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres(path.join(dataDir, 'pg'), path.join(dataDir, 'pg.password'), { port });
  const server = { current: await start() };
  const port = Number(new URL(server.current.url).port);
  const restart = async (): Promise<void> => {
    server.current = await start(port);
    if (server.current.url !== url)
      throw new AppError('UNAVAILABLE', 'it runs on another port now: start Augury again');
  };
  const { url } = server.current;
  let leave: () => Promise<void>;
  try {
    await createDatabase(url);
    leave = await openPresence({ url, restart, log });
  } catch (error) {
    await stopUnlessUsed(server.current);
    throw error;
  }
  const database = new URL(url);
  database.pathname = `/${DATABASE}`;
  return {
    databaseUrl: database.toString(),
    dataDir,
    embedded: true,
    async stop() {
      await leave();
      await stopUnlessUsed(server.current);
    },
  };
}

async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...sessionOptions(url),
    connectionTimeoutMillis: 5_000,
    application_name: applicationName,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What to do about an error of PostgreSQL at the door, by its code. */
const REMEDIES: Readonly<Record<string, string>> = {
  '3D000': 'create the database, or correct the name in DATABASE_URL',
  '28P01': 'correct user and password in DATABASE_URL',
  '28000': 'correct user and password in DATABASE_URL, or allow the user in pg_hba.conf',
  '53300': 'raise max_connections of the server, or lower AUGURY_DATABASE_POOL',
};

async function checkServer(url: string): Promise<void> {
  let version: number;
  let schemaAllowed: boolean;
  try {
    [version, schemaAllowed] = await withClient(url, 'augury check', async (client) => {
      const { rows } = await client.query<{ version: string; allowed: boolean }>(
        `select current_setting('server_version_num') as version,
                has_database_privilege(current_database(), 'create')
                or to_regnamespace('bullmq') is not null as allowed`,
      );
      return [Number(rows[0]?.version), rows[0]?.allowed ?? false];
    });
  } catch (error) {
    const { code = '' } = error as { code?: string };
    const remedy =
      REMEDIES[code] ?? 'start it, correct DATABASE_URL, or unset it for a private one';
    throw cannotReach('PostgreSQL', url, error, remedy);
  }
  if (version < OLDEST_SERVER)
    throw new AppError(
      'UNAVAILABLE',
      `DATABASE_URL is a PostgreSQL ${Math.floor(version / 10_000)}: 14 or newer is needed`,
    );
  if (!schemaAllowed)
    throw new AppError(
      'UNAVAILABLE',
      'the user of DATABASE_URL may not create schemas: run "grant create on database … to …"',
    );
}

async function createDatabase(url: string): Promise<void> {
  const DUPLICATE_DATABASE = '42P04';
  const UNIQUE_VIOLATION = '23505'; // two first starts at the same moment
  await withClient(url, 'augury start', async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ]);
    if (rowCount !== 0) return;
    try {
      await client.query(`create database ${DATABASE}`);
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (code !== DUPLICATE_DATABASE && code !== UNIQUE_VIOLATION) throw error;
    }
  });
}

const LOOKS = 5;
const LOOK_MS = 100;

/** Pools that were just closed linger for a moment: looks again before it decides that somebody is there. */
async function stopUnlessUsed(server: EmbeddedPostgres): Promise<void> {
  const othersConnected = (): Promise<boolean> =>
    withClient(server.url, STOP_NAME, async (client) => {
      const { rowCount } = await client.query(
        `select from pg_stat_activity
         where backend_type = 'client backend' and application_name <> $1 limit 1`,
        [STOP_NAME],
      );
      return rowCount !== 0;
    }).catch(() => false);
  for (let look = 1; await othersConnected(); look += 1) {
    if (look === LOOKS) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await server.stop();
}
