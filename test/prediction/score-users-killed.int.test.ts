import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/plant/database.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Database } from '../../src/plant/ports.js';
import { scoreUsers } from '../../src/prediction/score-users.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { plainJob, plainRun, plainScore } from '../support/score-run.js';

const USERS = 1_000;
const CHUNK = 70;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  ({ db } = database);
  await db.query(
    `insert into customer (external_id, consent_profiling) select 'u' || n, n % 10 <> 0 from generate_series(1, $1) n`,
    [USERS],
  );
});
afterAll(() => database.drop());

interface Stand {
  rows: number;
  users: number;
  noted: number;
  chunks: number;
}

/** What a run has left: rows in the ledger, and what its notes say of them. */
async function standOf(jobId: string): Promise<Stand> {
  const [row] = await db.query<Stand>(
    `select (select count(*) from prediction where job_id = $1) as rows,
       (select count(distinct user_id) from prediction where job_id = $1) as users,
       coalesce(sum(rows), 0) as noted, count(*) as chunks from score_chunk where job_id = $1`,
    [jobId],
  );
  return row ?? { rows: 0, users: 0, noted: 0, chunks: 0 };
}

async function scoresOf(jobId: string): Promise<[number, number][]> {
  const rows = await db.query<{ user: number; probability: number; x: Buffer; group: string }>(
    `select user_id as user, probability, numeric as x, categorical[1] as group from prediction
     where job_id = $1 order by user_id`,
    [jobId],
  );
  for (const { user, x, group } of rows)
    expect([x.readFloatLE(0), group]).toEqual([user, `g${user % 3}`]);
  return rows.map(({ user, probability }) => [user, probability]);
}

/** Everyone who agrees to profiling, each with the score that follows from the id. */
const everyone = async (): Promise<[number, number][]> => {
  const rows = await db.query<{ id: number }>(
    'select id from customer where consent_profiling order by id',
  );
  return rows.map(({ id }) => [id, plainScore(id)]);
};

/** Starts a process on the run and kills it once it has printed the word so often, or waits for a lock. */
async function killedAt(jobId: string, word: string, times: number): Promise<void> {
  const program = path.join(projectRoot, 'dist', 'test', 'support', 'score-writer.js');
  const child = spawn(process.execPath, [program, database.url, jobId, String(CHUNK)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = 0;
  if (word === 'waits') {
    while (!(await somebodyWaits())) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGKILL');
  }
  for await (const line of createInterface(child.stdout)) {
    if (line === word) seen += 1;
    if (seen === times) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

async function somebodyWaits(): Promise<boolean> {
  const rows = await db.query(
    `select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows.length > 0;
}

/** Runs the work while a transaction of another session holds the table against writers. */
async function whileHeld<T>(table: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (sql) => {
    await sql.query(`lock table ${table} in exclusive mode`);
    return work();
  });
}

describe('A run over everyone whose process is killed', { timeout: 60_000 }, () => {
  it.each([
    ['when it has read its first chunk', 'read', 1, null],
    ['when it has scored its third chunk', 'scored', 3, null],
    ['when it has just written a chunk, the next being scored', 'written', 2, null],
    ['when it has written most', 'written', 12, null],
    ['while it notes how far it is', 'waits', 1, 'score_chunk'],
    ['while it copies the rows, the note being made', 'waits', 1, 'prediction'],
  ] as const)(
    '%s leaves whole chunks, and goes on behind the last of them',
    async (_, word, times, held) => {
      const jobId = randomUUID();
      if (held) await whileHeld(held, () => killedAt(jobId, word, times));
      else await killedAt(jobId, word, times);
      const left = await standOf(jobId);
      expect(left.rows).toBeLessThan(USERS);
      if (held) expect(left.rows).toBe(0);
      expect([left.noted, left.users]).toEqual([left.rows, left.rows]);

      const seen: number[] = [];
      const result = await scoreUsers(
        plainRun(db, {
          writeBatch: (batch) => {
            seen.push(batch.number);
            return plainRun(db).writeBatch(batch);
          },
        }),
        plainJob(jobId),
        { chunk: CHUNK },
      );
      expect(seen[0]).toBeGreaterThanOrEqual(left.chunks); // one more where the last commit was told to nobody
      expect(await scoresOf(jobId)).toEqual(await everyone());
      const stand = await standOf(jobId);
      expect([stand.users, stand.noted, result.rows]).toEqual([900, 900, 900]);
      expect(stand.rows).toBe(900);
    },
  );
});

describe('Two workers that both believe they hold the run', () => {
  it('write every chunk once between them, and both come to the same end', async () => {
    const jobId = randomUUID();
    const other = openDatabase(database.url, { max: 3 });
    const taken = [0, 0];
    const worker = (at: number, on: Database) => {
      const deps = plainRun(on);
      return scoreUsers(
        {
          ...deps,
          writeBatch: async (batch) => {
            const written = await deps.writeBatch(batch);
            if (written === 'taken') taken[at] = (taken[at] ?? 0) + 1;
            return written;
          },
        },
        plainJob(jobId),
        { chunk: CHUNK },
      );
    };
    try {
      const [first, second] = await Promise.all([worker(0, db), worker(1, other)]);
      expect(await scoresOf(jobId)).toEqual(await everyone());
      expect(first.rows).toBe(900);
      expect(second.rows).toBe(900);
      expect((taken[0] ?? 0) + (taken[1] ?? 0)).toBeGreaterThan(0);
      expect((await standOf(jobId)).noted).toBe(900);
    } finally {
      await other.close();
    }
  });
});

describe('Between reading and writing', () => {
  it('who opts out or is erased is left out, and the notes count without them', async () => {
    const jobId = randomUUID();
    const [gone, out] = await db.query<{ id: number }>(
      'select id from customer where consent_profiling order by id limit 2',
    );
    const deps = plainRun(db);
    const result = await scoreUsers(
      {
        ...deps,
        writeBatch: async (batch) => {
          if (batch.number === 0) {
            await db.query('delete from customer where id = $1', [gone?.id]);
            await db.query('update customer set consent_profiling = false where id = $1', [
              out?.id,
            ]);
          }
          return deps.writeBatch(batch);
        },
      },
      plainJob(jobId),
      { chunk: CHUNK },
    );
    const scored = await scoresOf(jobId);
    expect(scored).toEqual(await everyone());
    expect(scored.map(([id]) => id)).not.toContain(gone?.id);
    expect(scored.map(([id]) => id)).not.toContain(out?.id);
    expect(result.rows).toBe(898);
    expect(result.positive).toBe(scored.filter(([, p]) => p >= 0.5).length);
  });
});
