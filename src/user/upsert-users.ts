import { checkUserRow, type RowRejection, type UserRow } from './user.js';

export interface UpsertUsersDeps {
  /** Writes checked rows with distinct keys; see UserStore.upsert. */
  upsert: (rows: readonly UserRow[], at: Date) => Promise<{ created: number; updated: number }>;
  /** Real time, for our own rows. */
  wall: () => Date;
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
 * one wins. Overlapping parallel calls cannot deadlock.
 */
export function upsertUsers(
  deps: UpsertUsersDeps,
): (rows: readonly UserRow[]) => Promise<UpsertUsersResult> {
  return async (rows) => {
    const rejected: RowRejection[] = [];
    const byKey = new Map<string, UserRow>();
    rows.forEach((row, index) => {
      const verdict = checkUserRow(row);
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
    return result;
  };
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
