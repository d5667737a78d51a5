import path from 'node:path';
import { applyMigrations } from '../prisma/migrate.js';
import { startWorker } from '../jobs/compose.js';
import { compose, type Composition } from './compose.js';
import { ensureLocalKey } from './local-key.js';
import { seedInstallation } from './seed-installation.js';
import { startServer } from './server.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';
import { systemClock, type Clock } from './kernel/clock.js';
import { AppError } from './kernel/error.js';
import { unknownVariables, type Config, type Environment } from './plant/env.js';
import { openInstallation } from './plant/installation.js';
import { readLocalServer, removeLocalServer, writeLocalServer } from './plant/local-server.js';
import { createLog } from './plant/log.js';
import { projectRoot } from './plant/paths.js';
import { checkPortFree } from './plant/port.js';
import type { Log } from './plant/ports.js';

/** Says something to the person who started the system. */
export type Say = (line: string) => void;

interface Boot {
  config: Config;
  environment: Environment;
  say: Say;
  log: Log;
  clock: Clock;
  /** What is open, to be closed last first. */
  opened: { name: string; close: () => Promise<void> }[];
  /** Set when a signal came while booting. */
  stopped: AbortSignal;
}

/**
 * Runs the system until SIGINT or SIGTERM: database, migrations, worker, server, as `config.role` says.
 * Whatever was started is stopped in reverse order, also when a later step fails.
 */
export async function runSystem(config: Config, environment: Environment, say: Say): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return;
    say('stopping …');
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  const log = createLog(config);
  const unknown = unknownVariables(environment);
  if (unknown.length > 0) log.warn({ unknown }, 'these settings are unknown: misspelt?');
  const boot: Boot = {
    config,
    environment,
    say,
    log,
    clock: systemClock(config.now),
    opened: [],
    stopped: stop.signal,
  };
  try {
    await start(boot);
    if (!stop.signal.aborted)
      await new Promise<void>((resolve) => {
        stop.signal.addEventListener('abort', () => resolve(), { once: true });
      });
  } catch (error) {
    if (!stop.signal.aborted) throw error; // a boot that was told to stop has not failed
  } finally {
    for (const { name, close } of boot.opened.reverse())
      await close().catch((error: unknown) => log.warn({ err: error, name }, 'did not close'));
  }
}

async function start(boot: Boot): Promise<void> {
  const { config, clock, log, opened } = boot;
  await refuseSecondStart(config);
  if (config.role !== 'worker') await checkPortFree(config.host, config.port);
  const installation = await openInstallation(config, log);
  opened.push({ name: 'installation', close: () => installation.stop() });
  await applyMigrations(installation.databaseUrl);
  const { databaseUrl } = installation;
  if (config.role === 'worker') {
    const worker = await startWorker({
      databaseUrl,
      redisUrl: config.redisUrl,
      config,
      log,
      clock,
    });
    opened.push({ name: 'worker', close: () => worker.close() });
    boot.say('the worker takes jobs; Ctrl-C stops it');
    return;
  }
  // The worker boots beside the server: a second start has to answer within three seconds.
  const worker = config.role === 'all' ? bootWorker(boot, databaseUrl) : null;
  worker?.ready.catch(() => undefined); // told below, where it is awaited
  const composition = await compose({ databaseUrl, redisUrl: config.redisUrl, config, log, clock });
  opened.push({ name: 'composition', close: () => composition.close() });
  await composition.prepare(path.join(projectRoot, 'models'));
  const url = await openDoor(boot, composition);
  await worker?.ready;
  await seedInstallation(composition, boot);
  await sayWelcome(boot, composition, url);
}

async function refuseSecondStart({ dataDir, role }: Config): Promise<void> {
  if (role === 'worker') return;
  const running = await readLocalServer(dataDir);
  if (running)
    throw new AppError(
      'CONFIGURATION',
      `Augury already runs on ${dataDir}: ${running.url} (process ${running.pid}); stop it, or choose another --data-dir`,
    );
}

function bootWorker(boot: Boot, databaseUrl: string): WorkerProcess {
  const { config, environment, log, opened } = boot;
  const worker = startWorkerProcess(
    {
      ...environment,
      DATABASE_URL: databaseUrl,
      AUGURY_DATA_DIR: config.dataDir,
      AUGURY_NOW: config.now?.toISOString() ?? '',
    },
    log,
  );
  opened.push({ name: 'worker process', close: () => worker.stop() });
  return worker;
}

async function openDoor(boot: Boot, composition: Composition): Promise<string> {
  const { config, clock, log, opened } = boot;
  const server = await startServer({
    ...composition.door,
    config: {
      host: config.host,
      port: config.port,
      allowedOrigins: config.allowedOrigins,
      publicUrl: config.publicUrl?.replace(/\/$/, '') ?? null,
      limits: {
        maxBodyBytes: config.maxBodyBytes,
        maxDepth: config.maxDepth,
        maxTokens: config.maxTokens,
      },
    },
    clock,
    log,
    explorerFolder: path.join(projectRoot, 'dist', 'explorer'),
  });
  opened.push({ name: 'server', close: () => server.close() });
  composition.watchConnections(() => server.connections());
  await ensureLocalKey(config.dataDir, composition.access);
  const self = { url: server.url, pid: process.pid, startedAt: clock.wall() };
  await writeLocalServer(config.dataDir, self);
  opened.push({
    name: 'word of the server',
    close: () => removeLocalServer(config.dataDir, process.pid),
  });
  return server.url;
}

async function sayWelcome(boot: Boot, composition: Composition, url: string): Promise<void> {
  const { config, say } = boot;
  const { secret } = await composition.access.createLoginLink({
    role: 'ADMIN',
    name: 'explorer',
    createdBy: 'start',
  });
  const { users, serving } = await composition.overview();
  say('');
  say(`Augury answers at ${url}/graphql`);
  say(
    `  database  ${config.databaseUrl === null ? `private PostgreSQL in ${config.dataDir}` : 'DATABASE_URL'}`,
  );
  say(
    `  queue     ${config.redisUrl === null ? 'PostgreSQL' : 'Redis'}, ${config.role === 'all' ? 'worker in its own process' : 'workers elsewhere'}`,
  );
  say(`  users     ${users.toLocaleString('en-US')}`);
  for (const line of serving) say(`  model     ${line}`);
  if (config.now !== null) say(`  as of     ${config.now.toISOString()}`);
  say('');
  say('Open the explorer (the link works once, for 15 minutes):');
  say(`  ${url}/login?key=${secret}`);
  say('');
  say('Ctrl-C stops everything.');
}
