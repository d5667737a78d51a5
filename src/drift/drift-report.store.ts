import type { NewFeedEntry } from '../kernel/feed.js';
import { AppError } from '../kernel/error.js';
import { appendFeed } from '../plant/feed-log.js';
import type { Database } from '../plant/ports.js';
import { parseDriftDetails, type DriftDetails } from './drift-report.js';
import type { DriftReport } from './drift.js';

export interface DriftReportPage {
  modelId: string;
  limit: number;
  /** Id after which the page begins; newest first. */
  after: string | null;
}

export interface DriftReportStore {
  /**
   * Writes it, and with it the entry of the log of changes, if any. A second call for the same job writes nothing and answers
   * the first's row.
   */
  write(report: DriftReport, entry: NewFeedEntry | null): Promise<DriftReport>;
  ofJob(jobId: string): Promise<DriftReport | null>;
  byIds(ids: readonly string[]): Promise<DriftReport[]>;
  page(page: DriftReportPage): Promise<DriftReport[]>;
}

const COLUMNS = `id, model_id as "modelId", model_version_id as "modelVersionId", job_id as "jobId",
  reference_from as "referenceFrom", reference_until as "referenceUntil", current_from as "currentFrom",
  current_until as "currentUntil", reference_rows as "referenceRows", current_rows as "currentRows", drifted,
  drifted_share as "driftedShare", consequence, action, retraining_job_id as "retrainingJobId", report,
  created_at as "createdAt"`;

type Row = Omit<DriftReport, keyof DriftDetails> & { report: unknown };

const toReport = ({ report, ...row }: Row): DriftReport => ({
  ...row,
  ...parseDriftDetails(report, row.id),
});

/** Reports in Postgres, each statement one round trip. */
export function driftReportStore(db: Database): DriftReportStore {
  const where = async (text: string, values: readonly unknown[]): Promise<DriftReport[]> =>
    (await db.query<Row>(`select ${COLUMNS} from drift_report where ${text}`, values)).map(
      toReport,
    );
  const ofJob = async (jobId: string): Promise<DriftReport | null> =>
    (await where('job_id = $1', [jobId]))[0] ?? null;
  return {
    async write(report, entry) {
      const written = await db.transaction(async (sql) => {
        const rows = await sql.query<Row>(
          `insert into drift_report (id, model_id, model_version_id, job_id, reference_from, reference_until,
             current_from, current_until, reference_rows, current_rows, drifted, drifted_share, consequence, action,
             retraining_job_id, report, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           on conflict (job_id) do nothing returning ${COLUMNS}`,
          valuesOf(report),
        );
        if (rows.length > 0 && entry) await appendFeed(sql, 'drift', [entry]);
        return rows;
      });
      const first = written[0] && toReport(written[0]);
      const kept = first ?? (report.jobId === null ? null : await ofJob(report.jobId));
      if (!kept) throw new AppError('INTERNAL', `drift report ${report.id} was not written`);
      return kept;
    },
    ofJob,
    byIds: (ids) => where('id = any($1)', [ids]),
    page: ({ modelId, limit, after }) =>
      where('model_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3', [
        modelId,
        after,
        limit,
      ]),
  };
}

function valuesOf(report: DriftReport): unknown[] {
  const { features, prediction, label, concept, referenceSource, accuracyFall, because } = report;
  const details: DriftDetails = {
    features: features.map((each) => ({ ...each, histogram: [...each.histogram] })),
    prediction: prediction && { ...prediction, histogram: [...prediction.histogram] },
    label: label && { ...label, histogram: [...label.histogram] },
    ...{ concept, referenceSource, accuracyFall, because },
  };
  return [
    ...[report.id, report.modelId, report.modelVersionId, report.jobId],
    ...[report.referenceFrom, report.referenceUntil, report.currentFrom, report.currentUntil],
    ...[report.referenceRows, report.currentRows, report.drifted, report.driftedShare],
    ...[report.consequence, report.action, report.retrainingJobId, JSON.stringify(details)],
    report.createdAt,
  ];
}
