import type { Sql } from '../plant/ports.js';
import type { DayFigures } from './daily-report.js';

/** A span of wall time, `from` <= t < `until`. */
export interface Window {
  from: Date;
  until: Date;
}

const LOUDEST = 5;
const CHECKS = 10;

/** What other rooms wrote down of a day, the segmentation left out; ten statements however much happened. */
export function dayFiguresStore(
  db: Sql,
): (window: Window) => Promise<Omit<DayFigures, 'segmentation'>> {
  return async ({ from, until }) => {
    const window = [from, until];
    const [ledger, samples, alerts, loudest, drifted, experiments, quality, jobs, labels] =
      await Promise.all([
        ledgerOf(db, window),
        samplesOf(db, window),
        alertCounts(db, window),
        loudestAlerts(db, window),
        driftedModels(db, window),
        experimentsOf(db, window),
        qualityOf(db, until),
        jobsOf(db, window),
        labelAges(db, until),
      ]);
    return {
      ...ledger,
      ...samples,
      latencyMs: { ...ledger.latencyMs, mean: ledger.latencyMs.mean ?? samples.meanMs },
      alerts: { ...alerts, loudest },
      drifted,
      experiments,
      dataQuality: quality,
      jobs,
      labels,
    };
  };
}

type Values = readonly unknown[];

/** One pass of the month's part of the ledger; rows of a run over everyone share the time of their batch, which nobody waited for. */
async function ledgerOf(
  db: Sql,
  window: Values,
): Promise<Pick<DayFigures, 'predictions' | 'models' | 'latencyMs'>> {
  const rows = await db.query<{
    model: string | null;
    predictions: number;
    positive: number;
    mean: number | null;
    p50: number | null;
    p95: number | null;
    p99: number | null;
  }>(
    `select m.name as model, count(p.id) as predictions,
       count(*) filter (where p.probability >= p.threshold) as positive,
       avg(p.latency_ms) filter (where p.job_id is null) as mean,
       percentile_cont(0.5) within group (order by p.latency_ms) filter (where p.job_id is null) as p50,
       percentile_cont(0.95) within group (order by p.latency_ms) filter (where p.job_id is null) as p95,
       percentile_cont(0.99) within group (order by p.latency_ms) filter (where p.job_id is null) as p99
     from prediction p join model m on m.id = p.model_id
     where p.scored_at >= $1 and p.scored_at < $2
     group by grouping sets ((m.name), ()) order by m.name collate "C"`,
    window,
  );
  const all = rows.find(({ model }) => model === null);
  return {
    predictions: all?.predictions ?? 0,
    models: rows.flatMap(({ model, predictions, positive }) =>
      model === null ? [] : [{ name: model, predictions, positive }],
    ),
    latencyMs: {
      mean: all?.mean ?? null,
      p50: all?.p50 ?? null,
      p95: all?.p95 ?? null,
      p99: all?.p99 ?? null,
    },
  };
}

async function samplesOf(db: Sql, window: Values) {
  const rows = await db.query<{
    kind: string;
    requests: number;
    errors: number;
    fallbacks: number;
    seconds: number;
  }>(
    `select kind, sum(requests)::bigint as requests, sum(errors)::bigint as errors,
       sum(fallbacks)::bigint as fallbacks, sum(seconds) as seconds
     from service_sample where at >= $1 and at < $2 group by kind`,
    window,
  );
  const none = { requests: 0, errors: 0, fallbacks: 0, seconds: 0 };
  const of = (kind: string) => rows.find((row) => row.kind === kind) ?? none;
  const { requests, errors, fallbacks, seconds } = of('prediction');
  const operations = of('operation');
  return {
    ...{ requests, errors, fallbacks },
    operations: { requests: operations.requests, errors: operations.errors },
    /** Where the ledger of the day is gone. */
    meanMs: requests > 0 ? (1000 * seconds) / requests : null,
  };
}

async function alertCounts(db: Sql, window: Values) {
  const [row] = await db.query<{ fired: number; resolved: number; firing: number }>(
    `select count(*) filter (where fired_at >= $1 and fired_at < $2) as fired,
       count(*) filter (where resolved_at >= $1 and resolved_at < $2) as resolved,
       count(*) filter (where fired_at < $2 and (resolved_at is null or resolved_at >= $2)) as firing
     from alert where fired_at < $2 and (resolved_at is null or resolved_at >= $1)`,
    window,
  );
  return row ?? { fired: 0, resolved: 0, firing: 0 };
}

async function loudestAlerts(db: Sql, window: Values): Promise<DayFigures['alerts']['loudest']> {
  const rows = await db.query<
    Omit<DayFigures['alerts']['loudest'][number], 'firedAt' | 'resolvedAt'> & {
      firedAt: Date;
      resolvedAt: Date | null;
    }
  >(
    `select a.id, r.name as rule, a.severity::text as severity, a.summary, a.fired_at as "firedAt",
       case when a.resolved_at < $2 then a.resolved_at end as "resolvedAt"
     from alert a join alert_rule r on r.id = a.rule_id
     where a.fired_at >= $1 and a.fired_at < $2
     order by a.severity desc, a.fired_at, a.id limit ${LOUDEST}`,
    window,
  );
  return rows.map(({ firedAt, resolvedAt, ...row }) => ({
    ...row,
    firedAt: firedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  }));
}

const driftedModels = (db: Sql, window: Values): Promise<DayFigures['drifted']> =>
  db.query(
    `select model, "driftedShare", consequence, action from (
       select distinct on (d.model_id) m.name as model, d.drifted, d.drifted_share as "driftedShare",
         d.consequence, d.action
       from drift_report d join model m on m.id = d.model_id
       where d.created_at >= $1 and d.created_at < $2 order by d.model_id, d.id desc) newest
     where drifted order by model collate "C"`,
    window,
  );

const experimentsOf = (db: Sql, window: Values): Promise<DayFigures['experiments']> =>
  db.query(
    `select e.key, e.status::text as status, l.report ->> 'decision' as decision,
       l.report ->> 'reason' as reason
     from experiment e left join lateral (
       select report from experiment_look k where k.experiment_id = e.id and k.at < $2
       order by k.id desc limit 1) l on true
     where e.started_at < $2
       and (e.status = 'RUNNING' or coalesce(e.concluded_at, e.stopped_at) >= $1)
     order by e.key collate "C"`,
    window,
  );

async function qualityOf(db: Sql, until: Date): Promise<DayFigures['dataQuality']> {
  const rows = await db.query<{
    table: string;
    status: 'OK' | 'WARNING' | 'FAILED';
    scannedAt: Date;
    checks: { name: string; status: string; violations: number }[];
  }>(
    `select t.table_name as table, t.status::text as status, t.scanned_at as "scannedAt",
       coalesce((select jsonb_agg(jsonb_build_object('name', c -> 'name', 'status', c -> 'status',
           'violations', c -> 'violations') order by c ->> 'status', c ->> 'name')
         from jsonb_array_elements(t.report -> 'checks') c where c ->> 'status' <> 'OK'), '[]') as checks
     from (select distinct on (table_name) * from quality_scan where scanned_at < $1
       order by table_name, scanned_at desc) t order by t.table_name`,
    [until],
  );
  return rows.map(({ scannedAt, checks, ...row }) => ({
    ...row,
    scannedAt: scannedAt.toISOString(),
    checks: checks.slice(0, CHECKS),
  }));
}

const jobsOf = (db: Sql, window: Values): Promise<DayFigures['jobs']> =>
  db.query(
    `select kind::text as kind, count(*) filter (where status = 'SUCCEEDED') as succeeded,
       count(*) filter (where status = 'FAILED') as failed
     from job where finished_at >= $1 and finished_at < $2 and status in ('SUCCEEDED', 'FAILED')
     group by kind order by kind::text`,
    window,
  );

/** Only models that serve and learn from what is recorded: behaviour labels the others by itself. */
const labelAges = (db: Sql, until: Date): Promise<DayFigures['labels']> =>
  db.query(
    `select m.name as model, extract(epoch from $1::timestamptz - greatest(v.since, (
         select max(o.recorded_at) from outcome o where o.model_id = m.id and o.recorded_at < $1)
       ))::float8 / 86400 as days
     from model m join lateral (
       select coalesce(v.promoted_at, v.trained_at) as since from model_version v
       where v.model_id = m.id and v.stage = 'PRODUCTION' limit 1) v on v.since < $1
     where m.spec -> 'label' ->> 'kind' = 'OUTCOMES' order by m.name collate "C"`,
    [until],
  );
