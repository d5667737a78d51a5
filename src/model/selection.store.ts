import { uuidv7 } from '../kernel/uuid.js';
import type { Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { Database } from '../plant/ports.js';
import {
  parseSelectionReport,
  type FeatureSelection,
  type NewFeatureSelection,
} from './selection.js';

export interface SelectionStore {
  /** Writes it; a second call for the same job answers the first's row. */
  write(selection: NewFeatureSelection): Promise<FeatureSelection>;
  ofJob(jobId: string): Promise<FeatureSelection | null>;
  byIds(ids: readonly string[]): Promise<FeatureSelection[]>;
  /** The newest of each of these models, at most `limit` a model, newest first. */
  newestOf(modelIds: readonly string[], limit: number): Promise<FeatureSelection[]>;
}

const COLUMNS = `id, model_id as "modelId", job_id as "jobId", as_of as "asOf", rows, positive, report,
  created_at as "createdAt", created_by as "createdBy"`;

type Row = Omit<FeatureSelection, 'report'> & { report: unknown };
const toSelection = (row: Row): FeatureSelection => ({
  ...row,
  report: parseSelectionReport(row.report, row.id),
});

/** Selections in Postgres, each statement one round trip. */
export function selectionStore(db: Database, clock: Clock): SelectionStore {
  const where = async (text: string, values: readonly unknown[]): Promise<FeatureSelection[]> =>
    (await db.query<Row>(`select ${COLUMNS} from feature_selection where ${text}`, values)).map(
      toSelection,
    );
  return {
    async write({ modelId, jobId, asOf, rows, positive, report, createdBy }) {
      const [row] = await db.query<Row>(
        `insert into feature_selection
           (id, model_id, job_id, as_of, rows, positive, report, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (job_id) do update set job_id = excluded.job_id
         returning ${COLUMNS}`,
        [
          ...[uuidv7(clock.wall()), modelId, jobId, asOf, rows, positive],
          ...[JSON.stringify(report), clock.wall(), createdBy],
        ],
      );
      if (!row) throw new AppError('INTERNAL', 'insert into feature_selection returned no row');
      return toSelection(row);
    },
    ofJob: async (jobId) => (await where('job_id = $1', [jobId]))[0] ?? null,
    byIds: (ids) => where('id = any($1)', [ids]),
    newestOf: async (modelIds, limit) =>
      (
        await db.query<Row>(
          `select newest.* from unnest($1::uuid[]) wanted (model_id)
           cross join lateral (
             select ${COLUMNS} from feature_selection s where s.model_id = wanted.model_id
             order by s.created_at desc, s.id desc limit $2) newest
           order by newest."createdAt" desc, newest.id desc`,
          [modelIds, limit],
        )
      ).map(toSelection),
  };
}
