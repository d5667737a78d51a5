import fs from 'node:fs';
import path from 'node:path';
import { auditStore } from '../access/audit.store.js';
import { erasureStore } from '../privacy/erasure.store.js';
import { pendingMigrations } from '../../prisma/migrate.js';
import { openDatabase } from '../plant/database.js';
import type { Config } from '../plant/env.js';
import { openInstallation } from '../plant/installation.js';
import { readLocalServer } from '../plant/local-server.js';
import { projectRoot } from '../plant/paths.js';
import { checkPortFree } from '../plant/port.js';
import type { Database, Log } from '../plant/ports.js';
import { openQueues } from '../plant/queue.js';
import { checkShippedModel } from '../model/check-shipped-model.js';
import { openScorer } from '../scorer/scorer.js';

/** One line of the doctor: what was looked at, whether it is well, and how to mend it. */
export interface Finding {
  check: string;
  ok: boolean;
  detail: string;
}

type Look = () => Promise<string>;

const MINIMUM_FREE_BYTES = 1 << 30;
const CLOCK_TOLERANCE_MS = 5_000;
const ROUND_TRIP_TIMEOUT_MS = 10_000;
const PROBE_QUEUE = 'doctor';

async function look(check: string, work: Look): Promise<Finding> {
  try {
    return { check, ok: true, detail: await work() };
  } catch (error) {
    return { check, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Looks at everything an installation needs; never throws. */
export async function examine(config: Config, log: Log): Promise<Finding[]> {
  const findings = [
    await look('node', () => Promise.resolve(`${process.versions.node} (>= 20.19 is needed)`)),
    await look('disk', () => Promise.resolve(diskSpace(config.dataDir))),
    await look('port', () => portOrServer(config)),
    await look('model', () => modelAndGolden(config, log)),
  ];
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  try {
    installation = await openInstallation(config);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [...findings, { check: 'database', ok: false, detail }];
  }
  const { databaseUrl } = installation;
  const db = openDatabase(databaseUrl, { max: 4 });
  try {
    findings.push(
      await look('database', () => serverVersion(db)),
      await look('migrations', () => migrations(databaseUrl)),
      await look('privacy', () => privacyPolicies(db)),
      await look('clock', () => clockSkew(db)),
      await look('queue', () => queueRoundTrip(config, databaseUrl, log)),
    );
  } finally {
    await db.close();
    await installation.stop();
  }
  return findings;
}

function diskSpace(dataDir: string): string {
  let folder = path.resolve(dataDir);
  while (!fs.existsSync(folder)) folder = path.dirname(folder);
  const { bavail, bsize } = fs.statfsSync(folder);
  const free = bavail * bsize;
  if (free < MINIMUM_FREE_BYTES)
    throw new Error(
      `${Math.round(free / 1e6)} MB free at ${folder}, at least 1 GB is needed: make room or choose another --data-dir`,
    );
  return `${(free / 1e9).toFixed(1)} GB free at ${folder}`;
}

async function portOrServer(config: Config): Promise<string> {
  const running = await readLocalServer(config.dataDir);
  if (running) return `a server runs at ${running.url}`;
  await checkPortFree(config.host, config.port);
  return `${config.port} is free`;
}

async function modelAndGolden(config: Config, log: Log): Promise<string> {
  const scorer = await openScorer({
    provider: config.provider,
    workers: 1,
    maxQueuedRows: 10_000,
    log,
  });
  try {
    const folder = path.join(projectRoot, 'models', 'churn');
    const rows = await checkShippedModel(scorer, folder);
    return `models/churn loads on ${scorer.stats().provider}, ${rows} golden rows score as expected`;
  } finally {
    await scorer.close();
  }
}

async function serverVersion(db: Database): Promise<string> {
  const [row] = await db.query<{ version: string }>(
    "select current_setting('server_version') as version",
  );
  return `PostgreSQL ${row?.version ?? '?'} answers`;
}

async function migrations(databaseUrl: string): Promise<string> {
  const pending = await pendingMigrations(databaseUrl);
  if (pending.length > 0)
    throw new Error(
      `${pending.length} not applied (${pending.join(', ')}): \`npm start\` applies them`,
    );
  return 'all applied';
}

async function privacyPolicies(db: Database): Promise<string> {
  const tables = await erasureStore(db, auditStore).tables();
  const personal = tables.filter(({ clauses }) => clauses.some(({ kind }) => kind !== 'none'));
  return `${tables.length} tables state a privacy policy, ${personal.length} may hold personal data`;
}

async function clockSkew(db: Database): Promise<string> {
  const before = Date.now();
  const [row] = await db.query<{ now: Date }>('select clock_timestamp() as now');
  const skew = Math.round((row?.now.getTime() ?? 0) - (before + Date.now()) / 2);
  if (Math.abs(skew) > CLOCK_TOLERANCE_MS)
    throw new Error(`the database's clock is ${skew} ms away from this machine's: set both by NTP`);
  return `${skew} ms between this machine and the database`;
}

async function queueRoundTrip(config: Config, databaseUrl: string, log: Log): Promise<string> {
  const { redisUrl, redisPrefix } = config;
  const queues = await openQueues({ databaseUrl, redisUrl, redisPrefix, log });
  try {
    const probe = `${process.pid}-${Date.now()}`;
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no round trip within ${ROUND_TRIP_TIMEOUT_MS / 1000} s`)),
        ROUND_TRIP_TIMEOUT_MS,
      );
      queues
        .work(PROBE_QUEUE, { concurrency: 1 }, ({ payload }) => {
          if ((payload as { probe?: string }).probe === probe) {
            clearTimeout(timer);
            resolve();
          }
          return Promise.resolve();
        })
        .then(() => queues.add(PROBE_QUEUE, { probe }))
        .catch(reject);
    });
    const backend = redisUrl === null ? 'PostgreSQL' : 'Redis';
    return `a job went round through ${backend} in ${Math.round(performance.now() - started)} ms`;
  } finally {
    await queues.close();
  }
}
