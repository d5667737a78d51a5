import type { AuditOn } from '../../access/audit.store.js';
import { AppError, userError, type UserError } from '../../kernel/error.js';
import type { Clock } from '../../kernel/clock.js';
import { uuidv7 } from '../../kernel/uuid.js';
import type { Database, Sql } from '../../plant/ports.js';
import { insertVersion, lockModel } from '../model.store.js';
import type { ModelTask, ModelVersion, NewModelVersion } from '../model.js';
import type { ModelSpec } from '../model-spec.js';

/** A version made from a file of elsewhere, ready to be registered. */
export interface NewUpload {
  /** Of the model where it is new; one of that name keeps its own. */
  spec: ModelSpec;
  version: Omit<NewModelVersion, 'modelId'>;
  /** `name@version` of each input, in the order of `version.featureNames`. */
  features: readonly string[];
  /** Of the file as it came. */
  sha256: string;
  actor: string;
  comment: string | null;
}

export interface UploadStore {
  /**
   * Registers a CANDIDATE, and its model where there is none of the name, in one audited transaction. CONFLICT and
   * the earlier version when the model has one with the same artifact on the same features, or when a segmentation
   * has the name.
   */
  register(
    upload: NewUpload,
  ): Promise<{ version: ModelVersion; error: null } | { version: null; error: UserError }>;
}

/** Versions from elsewhere in Postgres. */
export function uploadStore(db: Database, clock: Clock, auditOn: AuditOn): UploadStore {
  return {
    register: (upload) =>
      db.transaction(async (sql) => {
        const at = clock.wall();
        const audit = auditOn(sql);
        const { spec, actor, comment } = upload;
        const { id: modelId, task, created } = await modelOf(sql, spec, at);
        if (task === 'CLUSTERING') {
          const taken = `name ${spec.name} is the key of a segmentation`;
          return { version: null, error: userError('CONFLICT', taken, 'name') };
        }
        if (created) {
          const subject = `Model:${modelId}`;
          await audit.write({ at, actor, action: 'created', subject, detail: { name: spec.name } });
        }
        await lockModel(sql, modelId);
        const earlier = await sameVersion(sql, modelId, upload);
        if (earlier !== null)
          return { version: null, error: userError('CONFLICT', earlier, 'onnx') };
        const version = await insertVersion(sql, { ...upload.version, modelId }, clock);
        await audit.write({
          at,
          actor,
          action: 'registered',
          subject: `ModelVersion:${version.id}`,
          detail: {
            model: spec.name,
            version: version.version,
            upload: upload.sha256,
            artifact: version.artifactSha256,
            features: upload.features,
            comment,
          },
        });
        return { version, error: null };
      }),
  };
}

async function modelOf(
  sql: Sql,
  spec: ModelSpec,
  at: Date,
): Promise<{ id: string; task: ModelTask; created: boolean }> {
  const { name, task, description } = spec;
  const [created] = await sql.query<{ id: string }>(
    `insert into model (id, name, task, description, spec, created_at)
     values ($1, $2, $3::model_task, $4, $5, $6) on conflict (name) do nothing returning id`,
    [uuidv7(at), name, task, description, JSON.stringify(spec), at],
  );
  if (created) return { ...created, task, created: true };
  const [found] = await sql.query<{ id: string; task: ModelTask }>(
    'select id, task::text as task from model where name = $1',
    [name],
  );
  if (!found) throw new AppError('INTERNAL', `model ${name} vanished`);
  return { ...found, created: false };
}

/** Which version of the model is the same, in words; null for none. */
async function sameVersion(sql: Sql, modelId: string, upload: NewUpload): Promise<string | null> {
  const [row] = await sql.query<{ version: number }>(
    `select version from model_version where model_id = $1 and artifact_sha256 = $2
       and report->'recipe'->'features' = $3::jsonb order by version limit 1`,
    [modelId, upload.version.artifact.sha256, JSON.stringify(upload.features)],
  );
  return row
    ? `the file is version ${row.version} of ${upload.spec.name} already, on the same features`
    : null;
}
