import type { FeatureColumn } from './read-features.js';

/** What decides who may be scored; it rides in the statement of the features, so that both are of one moment. */
export interface People {
  /** 1 or 0; NaN for an id that is no customer. */
  consentProfiling: Float64Array;
  /** Milliseconds since 1970, NaN where unknown. */
  registeredAt: Float64Array;
  /** First event before the instant asked as of; milliseconds since 1970, NaN without one. */
  firstEventAt: Float64Array;
}

// no feature can be named so: names are lower-case letters, digits and underscores
const CONSENT = { name: '@consentProfiling', alias: 'p0', text: false };
const REGISTERED = { name: '@registeredAt', alias: 'p1', text: false };
const FIRST_EVENT = { name: '@firstEventAt', alias: 'p2', text: false };

/** What is asked of the customers: nothing, whether they agreed to profiling, or all of `People`. */
export type PeopleAsked = boolean | 'consent';

/** Columns of the compiled statement, in the order of `peopleSql`. */
export function peopleColumns(asked: PeopleAsked): (typeof CONSENT)[] {
  if (asked === 'consent') return [CONSENT];
  return asked ? [CONSENT, REGISTERED, FIRST_EVENT] : [];
}

/** What finds the first event: it rides in the scan of the features. */
export const FIRST_EVENT_DEFINITION = { kind: 'instant', of: 'firstEvent' } as const;

/** Columns over `customer c`, outer-joined; `firstEvent` gives the value of `FIRST_EVENT_DEFINITION`. */
export function peopleSql(
  asked: PeopleAsked,
  firstEvent: () => string,
): { alias: string; sql: string }[] {
  if (asked === false) return [];
  const consent = { alias: CONSENT.alias, sql: 'c.consent_profiling::int::float8' };
  if (asked === 'consent') return [consent];
  return [
    consent,
    { alias: REGISTERED.alias, sql: `date_part('epoch', c.registered_at) * 1000` },
    { alias: FIRST_EVENT.alias, sql: firstEvent() },
  ];
}

/** Whether each customer agreed to profiling, 1 or 0; null when it was not asked for. */
export function consentOf(columns: ReadonlyMap<string, FeatureColumn>): Float64Array | null {
  const column = columns.get(CONSENT.name);
  return column instanceof Float64Array ? column : null;
}

/** The columns of a result, by name, as people; null when they were not asked for. */
export function peopleOf(columns: ReadonlyMap<string, FeatureColumn>): People | null {
  const numbers = ({ name }: { name: string }): Float64Array | null => {
    const column = columns.get(name);
    return column instanceof Float64Array ? column : null;
  };
  const consentProfiling = numbers(CONSENT);
  const registeredAt = numbers(REGISTERED);
  const firstEventAt = numbers(FIRST_EVENT);
  return consentProfiling && registeredAt && firstEventAt
    ? { consentProfiling, registeredAt, firstEventAt }
    : null;
}
