import { AppError } from '../kernel/error.js';
import { decodeCursor, encodeCursor } from '../graphql/cursor.js';
import { sqlParameters, type Parameters } from '../plant/parameters.js';
import type { User } from './user.js';
import { compileFilter, type FilterExtensions, type UserFilter } from './user-filter.js';

export type UserOrderBy = 'REGISTERED_AT' | 'LAST_ACTIVE_AT' | 'EXTERNAL_ID';

export interface UserOrder {
  by: UserOrderBy;
  direction: 'ASC' | 'DESC';
}

export interface PageRequest {
  filter: UserFilter | null;
  /** Sort keys, the first one first; empty = by id. */
  order: readonly UserOrder[];
  after: string | null;
  limit: number;
}

interface SortKey {
  column: string;
  type: string;
  nullable: boolean;
  valueOf: (user: User) => string | number | null;
  bind: (value: string | number | boolean) => unknown;
}

const SORT_KEYS: Record<UserOrderBy, SortKey> = {
  REGISTERED_AT: instantKey('c.registered_at', (user) => user.registeredAt),
  LAST_ACTIVE_AT: instantKey('c.last_active_at', (user) => user.lastActiveAt),
  EXTERNAL_ID: {
    column: 'c.external_id',
    type: 'text',
    nullable: false,
    valueOf: (user) => user.externalId,
    bind: String,
  },
};

function instantKey(column: string, of: (user: User) => Date | null): SortKey {
  return {
    column,
    type: 'timestamptz',
    nullable: true,
    valueOf: (user) => of(user)?.getTime() ?? null,
    bind: (value) => {
      const instant = new Date(Number(value));
      if (Number.isNaN(instant.getTime())) throw new AppError('INVALID', 'after holds no instant');
      return instant;
    },
  };
}

const MAX_KEYS = 3;

/** The cursor of a user in a page of this order: the sort keys, then the id. */
export function userCursor(order: readonly UserOrder[]): (user: User) => string {
  return (user) => encodeCursor([...order.map(({ by }) => SORT_KEYS[by].valueOf(user)), user.id]);
}

/**
 * One statement for a page: users after the cursor, by the sort keys and then by id in the direction of
 * the first; users without a key come last in both directions.
 * @throws AppError INVALID for a cursor of another connection, or for more than 3 or repeated keys
 */
export function compilePage(
  columns: string,
  request: PageRequest,
  extensions: FilterExtensions,
): { text: string; values: unknown[] } {
  const { order, after } = request;
  if (order.length > MAX_KEYS || new Set(order.map(({ by }) => by)).size < order.length)
    throw new AppError('INVALID', `orderBy must be at most ${MAX_KEYS} different keys`);
  const parameters = sqlParameters();
  const where = compileFilter(request.filter, parameters, extensions);
  const limit = parameters.add(request.limit, 'int');
  const page = { columns, where, limit, after, parameters };
  const [only] = order;
  const text = only && order.length === 1 ? pageByOneKey(page, only) : pageByManyKeys(page, order);
  return { text, values: parameters.values };
}

interface Page {
  columns: string;
  where: string;
  limit: string;
  after: string | null;
  parameters: Parameters;
}

const SQL_DIRECTION = { ASC: 'asc', DESC: 'desc' } as const;
const BEYOND = { ASC: '>', DESC: '<' } as const;

/** Two halves under `union all`, so that both can walk the (key, id) index and stop at the limit. */
function pageByOneKey(
  { columns, where, limit, after, parameters }: Page,
  order: UserOrder,
): string {
  const { column, type, nullable, bind } = SORT_KEYS[order.by];
  const direction = SQL_DIRECTION[order.direction];
  const beyond = BEYOND[order.direction];
  const [value, id] = after === null ? [undefined, undefined] : decodeCursor(after, 2);
  const idBound = id === undefined ? '' : idOf(id, parameters);

  const half = (condition: string, orderBy: string): string =>
    `(select ${columns} from customer c where ${where} and ${condition} order by ${orderBy} limit ${limit})`;
  const withKey = (seek: string): string =>
    half(`${column} is not null${seek}`, `${column} ${direction}, c.id ${direction}`);
  const withoutKey = (seek: string): string =>
    half(`${column} is null${seek}`, `c.id ${direction}`);

  if (value === null) return withoutKey(` and c.id ${beyond} ${idBound}`);
  const seek =
    value === undefined
      ? ''
      : ` and (${column}, c.id) ${beyond} (${parameters.add(bind(value), type)}, ${idBound})`;
  if (!nullable) return withKey(seek);
  return `${withKey(seek)} union all ${withoutKey('')} limit ${limit}`;
}

/** The general keyset: equal in the first keys and beyond in the next. */
function pageByManyKeys(
  { columns, where, limit, after, parameters }: Page,
  order: readonly UserOrder[],
): string {
  const last = order[0]?.direction ?? 'ASC';
  const orderBy = [
    ...order.map(
      ({ by, direction }) => `${SORT_KEYS[by].column} ${SQL_DIRECTION[direction]} nulls last`,
    ),
    `c.id ${SQL_DIRECTION[last]}`,
  ].join(', ');
  const seek =
    after === null
      ? 'true'
      : seekMany(order, decodeCursor(after, order.length + 1), last, parameters);
  return `select ${columns} from customer c where ${where} and (${seek}) order by ${orderBy} limit ${limit}`;
}

function seekMany(
  order: readonly UserOrder[],
  cursor: readonly (string | number | boolean | null)[],
  last: 'ASC' | 'DESC',
  parameters: Parameters,
): string {
  const equal: string[] = [];
  const alternatives: string[] = [];
  order.forEach(({ by, direction }, index) => {
    const { column, type, bind } = SORT_KEYS[by];
    const value = cursor[index] ?? null;
    if (value === null) {
      // nothing lies beyond a missing key but other users without it
      equal.push(`${column} is null`);
      return;
    }
    const bound = parameters.add(bind(value), type);
    const beyond = `(${column} ${BEYOND[direction]} ${bound} or ${column} is null)`;
    alternatives.push([...equal, beyond].join(' and '));
    equal.push(`${column} = ${bound}`);
  });
  const id = idOf(cursor[order.length], parameters);
  alternatives.push([...equal, `c.id ${BEYOND[last]} ${id}`].join(' and '));
  return alternatives.map((alternative) => `(${alternative})`).join(' or ');
}

function idOf(value: unknown, parameters: Parameters): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new AppError('INVALID', 'after holds no id of a user');
  return parameters.add(value, 'bigint');
}
