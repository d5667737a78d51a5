import { sqlParameters, textArray, type Parameters } from '../../plant/parameters.js';
import type { Sql } from '../../plant/ports.js';
import type { EventMetricKind } from '../metric.js';
import type { EventSums } from './metric-samples.js';

/** A metric of events, as parsed. */
export interface EventMetric {
  kind: EventMetricKind;
  type: string;
}

/** Whose events count. */
export interface SumsRequest {
  experimentId: string;
  /** In the order wanted. */
  metrics: readonly EventMetric[];
  /** Days before a customer's first exposure that are summed too; 0: none. */
  prePeriodDays: number;
  /** Customers assigned and events that happened before it count. */
  until: Date;
}

/** An arm that has anybody. */
export interface ArmSums {
  variant: string;
  users: number;
  exposures: number;
  /** One a metric, in the order asked. */
  metrics: EventSums[];
}

/** Reads what is enough to know of every arm; arms without anybody are left out. */
export type ReadMetricSums = (request: SumsRequest) => Promise<ArmSums[]>;

/**
 * One statement, one pass over the events: per customer from the first exposure on, and in the days before it, then per
 * arm. Variances are Postgres' own, which do not lose digits by subtracting squares.
 */
export function metricSums(db: Sql): ReadMetricSums {
  return async (request) => {
    const { text, values } = compile(request);
    const rows = await db.query<SumsRow>(text, values);
    return rows.map((row) => toSums(row, request.metrics));
  };
}

type SumsRow = { variant: string; users: number; exposures: number } & Record<
  string,
  number | string | null
>;

function compile(request: SumsRequest): { text: string; values: unknown[] } {
  const { experimentId, metrics, until } = request;
  const parameters = sqlParameters();
  const id = parameters.add(experimentId, 'uuid');
  const end = parameters.add(until, 'timestamptz');
  const types = [...new Set(metrics.map(({ type }) => type))];
  const perArm = metrics
    .map(({ kind, type }, at) => perArmColumns(kind, types.indexOf(type), at))
    .join('');
  const text = `
    with arm as materialized (
      select user_id, variant_key, assigned_at, exposures from assignment
      where experiment_id = ${id} and assigned_at < ${end}),
    each as (select * from arm a ${types.length > 0 ? eventsOfEach(parameters, types, end, request) : ''})
    select variant_key as variant, count(*) as users, sum(exposures)::bigint as exposures${perArm}
    from each group by variant_key`;
  return { text, values: parameters.values };
}

/** By index from each customer: another plan, chosen before there are statistics, takes minutes. */
function eventsOfEach(
  parameters: Parameters,
  types: readonly string[],
  end: string,
  { prePeriodDays }: SumsRequest,
): string {
  const names = parameters.add(textArray(types), 'text[]');
  const back = `${parameters.add(prePeriodDays, 'int')} * interval '1 day'`;
  const columns = types.map((type, at) => perUserColumns(parameters, type, at)).join(', ');
  return `cross join lateral (
      select ${columns}
      from event e where e.user_id = a.user_id and e.at >= a.assigned_at - ${back} and e.at < ${end}
        and e.at >= (select min(assigned_at) from arm) - ${back}
        and e.type_id = any (array(select id from event_type where name = any (${names})))) t`;
}

/** Of a customer and a type: events, those with a value, and the sum of the values, after (a) and before (b). */
function perUserColumns(parameters: Parameters, type: string, at: number): string {
  const own = `e.type_id = (select id from event_type where name = ${parameters.add(type, 'text')})`;
  return (
    [
      ['a', '>='],
      ['b', '<'],
    ] as const
  )
    .map(([side, comparison]) => {
      const counted = `filter (where ${own} and e.at ${comparison} a.assigned_at)`;
      return `count(*) ${counted} as ${side}c${at}, count(e.value) ${counted} as ${side}v${at},
        coalesce(sum(e.value) ${counted}, 0) as ${side}s${at}`;
    })
    .join(', ');
}

const OF_CUSTOMER: Record<EventMetricKind, (side: string, type: number) => string> = {
  share: (side, type) => `(${side}c${type} > 0)::int::float8`,
  count: (side, type) => `${side}c${type}::float8`,
  sum: (side, type) => `${side}s${type}`,
  mean: (side, type) => `${side}s${type}`,
};

const OUTCOMES: Record<EventMetricKind, (type: number) => string> = {
  share: (type) => `count(*) filter (where ac${type} > 0)`,
  count: (type) => `sum(ac${type})::bigint`,
  sum: (type) => `sum(ac${type})::bigint`,
  mean: (type) => `sum(av${type})::bigint`,
};

function perArmColumns(kind: EventMetricKind, type: number, at: number): string {
  const after = OF_CUSTOMER[kind]('a', type);
  // the mean is a ratio: its second figure is not what was before but how many values there are
  const second = kind === 'mean' ? `av${type}::float8` : OF_CUSTOMER[kind]('b', type);
  return `, ${OUTCOMES[kind](type)} as outcomes${at}, sum(bc${type})::bigint as before${at},
    avg(${after}) as mean${at}, var_samp(${after}) as variance${at}, avg(${second}) as mean_second${at},
    var_samp(${second}) as variance_second${at}, covar_samp(${after}, ${second}) as covariance${at}`;
}

function toSums(row: SumsRow, metrics: readonly EventMetric[]): ArmSums {
  const metricsOfArm = metrics.map(({ kind }, at): EventSums => {
    // null: the variance of a single customer
    const of = (name: string): number => Number(row[`${name}${at}`] ?? 0);
    const [mean, variance, covariance] = [of('mean'), of('variance'), of('covariance')];
    const [second, varianceSecond] = [of('mean_second'), of('variance_second')];
    const before =
      kind === 'mean'
        ? { meanBefore: 0, varianceBefore: 0, covariance: 0 }
        : { meanBefore: second, varianceBefore: varianceSecond, covariance };
    return {
      ...{ n: row.users, mean, variance, outcomes: of('outcomes'), eventsBefore: of('before') },
      ...before,
      ratio:
        kind === 'mean'
          ? {
              n: row.users,
              ...{ meanNumerator: mean, varianceNumerator: variance, covariance },
              ...{ meanDenominator: second, varianceDenominator: varianceSecond },
            }
          : null,
    };
  });
  const { variant, users, exposures } = row;
  return { variant, users, exposures, metrics: metricsOfArm };
}
