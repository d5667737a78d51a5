import { rejectedOfCall, type RejectedRow } from '../job/rejected-row.js';
import { checkUserRow, type RowRejection, type User, type UserRow, type Verdict } from './user.js';

export interface UpsertUsersDeps {
  /** Writes checked rows with distinct keys; see UserStore.upsert. */
  upsert: (rows: readonly UserRow[], at: Date) => Promise<{ created: number; updated: number }>;
  /** Real time, for our own rows. */
  wall: () => Date;
  /** Keeps rows that were not taken. Without it the caller does, as an import with its lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
  /** Without it profiles of erased customers are taken like any. */
  erased?: ErasedCustomers;
}

/** What is known of erasures where profiles are written. */
export interface ErasedCustomers {
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** One answer a key, in order. */
  byExternalIds: (
    externalIds: readonly string[],
  ) => Promise<(Pick<User, 'externalId' | 'registeredAt'> | null)[]>;
}

export interface UpsertUsersResult {
  created: number;
  updated: number;
  rejected: RowRejection[];
}

const BATCH = 5_000;

/**
 * Writes profiles, each row by itself: a bad one is rejected with its reason, the others are taken.
 * Idempotent: a row that changes nothing is in neither count. Two rows of one key are merged, the later
 * one wins. Overlapping parallel calls cannot deadlock. The profile of an erased customer is taken once they
 * registered anew: a row with a registration after the erasure brings them back, and later rows need none.
 */
export function upsertUsers(
  deps: UpsertUsersDeps,
): (rows: readonly UserRow[]) => Promise<UpsertUsersResult> {
  return async (rows) => {
    const rejected: RowRejection[] = [];
    const byKey = new Map<string, UserRow>();
    const verdicts = await judge(deps, rows);
    rows.forEach((row, index) => {
      const verdict = verdicts[index];
      if (verdict) rejected.push({ index, ...verdict });
      else byKey.set(row.externalId, mergeRows(byKey.get(row.externalId), row));
    });
    const taken = [...byKey.values()];
    const result: UpsertUsersResult = { created: 0, updated: 0, rejected };
    for (let start = 0; start < taken.length; start += BATCH) {
      const { created, updated } = await deps.upsert(
        taken.slice(start, start + BATCH),
        deps.wall(),
      );
      result.created += created;
      result.updated += updated;
    }
    await keep(deps, rows, rejected);
    return result;
  };
}

async function judge({ erased }: UpsertUsersDeps, rows: readonly UserRow[]): Promise<Verdict[]> {
  const verdicts = rows.map(checkUserRow);
  if (!erased) return verdicts;
  const keys = rows.filter((_, index) => !verdicts[index]).map(({ externalId }) => externalId);
  const erasures = await erased.erasedBefore([...new Set(keys)]);
  if (erasures.size === 0) return verdicts;
  const registered = new Map<string, Date | null>();
  for (const user of await erased.byExternalIds([...erasures.keys()]))
    if (user) registered.set(user.externalId, user.registeredAt);
  return rows.map((row, index) => {
    const erasedAt = erasures.get(row.externalId);
    if (verdicts[index] || !erasedAt) return verdicts[index] ?? null;
    const verdict = checkErasedProfile(row, erasedAt, registered.get(row.externalId) ?? null);
    if (!verdict && row.registeredAt) registered.set(row.externalId, row.registeredAt);
    return verdict;
  });
}

/**
 * Why the profile of an erased customer is not taken: an older file would bring back what was to be forgotten.
 * @param registeredAt the registration that is known, null without one
 */
export function checkErasedProfile(
  row: Pick<UserRow, 'registeredAt'>,
  erasedAt: Date,
  registeredAt: Date | null,
): Verdict {
  const registration = row.registeredAt === undefined ? registeredAt : row.registeredAt;
  if (registration && registration > erasedAt) return null;
  return {
    code: 'FORBIDDEN',
    message: `externalId was erased at ${erasedAt.toISOString()}, a profile is taken with a registeredAt after that, got ${registration?.toISOString() ?? 'none'}`,
  };
}

async function keep(
  { keepRejected, wall }: UpsertUsersDeps,
  rows: readonly UserRow[],
  rejected: readonly RowRejection[],
): Promise<void> {
  if (!keepRejected || rejected.length === 0) return;
  const userKey = ({ externalId }: UserRow): string => externalId;
  await keepRejected(
    rejectedOfCall(rows, rejected, { source: 'upsertUsers', at: wall(), userKey }),
  );
}

function mergeRows(earlier: UserRow | undefined, later: UserRow): UserRow {
  if (!earlier) return later;
  const attributes = later.attributes
    ? { ...earlier.attributes, ...later.attributes }
    : earlier.attributes;
  return {
    ...earlier,
    ...Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined)),
    externalId: later.externalId,
    ...(attributes === undefined ? {} : { attributes }),
  };
}
