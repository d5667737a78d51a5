import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { applyMigrations } from '../../prisma/migrate.js';
import { compose, type Composition } from '../../src/compose.js';
import { openPopulation } from '../../src/demo/population.js';
import { systemClock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/plant/env.js';
import { openInstallation } from '../../src/plant/installation.js';
import { createLog } from '../../src/plant/log.js';
import { projectRoot } from '../../src/plant/paths.js';
import { startServer } from '../../src/server.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';

const ROUNDS = 7;
const PER_ROUND = 40;

const LIST = `{ users(first: 100) { nodes { externalId registeredAt lastActiveAt attributes
  events(first: 3) { nodes { type at value } } } } }`;
const CARD = `query Card($user: String!) { user(externalId: $user) {
  externalId name attributes
  features(names: ["purchase_count_30d", "purchase_sum_90d", "days_since_last_purchase", "purchase_mean"]) { name number }
  prediction { probability risk reasons(first: 5) { text contribution } }
  events(first: 5) { nodes { type at value } } } }`;
const THOUSAND = `{ users(first: 1000) { nodes { externalId
  features(names: ["purchase_count_30d", "purchase_sum_90d", "days_since_last_purchase", "purchase_mean"]) { name number }
  prediction { probability reasons(first: 5) { feature contribution } } events(first: 3) { nodes { type at value } } } } }`;

const SAME_AS_SQL = `select json_agg(json_build_object('externalId', c.external_id, 'registeredAt', c.registered_at,
    'lastActiveAt', c.last_active_at, 'attributes', c.attributes, 'events', e.rows) order by c.id)
  from (select * from customer order by id limit 100) c
  cross join lateral (select json_agg(json_build_object('type', t.name, 'at', x.at, 'value', x.value)
      order by x.at desc) as rows
    from (select type_id, at, value from event where user_id = c.id and at < now() order by at desc limit 3) x
    join event_type t on t.id = x.type_id) e`;

/** Milliseconds of wall time and of this process's CPU, per call, in one round. */
async function round(work: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < PER_ROUND; i += 1) await work();
  const wall = (performance.now() - started) / PER_ROUND;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1000 / PER_ROUND };
}

function poster(url: string, key: string, agent: http.Agent) {
  return (query: string, variables: object = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        `${url}/graphql`,
        {
          method: 'POST',
          agent,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            if (text.includes('"errors"')) reject(new Error(text.slice(0, 400)));
            else resolve(text);
          });
        },
      );
      request.on('error', reject);
      request.end(JSON.stringify({ query, variables }));
    });
}

async function fill(composition: Composition): Promise<void> {
  const population = openPopulation({ end: new Date('2026-06-01T00:00:00Z') });
  const customers = Array.from({ length: population.users }, (_, i) => population.one(i));
  await composition.demo.upsertUsers(customers.map(({ user }) => user));
  const events = customers.flatMap((customer) => customer.events);
  for (let i = 0; i < events.length; i += 10_000)
    await composition.demo.recordEvents(events.slice(i, i + 10_000));
}

/** The graph over HTTP against the same answer as one hand-written SQL statement through `pg`. */
export async function listBench(): Promise<BenchLine[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-bench-'));
  fs.chmodSync(folder, 0o755);
  const config = readConfig({
    AUGURY_DATA_DIR: path.join(folder, 'data'),
    AUGURY_LOG_LEVEL: 'error',
  });
  const log = createLog(config);
  const installation = await openInstallation(config);
  await applyMigrations(installation.databaseUrl);
  const clock = systemClock();
  const { databaseUrl } = installation;
  const composition = await compose({ databaseUrl, redisUrl: null, config, log, clock });
  await composition.prepare(path.join(projectRoot, 'models'));
  await fill(composition);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  await pool.query('analyze');
  const server = await startServer({
    ...composition.door,
    config: { host: '127.0.0.1', port: 0, allowedOrigins: [] },
    clock,
    log,
    explorerFolder: path.join(projectRoot, 'dist', 'explorer'),
  });
  const agent = new http.Agent({ keepAlive: true });
  try {
    const { key } = await composition.access.createKey({
      role: 'ADMIN',
      name: 'bench',
      createdBy: 'bench',
    });
    const post = poster(server.url, key, agent);
    const list = (): Promise<unknown> => post(LIST);
    const bare = (): Promise<unknown> => pool.query({ name: 'same', text: SAME_AS_SQL });
    for (let i = 0; i < 60; i += 1) await Promise.all([list(), bare()]);
    const ours: { wall: number; cpu: number }[] = [];
    const floor: { wall: number; cpu: number }[] = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      ours.push(await round(list));
      floor.push(await round(bare));
    }
    const pick = (rows: typeof ours, what: 'wall' | 'cpu'): number =>
      median(rows.map((r) => r[what]));
    const lines: BenchLine[] = [
      {
        name: 'list of 100 users x 5 fields + last 3 events over HTTP / one SQL through pg, wall',
        figure: `${(pick(ours, 'wall') / pick(floor, 'wall')).toFixed(2)} x`,
        detail: `${pick(ours, 'wall').toFixed(2)} ms against ${pick(floor, 'wall').toFixed(2)} ms; CPU of the process ${pick(ours, 'cpu').toFixed(2)} against ${pick(floor, 'cpu').toFixed(2)} ms`,
      },
    ];
    lines.push(await steadyCards(post));
    const thousand: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const started = performance.now();
      await post(THOUSAND);
      thousand.push(performance.now() - started);
    }
    lines.push({
      name: '1,000 users: 4 features, score, 5 reasons, last 3 events, one operation',
      figure: `${median(thousand.slice(1)).toFixed(0)} ms`,
      detail: 'client and server in one process; median of 5',
    });
    return lines;
  } finally {
    agent.destroy();
    await pool.end();
    await server.close();
    await composition.close();
    await installation.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function steadyCards(
  post: (query: string, variables: object) => Promise<string>,
): Promise<BenchLine> {
  const SECONDS = 8;
  const PER_SECOND = 100;
  const latencies: number[] = [];
  const ask = async (i: number): Promise<void> => {
    const user = `demo-${String(1 + (i % 4000)).padStart(5, '0')}`;
    const started = performance.now();
    await post(CARD, { user });
    latencies.push(performance.now() - started);
  };
  for (let i = 0; i < 300; i += 1) await ask(i);
  latencies.length = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const open: Promise<void>[] = [];
  for (let i = 0; i < SECONDS * PER_SECOND; i += 1) {
    const wait = begun + (i * 1000) / PER_SECOND - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    open.push(ask(i));
  }
  await Promise.all(open);
  const { user, system } = process.cpuUsage(cpu);
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(1);
  return {
    name: 'customer card at a steady 100 a second',
    figure: `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
    detail: `user, 4 features, score, 5 reasons, last 5 events; CPU ${((user + system) / 1000 / latencies.length).toFixed(2)} ms each, client included`,
  };
}

if (process.argv[1]?.endsWith('list-bench.js'))
  for (const line of await listBench()) console.log(formatBenchLine(line));
