import type { Clock } from '../kernel/clock.js';
import type { Database } from '../plant/ports.js';
import type { Outcome } from './outcome.js';

/** An outcome whose user and model are known. */
export type ResolvedOutcome = Outcome & { predictionId: number | null };

export interface OutcomeStore {
  /**
   * Idempotent by (model, user, instant, source): a repeat changes nothing, another answer replaces. Of who was
   * erased meanwhile nothing is written (reading the table `erasure` waits for an erasure that is under way).
   */
  record(rows: readonly ResolvedOutcome[]): Promise<{ written: number; unchanged: number }>;
  /** The first outcome at or after each instant, in the order asked; null where there is none yet. */
  firstAfter(
    keys: readonly { modelId: string; userId: number; at: Date }[],
  ): Promise<(Outcome | null)[]>;
  count(modelId: string): Promise<number>;
}

/** What really happened, in Postgres. */
export function outcomeStore(db: Database, clock: Clock): OutcomeStore {
  return {
    async record(rows) {
      const latest = new Map(
        rows.map((row) => [`${row.modelId} ${row.userId} ${row.at.getTime()} ${row.source}`, row]),
      );
      // One order for all callers, or overlapping batches wait for each other in a circle.
      const sorted = [...latest.entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, row]) => row);
      const written = await db.query(
        `insert into outcome (model_id, user_id, at, source, positive, prediction_id, recorded_at)
         select u.*, $7::timestamptz from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[],
           $5::boolean[], $6::bigint[]) as u(model_id, user_id, at, source, positive, prediction_id)
         join customer c on c.id = u.user_id
         where (select count(*) from (select 1 from erasure limit 1) g) >= 0
         on conflict (model_id, user_id, at, source) do update
           set positive = excluded.positive,
               prediction_id = coalesce(excluded.prediction_id, outcome.prediction_id),
               recorded_at = excluded.recorded_at
           where (outcome.positive, coalesce(outcome.prediction_id, 0))
              is distinct from (excluded.positive, coalesce(excluded.prediction_id, outcome.prediction_id, 0))
         returning user_id`,
        [
          sorted.map((row) => row.modelId),
          sorted.map((row) => row.userId),
          sorted.map((row) => row.at),
          sorted.map((row) => row.source),
          sorted.map((row) => row.positive),
          sorted.map((row) => row.predictionId),
          clock.wall(),
        ],
      );
      return { written: written.length, unchanged: rows.length - written.length };
    },
    async firstAfter(keys) {
      const rows = await db.query<Outcome & { ord: number }>(
        `select k.ord::int as ord, o.model_id as "modelId", o.user_id as "userId", o.at, o.positive, o.source
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) with ordinality k(model_id, user_id, at, ord)
         cross join lateral (
           select * from outcome o
           where o.model_id = k.model_id and o.user_id = k.user_id and o.at >= k.at
           order by o.at, o.recorded_at desc limit 1) o`,
        [keys.map((key) => key.modelId), keys.map((key) => key.userId), keys.map((key) => key.at)],
      );
      const answers: (Outcome | null)[] = keys.map(() => null);
      for (const { ord, ...outcome } of rows) answers[ord - 1] = outcome;
      return answers;
    },
    async count(modelId) {
      const [row] = await db.query<{ rows: number }>(
        'select count(*) as rows from outcome where model_id = $1',
        [modelId],
      );
      return row?.rows ?? 0;
    },
  };
}
