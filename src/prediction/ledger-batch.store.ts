import { float64Array } from '../plant/binary-array.js';
import { binaryCopy, sameInEveryRow, type CopyColumn } from '../plant/binary-copy.js';
import { equalRows } from '../plant/equal-rows.js';
import type { Copy, Database, Sql } from '../plant/ports.js';
import { bytesOfMatrix } from './input-bytes.js';
import type { BatchWritten, LedgerBatch, NextStretch, RunState } from './ledger-batch.js';
import { inMonthOf } from './ledger-partition.store.js';

export interface LedgerBatchStore {
  /**
   * Writes the rows and how far the run is, both or neither. Of who was erased or has opted out since the batch
   * was read nothing is written.
   */
  writeBatch(batch: LedgerBatch): Promise<BatchWritten>;
  runState(jobId: string): Promise<RunState>;
  /** At most `limit` customers with an id after `afterId`; null when there is none. */
  stretchAfter(afterId: number, limit: number): Promise<NextStretch | null>;
}

/** Reads a table that an erasure locks: the statement waits for it, and then sees that the customer is gone. */
export const NOT_WHILE_ERASING = '(select count(*) from (select 1 from erasure limit 1) g) >= 0';

const UNIQUE_VIOLATION = '23505';

/** Batches of score runs, by COPY. */
export function ledgerBatchStore(db: Database): LedgerBatchStore {
  const buffers: ArrayBuffer[] = [];
  return {
    async writeBatch(batch) {
      try {
        return await inMonthOf(db, [batch.scoredAt], () =>
          db.transaction((sql) => writeIn(sql, batch, buffers)),
        );
      } catch (error) {
        if (isTaken(error)) return 'taken';
        throw error;
      }
    },
    async runState(jobId) {
      const [row] = await db.query<RunState>(
        `select coalesce(max(number) + 1, 0) as batches, coalesce(max(last_user_id), 0) as "lastUserId",
           coalesce(sum(looked), 0) as looked, coalesce(sum(rows), 0) as rows,
           coalesce(sum(positive), 0) as positive
         from score_chunk where job_id = $1`,
        [jobId],
      );
      return row ?? { batches: 0, lastUserId: 0, looked: 0, rows: 0, positive: 0 };
    },
    async stretchAfter(afterId, limit) {
      const [row] = await db.query<{ until: number | null; customers: number }>(
        `select max(id) as until, count(*) as customers
         from (select id from customer where id > $1 order by id limit $2) c`,
        [afterId, limit],
        { name: 'score-stretch-after' },
      );
      const { until = null, customers = 0 } = row ?? {};
      return until === null ? null : { until, customers };
    },
  };
}

function isTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === UNIQUE_VIOLATION && constraint === 'score_chunk_pkey';
}

/**
 * The lock on `erasure` is held until the rows are committed: an erasure waits, and then removes them too. Who
 * opts out meanwhile does so after these scores were made.
 */
async function writeIn(
  sql: Sql & Copy,
  batch: LedgerBatch,
  buffers: ArrayBuffer[],
): Promise<BatchWritten> {
  const allowed = await allowedUsers(sql, batch);
  const { kept, ids } = rowsToWrite(batch, allowed);
  const { jobId, number, lastUserId, looked, scoredAt, probability, threshold } = batch;
  let positive = 0;
  for (const row of kept) if ((probability[row] ?? 0) >= threshold) positive += 1;
  await sql.query(
    `insert into score_chunk (job_id, number, last_user_id, looked, rows, positive, at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [jobId, number, lastUserId, looked, kept.length, positive, scoredAt],
    { name: 'score-chunk-write' },
  );
  if (kept.length === 0) return { range: null, rows: 0, positive: 0 };
  const columns = columnsOf(batch, kept, ids);
  const equal = equalRows(columns, buffers);
  await sql.copyFrom(COPY, equal ? [equal.data] : binaryCopy(columns));
  equal?.sent();
  const range = { from: ids[0] ?? 0, until: ids[kept.length - 1] ?? 0 };
  return { range, rows: kept.length, positive };
}

interface Allowed {
  userIds: Float64Array;
  /** As many ids of the ledger, ascending. */
  ids: Float64Array;
}

async function allowedUsers(
  sql: Sql,
  { after, lastUserId, userIds }: LedgerBatch,
): Promise<Allowed> {
  if (userIds.length === 0) return { userIds: new Float64Array(0), ids: new Float64Array(0) };
  const [row] = await sql.query<{
    users: Buffer | null;
    first: number | null;
    ids: Buffer | null;
  }>(
    `select array_send(array_agg(u.id)) as users, min(u.next) as first,
       case when max(u.next) - min(u.next) > count(*) - 1 then array_send(array_agg(u.next)) end as ids
     from (select c.id, nextval('prediction_id_seq') as next
       from (select id from customer where id > $1 and id <= $2 and consent_profiling order by id) c
       where ${NOT_WHILE_ERASING}) u`,
    [after, lastUserId],
    { name: 'score-chunk-allowed' },
  );
  const { users = null, first = null, ids = null } = row ?? {};
  const allowed = float64Array(users).sort();
  // one after the other unless somebody else drew between them
  const inARow = (): Float64Array => allowed.map((_, i) => (first ?? NaN) + i);
  return { userIds: allowed, ids: ids === null ? inARow() : float64Array(ids).sort() };
}

/** Both lists ascend: rows whose customer is still allowed, and an id for each. */
function rowsToWrite(
  { userIds }: LedgerBatch,
  allowed: Allowed,
): { kept: number[]; ids: Float64Array } {
  const kept: number[] = [];
  let at = 0;
  for (let row = 0; row < userIds.length; row += 1) {
    const id = userIds[row] ?? 0;
    while (at < allowed.userIds.length && (allowed.userIds[at] ?? 0) < id) at += 1;
    if (allowed.userIds[at] === id) kept.push(row);
  }
  return { kept, ids: allowed.ids.subarray(0, kept.length) };
}

const COPY = `copy prediction (id, user_id, probability, numeric, categorical, model_id, model_version_id, threshold,
  source, as_of, scored_at, latency_ms, job_id) from stdin (format binary)`;

function columnsOf(batch: LedgerBatch, kept: readonly number[], ids: Float64Array): CopyColumn[] {
  const { table, userIds, probability } = batch;
  const high = table.categoricalNames.length;
  const whole = kept.length === userIds.length;
  const numericWidth = table.numericNames.length * 4;
  const numeric = bytesOfMatrix(table.numeric);
  return [
    { type: 'int8', values: ids },
    { type: 'int8', values: whole ? userIds : keptOf(userIds, kept) },
    { type: 'float8', values: whole ? probability : keptOf(probability, kept) },
    {
      type: 'bytea',
      values: whole
        ? numeric
        : Buffer.concat(
            kept.map((row) => numeric.subarray(row * numericWidth, (row + 1) * numericWidth)),
          ),
      width: numericWidth,
    },
    {
      type: 'text[]',
      values: whole
        ? table.categorical
        : kept.flatMap((row) => table.categorical.slice(row * high, (row + 1) * high)),
      width: high,
    },
    sameInEveryRow([
      { type: 'uuid', values: [batch.modelId] },
      { type: 'uuid', values: [batch.modelVersionId] },
      { type: 'float8', values: [batch.threshold] },
      { type: 'text', values: ['MODEL'] },
      { type: 'timestamptz', values: [batch.asOf.getTime()] },
      { type: 'timestamptz', values: [batch.scoredAt.getTime()] },
      { type: 'float8', values: [batch.latencyMs] },
      { type: 'uuid', values: [batch.jobId] },
    ]),
  ];
}

function keptOf(values: ArrayLike<number>, kept: readonly number[]): Float64Array {
  return Float64Array.from(kept, (row) => values[row] ?? NaN);
}
