import os from 'node:os';
import { composeAlertWork } from '../../src/compose-alert-work.js';
import { composeExperimentLooks } from '../../src/compose-experiment-looks.js';
import { followedFeed } from '../../src/graphql/followed-feed.js';
import { DAY_MS, manualClock, systemClock } from '../../src/kernel/clock.js';
import type { FeedEntry } from '../../src/kernel/feed.js';
import { appendFeed, feedBounds, readFeed } from '../../src/plant/feed-log.js';
import type { Database } from '../../src/plant/ports.js';
import { riskLook } from '../../src/prediction/follow-risk.js';
import { riskLevelStore } from '../../src/prediction/risk-level.store.js';
import { madeExperiment } from '../experiment/results/made-experiment.js';
import { memoryBus } from '../support/memory-bus.js';
import { listLog } from '../support/scorer.js';
import { openBenchDatabase } from './bench-database.js';
import { median, type BenchLine } from './bench-line.js';

const MODEL = '01900000-0000-7000-8000-0000000000a1';
const VERSION = '01900000-0000-7000-8000-0000000000a2';
const log = listLog();

/** What watches over models and experiments, on a database of its own: alerts, logs of changes, results, bands of risk. */
export async function watchBench(): Promise<BenchLine[]> {
  const { db, close } = await openBenchDatabase();
  try {
    await addModel(db);
    const lines = [
      await alertLine(db),
      await fanOutLine(db, 1_000),
      await fanOutLine(db, 10_000),
      await replayLine(db, 10_000),
      await resultsLine(db, 64_000),
      ...(await riskLines(db, 100_000)),
    ];
    return lines.map((line) => ({ ...line, detail: `${line.detail ?? ''}; ${loadNow()}` }));
  } finally {
    await close();
  }
}

const loadNow = (): string => `load ${(os.loadavg()[0] ?? 0).toFixed(1)}`;
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const wholeNumber = (value: number): string => Math.round(value).toLocaleString('en-US');

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function addModel(db: Database): Promise<void> {
  await db.query(
    `with m as (insert into model (id, name, task, description, spec, created_at)
       values ($1, 'churn', 'BINARY_CLASSIFICATION', '', '{}', now()) returning id),
     a as (insert into artifact (sha256, bytes, opset, created_at) values ('none', '', 21, now()) returning sha256)
     insert into model_version (id, model_id, version, stage, algorithm, hyperparameters, seed, feature_names,
       training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
     select $2, m.id, 1, 'PRODUCTION', 'logistic', '{}', 1, '{}', 1, 1, '', '{}', a.sha256, now() from m, a`,
    [MODEL, VERSION],
  );
}

/** One look at every default rule; nothing fires. */
async function alertLine(db: Database): Promise<BenchLine> {
  const clock = manualClock(new Date());
  const plant = { db, bus: memoryBus(), clock, log };
  const work = composeAlertWork({ plant, channelNames: [] });
  await work.writing.seed();
  await db.query(
    `insert into service_sample (at, process, kind, name, requests, errors, fallbacks, seconds, buckets)
     select date_trunc('minute', $1::timestamptz) - make_interval(mins => m), 'process ' || p, k,
       case k when 'operation' then '' else 'churn' end, 100, 0, 0, 1, array_append(array_fill(0, array[14]), 100)
     from generate_series(0, 11499) m, generate_series(1, 2) p, unnest(array['operation', 'prediction']) k
     union all
     select date_trunc('minute', $1::timestamptz) - make_interval(mins => m), 'process 3', 'operation', '', 100, 0, 0, 1,
       array_append(array_fill(0, array[14]), 100) from generate_series(0, 3999) m`,
    [clock.wall()],
  );
  await db.query('vacuum analyze service_sample');
  const taken: number[] = [];
  let rules = 0;
  for (let round = 0; round <= 10; round += 1) {
    clock.advance(15_000);
    const ms = await timed(async () => (rules = (await work.evaluate())?.rules ?? 0));
    if (round > 0) taken.push(ms);
  }
  return {
    name: 'a look at all default rules, 50,000 rows of samples',
    figure: milliseconds(median(taken)),
    detail: `goal < 150 ms of the 15 s between looks; ${rules} rules, at most ${milliseconds(Math.max(...taken))} in 10`,
  };
}

const ENTRY = {
  at: new Date(),
  subject: VERSION,
  keys: { severity: 'HIGH', status: 'FIRING' },
  payload: { summary: 'High error rate of churn: 8 % are above 5 % for 5 minutes', value: 0.08 },
};

function openFeed(db: Database, bus = memoryBus()) {
  const read = { reads: 0 };
  const feed = followedFeed<FeedEntry>({
    topic: 'alert',
    read: (after, limit) => {
      read.reads += 1;
      return readFeed(db, 'alert', after, limit);
    },
    bounds: () => feedBounds(db, 'alert'),
    subscribe: () => bus.subscribe('feed:alert'),
    onInterrupted: (error) => {
      throw error;
    },
    everyMs: 60_000,
  });
  const tell = async (): Promise<void> => {
    await appendFeed(db, 'alert', [ENTRY]);
    bus.publish('feed:alert', {});
  };
  return { feed, read, tell };
}

/** From before a change is committed to when each subscriber of this process has it; sockets are not part of it. */
async function fanOutLine(db: Database, subscribers: number): Promise<BenchLine> {
  const { feed, read, tell } = openFeed(db);
  const streams = Array.from({ length: subscribers }, () =>
    feed.follow({ after: null, accept: () => true }),
  );
  const p99: number[] = [];
  let reads = 0;
  let waiting = streams.map((stream) => stream.next());
  while (feed.seats() < subscribers) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (let round = 0; round <= 7; round += 1) {
    read.reads = 0;
    const begun = performance.now();
    const arrivals = waiting.map((next) => next.then(() => performance.now() - begun));
    await tell();
    const sorted = (await Promise.all(arrivals)).sort((a, b) => a - b);
    if (round > 0) p99.push(sorted[Math.floor(0.99 * subscribers)] ?? NaN);
    reads = Math.max(reads, read.reads);
    waiting = streams.map((stream) => stream.next());
  }
  await feed.close();
  await Promise.all(waiting);
  return {
    name: `one alert to ${wholeNumber(subscribers)} subscribers of a process, p99`,
    figure: milliseconds(median(p99)),
    detail: `goal < 500 ms; ${reads} read an alert, commit included, without sockets; at most ${milliseconds(Math.max(...p99))} in ${p99.length}`,
  };
}

/** Somebody comes back and takes what was missed. */
async function replayLine(db: Database, missed: number): Promise<BenchLine> {
  const [first = 0] = await appendFeed(db, 'alert', [ENTRY]);
  for (let i = 0; i < missed; i += 1_000)
    await appendFeed(
      db,
      'alert',
      Array.from({ length: 1_000 }, () => ENTRY),
    );
  const taken: number[] = [];
  for (let round = 0; round <= 5; round += 1) {
    const { feed } = openFeed(db);
    const ms = await timed(async () => {
      const stream = feed.follow({ after: first, accept: () => true });
      for (let i = 0; i < missed; i += 1) await stream.next();
      await stream.return?.();
    });
    await feed.close();
    if (round > 0) taken.push(ms);
  }
  return {
    name: `${wholeNumber(missed)} missed changes, taken at once`,
    figure: milliseconds(median(taken)),
    detail: `goal < 1 s; ${wholeNumber((1000 * missed) / median(taken))} changes/s in pages of 500`,
  };
}

/** An experiment of 28 days with two metrics, two guardrails and what customers did in the 28 days before. */
async function resultsLine(db: Database, customers: number): Promise<BenchLine> {
  const clock = systemClock();
  const looks = composeExperimentLooks({ db, bus: memoryBus(), clock, log });
  const asOf = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS);
  const startsAt = new Date(asOf.getTime() - 28 * DAY_MS);
  const experiment = madeExperiment({
    ...{ primaryMetric: 'sum:purchase', guardrails: ['share:purchase', 'count:visit'] },
    ...{ startsAt, startedAt: startsAt, endsAt: new Date(asOf.getTime() + DAY_MS) },
  });
  await fillExperiment(db, experiment, customers);
  const taken: number[] = [];
  for (let round = 0; round <= 3; round += 1) {
    const ms = await timed(() => looks.read(experiment, asOf));
    if (round > 0) taken.push(ms);
  }
  return {
    name: `results of an experiment of ${wholeNumber(customers)} customers, 3 metrics`,
    figure: `${(median(taken) / 1000).toFixed(2)} s`,
    detail: `goal < 2 s; 12 events a customer over 56 days, adjusted for those before`,
  };
}

async function fillExperiment(
  db: Database,
  { id, key, startsAt, endsAt }: ReturnType<typeof madeExperiment>,
  customers: number,
): Promise<void> {
  await db.query(
    `insert into customer (external_id, registered_at)
     select 'e' || n, now() - interval '400 days' from generate_series(1, $1::int) n`,
    [customers],
  );
  await db.query(
    `insert into experiment (id, key, hypothesis, status, traffic_share, primary_metric, minimum_users,
       pre_period_days, starts_at, ends_at, created_at, created_by)
     values ($1, $2, '', 'RUNNING', 1, 'sum:purchase', 100, 28, $3, $4, now(), 'bench')`,
    [id, key, startsAt, endsAt],
  );
  await db.query(
    `insert into assignment (experiment_id, user_id, variant_key, source, assigned_at, exposures, last_exposed_at)
     select $1, id, case when id % 2 = 0 then 'control' else 'treatment' end, 'HASH', $2, 1, $2 from customer`,
    [id, startsAt],
  );
  await db.query(
    `insert into event_type (name) values ('purchase'), ('visit') on conflict do nothing`,
  );
  await db.query(
    `select ensure_event_partition(date_trunc('month', $1::timestamptz) + make_interval(months => m), now(), now())
     from generate_series(-1, 2) m`,
    [startsAt],
  );
  await db.query(
    `insert into event (source_id, key, user_id, type_id, at, value)
     select 1, 'e' || c.id || '-' || n, c.id, t.id, $1::timestamptz + (n - 5.5) * interval '4 days' + c.id * interval '1 second', random() * 100
     from customer c, generate_series(0, 11) n
       join event_type t on t.name = case n % 3 when 0 then 'purchase' else 'visit' end`,
    [startsAt],
  );
  await db.query('vacuum analyze');
}

/** Rows of the ledger behind which bands are put down: first scores, then scores of which every tenth changes the band. */
async function riskLines(db: Database, rows: number): Promise<BenchLine[]> {
  const store = riskLevelStore(db);
  await db.query(`select ensure_prediction_partition(now())`);
  await db.query(
    `insert into customer (external_id, registered_at)
     select 'r' || n, now() from generate_series(1, $1::int - (select count(*)::int from customer)) n`,
    [rows],
  );
  await store.begin(await store.head(), new Date());
  const riskBands = { medium: 0.2, high: 0.5, critical: 0.8 };
  const look = riskLook(
    {
      store,
      listModels: () => Promise.resolve([{ id: MODEL, spec: { riskBands } }]),
      subscribe: () => memoryBus().subscribe('none'),
      announceCrossings: () => undefined,
      clock: systemClock(),
      onInterrupted: () => undefined,
    },
    new AbortController().signal,
  );
  const lines: BenchLine[] = [];
  for (const [name, score] of [
    ['first scores', '0.1'],
    ['scores of which 10 % change the band', `case when id % 10 = 0 then 0.6 else 0.1 end`],
  ] as const) {
    await db.query(
      `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
         latency_ms, numeric)
       select id, $1, $2, ${score}, 0.5, 'MODEL', now(), now(), 1, ''::bytea from customer order by id limit $3`,
      [MODEL, VERSION, rows],
    );
    await db.query('analyze prediction');
    const ms = await timed(look);
    lines.push({
      name: `bands of risk behind the ledger, ${wholeNumber(rows)} ${name}`,
      figure: `${wholeNumber((1000 * rows) / ms)} rows/s`,
      detail: 'goal > 20,000: faster than one process scores',
    });
  }
  return lines;
}
