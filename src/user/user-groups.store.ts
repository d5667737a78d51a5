import { AppError } from '../kernel/error.js';
import { float64Array } from '../plant/binary-array.js';
import type { Sql } from '../plant/ports.js';
import type { FilterExtensions } from './user-filter.js';
import {
  compileGroups,
  MAX_GROUPS,
  type GroupExtensions,
  type GroupRequest,
  type UserGroup,
} from './user-groups.js';

export type ReadUserGroups = (request: GroupRequest) => Promise<UserGroup[]>;

/** Groups of customers, the largest first; one statement. @throws AppError TOO_LARGE for more than 10,000 */
export function readUserGroups(
  db: Sql,
  dimensions: GroupExtensions = {},
  filters: FilterExtensions = {},
): ReadUserGroups {
  return async (request) => {
    const { text, values } = compileGroups(request, dimensions, filters);
    const rows = await db.query<{ key: (string | null)[]; count: number; members?: Buffer }>(
      text,
      values,
    );
    if (rows.length > MAX_GROUPS)
      throw new AppError(
        'TOO_LARGE',
        `groupBy must leave at most ${MAX_GROUPS} groups; group by fewer dimensions or filter more`,
      );
    return rows.map(({ key, count, members }) => ({
      key,
      count,
      members: members ? float64Array(members) : null,
    }));
  };
}
