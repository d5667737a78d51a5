import type { Database } from '../plant/ports.js';
import type { LabelCount, LabelledScore, Stretch, WindowRule } from './window.js';

export interface WindowStore {
  /** Who of a stretch belongs to a window; ids ascending. One statement. */
  within(stretch: Stretch, window: WindowRule): Promise<number[]>;
  /** The last recorded outcome of each customer in [from, until); everything before `until` where `from` is null. */
  labels(modelId: string, from: Date | null, until: Date): Promise<LabelCount>;
  /**
   * Scores of a version whose outcome is known, by the instant they were asked for, newest first; those of one instant by that of
   * the outcome, and then in no order that means anything, lest old customers be compared with new ones. Of the newest 20,000
   * outcomes before `until`: the score that the outcome names, else the newest as of it or before within the horizon.
   */
  labelledScores(query: {
    modelId: string;
    modelVersionId: string;
    until: Date;
    horizonMs: number | null;
    limit: number;
  }): Promise<LabelledScore[]>;
  /** Whether anything was ever recorded that a model could be trained on. */
  hasOutcomes(modelId: string): Promise<boolean>;
  /** Whether an event of that instant or later is known. */
  hasEventsSince(at: Date): Promise<boolean>;
}

const NEWEST_OUTCOMES = 20_000;

/** Who is in a window, and what came of scores, in Postgres. Nobody who opted out is in either. */
export function windowStore(db: Database): WindowStore {
  return {
    async within({ after, until }, window) {
      const rows = await db.query<{ id: number }>(
        `with kinds as (select id from event_type where name = any($5::text[]))
         select c.id from customer c where c.id > $1 and c.id <= $2 and c.consent_profiling and (
           ($5::text[] is null and c.registered_at >= $3 and c.registered_at < $4)
           or exists (select from event e where e.user_id = c.id and e.at >= $3 and e.at < $4
             and ($5::text[] is null or e.type_id in (select id from kinds))))
         order by c.id`,
        [after, until, window.from, window.until, window.eventTypes],
        { name: 'drift-window-within' },
      );
      return rows.map(({ id }) => id);
    },
    async labels(modelId, from, until) {
      const [row] = await db.query<LabelCount>(
        `select count(*) as rows, count(*) filter (where latest.positive) as positive from (
           select distinct on (o.user_id) o.positive from outcome o
           join customer c on c.id = o.user_id and c.consent_profiling
           where o.model_id = $1 and o.at < $3 and ($2::timestamptz is null or o.at >= $2)
           order by o.user_id, o.at desc, o.recorded_at desc) latest`,
        [modelId, from, until],
      );
      return row ?? { rows: 0, positive: 0 };
    },
    labelledScores: ({ modelId, modelVersionId, until, horizonMs, limit }) =>
      db.query<LabelledScore>(
        `with newest as (
           select user_id, at, positive, prediction_id from outcome
           where model_id = $1 and at < $3 order by at desc limit ${NEWEST_OUTCOMES})
         select called, positive from (
         select distinct on (p.id) p.id, p.as_of, o.at, p.probability >= p.threshold as called, o.positive
         from newest o join customer c on c.id = o.user_id and c.consent_profiling
         cross join lateral (
           select p.id, p.as_of, p.probability, p.threshold from prediction p
           where p.user_id = o.user_id and p.model_id = $1 and p.model_version_id = $2 and p.source = 'MODEL'
             and p.as_of <= $3 and (p.id = o.prediction_id or (p.as_of <= o.at
               and ($4::float8 is null or p.as_of >= o.at - $4 * interval '1 millisecond')))
           order by p.id is not distinct from o.prediction_id desc, p.as_of desc, p.id desc limit 1) p
         order by p.id, p.id is not distinct from o.prediction_id desc, o.at) scored
         order by as_of desc, at desc, hashint8(id) limit $5`,
        [modelId, modelVersionId, until, horizonMs, limit],
      ),
    async hasEventsSince(at) {
      const rows = await db.query('select 1 from event where at >= $1 limit 1', [at]);
      return rows.length > 0;
    },
    async hasOutcomes(modelId) {
      const rows = await db.query('select 1 from outcome where model_id = $1 limit 1', [modelId]);
      return rows.length > 0;
    },
  };
}
