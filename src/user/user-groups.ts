import { AppError } from '../kernel/error.js';
import { sqlParameters, type Parameters } from '../plant/parameters.js';
import { compileFilter, type FilterExtensions, type UserFilter } from './user-filter.js';

/** What customers can be grouped by. */
export const USER_DIMENSIONS = [
  'SEGMENT',
  'QUADRANT',
  'RISK',
  'ATTRIBUTE',
  'COHORT_MONTH',
  'ASSIGNMENT',
] as const;
export type UserDimensionKind = (typeof USER_DIMENSIONS)[number];

export interface UserDimension {
  kind: UserDimensionKind;
  /** What of: an attribute, a segmentation, a model. */
  name?: string | null;
}

/** A value of text for each `customer c`, with what must be joined to have it; a join must not add rows. */
export interface GroupColumn {
  join: string;
  value: string;
}

/** A dimension that a room to the right adds. `field` names it in errors; `alias` is free for what it joins. */
export type GroupColumnOf = (
  dimension: { name: string | null; field: string; alias: string },
  parameters: Parameters,
) => GroupColumn;

export type GroupExtensions = Partial<Record<UserDimensionKind, GroupColumnOf>>;

/** Customers with the same values. */
export interface UserGroup {
  /** One value a dimension, in order; null: unknown. */
  key: (string | null)[];
  count: number;
  /** Ids, ascending; null where they were not asked for. */
  members: Float64Array | null;
}

export interface GroupRequest {
  filter: UserFilter | null;
  groupBy: readonly UserDimension[];
  /** Whether `UserGroup.members` is wanted. */
  members: boolean;
}

export const MAX_DIMENSIONS = 4;
export const MAX_GROUPS = 10_000;

/** Why a kind that nobody provides cannot be asked for. */
const MISSING: Partial<Record<UserDimensionKind, string>> = {
  ASSIGNMENT: 'there are no experiments that customers could be assigned to',
};

const OWN: GroupExtensions = {
  ATTRIBUTE: ({ name, field }, parameters) => {
    if (!name) throw new AppError('INVALID', `${field}: ATTRIBUTE needs the name of an attribute`);
    return { join: '', value: `(c.attributes ->> ${parameters.add(name, 'text')})` };
  },
  COHORT_MONTH: ({ name, field }) => {
    if (name)
      throw new AppError(
        'INVALID',
        `${field}: COHORT_MONTH takes no name, got ${name.slice(0, 80)}`,
      );
    return { join: '', value: `to_char(c.registered_at at time zone 'UTC', 'YYYY-MM')` };
  },
};

/**
 * One statement of the groups, the largest first; one group more than there may be, see `MAX_GROUPS`.
 * @throws AppError INVALID for no or more than 4 dimensions, or one that cannot be asked for
 */
export function compileGroups(
  { filter, groupBy, members }: GroupRequest,
  dimensions: GroupExtensions,
  filters: FilterExtensions,
): { text: string; values: unknown[] } {
  if (groupBy.length < 1 || groupBy.length > MAX_DIMENSIONS)
    throw new AppError(
      'INVALID',
      `groupBy must be 1..${MAX_DIMENSIONS} dimensions, got ${groupBy.length}`,
    );
  const parameters = sqlParameters();
  const all = { ...OWN, ...dimensions };
  const columns = groupBy.map(({ kind, name = null }, index) => {
    const column = all[kind];
    const field = `groupBy.${index}`;
    if (!column)
      throw new AppError(
        'INVALID',
        `${field}: customers cannot be grouped by ${kind}${MISSING[kind] ? `: ${MISSING[kind]}` : ''}`,
      );
    return column({ name, field, alias: `g${index}` }, parameters);
  });
  const where = compileFilter(filter, parameters, filters);
  const key = `array[${columns.map(({ value }) => value).join(', ')}]::text[]`;
  const ids = members ? ', array_send(array_agg(id order by id)) as members' : '';
  return {
    text: `select key, count(*) as count${ids}
      from (select ${key} as key, c.id from customer c ${columns.map(({ join }) => join).join(' ')} where ${where}) u
      group by key order by count(*) desc, key collate "C" limit ${MAX_GROUPS + 1}`,
    values: parameters.values,
  };
}
