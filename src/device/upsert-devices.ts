import { rejectedOfCall, type RejectedRow } from '../job/rejected-row.js';
import type { Clock } from '../kernel/clock.js';
import type { RowRejection, Verdict } from '../user/user.js';
import { checkDeviceRow, mergeDeviceRows, type DeviceRow } from './device.js';
import type { DeviceLink, WrittenDevices } from './device.store.js';

export interface UpsertDevicesDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Customer ids of the keys; missing customers are made. */
  resolveUsers: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  /** Writes checked rows with distinct keys; see DeviceStore.upsert. */
  upsert: (
    rows: readonly DeviceRow[],
    links: readonly DeviceLink[],
    at: Date,
  ) => Promise<WrittenDevices>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Keeps rows that were not taken. Without it the caller does, as an import with its lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
}

export interface UpsertDevicesResult {
  /** Devices. */
  created: number;
  /** Devices. */
  updated: number;
  /** Rows of devices that are in neither count. */
  unchanged: number;
  rejected: RowRejection[];
}

const BATCH = 5_000;
/** How far an instant may lie ahead of our clock: senders' clocks differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Writes devices and who was seen with them, each row by itself: a bad one is rejected with its reason, the
 * others are taken. Idempotent, and the order of rows and calls does not matter for sightings: a row that
 * changes nothing is in neither count. Unknown customers are made, as by events.
 */
export function upsertDevices(
  deps: UpsertDevicesDeps,
): (rows: readonly DeviceRow[]) => Promise<UpsertDevicesResult> {
  return async (rows) => {
    const wall = deps.clock.wall();
    const verdicts = await judge(deps, rows, wall);
    const rejected: RowRejection[] = [];
    const byKey = new Map<string, DeviceRow[]>();
    rows.forEach((row, index) => {
      const verdict = verdicts[index];
      const same = byKey.get(row.key);
      if (verdict) rejected.push({ index, ...verdict });
      else if (same) same.push(row);
      else byKey.set(row.key, [row]);
    });
    const result: UpsertDevicesResult = { created: 0, updated: 0, unchanged: 0, rejected };
    const taken = [...byKey.values()];
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      const merged = batch.map((same) => same.reduce(mergeDeviceRows));
      const links = await linksOf(deps, batch.flat(), wall);
      const { created, updated } = await deps.upsert(merged, links, wall);
      result.created += created.size;
      result.updated += updated.size;
      result.unchanged += batch
        .flat()
        .filter(({ key }) => !created.has(key) && !updated.has(key)).length;
    }
    if (rejected.length > 0) await deps.keepRejected?.(keptOf(rows, rejected, wall));
    return result;
  };
}

async function judge(
  { clock, erasedBefore }: UpsertDevicesDeps,
  rows: readonly DeviceRow[],
  wall: Date,
): Promise<Verdict[]> {
  const latest = new Date(Math.max(clock.now().getTime(), wall.getTime()) + CLOCK_SKEW_MS);
  const verdicts = rows.map((row) => checkDeviceRow(row, latest));
  const named = rows.flatMap(({ users }, index) => (verdicts[index] ? [] : (users ?? [])));
  const erased = named.length > 0 ? await erasedBefore?.([...new Set(named)]) : undefined;
  return rows.map((row, index) => verdicts[index] ?? checkErased(row, erased));
}

function checkErased(
  { users, firstSeenAt }: DeviceRow,
  erased: ReadonlyMap<string, Date> | undefined,
): Verdict {
  for (const [i, user] of (users ?? []).entries()) {
    const at = erased?.get(user);
    if (at && firstSeenAt && firstSeenAt <= at)
      return {
        code: 'FORBIDDEN',
        message: `users.${i} was erased at ${at.toISOString()}, no sighting until then is taken, got ${firstSeenAt.toISOString()}`,
      };
  }
  return null;
}

/** Kept without their customers, by whom an erasure would not find a row of several. */
function keptOf(
  rows: readonly DeviceRow[],
  rejected: readonly RowRejection[],
  at: Date,
): RejectedRow[] {
  const nameless = rows.map((row) => ({
    ...row,
    users: (row.users ?? []).map(() => '[left out]'),
  }));
  return rejectedOfCall(nameless, rejected, { source: 'upsertDevices', at, userKey: () => null });
}

/** Each row links its customers at its own instant. */
async function linksOf(
  deps: UpsertDevicesDeps,
  rows: readonly DeviceRow[],
  at: Date,
): Promise<DeviceLink[]> {
  const keys = [...new Set(rows.flatMap(({ users }) => users ?? []))];
  const ids = keys.length > 0 ? await deps.resolveUsers(keys, at) : new Map<string, number>();
  return rows.flatMap(({ key, users, firstSeenAt }) =>
    (users ?? []).map((user) => ({
      key,
      userId: ids.get(user) ?? 0,
      atMs: firstSeenAt?.getTime() ?? 0,
    })),
  );
}
