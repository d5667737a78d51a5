import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { from as copyFrom } from 'pg-copy-streams';
import { applyMigrations } from '../../prisma/migrate.js';
import { prepareEvents } from '../../src/cli/import/import-file.js';
import { seededRandom } from '../../src/kernel/random.js';
import { systemClock } from '../../src/kernel/clock.js';
import { openDatabase } from '../../src/plant/database.js';
import { startEmbeddedPostgres } from '../../src/plant/embedded-postgres.js';
import type { Database } from '../../src/plant/ports.js';
import { importDeps } from '../support/import-deps.js';
import { makeBareEvent } from './ingest-bench.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';

const ROWS = 200_000;
const USERS = 20_000;
const ROUNDS = 5;

/** Purchases as a shop exports them: order, customer, instant, quantity, price. */
function writeCsv(file: string): void {
  const random = seededRandom(1);
  const lines = ['order_id,customer,at,quantity,price'];
  for (let i = 0; i < ROWS; i++) {
    const at = new Date(Date.UTC(2025, 0, 1) + random.int(365 * 86_400) * 1000).toISOString();
    lines.push(
      `o-${i},c-${random.int(USERS)},${at},${1 + random.int(5)},${(random.int(9900) + 100) / 100}`,
    );
  }
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Into the tables of an installation, by the code behind `import events`. */
async function byImport(db: Database, file: string, folder: string): Promise<number> {
  await db.query('truncate event, event_key, customer, job restart identity');
  const deps = importDeps(db, systemClock(), folder);
  const started = performance.now();
  const prepared = await prepareEvents({
    file,
    user: 'customer',
    at: 'at',
    type: 'purchase',
    value: 'quantity*price',
    id: 'order_id',
    source: 'shop',
  });
  const { accepted } = await prepared.run(deps);
  if (accepted !== ROWS) throw new Error(`accepted ${accepted} of ${ROWS}`);
  return (performance.now() - started) / 1000;
}

/** The rows that the import wrote, as COPY text, into a table with the same columns, key and index. */
async function byCopy(db: Database, text: string): Promise<number> {
  await db.query('truncate bare_event');
  const client = await db.pool.connect();
  try {
    const started = performance.now();
    const stream = client.query(
      copyFrom(
        'copy bare_event (source_id, key, user_id, type_id, at, value, properties, received_at) from stdin',
      ),
    );
    for (let at = 0; at < text.length; at += 1 << 16)
      if (!stream.write(text.slice(at, at + (1 << 16)))) await once(stream, 'drain');
    const finished = once(stream, 'finish');
    stream.end();
    await finished;
    return (performance.now() - started) / 1000;
  } finally {
    client.release();
  }
}

async function copyText(db: Database): Promise<string> {
  const rows = await db.query<{ line: string }>(
    `select concat_ws(E'\\t', source_id, key, user_id, type_id, at, coalesce(value::text, '\\N'),
       coalesce(properties::text, '\\N'), received_at) as line from event order by random()`,
  );
  return rows.map(({ line }) => `${line}\n`).join('');
}

/** Import of events by file against a bare COPY of the same rows, in turns on one private PostgreSQL. */
export async function importBench(): Promise<BenchLine[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-import-bench-'));
  fs.chmodSync(folder, 0o755); // the postgres user must be able to enter
  const postgres = await startEmbeddedPostgres(
    path.join(folder, 'pg'),
    path.join(folder, 'password'),
  );
  try {
    await applyMigrations(postgres.url);
    const db = openDatabase(postgres.url);
    try {
      const file = path.join(folder, 'shop.csv');
      writeCsv(file);
      await makeBareEvent(db);
      await byImport(db, file, folder);
      const text = await copyText(db);
      const imports: number[] = [];
      const copies: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        copies.push(await byCopy(db, text));
        imports.push(await byImport(db, file, folder));
      }
      return lines(imports, copies);
    } finally {
      await db.close();
    }
  } finally {
    await postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The share is that of the middle pair: two runs beside each other meet the same load. */
function lines(imports: readonly number[], copies: readonly number[]): BenchLine[] {
  const shares = imports.map((seconds, i) => (copies[i] ?? NaN) / seconds);
  const n = (rate: number): string => Math.round(rate).toLocaleString('en-US');
  return [
    {
      name: 'import events, share of bare COPY',
      figure: median(shares).toFixed(2),
      detail: `${n(ROWS / median(imports))} against ${n(ROWS / median(copies))} rows/s; ${n(ROWS)} CSV rows of ${n(USERS)} users, ids and users resolved, empty tables with the same key and index; median of ${ROUNDS} pairs, ${Math.min(...shares).toFixed(2)}..${Math.max(...shares).toFixed(2)}`,
    },
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const line of await importBench()) console.log(formatBenchLine(line));
