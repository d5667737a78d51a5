import { rejectedOfCall, type RejectedRow } from '../job/rejected-row.js';
import { checkUserRow, type RowRejection, type UserRow } from './user.js';

export interface UpsertUsersDeps {
  /** Writes checked rows with distinct keys; see UserStore.upsert. */
  upsert: (rows: readonly UserRow[], at: Date) => Promise<{ created: number; updated: number }>;
  /** Real time, for our own rows. */
  wall: () => Date;
  /** Keeps rows that were not taken. Without it the caller does, as an import with its lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
}

/** Rows of one call at most. */
export const MAX_ROWS = 10_000;

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
    await keep(deps, rows, rejected);
    return result;
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
