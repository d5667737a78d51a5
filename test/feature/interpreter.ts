import type { Condition, EventScope } from '../../src/feature/definition-scope.js';
import type { Expression } from '../../src/feature/definition-expression.js';
import type { Definition, ValueSource } from '../../src/feature/definition.js';
import type { EventRow } from '../../src/event/event.js';
import type { UserRow } from '../../src/user/user.js';

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const MONDAY = 4 * DAY;

/** null = missing; booleans are 1 and 0, instants milliseconds. */
export type Value = number | string | null;

/**
 * The definition language in plain code, for one customer: what docs/features.md says, written a second time
 * without looking at the compiler. `valueOf` gives features that the definition refers to.
 */
export function interpret(
  definition: Definition,
  user: UserRow,
  all: readonly EventRow[],
  asOf: Date,
  valueOf: (name: string) => Value,
): Value {
  const past = all.filter((event) => event.user === user.externalId && event.at < asOf);
  switch (definition.kind) {
    case 'attribute':
      return attribute(own(user.attributes, definition.name), definition.as);
    case 'expression':
      return formula(definition.expression, valueOf);
    case 'bucket': {
      const value = valueOf(definition.of.feature);
      if (typeof value !== 'number') return null;
      const place = definition.bounds.filter((bound) => bound <= value).length;
      return definition.labels[place] ?? null;
    }
    case 'instant':
    case 'daysSince': {
      if (definition.of === 'registration') {
        const at = user.registeredAt ?? null;
        return at && at < asOf ? (asOf.getTime() - at.getTime()) / DAY : null;
      }
      const times = past.filter(inScope(definition, asOf)).map(({ at }) => at.getTime());
      if (times.length === 0) return null;
      const at = definition.of === 'firstEvent' ? Math.min(...times) : Math.max(...times);
      return definition.kind === 'instant' ? at : (asOf.getTime() - at) / DAY;
    }
    case 'events':
      return aggregate(definition, past.filter(inScope(definition, asOf)), asOf);
  }
}

function aggregate(
  definition: Extract<Definition, { kind: 'events' }>,
  events: readonly EventRow[],
  asOf: Date,
): Value {
  const valuesOf = (from: ValueSource): number[] =>
    events.flatMap((event) => source(event, from) ?? []);
  switch (definition.aggregate) {
    case 'count':
      return events.length;
    case 'distinctDays':
      return new Set(events.map(({ at }) => Math.floor(at.getTime() / DAY))).size;
    case 'distinct': {
      const { of } = definition;
      return new Set(
        events.flatMap((event) =>
          of === 'device' ? (event.device ?? []) : (text(property(event, of.property)) ?? []),
        ),
      ).size;
    }
    case 'share': {
      const inner = events.filter(inScope(definition.that, asOf)).length;
      return events.length === 0 ? null : inner / events.length;
    }
    case 'first':
    case 'last': {
      const known = events
        .flatMap((event) => {
          const value = source(event, definition.value);
          return value === null ? [] : [{ at: event.at.getTime(), value }];
        })
        .sort((a, b) => a.at - b.at || a.value - b.value);
      return known.at(definition.aggregate === 'first' ? 0 : -1)?.value ?? null;
    }
    case 'percentile':
    case 'shareAbovePercentile':
      return ofPercentile(definition.aggregate, definition.percentile, valuesOf(definition.value));
    case 'sum':
    case 'mean':
    case 'min':
    case 'max':
    case 'standardDeviation':
      return ofValues(definition.aggregate, valuesOf(definition.value));
  }
}

function ofValues(
  aggregate: 'sum' | 'mean' | 'min' | 'max' | 'standardDeviation',
  values: readonly number[],
): Value {
  const sum = values.reduce((total, value) => total + value, 0);
  if (aggregate === 'sum') return sum;
  if (values.length === 0) return null;
  const mean = sum / values.length;
  switch (aggregate) {
    case 'mean':
      return mean;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'standardDeviation':
      return Math.sqrt(
        values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length,
      );
  }
}

function ofPercentile(aggregate: string, fraction: number, values: readonly number[]): Value {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  const cut = low + (high - low) * (place - Math.floor(place));
  if (aggregate === 'percentile') return cut;
  return values.filter((value) => value > cut).length / values.length;
}

function inScope(scope: EventScope, asOf: Date): (event: EventRow) => boolean {
  const offset = scope.offsetDays ?? 0;
  const until = Math.trunc(asOf.getTime() - offset * DAY);
  const from =
    scope.windowDays === undefined
      ? -Infinity
      : Math.trunc(asOf.getTime() - (offset + scope.windowDays) * DAY);
  return (event) => {
    const at = event.at.getTime();
    const hour = event.at.getUTCHours();
    if (scope.types && !scope.types.includes(event.type)) return false;
    if (at < from || at >= until) return false;
    if (scope.hours) {
      const { from: first, to } = scope.hours;
      if (first < to ? hour < first || hour >= to : hour < first && hour >= to) return false;
    }
    if (scope.weekdays && !scope.weekdays.includes(event.at.getUTCDay() || 7)) return false;
    return (scope.where ?? []).every((condition) => holds(condition, event));
  };
}

function holds(condition: Condition, event: EventRow): boolean {
  const value = 'on' in condition ? event.value : property(event, condition.property);
  if ('exists' in condition) return (value !== null) === condition.exists;
  if ('equals' in condition) return text(value) === text(condition.equals);
  if ('in' in condition) return condition.in.some((one) => text(one) === text(value));
  const number = 'on' in condition ? event.value : jsonNumber(value);
  if (number === null) return false;
  const { atLeast = -Infinity, above = -Infinity, atMost = Infinity, below = Infinity } = condition;
  return number >= atLeast && number > above && number <= atMost && number < below;
}

function property({ properties }: EventRow, name: string): unknown {
  return own(properties, name);
}

function own(object: Record<string, unknown> | null | undefined, name: string): unknown {
  return object && Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function source(event: EventRow, from: ValueSource): number | null {
  if (typeof from === 'object') return jsonNumber(property(event, from.property));
  const at = event.at.getTime();
  const day = (2 * Math.PI * (at % DAY)) / DAY;
  const week = (2 * Math.PI * ((at - MONDAY) % WEEK)) / WEEK;
  switch (from) {
    case 'value':
      return event.value;
    case 'hourSine':
      return Math.sin(day);
    case 'hourCosine':
      return Math.cos(day);
    case 'weekdaySine':
      return Math.sin(week);
    case 'weekdayCosine':
      return Math.cos(week);
  }
}

/** Numbers beyond 1e15 are missing, what lies behind the 15th place is rounded away. */
function jsonNumber(value: unknown): number | null {
  if (typeof value !== 'number' || Math.abs(value) > 1e15) return null;
  return Math.abs(value) < 1 ? Number(value.toFixed(15)) : value;
}

/** As Postgres writes a scalar of JSON out as text. */
function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return JSON.stringify(value);
  const [digits = '', exponent] = String(value).split('e');
  if (exponent === undefined) return digits;
  return Number(exponent) > 0
    ? BigInt(value).toString()
    : value.toFixed(100).replace(/0+$/, '').slice(0, 102);
}

function attribute(value: unknown, as: 'number' | 'text' | 'boolean'): Value {
  if (as === 'number') return jsonNumber(value);
  if (as === 'boolean') return typeof value === 'boolean' ? Number(value) : null;
  return text(value) || null;
}

function formula(node: Expression, valueOf: (name: string) => Value): number | null {
  if (typeof node === 'number') return node;
  if ('feature' in node) {
    const value = valueOf(node.feature);
    return typeof value === 'number' ? value : null;
  }
  const parts = node.of.map((part) => formula(part, valueOf));
  if (node.op === 'coalesce') return parts.find((part) => part !== null) ?? null;
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  const [a = 0, b = 0] = known;
  switch (node.op) {
    case 'add':
      return known.reduce((total, part) => total + part);
    case 'multiply':
      return known.reduce((total, part) => total * part);
    case 'min':
      return Math.min(...known);
    case 'max':
      return Math.max(...known);
    case 'subtract':
      return a - b;
    case 'divide':
      return b === 0 ? null : a / b;
    case 'greaterThan':
      return Number(a > b);
    case 'lessThan':
      return Number(a < b);
    case 'log1p':
      return 1 + a > 0 ? Math.log(1 + a) : null;
    case 'exp':
      return Math.exp(Math.max(-100, Math.min(100, a)));
    case 'negate':
      return -a;
    case 'absolute':
      return Math.abs(a);
    case 'squareRoot':
      return a < 0 ? null : Math.sqrt(a);
    case 'sine':
      return Math.sin((2 * Math.PI * a) / node.period);
    case 'cosine':
      return Math.cos((2 * Math.PI * a) / node.period);
  }
}
