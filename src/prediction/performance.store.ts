import type { Sql } from '../plant/ports.js';
import type { PerformanceQuery, PerformanceSums } from './performance.js';

/**
 * The outcome of a score: the one that names it, the newest of these; else the first one of the customer at or
 * after its as-of instant, within the horizon.
 */
const OUTCOME = `select o.positive from outcome o
  where o.model_id = p.model_id and o.user_id = p.user_id
    and (o.prediction_id = p.id
      or o.at >= p.as_of and ($5::float8 is null or o.at <= p.as_of + $5 * interval '1 millisecond'))
  order by o.prediction_id is not distinct from p.id desc,
    case when o.prediction_id = p.id then o.recorded_at end desc, o.at, o.recorded_at desc
  limit 1`;

/** Whoever has opted out is in the figures, but no attribute of theirs is told. */
const SUMS = `with judged as materialized (
  select date_trunc($4, p.scored_at, 'UTC') as at,
    (select case when $6 like 'segment:%' then (select coalesce(n.name, s.segment_key) from segment_membership s
      join model g on g.id = s.model_id and g.name = substr($6, 9)
      left join segment_name n on n.model_id = s.model_id and n.key = s.segment_key
      where s.user_id = c.id and s.until is null) else c.attributes ->> $6 end
     from customer c where c.id = p.user_id and c.consent_profiling and $6 is not null) as slice,
    p.probability, p.probability >= p.threshold as called, o.positive
  from prediction p left join lateral (${OUTCOME}) o on true
  where p.model_id = $1 and p.scored_at >= $2 and p.scored_at < $3 and p.source = 'MODEL'
), ranked as (
  select *, (rank() over (partition by at, slice order by probability)
    + (count(*) over (partition by at, slice, probability) - 1) / 2.0::float8) as rank
  from judged where positive is not null
), figures as (
  select at, slice, count(*) as labelled, count(*) filter (where positive) as positives,
    sum(rank) filter (where positive) as ranks,
    avg(-ln(least(greatest(case when positive then probability else 1 - probability end, 1e-15), 1 - 1e-15)))
      as log_loss,
    avg((probability - positive::int) ^ 2) as brier,
    count(*) filter (where called and positive) as tp, count(*) filter (where called and not positive) as fp
  from ranked group by at, slice
), asked as (
  select at, slice, count(*) as predictions from judged group by at, slice
)
select a.at, a.slice, a.predictions, coalesce(f.labelled, 0) as labelled, coalesce(f.positives, 0) as positives,
  coalesce(f.ranks, 0)::float8 as "positiveRanks", f.log_loss as "logLoss", f.brier,
  coalesce(f.tp, 0) as "truePositives", coalesce(f.fp, 0) as "falsePositives"
from asked a left join figures f on f.at = a.at and f.slice is not distinct from a.slice
order by a.at, a.slice nulls first`;

/** Scores joined with what came of them, in Postgres; one statement. */
export function performanceStore(db: Sql): {
  sums(query: PerformanceQuery): Promise<PerformanceSums[]>;
} {
  return {
    sums: ({ modelId, since, until, step, horizonMs, slice }) =>
      db.query<PerformanceSums>(SUMS, [
        modelId,
        since,
        until,
        step.toLowerCase(),
        horizonMs,
        slice,
      ]),
  };
}
