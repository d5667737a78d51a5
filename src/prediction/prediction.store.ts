import { gather } from '../plant/gather.js';
import type { Database } from '../plant/ports.js';
import { fromBytes, toBytes } from './input-bytes.js';
import {
  ledgerBatchStore,
  NOT_WHILE_ERASING,
  type LedgerBatchStore,
} from './ledger-batch.store.js';
import type { LedgerHealth } from './ledger-health.js';
import { inMonthOf } from './ledger-partition.store.js';
import type { LedgerRow, PredictionSource, StoredPrediction } from './prediction.js';

/** A score to be written; the ledger gives the id. */
export type NewPrediction = Omit<StoredPrediction, 'id'>;

export interface LedgerPage {
  userId: number;
  modelId: string;
  /** Rows at most. */
  first: number;
  /** Ledger id after which the page begins; newest first. */
  after: number | null;
}

export interface PredictionStore extends LedgerBatchStore {
  /**
   * One statement. Answers the ids in the order given, null for a customer who was erased or opted out meanwhile:
   * nothing is written of them. Calls of the same moment share it.
   */
  write(rows: readonly NewPrediction[]): Promise<(number | null)[]>;
  byIds(ids: readonly number[]): Promise<LedgerRow[]>;
  /** Of a new-rows message, what a subscriber wants to see; at most `limit`, by id after `afterId`. */
  inRange(range: {
    jobId: string;
    from: number;
    until: number;
    minProbability: number;
    userIds: readonly number[] | null;
    afterId: number;
    limit: number;
  }): Promise<LedgerRow[]>;
  /**
   * For each user the newest row, where it is of this version, scored at or after `since`, as of an instant
   * in [asOfFrom, asOfUntil], and neither the profile nor the events have changed since, or just before; one statement.
   */
  fresh(query: {
    modelVersionId: string;
    modelId: string;
    userIds: readonly number[];
    since: Date;
    asOfFrom: Date;
    asOfUntil: Date;
  }): Promise<LedgerRow[]>;
  /** Pages of several users at once, one lateral statement; each newest first, up to `first` + 1 rows. */
  pages(pages: readonly LedgerPage[]): Promise<LedgerRow[][]>;
  /** All customers, and those up to an id. */
  userCounts(upTo: number): Promise<{ total: number; upTo: number }>;
  health(modelId: string, since: Date): Promise<LedgerHealth>;
  /** Rows of a model scored in [since, until) with an id before `beforeId`, newest first. */
  newestRows(query: {
    modelId: string;
    since: Date;
    until: Date;
    first: number;
    beforeId: number | null;
  }): Promise<LedgerRow[]>;
  /** The model's newest row, where it is of this version; else null. */
  newestOf(version: { modelId: string; id: string }): Promise<LedgerRow | null>;
}

/** A row of the ledger as Postgres gives it. */
export type StoredRow = Omit<LedgerRow, 'inputs'> & { numeric: Buffer; categorical: string[] };

/** Of a `StoredRow`, from a `p` that is `prediction`. */
export const LEDGER_COLUMNS = `p.id, p.user_id as "userId", p.model_id as "modelId", p.model_version_id as "modelVersionId",
  p.probability, p.threshold, p.source::text as source, p.as_of as "asOf", p.scored_at as "scoredAt",
  p.latency_ms as "latencyMs", p.numeric, p.categorical, p.job_id as "jobId",
  (select not c.consent_profiling from customer c where c.id = p.user_id) as "optedOut"`;

/** A row is stamped when it comes in and seen when it is committed: in between, a score may have been made without it. */
const WRITING = `interval '2 seconds'`;

const INSERT = `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source,
    as_of, scored_at, latency_ms, numeric, categorical, job_id)
  select u.user_id, u.model_id, u.version_id, u.probability, u.threshold, u.source::prediction_source, u.as_of,
    u.scored_at, u.latency_ms, u.numeric, array(select jsonb_array_elements_text(u.categorical)), u.job_id
  from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::float8[], $5::float8[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::float8[], $10::bytea[], $11::jsonb[], $12::uuid[]) with ordinality
    u(user_id, model_id, version_id, probability, threshold, source, as_of, scored_at, latency_ms, numeric,
      categorical, job_id, position)
  join customer c on c.id = u.user_id and c.consent_profiling
  where ${NOT_WHILE_ERASING}`;

export function toLedgerRow({ numeric, categorical, ...row }: StoredRow): LedgerRow {
  return { ...row, inputs: { numeric: fromBytes(numeric), categorical } };
}

function columnsOf(rows: readonly NewPrediction[]): unknown[] {
  const column = <T>(pick: (row: NewPrediction) => T): T[] => rows.map(pick);
  return [
    column((row) => row.userId),
    column((row) => row.modelId),
    column((row) => row.modelVersionId),
    column((row) => row.probability),
    column((row) => row.threshold),
    column<PredictionSource>((row) => row.source),
    column((row) => row.asOf),
    column((row) => row.scoredAt),
    column((row) => row.latencyMs),
    column((row) => toBytes(row.inputs.numeric)),
    column((row) => JSON.stringify(row.inputs.categorical)),
    column((row) => row.jobId),
  ];
}

/** The ledger of predictions in Postgres, append-only, in months: who can bounds `scored_at`, and reads one or two. */
export function predictionStore(db: Database): PredictionStore {
  const select = async (
    tail: string,
    values: readonly unknown[],
    name?: string,
  ): Promise<LedgerRow[]> => {
    const rows = await db.query<StoredRow>(
      `select ${LEDGER_COLUMNS} from ${tail}`,
      values,
      name === undefined ? undefined : { name },
    );
    return rows.map(toLedgerRow);
  };
  // ids are given in the order of the rows, and are told apart by that: a user may be in it twice
  const write = async (rows: readonly NewPrediction[]): Promise<(number | null)[]> => {
    const written = await inMonthOf(
      db,
      rows.map(({ scoredAt }) => scoredAt),
      () =>
        db.query<{ id: number; userId: number }>(
          `${INSERT} order by u.position returning id, user_id as "userId"`,
          columnsOf(rows),
          { name: 'prediction-write' },
        ),
    );
    written.sort((a, b) => a.id - b.id);
    let next = 0;
    return rows.map(({ userId }) => {
      const row = written[next];
      if (row?.userId !== userId) return null;
      next += 1;
      return row.id;
    });
  };
  const writeGathered = gather(
    async (calls: readonly (readonly NewPrediction[])[]) => {
      const ids = await write(calls.flat());
      let from = 0;
      return calls.map((rows) => ids.slice(from, (from += rows.length)));
    },
    { lanes: 2, most: 128 },
  );
  return {
    ...ledgerBatchStore(db),
    write: (rows) => writeGathered(rows),
    byIds: (ids) => select('prediction p where p.id = any($1)', [ids], 'prediction-by-ids'),
    inRange: (range) =>
      select(
        `prediction p where p.id between $1 and $2 and p.id > $3 and p.job_id = $4 and p.probability >= $5
           and ($6::bigint[] is null or p.user_id = any($6::bigint[]))
         order by p.id limit $7`,
        [
          range.from,
          range.until,
          range.afterId,
          range.jobId,
          range.minProbability,
          range.userIds,
          range.limit,
        ],
      ),
    fresh: ({ modelVersionId, modelId, userIds, since, asOfFrom, asOfUntil }) =>
      select(
        `unnest($1::bigint[]) u(id) join customer c on c.id = u.id cross join lateral (
           select * from prediction p where p.user_id = u.id and p.model_id = $2 and p.scored_at >= $4
           order by p.id desc limit 1) p
         where p.model_version_id = $3 and p.as_of between $5 and $6
           and c.consent_profiling and c.updated_at <= p.scored_at - ${WRITING}
           and not exists (
             select from event e where e.user_id = u.id and e.received_at > p.scored_at - ${WRITING})`,
        [userIds, modelId, modelVersionId, since, asOfFrom, asOfUntil],
        'prediction-fresh',
      ),
    async pages(pages) {
      const rows = await db.query<StoredRow & { ord: number }>(
        `select k.ord::int as ord, ${LEDGER_COLUMNS}
         from unnest($1::bigint[], $2::uuid[], $3::int[], $4::bigint[]) with ordinality
           k(user_id, model_id, first, after, ord)
         cross join lateral (
           select * from prediction p where p.user_id = k.user_id and p.model_id = k.model_id
             and (k.after is null or p.id < k.after)
           order by p.id desc limit k.first + 1) p
         order by k.ord, p.id desc`,
        [
          pages.map((page) => page.userId),
          pages.map((page) => page.modelId),
          pages.map((page) => page.first),
          pages.map((page) => page.after),
        ],
        { name: 'prediction-pages' },
      );
      const answers: LedgerRow[][] = pages.map(() => []);
      for (const { ord, ...row } of rows) answers[ord - 1]?.push(toLedgerRow(row));
      return answers;
    },
    async userCounts(upTo) {
      const [row] = await db.query<{ total: number; upTo: number }>(
        'select count(*) as total, count(*) filter (where id <= $1) as "upTo" from customer',
        [upTo],
      );
      return row ?? { total: 0, upTo: 0 };
    },
    async health(modelId, since) {
      const [row] = await db.query<LedgerHealth>(
        `select count(*) as predictions, count(*) filter (where probability >= threshold) as positive,
           avg(latency_ms) filter (where job_id is null) as mean,
           percentile_cont(0.5) within group (order by latency_ms) filter (where job_id is null) as p50,
           percentile_cont(0.95) within group (order by latency_ms) filter (where job_id is null) as p95,
           percentile_cont(0.99) within group (order by latency_ms) filter (where job_id is null) as p99
         from (select * from prediction where model_id = $1 and scored_at >= $2
           order by id desc limit 10000) p`,
        [modelId, since],
        { name: 'prediction-health' },
      );
      return row ?? { predictions: 0, positive: 0, mean: null, p50: null, p95: null, p99: null };
    },
    newestRows: ({ modelId, since, until, first, beforeId }) =>
      select(
        `prediction p where p.model_id = $1 and p.scored_at >= $2 and p.scored_at < $3
           and ($5::bigint is null or p.id < $5)
         order by p.id desc limit $4`,
        [modelId, since, until, first, beforeId],
      ),
    // not the version's newest row: no index leads there, and a version without rows would cost the whole ledger
    newestOf: async ({ modelId, id }) =>
      (
        await select(
          `(select * from prediction where model_id = $1 order by id desc limit 1) p where p.model_version_id = $2`,
          [modelId, id],
          'prediction-newest-of',
        )
      )[0] ?? null,
  };
}
