import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { seededRandom, type Random } from '../../src/kernel/random.js';
import { openDatabase } from '../../src/plant/database.js';
import { numberArray, textArray } from '../../src/plant/parameters.js';
import type { Database } from '../../src/plant/ports.js';
import { openBenchGraph } from './bench-graph.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { openLoadClient } from './load-client.js';

const ROWS = 40_000;
const USERS = 20_000;
const ROUNDS = 5;
const TYPES = ['purchase', 'page_view', 'session_start', 'session_end', 'ticket'];
const HALF_A_YEAR_S = 180 * 86_400;
const RECORD = `mutation ($events: [EventInput!]!) { recordEvents(events: $events) {
  accepted duplicates rejected { index message } userErrors { message } } }`;

interface SentEvent {
  id: string;
  user: string;
  type: string;
  at: string;
  value: number;
}

function someEvents(random: Random): SentEvent[] {
  const now = Date.now();
  return Array.from({ length: ROWS }, () => ({
    id: randomUUID(),
    user: `u${random.int(USERS)}`,
    type: TYPES[random.int(TYPES.length)] ?? 'purchase',
    at: new Date(now - random.int(HALF_A_YEAR_S) * 1000).toISOString(),
    value: random.int(10_000) / 100,
  }));
}

function batches<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    rows.slice(i * size, (i + 1) * size),
  );
}

/** A table with the columns of event, its key and its covering index, unpartitioned, to write to without more ado. */
export async function makeBareEvent(db: Database): Promise<void> {
  await db.query(
    'create table bare_event (like event including all, primary key (source_id, key))',
  );
}

/** The floor: arrays ready, one statement a batch, no validation, no names, no customers. */
export async function insertBare(
  db: Database,
  rows: readonly { id: string; at: string | Date; value: number | null }[],
): Promise<void> {
  await db.query(
    `insert into bare_event (source_id, key, user_id, type_id, at, value)
     select 1, k, u, 1, to_timestamp(ms / 1000), v
     from unnest($1::text[], $2::int8[], $3::float8[], $4::float8[]) as i(k, u, ms, v)
     on conflict do nothing`,
    [
      textArray(rows.map(({ id }) => id)),
      numberArray(rows.map((_, i) => 1 + (i % USERS))),
      numberArray(rows.map(({ at }) => new Date(at).getTime())),
      numberArray(rows.map(({ value }) => value)),
    ],
    { name: 'bare_insert' },
  );
}

/** Events through GraphQL over HTTP, one caller, against bare SQL in the same run. */
export async function ingestBench(): Promise<BenchLine[]> {
  const graph = await openBenchGraph();
  const client = openLoadClient();
  const db = openDatabase(graph.databaseUrl);
  try {
    await makeBareEvent(db);
    await db.query(
      `insert into customer (external_id) select 'u' || i from generate_series(0, ${USERS - 1}) i`,
    );
    const random = seededRandom(3);
    const ours = new Map<number, number[]>([1_000, 10_000].map((size) => [size, []]));
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await db.query('truncate bare_event');
      const started = performance.now();
      for (const batch of batches(someEvents(random), 1_000)) await insertBare(db, batch);
      bare.push((performance.now() - started) / 1000);
      for (const [size, seconds] of ours) {
        await db.query('truncate event, event_key');
        const variables = batches(someEvents(random), size).map((events) => ({ events }));
        const load = { url: graph.url, key: graph.key, query: RECORD, variables, atOnce: 1 };
        const { wallMs } = await client.run({
          ...load,
          requests: variables.length,
          perSecond: null,
        });
        seconds.push(wallMs / 1000);
        const [row] = await db.query<{ n: number }>('select count(*) as n from event');
        if (row?.n !== ROWS) throw new Error(`${row?.n ?? 0} of ${ROWS} events are in`);
      }
    }
    return [...ours].map(([size, seconds]) => line(size, seconds, bare));
  } finally {
    await db.close();
    client.close();
    await graph.close();
  }
}

function line(size: number, ours: readonly number[], bare: readonly number[]): BenchLine {
  const shares = ours.map((seconds, i) => (bare[i] ?? NaN) / seconds);
  const rate = (seconds: readonly number[]): string =>
    Math.round(ROWS / median(seconds)).toLocaleString('en-US');
  return {
    name: `recordEvents over HTTP, ${size.toLocaleString('en-US')} a call`,
    figure: `${(100 * median(shares)).toFixed(0)} % of bare insert`,
    detail: `${rate(ours)} against ${rate(bare)} events/s at 1,000 a statement; one caller, ${USERS.toLocaleString('en-US')} customers, JSON, validation and six months of parts included; median of ${ROUNDS} pairs`,
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const each of await ingestBench()) console.log(formatBenchLine(each));
