import fs from 'node:fs';
import { randomUUID } from 'node:crypto';
import { composeFeatureReading, composeLedger, composeModels } from '../../src/compose-models.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import { featureReader } from '../../src/feature/feature.store.js';
import { readFeatures } from '../../src/feature/read-features.js';
import { stretchReader } from '../../src/feature/stretch.store.js';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import { systemClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { ServedModel } from '../../src/model/serving.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import type { Database } from '../../src/plant/ports.js';
import { eligibleRows, firstEventMatters } from '../../src/prediction/batch-rows.js';
import { SCORE_CHUNK, scoreUsers, type ScoreUsersDeps } from '../../src/prediction/score-users.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { memoryBus } from '../support/memory-bus.js';
import { randomBoosting } from '../support/random-forest.js';
import { listLog, scorerModel } from '../support/scorer.js';
import { plainJob, plainServed } from '../support/score-run.js';
import { openBenchDatabase } from './bench-database.js';
import { openBenchGraph } from './bench-graph.js';
import { median, type BenchLine } from './bench-line.js';

const ROUNDS = 3;
const COLUMNS = 20;
const clock = systemClock();

/** A run over everyone beside the scoring stage alone, in turns in one run. */
export async function batchBench(): Promise<BenchLine[]> {
  return [...(await attributeLines()), ...(await demoLines())];
}

/** Customers of the first part; `AUGURY_BENCH_CUSTOMERS` says otherwise. */
function customersAsked(): number {
  const asked = Number(process.env['AUGURY_BENCH_CUSTOMERS'] ?? 200_000);
  if (!Number.isInteger(asked) || asked < 1_000)
    throw new RangeError('AUGURY_BENCH_CUSTOMERS must be a whole number of 1000 and more');
  return asked;
}

/** 20 numeric attributes a customer, a forest of 200 trees of depth 6; table to table. */
async function attributeLines(): Promise<BenchLine[]> {
  const { db, pid, close } = await openBenchDatabase();
  const scorer = await openScorer({
    provider: 'cpu',
    workers: 1,
    maxQueuedRows: 100_000,
    log: listLog(),
  });
  try {
    const customers = customersAsked();
    await fillCustomers(db, customers);
    const served = await attributeModel(scorer);
    const run = { db, scorer, served, asOf: new Date(), postgresPid: pid };
    const name = `${customers.toLocaleString('en-US')} customers, ${COLUMNS} numeric attributes, 200 trees of depth 6`;
    return [...(await ratioLines(name, run)), await floorLine(db)];
  } finally {
    await scorer.close();
    await close();
  }
}

const attributeNames = Array.from({ length: COLUMNS }, (_, i) => `attribute_${i + 1}`);

/** Customers who came 400 days ago, each with all attributes. */
export async function fillCustomers(db: Database, customers: number): Promise<void> {
  await db.query(
    `insert into customer (external_id, name, email, registered_at, last_active_at, attributes)
     select 'u' || i, 'Customer ' || i, 'c' || i || '@example.com', now() - interval '400 days',
       now() - interval '3 days',
       (select jsonb_object_agg(name, round((random() * 4 - 2)::numeric, 4)) from unnest($2::text[]) name where i > 0)
     from generate_series(1, $1::int) i`,
    [customers, attributeNames],
  );
  await db.query('vacuum analyze customer');
}

/** A forest of 200 trees of depth 6 over the attributes, loaded. */
export async function attributeModel(scorer: Scorer): Promise<ServedModel> {
  const encoding = { numericNames: attributeNames, categoricalNames: [], categories: [] };
  const model = scorerModel(randomBoosting(seededRandom(1), encoding, { trees: 200, depth: 6 }));
  await scorer.load(model);
  const features = attributeNames.map((name, i): FeatureDefinition => ({
    ...{ id: `bench-${i}`, name, version: 1, description: '', businessMeaning: null },
    ...{ type: 'NUMERICAL', unit: null, status: 'APPROVED', owner: '', tags: [] },
    definition: { kind: 'attribute', name, as: 'number' },
    ...{ createdAt: new Date(0), updatedAt: new Date(0), dependencies: [] },
  }));
  const { model: task, version, threshold } = plainServed;
  const inputs = { numericNames: attributeNames, categoricalNames: [] };
  return {
    ...{ model: task, threshold, inputs, features },
    version: { ...version, artifactSha256: model.sha256 },
  };
}

/** The shipped model on the demo population: features over events. */
async function demoLines(): Promise<BenchLine[]> {
  const graph = await openBenchGraph();
  const { plant } = graph.composition;
  const { serving } = await composeModels(plant, composeFeatureReading(plant.db).store);
  try {
    const served = serving.current('churn');
    if (!served) throw new Error('no churn model is in production');
    const asOf = new Date('2026-06-01T00:00:00Z');
    const name = `the demo (5,000 customers, ${served.features.length} features, most over events)`;
    return await ratioLines(name, { db: plant.db, scorer: plant.scorer, served, asOf });
  } finally {
    await serving.close();
    await graph.close();
  }
}

interface BatchRun {
  db: Database;
  scorer: Scorer;
  served: ServedModel;
  asOf: Date;
  /** Of the server; its CPU time is told where it is given. */
  postgresPid?: number;
}

async function ratioLines(name: string, run: BatchRun): Promise<BenchLine[]> {
  const deps = depsOf(run);
  const tables = await tablesOf(deps, run);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const alone: number[] = [];
  const whole: number[] = [];
  const cpu: Record<'node' | 'postgres', number>[] = [];
  let stages = '';
  for (let round = 0; round <= ROUNDS; round += 1) {
    const stageSeconds = await secondsOf(() => scoreAlone(run, tables));
    const before = cpuSeconds(run.postgresPid);
    const seconds = await secondsOf(async () => {
      const job = plainJob(randomUUID());
      const input = { ...(job.input as object), asOf: run.asOf.toISOString() };
      const result = await scoreUsers(deps, { ...job, input });
      if (result.rows !== rows) throw new Error(`${result.rows} rows instead of ${rows}`);
      const { readSeconds = NaN, scoreSeconds = NaN, writeSeconds = NaN } = result;
      stages = `busy: read ${fixed(readSeconds)}, score ${fixed(scoreSeconds)}, write ${fixed(writeSeconds)} s`;
    });
    if (round === 0) continue; // warms up
    const after = cpuSeconds(run.postgresPid);
    alone.push(rows / stageSeconds);
    whole.push(rows / seconds);
    cpu.push({ node: after.node - before.node, postgres: after.postgres - before.postgres });
  }
  const ratios = whole.map((rate, i) => rate / (alone[i] ?? NaN));
  const micros = (key: 'node' | 'postgres'): string =>
    ((1e6 * median(cpu.map((each) => each[key]))) / rows).toFixed(1);
  const server = run.postgresPid === undefined ? '' : `, PostgreSQL ${micros('postgres')}`;
  return [
    {
      name: `scoring everyone, ${name}`,
      figure: `${median(ratios).toFixed(2)} x the scoring stage alone`,
      detail: `${rate(median(whole))} against ${rate(median(alone))} rows/s, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} in ${ROUNDS} pairs; CPU a row: this process ${micros('node')}${server} microseconds; ${stages}`,
    },
  ];
}

function depsOf({ db, scorer, served }: BatchRun): ScoreUsersDeps {
  const { store, publish } = composeLedger({ db, bus: memoryBus(), log: listLog() });
  const typeIds = eventCatalogue(db, 'event_type').idsOf;
  const read = readFeatures({ run: featureReader(db), typeIds });
  return {
    useVersion: (_, work) => work(served),
    stretches: { after: store.stretchAfter, read: stretchReader(db, read) },
    scorer,
    writeBatch: store.writeBatch,
    runState: store.runState,
    userCounts: store.userCounts,
    publishPredictions: publish,
    clock,
  };
}

/** What the run will score, in chunks of the same size. */
async function tablesOf(
  { stretches }: ScoreUsersDeps,
  { served, asOf }: BatchRun,
): Promise<FeatureTable[]> {
  const tables: FeatureTable[] = [];
  for (let after = 0; ;) {
    const next = await stretches.after(after, SCORE_CHUNK);
    if (next === null) return tables;
    const { until } = next;
    const request = { features: served.features, after, until, asOf };
    const rows = await stretches.read(request, firstEventMatters(served, asOf));
    tables.push(eligibleRows(rows, served, asOf).table);
    rows.release?.();
    after = until;
  }
}

/** Two calls are under way, so that no worker waits for the next. */
async function scoreAlone({ scorer, served }: BatchRun, tables: FeatureTable[]): Promise<void> {
  const { artifactSha256 } = served.version;
  let before: Promise<unknown> = Promise.resolve();
  for (const table of tables) {
    const call = scorer.score(artifactSha256, table);
    await before;
    before = call;
  }
  await before;
}

/** What cannot be had for less: the same read as bare SQL, and the same rows copied into the ledger. */
async function floorLine(db: Database): Promise<BenchLine> {
  const [{ rows } = { rows: 0 }] = await db.query<{ rows: number }>(
    'select count(*) as rows from customer',
  );
  const columns = attributeNames.map((name) => `(attributes -> '${name}')::float8`).join(', ');
  const drain = async (query: string): Promise<Buffer[]> => {
    const chunks: Buffer[] = [];
    for await (const chunk of db.copyTo(`copy (${query}) to stdout (format binary)`))
      chunks.push(chunk);
    return chunks;
  };
  const read = await secondsOf(() =>
    drain(`select id, consent_profiling, registered_at, ${columns} from customer`),
  );
  const ledger = `id, user_id, probability, numeric, categorical, model_id, model_version_id, threshold, source,
    as_of, scored_at, latency_ms, job_id`;
  const fields = ledger.replace(/^id,/, `id + 1000000000 as id,`);
  const bytes = await drain(`select ${fields} from prediction order by id desc limit ${rows}`);
  const write = await secondsOf(() =>
    db.copyFrom(`copy prediction (${ledger}) from stdin (format binary)`, bytes),
  );
  return {
    name: 'floors of it, each alone',
    figure: `read as bare SQL ${rate(rows / read)} rows/s, rows copied into the ledger ${rate(rows / write)} rows/s`,
    detail: 'one connection each, nothing decoded, nothing encoded',
  };
}

/** Of this process, and of the server with all its sessions (0 where the system does not tell). */
function cpuSeconds(postgresPid: number | undefined): Record<'node' | 'postgres', number> {
  const { user, system } = process.cpuUsage();
  const node = (user + system) / 1e6;
  if (postgresPid === undefined || process.platform !== 'linux') return { node, postgres: 0 };
  let ticks = 0;
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      const fields = fs.readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
      if (Number(fields?.[1]) === postgresPid) ticks += Number(fields?.[11]) + Number(fields?.[12]);
    } catch {
      // it has ended meanwhile
    }
  return { node, postgres: ticks / 100 };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const fixed = (seconds: number): string => seconds.toFixed(2);
const rate = (rowsPerSecond: number): string => Math.round(rowsPerSecond).toLocaleString('en-US');
