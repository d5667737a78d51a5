import type { Clock } from '../kernel/clock.js';
import type { RowRejection } from '../user/user.js';
import { checkDeviceRow, mergeDeviceRows, type DeviceRow } from './device.js';
import type { DeviceLink } from './device.store.js';

export interface UpsertDevicesDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Customer ids of the keys; missing customers are made. */
  resolveUsers: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  /** Writes checked rows with distinct keys; see DeviceStore.upsert. */
  upsert: (
    rows: readonly DeviceRow[],
    links: readonly DeviceLink[],
    at: Date,
  ) => Promise<{ created: number; updated: number }>;
}

export interface UpsertDevicesResult {
  created: number;
  updated: number;
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
    const rejected: RowRejection[] = [];
    const byKey = new Map<string, DeviceRow[]>();
    const wall = deps.clock.wall();
    const latest = new Date(Math.max(deps.clock.now().getTime(), wall.getTime()) + CLOCK_SKEW_MS);
    rows.forEach((row, index) => {
      const verdict = checkDeviceRow(row, latest);
      if (verdict) rejected.push({ index, ...verdict });
      else byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
    });
    const result: UpsertDevicesResult = { created: 0, updated: 0, rejected };
    const taken = [...byKey.values()];
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      const merged = batch.flatMap((same) => same.reduce(mergeDeviceRows));
      const links = await linksOf(deps, batch.flat(), wall);
      const { created, updated } = await deps.upsert(merged, links, wall);
      result.created += created;
      result.updated += updated;
    }
    return result;
  };
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
