import { DAY_MS } from '../kernel/clock.js';
import type { Sql } from '../plant/ports.js';
import type { MetricReading } from './alert.js';
import { BREAKER } from './delivery/breaker.js';
import {
  EVALUATION_FAILED,
  RATE_MINUTES,
  RECENT_MINUTES,
  USED_MINUTES,
  VOLUME_MINUTES,
  type MetricName,
} from './metric-catalogue.js';
import { quantileOf } from './service-sample.js';

/** Reads all series of a metric as of an instant; series without a value are left out. One statement each. */
export type ReadMetric = (now: Date) => Promise<MetricReading[]>;

/** A reader for every metric but that of the evaluation itself. */
export type MetricReaders = Record<Exclude<MetricName, typeof EVALUATION_FAILED>, ReadMetric>;

const MINUTE_MS = 60_000;
const MOST_USERS = 1_000;

interface ValueRow {
  label: string;
  value: number | null;
}

/** Readers over the tables of this and other rooms. */
export function metricReaders(sql: Sql): MetricReaders {
  const labelled =
    (label: string, text: string, values: (now: Date) => unknown[] = () => []): ReadMetric =>
    async (now) =>
      (await sql.query<ValueRow>(text, values(now))).flatMap(({ label: name, value }) =>
        value === null ? [] : [{ labels: { [label]: name }, value }],
      );
  const rates = serviceReaders(sql);
  return {
    ...rates,
    volume: labelled(
      'model',
      `select name as label, coalesce(sum(requests) filter (where at > $2), 0)::float8 as value
       from service_sample where kind = 'prediction' and at > $1 and at <= $3
       group by name having count(distinct at) filter (where requests > 0) >= $4`,
      (now) => [before(now, DAY_MS), before(now, VOLUME_MINUTES * MINUTE_MS), now, USED_MINUTES],
    ),
    model_unhealthy: labelled(
      'model',
      `select m.name as label,
         (coalesce(s.requests, 0) > 0 and s.requests <= s.errors + s.fallbacks)::int::float8 as value
       from model m
       join lateral (select 1 from model_version v
         where v.model_id = m.id and v.stage = 'PRODUCTION' limit 1) served on true
       left join (select name, sum(requests) as requests, sum(errors) as errors, sum(fallbacks) as fallbacks
         from service_sample where kind = 'prediction' and at >= $1 and at <= $2 group by name) s on s.name = m.name
       where m.task <> 'CLUSTERING'`,
      (now) => [rateStart(now), now],
    ),
    diversity: labelled(
      'segmentation',
      `select m.name as label, d.value from model m
       join lateral (select 1 from model_version v
         where v.model_id = m.id and v.stage = 'PRODUCTION' limit 1) live on true
       cross join lateral (
         select 1 - sum(power(n.count, 2)) / power(sum(n.count), 2) as value
         from (select count(*)::float8 as count from segment_membership s
           join customer c on c.id = s.user_id and c.consent_profiling
           where s.model_id = m.id and s.until is null group by s.segment_key) n) d
       where m.task = 'CLUSTERING'`,
    ),
    drift_consequence: labelled('model', newestDrift('r.consequence')),
    drift_share: labelled('model', newestDrift('r.drifted_share')),
    accuracy_fall: labelled(
      'model',
      newestDrift(
        `coalesce((r.report->>'accuracyFall')::float8,
           (r.report->'concept'->>'difference')::float8 / nullif((r.report->'concept'->>'reference')::float8, 0))`,
      ),
    ),
    experiment_guardrail: labelled(
      'experiment',
      `select e.key as label, l.harmed as value from experiment e
       cross join lateral (
         select jsonb_array_length(jsonb_path_query_array(k.report, '$.guardrails[*] ? (@.harmed == true)'))::float8
           as harmed
         from experiment_look k where k.experiment_id = e.id order by k.id desc limit 1) l
       where e.status = 'RUNNING'`,
    ),
    data_quality_failed: labelled(
      'table',
      `select t.name as label, s.failed as value
       from (select distinct table_name as name from quality_scan) t
       cross join lateral (
         select jsonb_array_length(jsonb_path_query_array(q.report, '$.checks[*] ? (@.status == "FAILED")'))::float8
           as failed
         from quality_scan q where q.table_name = t.name order by q.scanned_at desc limit 1) s`,
    ),
    risk_crossings: riskCrossings(sql),
    queue_age_seconds: labelled(
      'kind',
      `select k.kind::text as label, coalesce(greatest(0, extract(epoch from $1::timestamptz - q.oldest)), 0)::float8
         as value
       from unnest(enum_range(null::job_kind)) as k(kind)
       left join (select kind, min(created_at) as oldest from job where status = 'QUEUED' group by kind) q
         on q.kind = k.kind`,
      (now) => [now],
    ),
    jobs_failed: labelled(
      'kind',
      `select k.kind::text as label, coalesce(f.count, 0)::float8 as value
       from unnest(enum_range(null::job_kind)) as k(kind)
       left join (select kind, count(*) as count from job
         where status = 'FAILED' and finished_at > $1 and finished_at <= $2 group by kind) f on f.kind = k.kind`,
      (now) => [before(now, RECENT_MINUTES * MINUTE_MS), now],
    ),
    delivery_failed: labelled(
      'channel',
      // next_at of what failed is when it was given up, which is days after the change
      `select channel as label, count(*) filter (where status = 'FAILED' and next_at > $1
           or status = 'QUEUED' and (created_at <= $1
             or channel in (select s.channel from channel_state s where s.failures >= $3)))::float8 as value
       from alert_delivery where status = 'QUEUED' or next_at > $2 group by channel`,
      (now) => [before(now, RECENT_MINUTES * MINUTE_MS), before(now, DAY_MS), BREAKER.opensAfter],
    ),
  };
}

type RateName =
  | 'error_rate'
  | 'fallback_rate'
  | 'latency_seconds'
  | 'latency_p95_seconds'
  | 'request_error_rate'
  | 'request_latency_seconds'
  | 'request_latency_p95_seconds';

interface Sums {
  name: string;
  requests: number;
  errors: number;
  fallbacks: number;
  seconds: number;
  buckets: number[];
}

/** Rates and latencies over the present clock minute and the one before. */
function serviceReaders(sql: Sql): Record<RateName, ReadMetric> {
  const P95 = 0.95;
  const over =
    (kind: 'prediction' | 'operation', valueOf: (sums: Sums) => number | null): ReadMetric =>
    async (now) =>
      (await readSums(sql, kind, now)).flatMap((sums) => {
        const value = valueOf(sums);
        const labels = kind === 'prediction' ? { model: sums.name } : {};
        return value === null ? [] : [{ labels, value }];
      });
  return {
    error_rate: over('prediction', ({ errors, requests }) => errors / requests),
    fallback_rate: over('prediction', ({ fallbacks, errors, requests }) =>
      requests > errors ? fallbacks / (requests - errors) : null,
    ),
    latency_seconds: over('prediction', ({ seconds, requests }) => seconds / requests),
    latency_p95_seconds: over('prediction', ({ buckets }) => quantileOf(buckets, P95)),
    request_error_rate: over('operation', ({ errors, requests }) => errors / requests),
    request_latency_seconds: over('operation', ({ seconds, requests }) => seconds / requests),
    request_latency_p95_seconds: over('operation', ({ buckets }) => quantileOf(buckets, P95)),
  };
}

function readSums(sql: Sql, kind: string, now: Date): Promise<Sums[]> {
  return sql.query<Sums>(
    `select s.name, sum(s.requests)::float8 as requests, sum(s.errors)::float8 as errors,
       sum(s.fallbacks)::float8 as fallbacks, sum(s.seconds)::float8 as seconds,
       (select array_agg(b.count order by b.place) from (
          select u.place, sum(u.count)::float8 as count from service_sample t
          cross join lateral unnest(t.buckets) with ordinality as u(count, place)
          where t.kind = $1 and t.name = s.name and t.at >= $2 and t.at <= $3 group by u.place) b) as buckets
     from service_sample s where s.kind = $1 and s.at >= $2 and s.at <= $3
     group by s.name having sum(s.requests) > 0`,
    [kind, rateStart(now), now],
  );
}

/** Of each model, the newest report on a version that is in production. */
function newestDrift(value: string): string {
  return `select m.name as label, d.value from model m
    cross join lateral (
      select ${value} as value from drift_report r
      join model_version v on v.id = r.model_version_id and v.stage = 'PRODUCTION'
      where r.model_id = m.id order by r.id desc limit 1) d`;
}

interface CrossingRow {
  model: string;
  level: string;
  count: number;
  userIds: number[];
}

function riskCrossings(sql: Sql): ReadMetric {
  return async (now) => {
    const rows = await sql.query<CrossingRow>(
      `select m.name as model, f.keys->>'to' as level, count(distinct f.user_id)::float8 as count,
         (array_agg(distinct f.user_id))[1:${MOST_USERS}] as "userIds"
       from feed_entry f join model m on m.id::text = f.keys->>'model'
       where f.topic = 'risk' and f.at > $1 and f.at <= $2 and f.user_id is not null
         and array_position($3::text[], f.keys->>'to') > array_position($3::text[], f.keys->>'from')
       group by 1, 2`,
      [before(now, RECENT_MINUTES * MINUTE_MS), now, ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']],
    );
    return rows.map(({ model, level, count, userIds }) => ({
      labels: { model, level },
      value: count,
      userIds: userIds.map(Number),
    }));
  };
}

/** Start of the clock minute before the present one. */
function rateStart(now: Date): Date {
  const minute = Math.floor(now.getTime() / MINUTE_MS);
  return new Date((minute - RATE_MINUTES + 1) * MINUTE_MS);
}

function before(now: Date, ms: number): Date {
  return new Date(now.getTime() - ms);
}
