import type { AuditOn } from '../access/audit.store.js';
import { uuidv7 } from '../kernel/uuid.js';
import type { Clock } from '../kernel/clock.js';
import { AppError, type UserError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { numberArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import { approvalProblem } from './feature-approval.js';
import {
  planMove,
  type ArtifactInfo,
  type Model,
  type ModelStage,
  type ModelVersion,
  type NewModelVersion,
  type RegisteredModel,
  type StageMove,
  type VersionPage,
} from './model.js';
import { parseModelSpec, type ModelSpec } from './model-spec.js';

export interface ModelStore {
  /** Of models that score; `byName` too. Segmentations are read by their own room. */
  list(): Promise<Model[]>;
  byName(name: string): Promise<Model | null>;
  /** All that have versions, segmentations among them, by name. */
  registered(): Promise<RegisteredModel[]>;
  registeredByIds(ids: readonly string[]): Promise<RegisteredModel[]>;
  registeredByName(name: string): Promise<RegisteredModel | null>;
  /**
   * Registers the model; one of that name takes on the spec and description.
   * @throws AppError CONFLICT when a segmentation has the name
   */
  ensure(spec: ModelSpec): Promise<Model>;
  versionsByIds(ids: readonly string[]): Promise<ModelVersion[]>;
  /** Versions of these models in this stage; at most one a model for PRODUCTION and SHADOW. */
  inStage(modelIds: readonly string[], stage: ModelStage): Promise<ModelVersion[]>;
  versionPage(page: VersionPage): Promise<ModelVersion[]>;
  allVersions(modelId: string): Promise<ModelVersion[]>;
  /** Versions that take any of these features, newest first. */
  usingFeatures(names: readonly string[]): Promise<ModelVersion[]>;
  /**
   * Registers a CANDIDATE under the next number; a second call for the same job answers the first's row.
   * @throws AppError UNAVAILABLE when a customer of `trainedOn` was erased meanwhile: nothing is registered
   */
  registerVersion(version: NewModelVersion): Promise<ModelVersion>;
  /**
   * Registers version 1 and puts it into PRODUCTION; one of whose features is not approved stays a CANDIDATE.
   * Null, and nothing, when the model has versions already.
   */
  registerFirst(
    version: NewModelVersion,
    by: Pick<StageMove, 'actor' | 'comment'>,
  ): Promise<ModelVersion | null>;
  artifactBytes(sha256: string): Promise<Uint8Array | null>;
  artifactInfos(sha256s: readonly string[]): Promise<ArtifactInfo[]>;
  /** Moves a version, and the one it replaces, in one audited transaction. */
  move(move: StageMove): Promise<{ version: ModelVersion; error: UserError | null }>;
}

const MODEL = `id, name, task::text as task, description, spec, created_at as "createdAt"`;
const VERSION = `id, model_id as "modelId", version, stage::text as stage, algorithm, hyperparameters, seed,
  feature_names as "featureNames", threshold, training_rows as "trainingRows", test_rows as "testRows",
  data_from as "dataFrom", data_until as "dataUntil", data_hash as "dataHash", report,
  artifact_sha256 as "artifactSha256", trained_at as "trainedAt", promoted_by as "promotedBy",
  promoted_at as "promotedAt", job_id as "jobId"`;

type ModelRow = Omit<Model, 'spec'> & { spec: unknown };
const toModel = (row: ModelRow): Model => ({
  ...row,
  spec: parseModelSpec(row.spec, `model ${row.name}`),
});
const toRegistered = (row: ModelRow): RegisteredModel =>
  row.task === 'CLUSTERING' ? { ...row, spec: null } : toModel(row);

/** The registry of features in a transaction, which nobody changes before that ends. */
export type RegistryOn = (sql: Sql) => Promise<FeatureDefinition[]>;

/** Models, their versions and artifacts in Postgres. Without `registryOn` no feature needs an approval. */
export function modelStore(
  db: Database,
  clock: Clock,
  auditOn: AuditOn,
  registryOn?: RegistryOn,
): ModelStore {
  const versions = (where: string, values: readonly unknown[]): Promise<ModelVersion[]> =>
    db.query<ModelVersion>(`select ${VERSION} from model_version where ${where}`, values);
  const rows = (where: string, values: readonly unknown[]): Promise<ModelRow[]> =>
    db.query<ModelRow>(`select ${MODEL} from model where ${where}`, values);
  const models = async (where: string, values: readonly unknown[]): Promise<Model[]> =>
    (await rows(`task <> 'CLUSTERING' and ${where}`, values)).map(toModel);
  const registered = async (
    where: string,
    values: readonly unknown[],
  ): Promise<RegisteredModel[]> => (await rows(where, values)).map(toRegistered);
  return {
    list: () => models('true order by name', []),
    byName: async (name) => (await models('name = $1', [name]))[0] ?? null,
    registered: () => registered('true order by name', []),
    registeredByIds: (ids) => registered('id = any($1)', [ids]),
    registeredByName: async (name) => (await registered('name = $1', [name]))[0] ?? null,
    async ensure(spec) {
      await db.query(
        `insert into model (id, name, task, description, spec, created_at)
         values ($1, $2, $3::model_task, $4, $5, $6) on conflict (name) do update
         set description = excluded.description, spec = excluded.spec
         where model.task <> 'CLUSTERING'
           and (model.description, model.spec) is distinct from (excluded.description, excluded.spec)`,
        [
          uuidv7(clock.wall()),
          spec.name,
          spec.task,
          spec.description,
          JSON.stringify(spec),
          clock.wall(),
        ],
      );
      const model = (await models('name = $1', [spec.name]))[0];
      if (!model) throw new AppError('CONFLICT', `name ${spec.name} is the key of a segmentation`);
      return model;
    },
    versionsByIds: (ids) => versions('id = any($1)', [ids]),
    inStage: (modelIds, stage) =>
      versions('model_id = any($1) and stage = $2::model_stage', [modelIds, stage]),
    versionPage: ({ modelId, stages, limit, after }) =>
      versions(
        `model_id = $1 and ($2::text[] is null or stage = any($2::text[]::model_stage[]))
         and ($3::bigint is null or version < $3) order by version desc limit $4`,
        [modelId, stages, after, limit],
      ),
    allVersions: (modelId) => versions('model_id = $1 order by version desc', [modelId]),
    usingFeatures: (names) =>
      versions('feature_names && $1::text[] order by trained_at desc', [names]),
    registerVersion: (version) =>
      db.transaction(async (sql) => {
        await lockModel(sql, version.modelId);
        return insertVersion(sql, version, clock);
      }),
    registerFirst: (version, by) =>
      db.transaction(async (sql) => {
        const registry = (await registryOn?.(sql)) ?? null;
        await lockModel(sql, version.modelId);
        const earlier = await sql.query(
          'select id from model_version where model_id = $1 limit 1',
          [version.modelId],
        );
        if (earlier.length > 0) return null;
        const { id: versionId } = await insertVersion(sql, version, clock);
        const move: StageMove = { versionId, stage: 'PRODUCTION', rollBack: false, ...by };
        return (await moveVersion(sql, move, { clock, auditOn, registry })).version;
      }),
    async artifactBytes(sha256) {
      const rows = await db.query<{ bytes: Buffer }>(
        'select bytes from artifact where sha256 = $1',
        [sha256],
      );
      return rows[0]?.bytes ?? null;
    },
    artifactInfos: (sha256s) =>
      db.query<ArtifactInfo>(
        `select sha256, octet_length(bytes) as size, opset, uploaded from artifact where sha256 = any($1)`,
        [sha256s],
      ),
    move: (move) =>
      db.transaction(async (sql) => {
        const registry = (await registryOn?.(sql)) ?? null;
        return moveVersion(sql, move, { clock, auditOn, registry });
      }),
  };
}

/** Numbers of versions and stages change only under this lock; who needs the registry's too takes that first. */
export async function lockModel(sql: Sql, modelId: string): Promise<void> {
  await sql.query('select id from model where id = $1 for update', [modelId]);
}

/** Adds a version in a transaction that holds the model's lock; a second call for the same job answers the first's row. */
export async function insertVersion(
  sql: Sql,
  version: NewModelVersion,
  clock: Clock,
): Promise<ModelVersion> {
  if (version.jobId !== null) {
    const [earlier] = await sql.query<ModelVersion>(
      `select ${VERSION} from model_version where job_id = $1`,
      [version.jobId],
    );
    if (earlier) return earlier;
  }
  const { trainedOn } = version;
  if (trainedOn) await refuseErased(sql, trainedOn);
  const { sha256, bytes, opset, uploaded = false } = version.artifact;
  await sql.query(
    `insert into artifact (sha256, bytes, opset, uploaded, created_at) values ($1, $2, $3, $4, $5)
     on conflict (sha256) do nothing`,
    [sha256, Buffer.from(bytes), opset, uploaded, clock.wall()],
  );
  const [row] = await sql.query<ModelVersion>(
    `insert into model_version (id, model_id, version, algorithm, hyperparameters, seed, feature_names,
       threshold, training_rows, test_rows, data_from, data_until, data_hash, report, artifact_sha256,
       trained_at, job_id, trained_on)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
     from model_version where model_id = $2
     returning ${VERSION}`,
    [
      uuidv7(clock.wall()),
      version.modelId,
      version.algorithm,
      JSON.stringify(version.hyperparameters),
      version.seed,
      version.featureNames,
      version.threshold,
      version.trainingRows,
      version.testRows,
      version.dataFrom,
      version.dataUntil,
      version.dataHash,
      JSON.stringify(version.report),
      sha256,
      version.trainedAt,
      version.jobId,
      trainedOn ? customerBitmap(trainedOn) : null,
    ],
  );
  if (!row) throw new AppError('INTERNAL', 'insert into model_version returned no row');
  return row;
}

/** Waits for an erasure that is under way, then looks who is left: a receipt names every model that learned from the customer. */
async function refuseErased(sql: Sql, userIds: readonly number[]): Promise<void> {
  await sql.query('lock table erasure in access share mode');
  const [row] = await sql.query<{ gone: number }>(
    `select count(*) as gone from unnest($1::bigint[]) u(id)
     where not exists (select from customer c where c.id = u.id)`,
    [numberArray(userIds)],
  );
  if (row && row.gone > 0)
    throw new AppError(
      'UNAVAILABLE',
      `${row.gone} of the customers trained on were erased meanwhile: it has to be trained again`,
    );
}

/** Bit `id` of the bytes is set for each id, the lowest bit of a byte first, as `get_bit` counts. */
function customerBitmap(userIds: readonly number[]): Buffer {
  const largest = userIds.reduce((most, id) => Math.max(most, id), 0);
  const bits = Buffer.alloc(Math.floor(largest / 8) + 1);
  for (const id of userIds) {
    const at = Math.floor(id / 8);
    bits.writeUInt8(bits.readUInt8(at) | (1 << (id % 8)), at);
  }
  return bits;
}

async function moveVersion(
  sql: Sql,
  move: StageMove,
  given: { clock: Clock; auditOn: AuditOn; registry: readonly FeatureDefinition[] | null },
): Promise<{ version: ModelVersion; error: UserError | null }> {
  const [found] = await sql.query<{ modelId: string }>(
    `select model_id as "modelId" from model_version where id = $1`,
    [move.versionId],
  );
  if (!found) throw new AppError('NOT_FOUND', `no model version ${move.versionId}`);
  await lockModel(sql, found.modelId);
  const all = await sql.query<ModelVersion>(
    `select ${VERSION} from model_version where model_id = $1`,
    [found.modelId],
  );
  const target = all.find((each) => each.id === move.versionId);
  if (!target) throw new AppError('NOT_FOUND', `no model version ${move.versionId}`);
  const plan = planMove(all, target, move.stage);
  const error = plan.error ?? (given.registry && approvalProblem(given.registry, target, move));
  if (error) return { version: target, error };
  const at = given.clock.wall();
  for (const change of plan.changes) {
    const isTarget = change.id === target.id;
    const stamp = isTarget && move.stage === 'PRODUCTION' && !move.rollBack;
    await sql.query(
      `update model_version set stage = $2::model_stage,
         promoted_at = case when $3 then $4 when $5 then null else promoted_at end,
         promoted_by = case when $3 then $6 else promoted_by end
       where id = $1`,
      [change.id, change.stage, stamp, at, move.rollBack && !isTarget, move.actor],
    );
    await given.auditOn(sql).write({
      at,
      actor: move.actor,
      action: move.rollBack ? 'rolled back' : 'moved',
      subject: `ModelVersion:${change.id}`,
      detail: { to: change.stage, comment: move.comment },
    });
  }
  const [version] = await sql.query<ModelVersion>(
    `select ${VERSION} from model_version where id = $1`,
    [target.id],
  );
  return { version: version ?? target, error: null };
}
