import { unreachable } from '../kernel/id.js';
import { conditionsOf, jsonNumber, lastTimeOfDay } from './compile-scope.js';
import type { EventScope } from './definition-scope.js';
import type {
  CountDefinition,
  DistinctDefinition,
  EventDefinition,
  PercentileDefinition,
  ShareDefinition,
  ValueDefinition,
  ValueSource,
} from './definition.js';
import type { Placeholders } from './placeholders.js';

/** One aggregate of a scan over `event e`, and how its column turns into the value. */
export interface Aggregate {
  scope: EventScope;
  /** The aggregate call over `event e`; an alias is put to it by the scan. */
  sql: string;
  /** The value as float8, given the alias. */
  valueOf: (column: string) => string;
  /** Whether it reads properties or devices, which the covering index does not hold. */
  readsRow: boolean;
  /** What it counts the distinct values of, in rows: over everyone that is cheaper in a scan of its own. */
  counts?: { thing: string; conditions: readonly string[] };
}

/** The aggregate that a definition over events needs. */
export function aggregateOf(definition: EventDefinition, at: Placeholders): Aggregate {
  const conditions = conditionsOf(definition, at);
  const filter = filterOf(conditions);
  const shared = { scope: definition, readsRow: readsRow(definition) };
  switch (definition.kind) {
    case 'events':
      return { ...shared, ...eventAggregate(definition, conditions, at) };
    case 'daysSince':
      return {
        ...shared,
        sql: `${definition.of === 'firstEvent' ? 'min' : 'max'}(e.at)${filter}`,
        valueOf: (column) => `date_part('epoch', ${at.asOf()} - ${column}) / 86400`,
      };
    case 'instant':
      return {
        ...shared,
        sql: `${definition.of === 'firstEvent' ? 'min' : 'max'}(e.at)${filter}`,
        valueOf: (column) => `date_part('epoch', ${column}) * 1000`,
      };
    default:
      return unreachable(definition);
  }
}

function readsRow(definition: EventDefinition): boolean {
  const readsProperty = ({ where }: EventScope): boolean =>
    where?.some((condition) => 'property' in condition) ?? false;
  if (definition.kind === 'events') {
    if (definition.aggregate === 'distinct') return true;
    if (definition.aggregate === 'share' && readsProperty(definition.that)) return true;
    if ('value' in definition && typeof definition.value === 'object') return true;
  }
  return readsProperty(definition);
}

function eventAggregate(
  definition:
    CountDefinition | DistinctDefinition | ShareDefinition | ValueDefinition | PercentileDefinition,
  conditions: readonly string[],
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf' | 'counts'> {
  const filter = filterOf(conditions);
  const asIs = (column: string): string => column;
  const orZero = (column: string): string => `coalesce(${column}, 0)::float8`;
  switch (definition.aggregate) {
    case 'count':
      return { sql: `count(*)${filter}`, valueOf: orZero };
    case 'distinctDays':
      return {
        sql: `count(distinct ${lastTimeOfDay(0, at)})${filter}`,
        valueOf: orZero,
      };
    case 'distinct': {
      const thing = thingSql(definition.of, at);
      const counts = { thing, conditions };
      return { sql: `count(distinct ${thing})${filter}`, valueOf: orZero, counts };
    }
    case 'share': {
      const inner = filterOf([...conditions, ...conditionsOf(definition.that, at)]);
      return { sql: `count(*)${inner}::float8 / nullif(count(*)${filter}, 0)`, valueOf: asIs };
    }
    case 'sum':
      return { sql: `sum(${valueSql(definition.value, at)})${filter}`, valueOf: orZero };
    case 'mean':
      return { sql: `avg(${valueSql(definition.value, at)})${filter}`, valueOf: asIs };
    case 'min':
    case 'max':
      return {
        sql: `${definition.aggregate}(${valueSql(definition.value, at)})${filter}`,
        valueOf: asIs,
      };
    case 'standardDeviation':
      return { sql: `stddev_pop(${valueSql(definition.value, at)})${filter}`, valueOf: asIs };
    case 'first':
    case 'last':
      return lastOf(definition, conditions, at);
    case 'percentile':
    case 'shareAbovePercentile':
      return percentileOf(definition, conditions, at);
    default:
      return unreachable(definition);
  }
}

/** Ties at one instant are broken by the value, so that the order of arrival plays no part. */
function lastOf(
  definition: ValueDefinition,
  conditions: readonly string[],
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf'> {
  const value = valueSql(definition.value, at);
  // one order for both: it is the order of the scan, and a second one would be sorted customer by customer
  const sql = `array_agg(${value} order by e.at, ${value})${filterOf([...conditions, `${value} is not null`])}`;
  const isFirst = definition.aggregate === 'first';
  return { sql, valueOf: (column) => `${column}[${isFirst ? '1' : `cardinality(${column})`}]` };
}

function percentileOf(
  definition: PercentileDefinition,
  conditions: readonly string[],
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf'> {
  const value = valueSql(definition.value, at);
  const fraction = at.constant(definition.percentile, 'float8');
  if (definition.aggregate === 'percentile')
    return {
      sql: `percentile_cont(${fraction}) within group (order by ${value})${filterOf(conditions)}`,
      valueOf: (column) => column,
    };
  return {
    sql: `array_agg(${value})${filterOf([...conditions, `${value} is not null`])}`,
    valueOf: (column) =>
      `(select avg((x > p.cut)::int)::float8 from unnest(${column}) x cross join ` +
      `(select percentile_cont(${fraction}) within group (order by y) as cut from unnest(${column}) y) p)`,
  };
}

function filterOf(conditions: readonly string[]): string {
  return conditions.length ? ` filter (where ${conditions.join(' and ')})` : '';
}

function thingSql(of: DistinctDefinition['of'], at: Placeholders): string {
  return of === 'device' ? 'e.device_id' : `e.properties ->> ${at.constant(of.property, 'text')}`;
}

const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 604_800;
/** 1970-01-01 was a Thursday: the first Monday lies four days later. */
const FIRST_MONDAY_SECONDS = 4 * DAY_SECONDS;

function valueSql(source: ValueSource, at: Placeholders): string {
  if (typeof source === 'object')
    return jsonNumber('e.properties', at.constant(source.property, 'text'));
  const epoch = `date_part('epoch', e.at)`;
  const turn = '2 * pi() *';
  switch (source) {
    case 'value':
      return 'e.value';
    case 'hourSine':
      return `sin(${turn} ${epoch} / ${DAY_SECONDS})`;
    case 'hourCosine':
      return `cos(${turn} ${epoch} / ${DAY_SECONDS})`;
    case 'weekdaySine':
      return `sin(${turn} (${epoch} - ${FIRST_MONDAY_SECONDS}) / ${WEEK_SECONDS})`;
    case 'weekdayCosine':
      return `cos(${turn} (${epoch} - ${FIRST_MONDAY_SECONDS}) / ${WEEK_SECONDS})`;
  }
}
