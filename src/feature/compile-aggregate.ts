import { unreachable } from '../kernel/id.js';
import type {
  CountDefinition,
  Definition,
  EventScope,
  PercentileDefinition,
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
  /** Whether it reads `properties`, which the covering index does not hold. */
  readsProperties: boolean;
}

type EventDefinition = Exclude<
  Definition,
  { kind: 'attribute' | 'expression' } | { of: 'registration' }
>;

/** The aggregate that a definition over events needs. */
export function aggregateOf(definition: EventDefinition, at: Placeholders): Aggregate {
  const filter = filterOf(definition, at);
  const readsProperties = definition.where !== undefined || readsProperty(definition);
  const shared = { scope: definition, readsProperties };
  switch (definition.kind) {
    case 'events':
      return { ...shared, ...eventAggregate(definition, filter, at) };
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

function readsProperty(definition: EventDefinition): boolean {
  return 'value' in definition && typeof definition.value === 'object';
}

function eventAggregate(
  definition: CountDefinition | ValueDefinition | PercentileDefinition,
  filter: string,
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf'> {
  const asIs = (column: string): string => column;
  const orZero = (column: string): string => `coalesce(${column}, 0)::float8`;
  switch (definition.aggregate) {
    case 'count':
      return { sql: `count(*)${filter}`, valueOf: orZero };
    case 'distinctDays':
      return {
        sql: `count(distinct (e.at at time zone 'UTC')::date)${filter}`,
        valueOf: orZero,
      };
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
      return lastOf(definition, filter, at);
    case 'percentile':
    case 'shareAbovePercentile':
      return percentileOf(definition, filter, at);
    default:
      return unreachable(definition);
  }
}

/** Ties at one instant are broken by the value, so that the order of arrival plays no part. */
function lastOf(
  definition: ValueDefinition,
  filter: string,
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf'> {
  const value = valueSql(definition.value, at);
  const order = definition.aggregate === 'first' ? 'asc' : 'desc';
  return {
    sql: `array_agg(${value} order by e.at ${order}, ${value} ${order} nulls last)${withCondition(filter, `${value} is not null`)}`,
    valueOf: (column) => `${column}[1]`,
  };
}

function percentileOf(
  definition: PercentileDefinition,
  filter: string,
  at: Placeholders,
): Pick<Aggregate, 'sql' | 'valueOf'> {
  const value = valueSql(definition.value, at);
  const fraction = at.constant(definition.percentile, 'float8');
  if (definition.aggregate === 'percentile')
    return {
      sql: `percentile_cont(${fraction}) within group (order by ${value})${filter}`,
      valueOf: (column) => column,
    };
  return {
    sql: `array_agg(${value})${withCondition(filter, `${value} is not null`)}`,
    valueOf: (column) =>
      `(select avg((x > p.cut)::int)::float8 from unnest(${column}) x cross join ` +
      `(select percentile_cont(${fraction}) within group (order by y) as cut from unnest(${column}) y) p)`,
  };
}

function withCondition(filter: string, condition: string): string {
  return filter === ''
    ? ` filter (where ${condition})`
    : filter.replace('filter (where ', `filter (where ${condition} and `);
}

function filterOf(scope: EventScope, at: Placeholders): string {
  const conditions: string[] = [];
  if (scope.types) conditions.push(typeCondition(scope.types, at));
  if (scope.windowDays !== undefined) conditions.push(`e.at >= ${at.daysBefore(scope.windowDays)}`);
  if (scope.hours) {
    const hour = `date_part('hour', e.at at time zone 'UTC')`;
    const from = `${hour} >= ${at.constant(scope.hours.from, 'float8')}`;
    const to = `${hour} < ${at.constant(scope.hours.to, 'float8')}`;
    conditions.push(scope.hours.from < scope.hours.to ? `${from} and ${to}` : `(${from} or ${to})`);
  }
  if (scope.weekdays)
    conditions.push(
      `date_part('isodow', e.at at time zone 'UTC') = any(${at.constant(scope.weekdays, 'float8[]')})`,
    );
  for (const { property, equals } of scope.where ?? [])
    conditions.push(
      `e.properties ->> ${at.constant(property, 'text')} = ${at.constant(String(equals), 'text')}`,
    );
  return conditions.length ? ` filter (where ${conditions.join(' and ')})` : '';
}

/** The condition on an event's type. */
export function typeCondition(types: readonly string[], at: Placeholders): string {
  const [only] = types;
  return types.length === 1 && only !== undefined
    ? `e.type_id = ${at.typeId(only)}`
    : `e.type_id = any(${at.typeIds(types)})`;
}

const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 604_800;
/** 1970-01-01 was a Thursday: the first Monday lies four days later. */
const FIRST_MONDAY_SECONDS = 4 * DAY_SECONDS;

function valueSql(source: ValueSource, at: Placeholders): string {
  if (typeof source === 'object') return propertyNumber(at.constant(source.property, 'text'));
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

/** A number inside a jsonb object; other kinds, and numbers beyond 1e15 that arithmetic could not bear, are missing. */
function propertyNumber(name: string): string {
  return jsonNumber('e.properties', name);
}

/** `object ->> name` as float8 where it is a JSON number of at most 1e15, else null. */
export function jsonNumber(object: string, name: string): string {
  const number = `(${object} -> ${name})::numeric`;
  return `(case when jsonb_typeof(${object} -> ${name}) <> 'number' then null when abs(${number}) > 1e15 then null else round(${number}, 15)::float8 end)`;
}
