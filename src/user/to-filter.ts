import { AppError } from '../kernel/error.js';
import { decodeNumericId } from '../kernel/id.js';
import type { UserFilterInput } from './user.type.js';
import type { UserFilter } from './user-filter.js';

const OWN_PARTS = new Set([
  'and',
  'or',
  'not',
  'ids',
  'externalIds',
  'registeredAt',
  'lastActiveAt',
  'attribute',
]);

/**
 * The filter of the graph with its ids decoded; parts that other rooms added to the input go to `extra`.
 * @throws AppError INVALID for an id that is not a user's
 */
export function toFilter(input: UserFilterInput | null): UserFilter | null {
  if (!input) return null;
  const extra = Object.fromEntries(
    Object.entries(input).filter(
      ([name, part]) => !OWN_PARTS.has(name) && part !== null && part !== undefined,
    ),
  );
  return {
    and: input.and?.flatMap((part) => toFilter(part) ?? []) ?? null,
    or: input.or?.flatMap((part) => toFilter(part) ?? []) ?? null,
    not: toFilter(input.not ?? null),
    ids: input.ids?.map(userIdOf) ?? null,
    externalIds: input.externalIds ?? null,
    registeredAt: input.registeredAt ?? null,
    lastActiveAt: input.lastActiveAt ?? null,
    attribute: input.attribute ?? null,
    extra,
  };
}

/** The number inside a user's id. @throws AppError INVALID for an id of another kind */
export function userIdOf(id: string): number {
  const userId = decodeNumericId('User', id);
  if (userId === null)
    throw new AppError('INVALID', `not the id of a user (User:<number>): ${id.slice(0, 80)}`);
  return userId;
}
