import type { AuditOn } from '../access/audit.store.js';
import type { Database } from '../plant/ports.js';
import type { ReferenceSource } from './drift.js';
import { parseReferenceSketch, type DriftReference, type ReferenceFacts } from './reference.js';

export interface ReferenceStore {
  /** Becomes the reference of its version; a reset is audited in the same transaction. A second call with the id changes nothing. */
  write(reference: DriftReference, modelName: string): Promise<void>;
  /** The newest of a version, which counts. */
  newestOf(modelVersionId: string): Promise<DriftReference | null>;
  factsByIds(ids: readonly string[]): Promise<ReferenceFacts[]>;
  /** The newest of each version. */
  factsOf(modelVersionIds: readonly string[]): Promise<ReferenceFacts[]>;
}

const FACTS = `id, model_version_id as "modelVersionId", source, rows, data_from as "dataFrom",
  data_until as "dataUntil", created_at as "createdAt", created_by as "createdBy"`;

type Row = Omit<DriftReference, 'sketch' | 'source'> & { source: ReferenceSource; sketch: unknown };

/** References in Postgres. */
export function referenceStore(db: Database, auditOn: AuditOn): ReferenceStore {
  return {
    async write(reference, modelName) {
      const { id, modelVersionId, source, rows, dataFrom, dataUntil, sketch } = reference;
      const { createdAt, createdBy } = reference;
      await db.transaction(async (sql) => {
        const written = await sql.query(
          `insert into drift_reference
             (id, model_version_id, source, rows, data_from, data_until, sketch, created_at, created_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing returning id`,
          [
            ...[id, modelVersionId, source, rows, dataFrom, dataUntil],
            ...[JSON.stringify(sketch), createdAt, createdBy],
          ],
        );
        if (written.length === 0 || source !== 'RESET') return;
        await auditOn(sql).write({
          at: createdAt,
          actor: createdBy,
          action: 'reset drift reference',
          subject: `ModelVersion:${modelVersionId}`,
          detail: { model: modelName, referenceId: id, rows, dataFrom, dataUntil },
        });
      });
    },
    async newestOf(modelVersionId) {
      const [row] = await db.query<Row>(
        `select ${FACTS}, sketch from drift_reference where model_version_id = $1 order by id desc limit 1`,
        [modelVersionId],
      );
      return row ? { ...row, sketch: parseReferenceSketch(row.sketch, row.id) } : null;
    },
    factsByIds: (ids) =>
      db.query<ReferenceFacts>(`select ${FACTS} from drift_reference where id = any($1)`, [ids]),
    factsOf: (modelVersionIds) =>
      db.query<ReferenceFacts>(
        `select distinct on (model_version_id) ${FACTS} from drift_reference
         where model_version_id = any($1) order by model_version_id, id desc`,
        [modelVersionIds],
      ),
  };
}
