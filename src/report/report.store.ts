import { z } from 'zod';
import type { AuditEntry, AuditOn } from '../access/audit.store.js';
import { AppError } from '../kernel/error.js';
import type { Database } from '../plant/ports.js';
import { reportContent, type DailyReport } from './daily-report.js';
import type { Day } from './day.js';

export type StoredReport = DailyReport & { id: string };

export interface ReportStore {
  byDate(date: Day): Promise<StoredReport | null>;
  byIds(ids: readonly string[]): Promise<StoredReport[]>;
  /** Newest day first. */
  page(page: { before: Day | null; limit: number }): Promise<StoredReport[]>;
  /** The newest day that is told of; null when none is. */
  lastDay(): Promise<Day | null>;
  /** Stores the report; one of the same day is replaced and keeps its id, which is answered. */
  save(report: StoredReport, told: (id: string, replaced: boolean) => AuditEntry): Promise<string>;
}

const COLUMNS = `id, date::text as date, report, markdown, created_at as "createdAt", job_id as "jobId"`;

type Row = Pick<StoredReport, 'id' | 'date' | 'markdown' | 'createdAt' | 'jobId'> & {
  report: unknown;
};

/** Daily reports in Postgres. */
export function reportStore(db: Database, auditOn: AuditOn): ReportStore {
  const select = async (rest: string, values: readonly unknown[]): Promise<StoredReport[]> =>
    (await db.query<Row>(`select ${COLUMNS} from daily_report ${rest}`, values)).map(toReport);
  return {
    byDate: async (date) => (await select('where date = $1::date', [date]))[0] ?? null,
    byIds: (ids) => select('where id = any($1::uuid[])', [ids]),
    page: ({ before, limit }) =>
      select('where ($1::date is null or date < $1::date) order by date desc limit $2', [
        before,
        limit,
      ]),
    lastDay: async () => {
      const rows = await db.query<{ date: Day }>(
        'select date::text as date from daily_report order by daily_report.date desc limit 1',
      );
      return rows[0]?.date ?? null;
    },
    save: (report, told) =>
      db.transaction(async (sql) => {
        const { id, date, markdown, createdAt, jobId, ...content } = report;
        const [row] = await sql.query<{ id: string }>(
          `insert into daily_report (id, date, report, markdown, created_at, job_id)
           values ($1, $2::date, $3::jsonb, $4, $5, $6)
           on conflict (date) do update set report = excluded.report, markdown = excluded.markdown,
             created_at = excluded.created_at, job_id = excluded.job_id
           returning id`,
          [id, date, JSON.stringify(content), markdown, createdAt, jobId],
        );
        if (!row) throw new Error('insert into daily_report returned no row');
        await auditOn(sql).write(told(row.id, row.id !== id));
        return row.id;
      }),
  };
}

function toReport({ report, ...row }: Row): StoredReport {
  const content = reportContent.safeParse(report);
  if (!content.success)
    throw new AppError('INTERNAL', `report of ${row.date}: ${z.prettifyError(content.error)}`);
  return { ...row, ...content.data };
}
