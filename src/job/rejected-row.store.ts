import { DAY_MS } from '../kernel/clock.js';
import { numberArray, textArray } from '../plant/parameters.js';
import type { Database } from '../plant/ports.js';
import {
  keptJson,
  REJECTED_ROW_DAYS,
  storable,
  withoutErased,
  type RejectedRow,
} from './rejected-row.js';

export type { RejectedRow } from './rejected-row.js';

/** A rejected row as it is stored; `id` grows. */
export interface StoredRejectedRow extends RejectedRow {
  id: number;
  userKey: string | null;
}

/** Which rejected rows, newest first. */
export interface RejectedRowPage {
  source: string | null;
  jobId: string | null;
  /** At or after. */
  since: Date | null;
  after: { at: Date; id: number } | null;
  limit: number;
}

export interface RejectedRowStore {
  /** One statement up to 10,000 rows. */
  write(rows: readonly RejectedRow[]): Promise<void>;
  /** By line, at most `first`. */
  list(jobId: string, first: number): Promise<RejectedRow[]>;
  /** By instant and id, both descending. */
  page(page: RejectedRowPage): Promise<StoredRejectedRow[]>;
  /** Removes what is older than REJECTED_ROW_DAYS; answers how many. */
  forget(now: Date): Promise<number>;
}

const BATCH = 10_000;
const COLUMNS = `id, job_id as "jobId", source, user_key as "userKey", line, code, message, row, at`;

/** Rejected rows; what cannot be stored of their text is replaced by U+FFFD, so that a reason is never lost. */
export function rejectedRowStore(db: Database): RejectedRowStore {
  return {
    async write(rows) {
      for (let start = 0; start < rows.length; start += BATCH)
        await insert(db, rows.slice(start, start + BATCH).map(withoutErased));
    },
    list: (jobId, first) =>
      db.query<RejectedRow>(
        `select job_id as "jobId", source, line, code, message, row, at from rejected_row
         where job_id = $1 order by line, id limit $2`,
        [jobId, first],
      ),
    page: ({ source, jobId, since, after, limit }) =>
      db.query<StoredRejectedRow>(
        `select ${COLUMNS} from rejected_row
         where ($1::text is null or source = $1) and ($2::uuid is null or job_id = $2)
           and ($3::timestamptz is null or at >= $3)
           and ($4::timestamptz is null or (at, id) < ($4, $5::bigint))
         order by at desc, id desc limit $6`,
        [source, jobId, since, after?.at ?? null, after?.id ?? null, limit],
      ),
    forget: async (now) => {
      const [row] = await db.query<{ gone: number }>(
        `with gone as (delete from rejected_row where at < $1 returning 1)
         select count(*) as gone from gone`,
        [new Date(now.getTime() - REJECTED_ROW_DAYS * DAY_MS)],
      );
      return row?.gone ?? 0;
    },
  };
}

async function insert(db: Database, rows: readonly RejectedRow[]): Promise<void> {
  await db.query(
    `insert into rejected_row (job_id, source, user_key, line, code, message, row, at)
     select job_id, source, user_key, line, code, message, row, to_timestamp(ms / 1000)
     from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::jsonb[], $8::float8[])
       as i(job_id, source, user_key, line, code, message, row, ms)`,
    [
      textArray(rows.map((row) => row.jobId)),
      textArray(rows.map((row) => storable(row.source))),
      textArray(rows.map((row) => (row.userKey ? storable(row.userKey) : null))),
      numberArray(rows.map((row) => row.line)),
      textArray(rows.map((row) => row.code)),
      textArray(rows.map((row) => storable(row.message))),
      textArray(rows.map((row) => JSON.stringify(keptJson(row.row)))),
      numberArray(rows.map((row) => row.at.getTime())),
    ],
    { name: 'rejected-row-write' },
  );
}
