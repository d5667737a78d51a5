import { DAY_MS } from '../kernel/clock.js';
import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { Labels } from './labels.js';

/** Labels against what can be known of them. */
export interface NoiseCounts {
  /** Recorded outcomes whose horizon has ended. */
  outcomes: number;
  /** Of these: said to be lost, but seen within the horizon. */
  contradictedPositive: number;
  /** Of these: said to stay, but not seen within the horizon. */
  contradictedNegative: number;
  /** Customers behind them, ascending, at most 20. */
  sampleUserIds: number[];
  /** Labelled customers who share all attributes with somebody. */
  alike: number;
  /** Of these: in the smaller of the two camps among those who are alike. */
  opposite: number;
}

export type ReadLabelNoise = (request: {
  modelId: string;
  horizonDays: number;
  eventTypes: readonly string[];
  until: Date;
  labels: Labels;
}) => Promise<NoiseCounts>;

/** Label noise in Postgres; one statement. */
export function labelNoiseStore(db: Sql): ReadLabelNoise {
  return async ({ modelId, horizonDays, eventTypes, until, labels }) => {
    const [row] = await db.query<NoiseCounts>(
      `with judged as materialized (
         select o.user_id, o.positive, exists (
             select from event e where e.user_id = o.user_id and e.at >= o.at
               and e.at < o.at + make_interval(secs => $2)
               and e.type_id in (select t.id from event_type t where t.name = any($3::text[]))) as seen
         from outcome o where o.model_id = $1 and o.at + make_interval(secs => $2) <= $4),
       wrong as (select distinct j.user_id from judged j where j.positive = j.seen
         order by j.user_id limit 20),
       camps as (
         select count(*) as n, count(*) filter (where l.positive) as positive
         from unnest($5::bigint[], $6::boolean[]) l(id, positive) join customer c on c.id = l.id
         where c.attributes <> '{}'::jsonb group by c.attributes having count(*) > 1)
       select count(*)::int as outcomes,
         (count(*) filter (where j.positive and j.seen))::int as "contradictedPositive",
         (count(*) filter (where not j.positive and not j.seen))::int as "contradictedNegative",
         coalesce((select array_agg(w.user_id::float8 order by w.user_id) from wrong w), '{}') as "sampleUserIds",
         (select coalesce(sum(k.n), 0)::int from camps k) as alike,
         (select coalesce(sum(least(k.positive, k.n - k.positive)), 0)::int from camps k) as opposite
       from judged j`,
      [
        modelId,
        (horizonDays * DAY_MS) / 1000,
        eventTypes,
        until,
        numberArray(labels.userIds),
        labels.positive,
      ],
    );
    if (!row) throw new Error('an aggregate answers a row');
    return row;
  };
}
