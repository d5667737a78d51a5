import { auditStore } from '../../src/access/audit.store.js';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyMigrations } from '../../prisma/migrate.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import type { EventRow } from '../../src/event/event.js';
import { eventStore } from '../../src/event/event.store.js';
import { recordEvents } from '../../src/event/record-events.js';
import { featureReader, featureStore } from '../../src/feature/feature.store.js';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import { readFeatures } from '../../src/feature/read-features.js';
import { seedStartSet } from '../../src/feature/seed-start-set.js';
import { DAY_MS, systemClock } from '../../src/kernel/clock.js';
import { seededRandom, type Random } from '../../src/kernel/random.js';
import { openDatabase } from '../../src/plant/database.js';
import { startEmbeddedPostgres } from '../../src/plant/embedded-postgres.js';
import type { Database } from '../../src/plant/ports.js';
import { userStore } from '../../src/user/user.store.js';
import { median, type BenchLine } from './bench-line.js';
import { insertBare, makeBareEvent } from './ingest-bench.js';

const USERS = 20_000;
/** What features are read from: a year and a quarter, a part a month. */
const READ_USERS = 100_000;
const READ_EVENTS = 5_000_000;
const READ_DAYS = 450;
const TYPES = ['purchase', 'page_view', 'session_start', 'session_end', 'ticket'];
const NOW = Date.UTC(2026, 5, 1);
const YEAR_MS = 365 * 86_400_000;

/** Ingest and features against bare SQL in the same run, on a Postgres of its own. */
export async function featureBench(): Promise<BenchLine[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-bench-'));
  fs.chmodSync(folder, 0o755); // the postgres user must be able to enter
  const postgres = await startEmbeddedPostgres(
    path.join(folder, 'pg'),
    path.join(folder, 'password'),
  );
  await applyMigrations(postgres.url);
  const db = openDatabase(postgres.url);
  try {
    const ingest = await ingestLines(db);
    await fill(db);
    return [...ingest, ...(await featureLines(db))];
  } finally {
    await db.close();
    await postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function stores(db: Database): { record: ReturnType<typeof recordEvents> } {
  const types = eventCatalogue(db, 'event_type');
  const sources = eventCatalogue(db, 'event_source');
  return {
    record: recordEvents({
      clock: systemClock(),
      resolveUsers: userStore(db, auditStore).resolve,
      typeIds: types.idsOf,
      sourceIds: sources.idsOf,
      insert: eventStore(db, { types, sources }).insert,
    }),
  };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function batchOf(size: number, customers: number, random: Random): EventRow[] {
  const from = random.int(USERS - customers + 1);
  return Array.from({ length: size }, () => ({
    source: 'bench',
    id: randomUUID(),
    user: `u${from + random.int(customers)}`,
    type: TYPES[random.int(TYPES.length)] ?? 'purchase',
    at: new Date(NOW - random.int(YEAR_MS)),
    value: random.int(10_000) / 100,
    properties: null,
  }));
}

async function ingestLines(db: Database): Promise<BenchLine[]> {
  const random = seededRandom(1);
  const { record } = stores(db);
  await makeBareEvent(db);
  await db.query(
    `insert into customer (external_id) select 'u' || i from generate_series(0, ${USERS - 1}) i`,
  );
  const lines: BenchLine[] = [];
  for (const [size, customers] of [
    [1_000, 100],
    [1_000, USERS],
    [10_000, USERS],
  ] as const) {
    const rounds = 40_000 / size;
    const ours: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const batches = Array.from({ length: 2 * rounds }, () => batchOf(size, customers, random));
      const [mine, floor] = [batches.slice(0, rounds), batches.slice(rounds)];
      await db.query('truncate bare_event');
      bare.push(
        await secondsOf(async () => {
          for (const batch of floor) await insertBare(db, batch);
        }),
      );
      await db.query('truncate event, event_key');
      ours.push(
        await secondsOf(async () => {
          for (const batch of mine) await record(batch);
        }),
      );
    }
    const rate = Math.round(40_000 / median(ours));
    const floorRate = Math.round(40_000 / median(bare));
    lines.push({
      name: `recordEvents, ${size} a batch from ${customers} customers`,
      figure: `${((100 * rate) / floorRate).toFixed(0)} % of bare insert`,
      detail: `${rate} against ${floorRate} events/s; validation, names, customers and last_active_at included`,
    });
  }
  return lines;
}

/** Skewed: some customers have many events. */
async function fill(db: Database): Promise<void> {
  await db.query('truncate event, event_key');
  await db.query(
    `insert into customer (external_id) select 'r' || i from generate_series(${USERS}, ${READ_USERS - 1}) i`,
  );
  await db.query(
    `select ensure_event_partition(m, to_timestamp(${NOW} / 1000.0) - interval '426 days', now())
     from generate_series(to_timestamp(${NOW} / 1000.0) - interval '15 months', to_timestamp(${NOW} / 1000.0), '1 month') m`,
  );
  await db.query(
    `insert into event (source_id, key, user_id, type_id, at, value)
     select 1, i::text, (select min(id) from customer) + floor(power(random(), 2) * ${READ_USERS})::int8,
       1 + floor(random() * ${TYPES.length})::int, to_timestamp(${NOW} / 1000.0 - random() * ${(READ_DAYS * DAY_MS) / 1000}),
       round((random() * 100)::numeric, 2)
     from generate_series(1, ${READ_EVENTS}) i`,
  );
  await db.query('vacuum analyze event');
  await db.query('vacuum analyze customer');
}

const FEATURES = [
  'purchase_count',
  'purchase_sum',
  'purchase_mean',
  'purchase_max',
  'purchase_count_7d',
  'purchase_count_30d',
  'purchase_count_90d',
  'purchase_sum_7d',
  'purchase_sum_30d',
  'purchase_sum_90d',
  'session_count',
  'session_count_7d',
  'session_count_30d',
  'session_count_90d',
  'page_view_count',
  'page_view_count_30d',
  'session_seconds_mean',
  'ticket_count_90d',
  'days_since_last_purchase',
  'days_since_last_activity',
];

const BARE_AGGREGATES = (of: (name: string) => number): string => {
  const t = (name: string): string => `e.type_id = ${of(name)}`;
  const since = (days: number): string => `e.at >= $1::timestamptz - interval '${days} days'`;
  return [
    `count(*) filter (where ${t('purchase')})`,
    `sum(e.value) filter (where ${t('purchase')})`,
    `avg(e.value) filter (where ${t('purchase')})`,
    `max(e.value) filter (where ${t('purchase')})`,
    ...[7, 30, 90].map((d) => `count(*) filter (where ${t('purchase')} and ${since(d)})`),
    ...[7, 30, 90].map((d) => `sum(e.value) filter (where ${t('purchase')} and ${since(d)})`),
    `count(*) filter (where ${t('session_start')})`,
    ...[7, 30, 90].map((d) => `count(*) filter (where ${t('session_start')} and ${since(d)})`),
    `count(*) filter (where ${t('page_view')})`,
    `count(*) filter (where ${t('page_view')} and ${since(30)})`,
    `avg(e.value) filter (where ${t('session_end')})`,
    `count(*) filter (where ${t('ticket')} and ${since(90)})`,
    `max(e.at) filter (where ${t('purchase')})`,
    `max(e.at)`,
  ]
    .map((aggregate, i) => `${aggregate} as a${i}`)
    .join(', ');
};

async function featureLines(db: Database): Promise<BenchLine[]> {
  const store = featureStore(db, auditStore);
  const types = eventCatalogue(db, 'event_type');
  const clock = systemClock();
  await seedStartSet({
    registry: store.all,
    insert: store.insert,
    wall: () => clock.wall(),
  })();
  const read = readFeatures({ run: featureReader(db), typeIds: types.idsOf });
  const typeIds = await types.idsOf(TYPES);
  const aggregates = BARE_AGGREGATES((name) => typeIds.get(name) ?? 0);
  const features = await store.byNames(FEATURES);
  const asOf = new Date(NOW);
  const ids = (await db.query<{ id: number }>('select id from customer order by id')).map(
    ({ id }) => id,
  );
  const random = seededRandom(2);

  const lines: BenchLine[] = [];
  for (const [count, runs] of [
    [1, 200],
    [100, 60],
    [1_000, 15],
  ] as const) {
    const pick = (): number[] =>
      Array.from({ length: count }, () => ids[random.int(ids.length)] ?? 1);
    const bare = async (): Promise<unknown> =>
      db.query(
        `select u.id, a.* from unnest($2::bigint[]) as u(id) cross join lateral (
           select ${aggregates} from event e where e.user_id = u.id and e.at < $1) a`,
        [asOf, pick()],
        { name: `bare_${count}` },
      );
    lines.push(
      await compare(`20 features of ${count} users`, runs, bare, () =>
        read({ features, users: pick(), asOf }),
      ),
    );
  }
  const everyone = async (): Promise<unknown> =>
    db.query(`select e.user_id, ${aggregates} from event e where e.at < $1 group by e.user_id`, [
      asOf,
    ]);
  lines.push(
    await compare(
      `20 features of everyone (${READ_USERS} users, ${READ_EVENTS} events)`,
      5,
      everyone,
      () => read({ features, users: 'everyone', asOf }),
    ),
  );
  lines.push(await fiftyLine(await store.all(), read, { asOf, ids, random }));
  lines.push(await startSetLine(store.all, read, asOf));
  return lines;
}

/** What the covering index can answer; a request of 100 customers, as the graph asks it. */
async function fiftyLine(
  registry: readonly FeatureDefinition[],
  read: ReturnType<typeof readFeatures>,
  { asOf, ids, random }: { asOf: Date; ids: readonly number[]; random: Random },
): Promise<BenchLine> {
  const fromRows = /^(ticket_|device_|purchase_items)/;
  const features = registry.filter(({ name }) => !fromRows.test(name)).slice(0, 50);
  const times: number[] = [];
  for (let run = 0; run < 210; run += 1) {
    const users = Array.from({ length: 100 }, () => ids[random.int(ids.length)] ?? 1);
    const seconds = await secondsOf(() => read({ features, users, asOf }));
    if (run >= 10) times.push(seconds * 1000);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return {
    name: `${features.length} features of 100 users`,
    figure: `${(sorted[Math.floor(0.99 * sorted.length)] ?? NaN).toFixed(2)} ms p99`,
    detail: `median ${median(times).toFixed(2)} ms over ${times.length} runs; distinct days and percentiles included`,
  };
}

async function startSetLine(
  all: () => Promise<FeatureDefinition[]>,
  read: ReturnType<typeof readFeatures>,
  asOf: Date,
): Promise<BenchLine> {
  const features = await all();
  const seconds: number[] = [];
  for (let run = 0; run < 3; run += 1)
    seconds.push(await secondsOf(() => read({ features, users: 'everyone', asOf })));
  return {
    name: `all ${features.length} start features of everyone`,
    figure: `${median(seconds).toFixed(2)} s`,
    detail: `${READ_USERS} users, ${READ_EVENTS} events, distinct days and percentiles included`,
  };
}

async function compare(
  name: string,
  runs: number,
  bare: () => Promise<unknown>,
  ours: () => Promise<unknown>,
): Promise<BenchLine> {
  const times = { bare: [] as number[], ours: [] as number[] };
  for (let run = 0; run < runs + 6; run += 1) {
    const floor = await secondsOf(bare);
    const mine = await secondsOf(ours);
    // the first executions plan anew, and warm the caches
    if (run >= 6 || runs < 6) {
      times.bare.push(floor);
      times.ours.push(mine);
    }
  }
  const [mine, floor] = [median(times.ours), median(times.bare)];
  return {
    name,
    figure: `${(mine / floor).toFixed(2)} x bare SQL`,
    detail: `${(mine * 1000).toFixed(2)} ms against ${(floor * 1000).toFixed(2)} ms`,
  };
}
