import { AppError } from '../kernel/error.js';
import type { Parameters } from '../plant/parameters.js';

export interface Range<T> {
  gt?: T | null;
  gte?: T | null;
  lt?: T | null;
  lte?: T | null;
}

export interface AttributeFilter {
  name: string;
  equals?: string | null;
  in?: readonly string[] | null;
  range?: Range<number> | null;
  isNull?: boolean | null;
}

/** All given parts must hold; an empty filter holds for everyone. */
export interface UserFilter {
  and?: readonly UserFilter[] | null;
  or?: readonly UserFilter[] | null;
  not?: UserFilter | null;
  ids?: readonly number[] | null;
  externalIds?: readonly string[] | null;
  registeredAt?: Range<Date> | null;
  lastActiveAt?: Range<Date> | null;
  attribute?: AttributeFilter | null;
  /** Parts that rooms to the right add: their name and argument. */
  extra?: Readonly<Record<string, unknown>> | null;
}

/** SQL conditions on `customer c` for the parts that other rooms add, by name. */
export type FilterExtensions = Readonly<
  Record<string, (argument: unknown, parameters: Parameters) => string>
>;

const MAX_DEPTH = 8;
const MAX_PARTS = 200;
const MAX_LIST = 10_000;

/**
 * The filter as a condition on `customer c`; every value is a parameter.
 * @throws AppError INVALID when it nests deeper than 8, has more than 200 parts or a list of more than 10,000
 */
export function compileFilter(
  filter: UserFilter | null,
  parameters: Parameters,
  extensions: FilterExtensions = {},
): string {
  if (!filter) return 'true';
  let parts = 0;
  const compile = (node: UserFilter, depth: number): string => {
    if (depth > MAX_DEPTH)
      throw new AppError('INVALID', `filter must nest at most ${MAX_DEPTH} deep`);
    parts += 1;
    if (parts > MAX_PARTS)
      throw new AppError('INVALID', `filter must have at most ${MAX_PARTS} parts`);
    const all = (nodes: readonly UserFilter[]): string[] =>
      nodes.map((child) => compile(child, depth + 1));
    const conditions = conditionsOf(node, parameters, extensions);
    if (node.and) conditions.push(...all(node.and));
    if (node.or) conditions.push(node.or.length ? `(${all(node.or).join(' or ')})` : 'false');
    // `is not true`, so that a missing value is outside the set and therefore inside its complement
    if (node.not) conditions.push(`(${compile(node.not, depth + 1)}) is not true`);
    return conditions.length ? `(${conditions.join(' and ')})` : 'true';
  };
  return compile(filter, 1);
}

function conditionsOf(
  node: UserFilter,
  parameters: Parameters,
  extensions: FilterExtensions,
): string[] {
  const conditions: string[] = [];
  if (node.ids) conditions.push(`c.id = any(${list(node.ids, parameters, 'bigint[]')})`);
  if (node.externalIds)
    conditions.push(`c.external_id = any(${list(node.externalIds, parameters, 'text[]')})`);
  if (node.registeredAt)
    conditions.push(...rangeOf('c.registered_at', node.registeredAt, parameters, 'timestamptz'));
  if (node.lastActiveAt)
    conditions.push(...rangeOf('c.last_active_at', node.lastActiveAt, parameters, 'timestamptz'));
  if (node.attribute) conditions.push(...attributeConditions(node.attribute, parameters));
  for (const [name, argument] of Object.entries(node.extra ?? {})) {
    const extension = extensions[name];
    if (!extension) throw new AppError('INVALID', `filter has no part ${name}`);
    conditions.push(extension(argument, parameters));
  }
  return conditions;
}

function attributeConditions(filter: AttributeFilter, parameters: Parameters): string[] {
  const name = parameters.add(filter.name, 'text');
  const text = `(c.attributes ->> ${name})`;
  const conditions: string[] = [];
  if (typeof filter.equals === 'string')
    conditions.push(`${text} = ${parameters.add(filter.equals, 'text')}`);
  if (filter.in) conditions.push(`${text} = any(${list(filter.in, parameters, 'text[]')})`);
  if (filter.range)
    conditions.push(
      ...rangeOf(
        `(case when jsonb_typeof(c.attributes -> ${name}) = 'number' then ${text}::float8 end)`,
        filter.range,
        parameters,
        'float8',
      ),
    );
  if (typeof filter.isNull === 'boolean')
    conditions.push(filter.isNull ? `${text} is null` : `${text} is not null`);
  return conditions;
}

function list(values: readonly (string | number)[], parameters: Parameters, type: string): string {
  if (values.length > MAX_LIST)
    throw new AppError(
      'INVALID',
      `a list in a filter must be at most ${MAX_LIST}, got ${values.length}`,
    );
  return parameters.add(values, type);
}

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** The bounds given, as conditions on an SQL expression of ours. */
export function rangeOf(
  expression: string,
  range: Range<number | Date>,
  parameters: Parameters,
  type: 'timestamptz' | 'float8',
): string[] {
  const keys = ['gt', 'gte', 'lt', 'lte'] as const;
  return keys.flatMap((key) => {
    const bound = range[key];
    return bound === null || bound === undefined
      ? []
      : [`${expression} ${OPERATORS[key]} ${parameters.add(bound, type)}`];
  });
}
