import type { Database } from '../plant/ports.js';
import type { TrainingRun } from './schedule.js';

/** What was asked for by hand or by schedule, and who may look at it now. */
export interface ScheduleStore {
  /**
   * Of each of these models, by name, the two trainings that matter: those that wait or run first, then the newest. One
   * that makes a version again by its record is none.
   */
  lastTrainings(models: readonly string[]): Promise<(TrainingRun & { model: string })[]>;
  /** Does `work` unless another evaluator, of any process, is at it: then null, at once. */
  alone<T>(work: () => Promise<T>): Promise<T | null>;
}

const SCHEDULE_LOCK = 7_283_644;

/** Trainings by schedule in Postgres. */
export function scheduleStore(db: Database): ScheduleStore {
  return {
    lastTrainings: (models) =>
      db.query(
        `select wanted.model, last.* from unnest($1::text[]) as wanted(model)
         cross join lateral (
           select id, status::text as status, created_at as "askedAt" from job
           where kind = 'TRAIN' and input ->> 'model' = wanted.model and input ->> 'reproduces' is null
           order by status in ('QUEUED', 'RUNNING') desc, created_at desc, id desc limit 2) last`,
        [models],
      ),
    alone: (work) =>
      db.transaction(async (sql) => {
        const [lock] = await sql.query<{ got: boolean }>(
          'select pg_try_advisory_xact_lock($1) as got',
          [SCHEDULE_LOCK],
        );
        return lock?.got ? work() : null;
      }),
  };
}
