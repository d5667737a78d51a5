import { AppError } from '../kernel/error.js';
import type { Parameters } from '../plant/parameters.js';
import {
  comparedAs,
  isOperand,
  kindOfCounterpart,
  kindOfOperand,
  TEXT_FORMS,
  type Condition,
  type Counterpart,
  type Operand,
  type Rule,
} from './rule.js';
import { columnOf, type ColumnKind, type QualityTable } from './table.js';
import { TABLE_SQL } from './table-sql.store.js';

/** A rule as conditions over the from clause of its table; true or false, never null. */
export interface RuleSql {
  /** The row is looked at. */
  scope: string;
  /** The row breaks it; null for `unique`, which needs the other rows. */
  broken: string | null;
  /** Operands that must be unique together; empty otherwise. */
  unique: string[];
}

interface Place {
  table: QualityTable;
  parameters: Parameters;
  now: Date;
}

const CAST: Record<ColumnKind, string> = {
  number: 'float8',
  text: 'text',
  boolean: 'boolean',
  instant: 'timestamptz',
  json: 'jsonb',
};

const COMPARE = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=', ne: '<>' } as const;

/**
 * Compiles a rule that `parseRule` let through. Constants become parameters, and identifiers come from the
 * catalogue alone.
 */
export function compileRule(
  table: QualityTable,
  rule: Rule,
  parameters: Parameters,
  now: Date,
): RuleSql {
  const place: Place = { table, parameters, now };
  const all = (conditions: readonly Condition[]): string =>
    conditions.map((each) => `(${conditionSql(place, each)})`).join(' and ');
  const scope = rule.when ? `(${all(rule.when)}) is true` : 'true';
  if ('unique' in rule)
    return {
      scope,
      broken: null,
      unique: rule.unique.map((of) => valueSql(place, of, naturalKind(place, of))),
    };
  return { scope, broken: `${scope} and (${all(rule.check)}) is false`, unique: [] };
}

/** A missing value makes every condition but these two null, which breaks nothing. */
function conditionSql(place: Place, each: Condition): string {
  const { add } = place.parameters;
  switch (each.op) {
    case 'present':
      return `${valueSql(place, each.of, naturalKind(place, each.of))} is not null`;
    case 'absent':
      return `${valueSql(place, each.of, naturalKind(place, each.of))} is null`;
    case 'in':
    case 'notIn': {
      const kind = typeof each.values[0] === 'number' ? 'number' : 'text';
      const value = valueSql(place, each.of, kind);
      const list = add(each.values, `${CAST[kind]}[]`);
      return each.op === 'in' ? `${value} = any(${list})` : `${value} <> all(${list})`;
    }
    case 'matches':
      return `${valueSql(place, each.of, 'text')} ~ ${add(TEXT_FORMS[each.form], 'text')}`;
    case 'maxLength':
      return `char_length(${valueSql(place, each.of, 'text')}) <= ${add(each.length, 'int')}`;
    case 'isA': {
      const value = `jsonb_typeof(${openSql(place, each.of)})`;
      const wanted = add(each.kind === 'text' ? 'string' : each.kind, 'text');
      return `nullif(${value}, 'null') = ${wanted}`;
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
    case 'eq':
    case 'ne': {
      const kind = kindOf(place, each.of, each.to);
      const collate = kind === 'text' ? ' collate "C"' : '';
      const left = valueSql(place, each.of, kind);
      return `${left}${collate} ${COMPARE[each.op]} ${counterpartSql(place, each.to, kind)}`;
    }
  }
}

function counterpartSql(place: Place, to: Counterpart, kind: ColumnKind): string {
  const { add } = place.parameters;
  if (typeof to !== 'object') return add(to, CAST[kind]);
  if (isOperand(to)) return valueSql(place, to, kind);
  if ('instant' in to) return add(new Date(to.instant), 'timestamptz');
  return add(new Date(place.now.getTime() + (to.plusSeconds ?? 0) * 1000), 'timestamptz');
}

function kindOf({ table }: Place, left: Operand, right: Counterpart): ColumnKind {
  const [a, b] = [kindOfOperand(table, left), kindOfCounterpart(table, right)];
  const kind = a && b && comparedAs(a, b);
  if (!kind) throw new AppError('INTERNAL', `an unchecked rule of ${table} was compiled`);
  return kind;
}

function naturalKind({ table }: Place, of: Operand): ColumnKind {
  const kind = kindOfOperand(table, of);
  return kind === 'open' || kind === null ? 'text' : kind;
}

function openSql({ table, parameters }: Place, of: Operand): string {
  const { open } = TABLE_SQL[table];
  if (open === null || 'column' in of)
    throw new AppError('INTERNAL', `an unchecked rule of ${table} was compiled`);
  return `${open} -> ${parameters.add('attribute' in of ? of.attribute : of.property, 'text')}`;
}

function valueSql(place: Place, of: Operand, kind: ColumnKind): string {
  if ('column' in of) {
    const column = columnOf(place.table, of.column);
    const sql = column && TABLE_SQL[place.table].columns[column.name];
    if (!sql) throw new AppError('INTERNAL', `an unchecked rule of ${place.table} was compiled`);
    return sql;
  }
  const value = openSql(place, of);
  if (kind === 'text') return `nullif((${value}) #>> '{}', '')`;
  if (kind === 'boolean')
    return `case jsonb_typeof(${value}) when 'boolean' then (${value})::boolean end`;
  return openNumber(value);
}

/** A JSON value as a number; null when it is none, or one that float8 cannot hold. */
export function openNumber(value: string): string {
  return `case jsonb_typeof(${value}) when 'number' then
    case when abs((${value})::numeric) < 1e300 then (${value})::float8 end end`;
}
