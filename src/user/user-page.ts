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
  order: UserOrder | null;
  after: string | null;
  limit: number;
}

interface SortKey {
  column: string;
  type: string;
  nullable: boolean;
  valueOf(user: User): string | number | null;
  bind(value: string | number | boolean): unknown;
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

/** The cursor of a user in a page of this order: [sort key, id], or [id] without one. */
export function userCursor(order: UserOrder | null): (user: User) => string {
  return (user) => encodeCursor(order ? [SORT_KEYS[order.by].valueOf(user), user.id] : [user.id]);
}

/**
 * One statement for a page: users after the cursor, by the sort key and then by id in the same direction;
 * users without the key come last in both directions. Two halves under `union all`, so that both can walk
 * the (key, id) index and stop at the limit.
 * @throws AppError INVALID for a cursor of another connection
 */
export function compilePage(
  columns: string,
  request: PageRequest,
  extensions: FilterExtensions,
): { text: string; values: unknown[] } {
  const parameters = sqlParameters();
  const where = compileFilter(request.filter, parameters, extensions);
  const limit = parameters.add(request.limit, 'int');
  const text = request.order
    ? pageBySortKey(columns, where, limit, request.order, request.after, parameters)
    : pageById(columns, where, limit, request.after, parameters);
  return { text, values: parameters.values };
}

function pageById(
  columns: string,
  where: string,
  limit: string,
  after: string | null,
  parameters: Parameters,
): string {
  const seek = after === null ? '' : ` and c.id > ${idOf(decodeCursor(after, 1)[0], parameters)}`;
  return `select ${columns} from customer c where ${where}${seek} order by c.id limit ${limit}`;
}

function pageBySortKey(
  columns: string,
  where: string,
  limit: string,
  order: UserOrder,
  after: string | null,
  parameters: Parameters,
): string {
  const { column, type, nullable, bind } = SORT_KEYS[order.by];
  const direction = order.direction === 'ASC' ? 'asc' : 'desc';
  const beyond = order.direction === 'ASC' ? '>' : '<';
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

function idOf(value: unknown, parameters: Parameters): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new AppError('INVALID', 'after holds no id of a user');
  return parameters.add(value, 'bigint');
}
