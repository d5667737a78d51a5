import { numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import type { SeenDevice } from './device.js';

export interface DeviceStore {
  /** Ids of the device keys; missing devices are made, knowing nothing but their key. */
  resolve: (keys: readonly string[], at: Date) => Promise<Map<string, number>>;
}

/** Devices in Postgres. Locks are always taken in the order of key collate "C". */
export function deviceStore(db: Database): DeviceStore {
  return {
    resolve: (keys, at) => resolve(db, keys, at),
  };
}

/**
 * Widens the spans in which customers were seen with devices: the first sighting only moves back, the last
 * only forward, so that order and repeats do not matter. A pair may stand in `rows` more than once. One
 * statement; rows are locked in the order of (user, device), which all writers share.
 */
export async function writeSeenDevices(sql: Sql, rows: readonly SeenDevice[]): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `insert into user_device (user_id, device_id, first_seen_at, last_seen_at)
     select user_id, device_id, to_timestamp(min(first_ms) / 1000), to_timestamp(max(last_ms) / 1000)
     from unnest($1::int8[], $2::int8[], $3::float8[], $4::float8[])
       as i(user_id, device_id, first_ms, last_ms)
     group by user_id, device_id order by user_id, device_id
     on conflict (user_id, device_id) do update
     set first_seen_at = least(user_device.first_seen_at, excluded.first_seen_at),
       last_seen_at = greatest(user_device.last_seen_at, excluded.last_seen_at)
     where excluded.first_seen_at < user_device.first_seen_at
       or excluded.last_seen_at > user_device.last_seen_at`,
    [
      numberArray(rows.map((row) => row.userId)),
      numberArray(rows.map((row) => row.deviceId)),
      numberArray(rows.map((row) => row.firstMs)),
      numberArray(rows.map((row) => row.lastMs)),
    ],
    { name: 'user_device_seen' },
  );
}

async function idsByKey(sql: Sql, keys: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ id: number; key: string }>(
    'select id, key from device where key = any($1::text[])',
    [textArray(keys)],
    { name: 'device_ids_by_key' },
  );
  return new Map(rows.map(({ id, key }) => [key, id]));
}

async function resolve(sql: Sql, keys: readonly string[], at: Date): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const ids = await idsByKey(sql, keys);
  const missing = [...new Set(keys)].filter((key) => !ids.has(key));
  if (missing.length === 0) return ids;
  await sql.query(
    `insert into device (key, created_at, updated_at)
     select i.key, $2, $2 from unnest($1::text[]) as i(key) order by i.key collate "C"
     on conflict do nothing`,
    [textArray(missing), at],
  );
  for (const [key, id] of await idsByKey(sql, missing)) ids.set(key, id);
  return ids;
}
