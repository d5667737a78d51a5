import { plainDecimal, type Condition, type EventScope } from './definition-scope.js';
import type { Placeholders } from './placeholders.js';

/** The conditions of a scope over `event e`; none for every event. */
export function conditionsOf(scope: EventScope, at: Placeholders): string[] {
  const conditions: string[] = [];
  const { types, windowDays, offsetDays = 0, hours, weekdays, where } = scope;
  if (types) conditions.push(typeCondition(types, at));
  if (windowDays !== undefined)
    conditions.push(`e.at >= ${at.daysBefore(offsetDays + windowDays)}`);
  if (offsetDays > 0) conditions.push(`e.at < ${at.daysBefore(offsetDays)}`);
  if (hours) conditions.push(hoursCondition(hours, at));
  if (weekdays)
    conditions.push(
      `date_part('isodow', e.at at time zone 'UTC') = any(${at.constant(weekdays, 'float8[]')})`,
    );
  for (const condition of where ?? []) conditions.push(whereCondition(condition, at));
  return conditions;
}

/** The condition on an event's type. */
export function typeCondition(types: readonly string[], at: Placeholders): string {
  const [only] = types;
  return types.length === 1 && only !== undefined
    ? `e.type_id = ${at.typeId(only)}`
    : `e.type_id = any(${at.typeIds(types)})`;
}

/**
 * The event lies in the hours where they last began after they last ended. Both are whole-number arithmetic, where
 * taking an instant apart into year, month, day and hour costs ten times as much.
 */
function hoursCondition({ from, to }: { from: number; to: number }, at: Placeholders): string {
  if ((to - from) % 24 === 0) return 'true';
  return `${lastTimeOfDay(from, at)} > ${lastTimeOfDay(to, at)}`;
}

/** The last instant at or before the event at which it was so many hours after midnight, UTC; 0..24. */
export function lastTimeOfDay(hour: number, at: Placeholders): string {
  const origin = new Date(Date.UTC(2000, 0, 1, hour % 24)).toISOString();
  return `date_bin(${at.constant('1 day', 'interval')}, e.at, ${at.constant(origin, 'timestamptz')})`;
}

function whereCondition(condition: Condition, at: Placeholders): string {
  if ('on' in condition)
    return 'exists' in condition
      ? presence('e.value', condition.exists)
      : rangeCondition('e.value', condition, at);
  const name = at.constant(condition.property, 'text');
  const text = `e.properties ->> ${name}`;
  if ('equals' in condition) return `${text} = ${at.constant(textOf(condition.equals), 'text')}`;
  if ('in' in condition) return `${text} = any(${at.constant(condition.in.map(textOf), 'text[]')})`;
  if ('exists' in condition) return presence(`(${text})`, condition.exists);
  return rangeCondition(jsonNumber('e.properties', name), condition, at);
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'number' ? plainDecimal(value) : String(value);
}

function presence(of: string, exists: boolean): string {
  return `${of} is ${exists ? 'not ' : ''}null`;
}

type Range = Extract<Condition, { atLeast?: unknown }>;

function rangeCondition(number: string, range: Range, at: Placeholders): string {
  const bounds = [
    ['>=', range.atLeast],
    ['>', range.above],
    ['<=', range.atMost],
    ['<', range.below],
  ] as const;
  return bounds
    .flatMap(([sign, bound]) =>
      bound === undefined ? [] : [`${number} ${sign} ${at.constant(bound, 'float8')}`],
    )
    .join(' and ');
}

/**
 * `object -> name` as float8 where it is a JSON number of at most 1e15 (arithmetic could not bear others),
 * else null.
 */
export function jsonNumber(object: string, name: string): string {
  const number = `(${object} -> ${name})::numeric`;
  return `(case when jsonb_typeof(${object} -> ${name}) <> 'number' then null when abs(${number}) > 1e15 then null else round(${number}, 15)::float8 end)`;
}
