import type { AuditOn } from '../access/audit.store.js';
import type { UserError } from '../kernel/error.js';
import { uuidv7 } from '../kernel/uuid.js';
import { appendFeed } from '../plant/feed-log.js';
import { isStorableText, numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import type { Experiment, ExperimentEvent, ExperimentStatus } from './experiment.js';
import type { MoveRequest } from './move-experiment.js';

/** What is written down of a new experiment; it begins as a DRAFT. */
export type NewExperiment = Omit<
  Experiment,
  'id' | 'status' | 'startedAt' | 'stoppedAt' | 'concludedAt' | 'winner'
>;

export interface ExperimentStore {
  /** Null when the key is taken. One transaction: rows, audit, feed. */
  create(experiment: NewExperiment): Promise<Experiment | null>;
  byKey(key: string): Promise<Experiment | null>;
  /** For loaders: in no order, unknown ones are left out; one statement. */
  byIds(ids: readonly string[]): Promise<Experiment[]>;
  /** Newest first, at most 1,000; null: of any status. */
  list(statuses: readonly ExperimentStatus[] | null): Promise<Experiment[]>;
  /** Ids by key, of all there are. */
  idsByKey(): Promise<Map<string, string>>;
  /**
   * Moves it on if `decide` allows, told the experiment and the others that RUN the same model; what it was told cannot
   * change until the move is made. One transaction: row, audit, feed. Null when there is no experiment of that key.
   */
  move(
    request: MoveRequest,
    decide: (experiment: Experiment, running: readonly Experiment[]) => Moved | UserError,
  ): Promise<{ experiment: Experiment; error: UserError | null } | null>;
}

/** What a move makes of an experiment. */
export interface Moved {
  from: ExperimentStatus;
  to: ExperimentStatus;
}

const LIST_AT_MOST = 1_000;

const COLUMNS = `e.id, e.key, e.hypothesis, e.status, e.model_id as "modelId", e.traffic_share as "trafficShare",
  e.holdout_share as "holdoutShare", e.primary_metric as "primaryMetric", e.guardrails,
  e.lower_is_better as "lowerIsBetter", e.minimum_users as "minimumUsers", e.pre_period_days as "prePeriodDays",
  e.starts_at as "startsAt", e.ends_at as "endsAt", e.started_at as "startedAt", e.stopped_at as "stoppedAt",
  e.concluded_at as "concludedAt", e.winner, e.created_at as "createdAt", e.created_by as "createdBy",
  array(select jsonb_build_object('key', v.key, 'weight', v.weight, 'control', v.control,
      'modelVersionId', v.model_version_id, 'payload', v.payload)
    from variant v where v.experiment_id = e.id order by v.position) as variants`;

/** Experiments in Postgres. */
export function experimentStore(db: Database, auditOn: AuditOn): ExperimentStore {
  return {
    create: (experiment) => db.transaction((sql) => create(sql, auditOn, experiment)),
    byKey: async (key) =>
      isStorableText(key) ? ((await read(db, 'e.key = $1', [key]))[0] ?? null) : null,
    byIds: (ids) => read(db, 'e.id = any($1::uuid[])', [[...ids]]),
    list: (statuses) =>
      read(
        db,
        `($1::text[] is null or e.status::text = any($1::text[])) order by e.id desc limit ${LIST_AT_MOST}`,
        [statuses === null ? null : [...statuses]],
      ),
    idsByKey: async () => {
      const rows = await db.query<{ key: string; id: string }>('select key, id from experiment');
      return new Map(rows.map(({ key, id }) => [key, id]));
    },
    move: async (request, decide) =>
      isStorableText(request.key)
        ? db.transaction((sql) => move(sql, auditOn, request, decide))
        : null,
  };
}

function read(sql: Sql, condition: string, values: readonly unknown[]): Promise<Experiment[]> {
  return sql.query<Experiment>(`select ${COLUMNS} from experiment e where ${condition}`, values);
}

async function create(
  sql: Sql,
  auditOn: AuditOn,
  experiment: NewExperiment,
): Promise<Experiment | null> {
  const { variants, key, createdAt, createdBy } = experiment;
  const id = uuidv7(createdAt);
  const inserted = await sql.query(
    `insert into experiment (id, key, hypothesis, status, model_id, traffic_share, holdout_share, primary_metric,
       guardrails, lower_is_better, minimum_users, pre_period_days, starts_at, ends_at, created_at, created_by)
     values ($1, $2, $3, 'DRAFT', $4, $5, $6, $7, $8::text[], $9::text[], $10, $11, $12, $13, $14, $15)
     on conflict (key) do nothing returning id`,
    [
      ...[id, key, experiment.hypothesis, experiment.modelId, experiment.trafficShare],
      ...[experiment.holdoutShare, experiment.primaryMetric, textArray(experiment.guardrails)],
      ...[textArray(experiment.lowerIsBetter), experiment.minimumUsers, experiment.prePeriodDays],
      ...[experiment.startsAt, experiment.endsAt, createdAt, createdBy],
    ],
  );
  if (inserted.length === 0) return null;
  await sql.query(
    `insert into variant (experiment_id, key, position, weight, control, model_version_id, payload)
     select $1, v.key, v.place - 1, v.weight, v.control, v.model_version_id, v.payload
     from unnest($2::text[], $3::float8[], $4::bool[], $5::uuid[], $6::jsonb[])
       with ordinality v(key, weight, control, model_version_id, payload, place)`,
    [
      id,
      textArray(variants.map((variant) => variant.key)),
      numberArray(variants.map(({ weight }) => weight)),
      `{${variants.map(({ control }) => control).join(',')}}`,
      textArray(variants.map(({ modelVersionId }) => modelVersionId)),
      textArray(variants.map(({ payload }) => JSON.stringify(payload))),
    ],
  );
  const told = { at: createdAt, actor: createdBy, action: 'created' };
  await tell(sql, auditOn, { id, key }, { ...told, detail: { key } });
  return (await read(sql, 'e.id = $1', [id]))[0] ?? null;
}

async function move(
  sql: Sql,
  auditOn: AuditOn,
  { key, event, at, actor, winner }: MoveRequest,
  decide: (experiment: Experiment, running: readonly Experiment[]) => Moved | UserError,
): Promise<{ experiment: Experiment; error: UserError | null } | null> {
  // in one order, so that two starts of a model wait for each other and cannot deadlock
  await sql.query(
    `select 1 from experiment
     where key = $1 or model_id = (select model_id from experiment where key = $1) order by id for update`,
    [key],
  );
  const [experiment] = await read(sql, 'e.key = $1', [key]);
  if (!experiment) return null;
  const running = await read(
    sql,
    `e.model_id = $1 and e.status = 'RUNNING' and e.id <> $2 order by e.id`,
    [experiment.modelId, experiment.id],
  );
  const decided = decide(experiment, running);
  if ('code' in decided) return { experiment, error: decided };
  const moved = await sql.query(
    `update experiment set status = $3::experiment_status,
       started_at = case $4 when 'START' then coalesce(started_at, $5) else started_at end,
       stopped_at = case $4 when 'START' then null when 'STOP' then $5 else stopped_at end,
       concluded_at = case $4 when 'CONCLUDE' then $5 else concluded_at end,
       winner = case $4 when 'CONCLUDE' then $6 else winner end
     where id = $1 and status = $2::experiment_status returning id`,
    [experiment.id, decided.from, decided.to, event, at, winner],
  );
  if (moved.length === 0) throw new Error(`experiment ${key} is not ${decided.from} any more`);
  const detail = { key, from: decided.from, to: decided.to };
  await tell(sql, auditOn, experiment, {
    ...{ at, actor, action: PAST[event] },
    detail: event === 'CONCLUDE' ? { ...detail, winner } : detail,
  });
  const [after] = await read(sql, 'e.id = $1', [experiment.id]);
  return { experiment: after ?? experiment, error: null };
}

const PAST: Record<ExperimentEvent, string> = {
  START: 'started',
  STOP: 'stopped',
  CONCLUDE: 'concluded',
};

/** Puts a change into the audit trail and, last, into the log that subscribers catch up with. */
export async function tell(
  sql: Sql,
  auditOn: AuditOn,
  { id, key }: Pick<Experiment, 'id' | 'key'>,
  entry: { at: Date; actor: string; action: string; detail: Record<string, unknown> },
): Promise<void> {
  await auditOn(sql).write({ ...entry, subject: `Experiment:${id}` });
  await appendFeed(sql, 'experiment', [{ at: entry.at, subject: id, keys: { key } }]);
}
