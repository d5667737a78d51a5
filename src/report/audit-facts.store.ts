import type { Sql } from '../plant/ports.js';
import type { DriftFact, ExperimentFact } from './audit-report.js';

const MOST = 20;

/** What stands about a version in the rooms between the models and the reports. */
export function auditFactsStore(db: Sql): {
  driftOf(modelVersionId: string): Promise<DriftFact[]>;
  experimentsOf(modelVersionId: string): Promise<ExperimentFact[]>;
} {
  return {
    driftOf: async (modelVersionId) => {
      const rows = await db.query<Omit<DriftFact, 'at'> & { at: Date }>(
        `select id, created_at as at, drifted, drifted_share as "driftedShare", consequence, action
         from drift_report where model_version_id = $1 order by id desc limit ${MOST}`,
        [modelVersionId],
      );
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    },
    experimentsOf: (modelVersionId) =>
      db.query<ExperimentFact>(
        `select e.key, v.key as variant, v.control, e.status::text as status, e.winner
         from variant v join experiment e on e.id = v.experiment_id
         where v.model_version_id = $1 order by e.created_at desc, e.key limit ${MOST}`,
        [modelVersionId],
      ),
  };
}
