import fs from 'node:fs';
import { composeAccess } from '../compose-data.js';
import { localKeyFile } from '../local-key.js';
import { applyMigrations } from '../../prisma/migrate.js';
import { systemClock, type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { openDatabase } from '../plant/database.js';
import type { Config, Environment } from '../plant/env.js';
import { openInstallation } from '../plant/installation.js';
import { readLocalServer } from '../plant/local-server.js';
import { createLog } from '../plant/log.js';
import type { Database, Log } from '../plant/ports.js';
import type { Output } from './output.js';
import type { Remote } from './remote.js';

/** The installation opened for one command: database and who may come in. */
export interface OpenedInstallation {
  db: Database;
  databaseUrl: string;
  clock: Clock;
  log: Log;
  access: ReturnType<typeof composeAccess>;
}

/** What every command gets: settings, where to write, a server or a database on demand. */
export interface CliContext {
  readonly config: Config;
  readonly environment: Environment;
  readonly output: Output;
  /** The server of --url and --key, else the local one. @throws AppError UNAVAILABLE when there is none */
  remote(): Promise<Remote>;
  /** Opens the installation's database, runs `work`, closes it again. */
  withInstallation<T>(work: (installation: OpenedInstallation) => Promise<T>): Promise<T>;
}

/** The server that commands talk to. */
export async function findRemote(config: Config): Promise<Remote> {
  if (config.url !== null) {
    if (config.key === null)
      throw new AppError('CONFIGURATION', '--url needs --key (or AUGURY_KEY)');
    return { url: config.url, key: config.key };
  }
  const local = await readLocalServer(config.dataDir);
  if (!local)
    throw new AppError(
      'UNAVAILABLE',
      `no server runs on ${config.dataDir}: start one with \`npm start\`, or pass --url and --key`,
    );
  if (config.key !== null) return { url: local.url, key: config.key };
  const file = localKeyFile(config.dataDir);
  if (!fs.existsSync(file))
    throw new AppError('UNAVAILABLE', `${file} is missing: pass --key, or start the server again`);
  return { url: local.url, key: fs.readFileSync(file, 'utf8').trim() };
}

/** Opens the database of the installation for one command; a private PostgreSQL runs only as long as needed. */
export async function withInstallation<T>(
  config: Config,
  work: (installation: OpenedInstallation) => Promise<T>,
): Promise<T> {
  const log = createLog({ ...config, logLevel: 'error' });
  const installation = await openInstallation(config);
  try {
    await applyMigrations(installation.databaseUrl);
    const db = openDatabase(installation.databaseUrl, { max: config.databasePool });
    try {
      const clock = systemClock(config.now);
      const { databaseUrl } = installation;
      return await work({ db, databaseUrl, clock, log, access: composeAccess(db, clock) });
    } finally {
      await db.close();
    }
  } finally {
    await installation.stop();
  }
}
