import type { Database } from '../plant/ports.js';

/** A row of an import or a call that could not be taken, with its reason. */
export interface RejectedRow {
  jobId: string | null;
  source: string;
  /** 1-based line of the file (header counted), or index in the call. */
  line: number;
  code: string;
  message: string;
  row: unknown;
  at: Date;
}

export interface RejectedRowStore {
  write(rows: readonly RejectedRow[]): Promise<void>;
  /** By line, at most `first`. */
  list(jobId: string, first: number): Promise<RejectedRow[]>;
}

const BATCH = 1_000;

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function storable(text: string): string {
  return text.replace(UNSTORABLE, '\ufffd');
}

function storableJson(row: unknown): string {
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return storable(value);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [storable(key), clean(inner)]),
      );
    return value ?? null;
  };
  return JSON.stringify(clean(row));
}

/** Rejected rows; what cannot be stored of their text is replaced by U+FFFD, so that a reason is never lost. */
export function rejectedRowStore(db: Database): RejectedRowStore {
  return {
    async write(rows) {
      for (let start = 0; start < rows.length; start += BATCH) {
        const part = rows.slice(start, start + BATCH);
        await db.query(
          `insert into rejected_row (job_id, source, line, code, message, row, at)
           select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[])`,
          [
            part.map((row) => row.jobId),
            part.map((row) => storable(row.source)),
            part.map((row) => row.line),
            part.map((row) => row.code),
            part.map((row) => storable(row.message)),
            part.map((row) => storableJson(row.row)),
            part.map((row) => row.at),
          ],
          { name: 'rejected-row-write' },
        );
      }
    },
    list: (jobId, first) =>
      db.query<RejectedRow>(
        `select job_id as "jobId", source, line, code, message, row, at from rejected_row
         where job_id = $1 order by line, id limit $2`,
        [jobId, first],
      ),
  };
}
