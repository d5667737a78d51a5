import type { Database } from '../plant/ports.js';
import { DRIFT_ACTOR, type RecentTrainings } from './answer-drift.js';

export interface AnswerStore {
  /** Does `work` while nobody else does so for the model, in whatever process. Holds one connection of the pool for as long. */
  alone<T>(modelId: string, work: () => Promise<T>): Promise<T>;
  /** Trainings of a model by name. */
  recentTrainings(model: string): Promise<RecentTrainings>;
}

/** Of our advisory locks in two numbers; the other one is the model. */
const ANSWERING = 7_283_710;

/** What the answer to drift depends on, in Postgres. */
export function answerStore(db: Database): AnswerStore {
  return {
    alone: (modelId, work) =>
      db.transaction(async (sql) => {
        await sql.query('select pg_advisory_xact_lock($1, hashtext($2))', [ANSWERING, modelId]);
        return work();
      }),
    async recentTrainings(model) {
      const [row] = await db.query<RecentTrainings>(
        `select
           (select id from job where kind = 'TRAIN' and input ->> 'model' = $1 and status in ('QUEUED', 'RUNNING')
              and input ->> 'reproduces' is null order by created_at limit 1) as "waitingId",
           (select max(created_at) from job where kind = 'TRAIN' and input ->> 'model' = $1
              and created_by = $2) as "lastByDrift"`,
        [model, DRIFT_ACTOR],
      );
      return row ?? { waitingId: null, lastByDrift: null };
    },
  };
}
