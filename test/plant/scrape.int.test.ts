import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedJobs, watchInstallation, watchPlant } from '../../src/compose-metrics.js';
import { readinessOf } from '../../src/compose-readiness.js';
import { countedFeeds } from '../../src/graphql/counted-feeds.js';
import type { Job } from '../../src/job/job.js';
import type { RunJobDeps } from '../../src/job/run-job.js';
import { systemClock } from '../../src/kernel/clock.js';
import { openPlant, type TracedPlant } from '../../src/open-plant.js';
import { readConfig } from '../../src/plant/env.js';
import { createMetrics, type Metrics } from '../../src/plant/metrics.js';
import { projectRoot } from '../../src/plant/paths.js';
import { openWorkerDoor } from '../../src/worker-door.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { KEY, startDoor, type DoorTest } from '../support/door.js';
import { parseMetrics, type Family } from '../support/prometheus.js';
import { keptLog } from '../support/quiet-log.js';
import { scorerModel } from '../support/scorer.js';
import { plainLogistic } from '../support/added-version.js';

const clock = systemClock();
const log = keptLog();
const opened: (() => Promise<void>)[] = [];
let database: TestDatabase;
let plant: TracedPlant;
let metrics: Metrics;
let door: DoorTest;

beforeAll(async () => {
  database = await testDatabase();
  metrics = createMetrics({ version: '1.2.3 "quoted" \\ and\nbroken' });
  const config = readConfig({});
  const options = { databaseUrl: database.url, redisUrl: null, config, log, clock };
  plant = await openPlant(options, opened, metrics);
  watchPlant(metrics, plant);
  watchInstallation(metrics, plant);
  metrics.watchResultCache(() => ({ hits: 3, misses: 4, evictions: 1, entries: 2 }));
  door = await startDoor({
    metricsText: async () => (await metrics.render()).body,
    readiness: readinessOf(plant),
    onOperation: ({ transport, kind, errorCodes }) => {
      const outcome = errorCodes.length === 0 ? 'ok' : 'error';
      metrics.request({ transport, operation: kind, outcome }, 0.01);
    },
  });
  metrics.watchConnections(() => door.server.connections());
});
afterAll(async () => {
  await door.close();
  for (const undo of opened.reverse()) await undo();
  await database.drop();
});

async function scrape(): Promise<Map<string, Family>> {
  const response = await fetch(`${door.server.url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

/** A little of everything that is counted. */
async function work(): Promise<void> {
  const { db, scorer, queues } = plant;
  await fetch(`${door.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query: '{ counted }' }),
  });
  await db.query('select 1');
  await db.query('select nothing').catch(() => undefined);
  const model = scorerModel(plainLogistic(['a'], [1], 0));
  await scorer.load(model);
  const table = { rows: 2, numericNames: ['a'], numeric: new Float32Array([1, 2]) };
  await scorer.score(model.sha256, { ...table, categoricalNames: [], categorical: [] });
  await queues.add('report', { jobId: '00000000-0000-7000-8000-000000000001' });
  await db.query(
    `insert into job (id, kind, status, created_at, created_by)
     values (gen_random_uuid(), 'REPORT', 'QUEUED', now() - interval '1 hour', 'test')`,
  );
  await db.query(
    `insert into alert_rule (id, name, description, metric, comparison, threshold, for_seconds,
       keep_firing_seconds, severity, enabled, created_at, created_by, updated_at)
     values ('00000000-0000-7000-8000-000000000002', 'r', '', 'm', 'GT', 1, 0, 0, 'HIGH', true, now(), 'a', now())`,
  );
  const [alert] = await db.query<{ id: string }>(
    `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, started_at, fired_at, held_at)
     select gen_random_uuid(), id, 'k', 'FIRING', 'HIGH', 's', 1, 1, now(), now(), now() from alert_rule returning id`,
  );
  await db.query(
    `insert into alert_delivery (id, alert_id, revision, channel, status, snapshot, created_at, next_at)
     values (gen_random_uuid(), $1, 1, 'ops', 'FAILED', '{}', now(), now())`,
    [alert?.id],
  );
  metrics.busEvent('published', 1);
  metrics.registryLook(true);
  metrics.answers({ source: 'MODEL', count: 2 });
  metrics.jobEnded({ kind: 'TRAIN', outcome: 'failed' }, 3);
}

function valueOf(families: Map<string, Family>, name: string, labels: object = {}): number {
  const family = [...families.values()].find(({ samples }) =>
    samples.some((sample) => sample.name === name),
  );
  const found = family?.samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found?.reduce((sum, { value }) => sum + value, 0) ?? NaN;
}

describe('a scrape', () => {
  it('is clean from the first moment, when nothing has happened yet', async () => {
    const families = await scrape();
    expect(valueOf(families, 'augury_build_info')).toBe(1);
    expect([...families.keys()].every((name) => name.startsWith('augury_'))).toBe(true);
  });

  it('tells what happened: operations, SQL, the scorer, jobs, the cache, alerts and deliveries', async () => {
    await work();
    const subscription = countedFeeds(
      { jobChanged: () => (async function* () {})() as AsyncIterable<unknown> },
      metrics.subscription,
    )
      ['jobChanged']?.({ args: {}, context: {} as never })
      [Symbol.asyncIterator]();
    const families = await scrape();
    const value = (name: string, labels: object = {}) => valueOf(families, name, labels);
    expect(value('augury_request_seconds_count', { outcome: 'ok', operation: 'query' })).toBe(1);
    expect(value('augury_sql_statement_seconds_count', { outcome: 'error' })).toBe(1);
    expect(value('augury_sql_statement_seconds_count')).toBeGreaterThan(5);
    expect(value('augury_sql_statements_total')).toBeGreaterThan(5);
    expect(value('augury_sql_connections')).toBeGreaterThan(0);
    expect(value('augury_scorer_run_rows_sum')).toBe(2);
    expect(value('augury_scorer_requests_total')).toBe(1);
    expect(value('augury_scorer_workers')).toBe(1);
    expect(value('augury_jobs', { queue: 'report', state: 'waiting' })).toBe(1);
    expect(value('augury_job_oldest_waiting_seconds', { kind: 'REPORT' })).toBeGreaterThan(3_599);
    expect(value('augury_job_seconds_sum', { kind: 'TRAIN', outcome: 'failed' })).toBe(3);
    expect(value('augury_result_cache_hits_total')).toBe(3);
    expect(value('augury_alerts', { status: 'FIRING', severity: 'HIGH' })).toBe(1);
    expect(value('augury_alert_deliveries', { channel: 'ops', status: 'FAILED' })).toBe(1);
    expect(value('augury_websocket_connections')).toBe(0);
    expect(value('augury_subscriptions', { field: 'jobChanged' })).toBe(1);
    await subscription?.return?.();
    await subscription?.next();
    expect(valueOf(await scrape(), 'augury_subscriptions', { field: 'jobChanged' })).toBe(0);
  });

  it('is clean also while the database is away, and leaves out what only that knows', async () => {
    const lonely = createMetrics();
    const away = { query: () => Promise.reject(new Error('away')) } as never;
    watchInstallation(lonely, {
      db: away,
      queues: { depth: () => Promise.reject(new Error('away')) } as never,
    });
    const families = parseMetrics((await lonely.render()).body);
    expect(families.get('augury_alerts')?.samples).toEqual([]);
    expect(families.get('augury_jobs')?.samples).toEqual([]);
  });
});

describe('the dashboards', () => {
  const folder = path.join(projectRoot, 'dashboards');
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
  const read = (name: string) =>
    JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as {
      uid: string;
      schemaVersion: number;
      templating: { list: { name: string; type: string }[] };
      panels: {
        id: number;
        datasource: { uid: string };
        gridPos: { x: number; w: number };
        targets: { expr: string; datasource: { uid: string } }[];
      }[];
    };

  it('are two, each with its own uid and a variable for the data source', () => {
    expect(names).toHaveLength(2);
    expect(new Set(names.map((name) => read(name).uid)).size).toBe(2);
  });

  it.each(names)('%s names only what a real scrape has', async (name) => {
    const families = await scrape();
    const known = new Set(
      [...families.values()].flatMap((family) =>
        family.type === 'histogram'
          ? ['_bucket', '_sum', '_count'].map((suffix) => `${family.name}${suffix}`)
          : [family.name],
      ),
    );
    const { schemaVersion, templating, panels } = read(name);
    expect(schemaVersion).toBeGreaterThanOrEqual(39);
    expect(templating.list.find(({ type }) => type === 'datasource')?.name).toBe('datasource');
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos, datasource, targets } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(targets.length).toBeGreaterThan(0);
      for (const target of targets) {
        expect([datasource.uid, target.datasource.uid]).toEqual(['${datasource}', '${datasource}']);
        const named = target.expr.match(/\baugury_\w+/g) ?? [];
        expect(named.length).toBeGreaterThan(0);
        for (const metric of named) expect(known).toContain(metric);
        expect((target.expr.match(/[({[]/g) ?? []).length).toBe(
          (target.expr.match(/[)}\]]/g) ?? []).length,
        );
      }
    }
  });

  it('show every figure of ours', async () => {
    const all = names.map((name) => fs.readFileSync(path.join(folder, name), 'utf8')).join();
    const ours = [...(await scrape()).keys()].filter((name) => !/_(process|nodejs)_/.test(name));
    expect(ours.filter((name) => !all.includes(name))).toEqual([]);
  });
});

describe('readiness', () => {
  it('gives its reasons: database, migrations, queue, scorer', async () => {
    const ready = await fetch(`${door.server.url}/readyz`);
    expect(ready.status).toBe(200);
    const { checks } = (await ready.json()) as { checks: { name: string; ok: boolean }[] };
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ...[
        ['database', true],
        ['migrations', true],
        ['queue', true],
        ['scorer', true],
      ],
    ]);
    await plant.db.query(
      `update _prisma_migrations set finished_at = null
       where migration_name = (select max(migration_name) from _prisma_migrations)`,
    );
    const late = await fetch(`${door.server.url}/readyz`);
    expect(late.status).toBe(503);
    const reasons = (await late.json()) as { checks: { name: string; detail: string }[] };
    expect(reasons.checks.find(({ name }) => name === 'migrations')?.detail).toMatch(
      /^1 of \d+ are not applied, the first is \d{14}_/,
    );
    await plant.db.query('update _prisma_migrations set finished_at = now()');
  });

  it('and figures are told by a worker on a port of its own; one that is taken is no reason to stop', async () => {
    const options = {
      ...{ clock, log, readiness: readinessOf(plant), host: '127.0.0.1', port: 0 },
      metricsText: async () => (await metrics.render()).body,
      authenticate: () => Promise.resolve(null),
    };
    const worker = await openWorkerDoor(options);
    if (!worker) throw new Error('no port');
    const ask = (where: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${worker.port}${where}`, { method });
    expect(parseMetrics(await (await ask('/metrics')).text()).has('augury_job_seconds')).toBe(true);
    expect((await ask('/readyz')).status).toBe(200);
    expect(await (await ask('/healthz')).json()).toMatchObject({ status: 'alive' });
    expect((await ask('/graphql')).status).toBe(404);
    expect((await ask('//evil')).status).toBe(404);
    expect((await ask('/metrics', 'POST')).status).toBe(405);
    expect(await openWorkerDoor({ ...options, port: worker.port })).toBeNull();
    expect(log.lines.at(-1)?.message).toContain('AUGURY_METRICS_PORT');
    await worker.close();
  });
});

it('jobs are counted by kind when they end, and only by who still held them', async () => {
  const told: unknown[] = [];
  const job = { kind: 'SCORE', startedAt: new Date(1_000), finishedAt: new Date(3_500) } as Job;
  const run = countedJobs(
    {
      succeed: () => Promise.resolve(job),
      fail: () => Promise.resolve(null),
    } as unknown as RunJobDeps,
    { jobEnded: (labels, seconds) => told.push([labels, seconds]) },
  );
  expect(await run.succeed({ jobId: 'j', workerId: 'w' }, {})).toBe(job);
  expect(await run.fail({ jobId: 'j', workerId: 'w' }, 'why')).toBeNull();
  expect(told).toEqual([[{ kind: 'SCORE', outcome: 'succeeded' }, 2.5]]);
});
