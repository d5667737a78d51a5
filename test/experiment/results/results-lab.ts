import { auditStore } from '../../../src/access/audit.store.js';
import { composeExperimentLooks } from '../../../src/compose-experiment-looks.js';
import type { Experiment } from '../../../src/experiment/experiment.js';
import { experimentStore } from '../../../src/experiment/experiment.store.js';
import { manualClock } from '../../../src/kernel/clock.js';
import { numberArray, textArray } from '../../../src/plant/parameters.js';
import { testDatabase } from '../../support/database.js';
import { keptLog } from '../../support/quiet-log.js';
import { madeExperiment } from './made-experiment.js';

/** A customer in an arm. */
export interface MadeAssignment {
  user: number;
  variant: string;
  at: Date;
  exposures?: number;
}

/** Something a customer did. */
export interface MadeEvent {
  user: number;
  type: string;
  at: Date;
  value?: number | null;
}

/** A prediction that was given; ids come in order, from 1. */
export interface MadePrediction {
  user: number;
  modelId: string;
  versionId: string;
  probability: number;
  at: Date;
  source?: 'MODEL' | 'WHAT_IF' | 'RULES';
}

/** A label. */
export interface MadeOutcome {
  user: number;
  modelId: string;
  at: Date;
  positive: boolean;
  predictionId?: number;
}

export type ResultsLab = Awaited<ReturnType<typeof openResultsLab>>;

/** A database with customers 1..users, the rooms' reading of results, and rows put in past all checks. */
export async function openResultsLab(users: number, now: Date) {
  const database = await testDatabase();
  const { db } = database;
  const clock = manualClock(now);
  const announced: string[] = [];
  const bus = { publish: (topic: string) => void announced.push(topic) };
  const looks = composeExperimentLooks({ db, bus, clock, log: keptLog() });
  await db.query(
    `insert into customer (external_id) select 'u' || n from generate_series(1, $1::int) n order by n`,
    [users],
  );
  let events = 0;
  return {
    ...{ db, clock, looks, announced, experiments: experimentStore(db, auditStore) },
    /** Writes the experiment down with the status and the instants given. */
    async make(changes: Partial<Experiment>): Promise<Experiment> {
      const wanted = madeExperiment(changes);
      const { status, startedAt, stoppedAt, concludedAt, ...draft } = wanted;
      const made = await experimentStore(db, auditStore).create(draft);
      if (!made) throw new Error(`the key ${wanted.key} is taken`);
      await db.query(
        `update experiment set status = $2::experiment_status, started_at = $3, stopped_at = $4, concluded_at = $5
         where id = $1`,
        [made.id, status, startedAt, stoppedAt, concludedAt],
      );
      return { ...made, status, startedAt, stoppedAt, concludedAt };
    },
    async assign({ id }: Experiment, rows: readonly MadeAssignment[]): Promise<void> {
      await db.query(
        `insert into assignment (experiment_id, user_id, variant_key, source, assigned_at, exposures, last_exposed_at)
         select $1, g.user_id, g.variant, 'HASH', to_timestamp(g.ms / 1000), g.exposures, to_timestamp(g.ms / 1000)
         from unnest($2::bigint[], $3::text[], $4::float8[], $5::int[]) g(user_id, variant, ms, exposures)`,
        [
          id,
          numberArray(rows.map(({ user }) => user)),
          textArray(rows.map(({ variant }) => variant)),
          numberArray(rows.map(({ at }) => at.getTime())),
          numberArray(rows.map(({ exposures }) => exposures ?? 1)),
        ],
      );
    },
    async record(rows: readonly MadeEvent[]): Promise<void> {
      const types = [...new Set(rows.map(({ type }) => type))];
      await db.query(
        `insert into event_type (name) select unnest($1::text[]) on conflict do nothing`,
        [textArray(types)],
      );
      await db.query(
        `select ensure_event_partition(m, now(), now())
         from (select distinct date_trunc('month', to_timestamp(ms / 1000)) as m from unnest($1::float8[]) ms) d`,
        [numberArray(rows.map(({ at }) => at.getTime()))],
      );
      await db.query(
        `insert into event (source_id, key, user_id, type_id, at, value)
         select 1, 'e' || ($1::int + place), g.user_id, t.id, to_timestamp(g.ms / 1000), g.value
         from unnest($2::bigint[], $3::text[], $4::float8[], $5::float8[]) with ordinality
           g(user_id, type, ms, value, place)
         join event_type t on t.name = g.type`,
        [
          events,
          numberArray(rows.map(({ user }) => user)),
          textArray(rows.map(({ type }) => type)),
          numberArray(rows.map(({ at }) => at.getTime())),
          numberArray(rows.map(({ value }) => value ?? null)),
        ],
      );
      events += rows.length;
    },
    async predict(rows: readonly MadePrediction[]): Promise<number[]> {
      await db.query(
        `select ensure_prediction_partition(to_timestamp(ms / 1000)) from unnest($1::float8[]) ms`,
        [
          numberArray([
            ...new Set(rows.map(({ at }) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth()))),
          ]),
        ],
      );
      const made = await db.query<{ id: number }>(
        `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
           latency_ms, numeric)
         select g.user_id, g.model_id, g.version_id, g.p, 0.5, g.source::prediction_source, to_timestamp(g.ms / 1000),
           to_timestamp(g.ms / 1000), 1, ''::bytea
         from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::float8[], $5::text[], $6::float8[]) with ordinality
           g(user_id, model_id, version_id, p, source, ms, place) order by place returning id`,
        [
          numberArray(rows.map(({ user }) => user)),
          textArray(rows.map(({ modelId }) => modelId)),
          textArray(rows.map(({ versionId }) => versionId)),
          numberArray(rows.map(({ probability }) => probability)),
          textArray(rows.map(({ source }) => source ?? 'MODEL')),
          numberArray(rows.map(({ at }) => at.getTime())),
        ],
      );
      return made.map(({ id }) => id);
    },
    async label(rows: readonly MadeOutcome[]): Promise<void> {
      for (const { user, modelId, at, positive, predictionId } of rows)
        await db.query(
          `insert into outcome (model_id, user_id, at, source, positive, prediction_id, recorded_at)
           values ($1, $2, $3, 'test', $4, $5, $3)`,
          [modelId, user, at, positive, predictionId ?? null],
        );
    },
    close: database.drop,
  };
}
