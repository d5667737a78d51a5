import { numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import type { Device, DeviceRow, SeenDevice } from './device.js';

/** A customer seen with the device of a key at an instant, milliseconds since 1970. */
export interface DeviceLink {
  key: string;
  userId: number;
  atMs: number;
}

/** Keys of devices. */
export interface WrittenDevices {
  created: ReadonlySet<string>;
  updated: ReadonlySet<string>;
}

export interface DeviceStore {
  /** Ids of the device keys; missing devices are made, knowing nothing but their key. */
  resolve: (keys: readonly string[], at: Date) => Promise<Map<string, number>>;
  /**
   * Writes checked rows with distinct keys, and links to them, in one transaction; answers the keys of the devices
   * that are new, and of those that changed, links included.
   */
  upsert: (
    rows: readonly DeviceRow[],
    links: readonly DeviceLink[],
    at: Date,
  ) => Promise<WrittenDevices>;
  /** One answer an id, in order; unknown is null. One statement. */
  byIds: (ids: readonly number[]) => Promise<(Device | null)[]>;
  /** One answer a key, in order; unknown is null. One statement. */
  byKeys: (keys: readonly string[]) => Promise<(Device | null)[]>;
}

/** Columns of `device d` with `SEEN` as a `Device`. */
export const DEVICE_COLUMNS = `d.id, d.key, d.type, d.os_version as "osVersion",
  least(d.first_seen_at, seen.first_at) as "firstSeenAt", seen.last_at as "lastSeenAt",
  seen.users as "userCount"`;

/** What the sightings of `device d` say. */
export const SEEN = `cross join lateral (
  select min(l.first_seen_at) as first_at, max(l.last_seen_at) as last_at, count(*) as users
  from user_device l where l.device_id = d.id) seen`;

/**
 * Devices in Postgres. Locks are always taken in this order: devices by key collate "C", then sightings by
 * (user, device).
 */
export function deviceStore(db: Database): DeviceStore {
  const ordered = <K>(keys: readonly K[], rows: readonly Device[], keyOf: (row: Device) => K) => {
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    return keys.map((key) => byKey.get(key) ?? null);
  };
  return {
    resolve: (keys, at) => resolve(db, keys, at),
    upsert: (rows, links, at) => db.transaction((sql) => upsert(sql, rows, links, at)),
    byIds: async (ids) => {
      const rows = await db.query<Device>(
        `select ${DEVICE_COLUMNS} from device d ${SEEN} where d.id = any($1::int8[])`,
        [numberArray(ids)],
        { name: 'device_by_ids' },
      );
      return ordered(ids, rows, ({ id }) => id);
    },
    byKeys: async (keys) => {
      const rows = await db.query<Device>(
        `select ${DEVICE_COLUMNS} from device d ${SEEN} where d.key = any($1::text[])`,
        [textArray(keys)],
        { name: 'device_by_keys' },
      );
      return ordered(keys, rows, ({ key }) => key);
    },
  };
}

/**
 * Widens the spans in which customers were seen with devices: the first sighting only moves back, the last
 * only forward, so that order and repeats do not matter. A pair may stand in `rows` more than once. One
 * statement; rows are locked in the order of (user, device), which all writers share.
 */
export async function writeSeenDevices(sql: Sql, rows: readonly SeenDevice[]): Promise<void> {
  await widen(sql, rows);
}

/**
 * Devices of the pairs that are new or whose span grew. Of who was erased since they were resolved nothing is
 * written: who reads `erasure` waits for one under way.
 */
async function widen(sql: Sql, rows: readonly SeenDevice[]): Promise<Set<number>> {
  if (rows.length === 0) return new Set();
  const moved = await sql.query<{ id: number }>(
    `insert into user_device (user_id, device_id, first_seen_at, last_seen_at)
     select user_id, device_id, to_timestamp(min(first_ms) / 1000), to_timestamp(max(last_ms) / 1000)
     from unnest($1::int8[], $2::int8[], $3::float8[], $4::float8[])
       as i(user_id, device_id, first_ms, last_ms)
     where exists (select from customer c where c.id = i.user_id)
       and (select count(*) from (select 1 from erasure limit 1) g) >= 0
     group by user_id, device_id order by user_id, device_id
     on conflict (user_id, device_id) do update
     set first_seen_at = least(user_device.first_seen_at, excluded.first_seen_at),
       last_seen_at = greatest(user_device.last_seen_at, excluded.last_seen_at)
     where excluded.first_seen_at < user_device.first_seen_at
       or excluded.last_seen_at > user_device.last_seen_at
     returning device_id as id`,
    [
      numberArray(rows.map((row) => row.userId)),
      numberArray(rows.map((row) => row.deviceId)),
      numberArray(rows.map((row) => row.firstMs)),
      numberArray(rows.map((row) => row.lastMs)),
    ],
    { name: 'user_device_seen' },
  );
  return new Set(moved.map(({ id }) => id));
}

async function idsByKey(sql: Sql, keys: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ id: number; key: string }>(
    'select id, key from device where key = any($1::text[])',
    [textArray(keys)],
    { name: 'device_ids_by_key' },
  );
  return new Map(rows.map(({ id, key }) => [key, id]));
}

async function makeMissing(sql: Sql, keys: readonly string[], at: Date): Promise<Set<number>> {
  const made = await sql.query<{ id: number }>(
    `insert into device (key, created_at, updated_at)
     select i.key, $2, $2 from unnest($1::text[]) as i(key) order by i.key collate "C"
     on conflict do nothing returning id`,
    [textArray(keys), at],
  );
  return new Set(made.map(({ id }) => id));
}

async function resolve(sql: Sql, keys: readonly string[], at: Date): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const ids = await idsByKey(sql, keys);
  const missing = [...new Set(keys)].filter((key) => !ids.has(key));
  if (missing.length === 0) return ids;
  await makeMissing(sql, missing, at);
  for (const [key, id] of await idsByKey(sql, missing)) ids.set(key, id);
  return ids;
}

/** Who inserts may wait for who updates, never the other way round; each phase goes in the order of the key. */
async function upsert(
  sql: Sql,
  rows: readonly DeviceRow[],
  links: readonly DeviceLink[],
  at: Date,
): Promise<WrittenDevices> {
  const keys = rows.map(({ key }) => key);
  const ids = await idsByKey(sql, keys);
  const missing = keys.filter((key) => !ids.has(key));
  const made = missing.length > 0 ? await makeMissing(sql, missing, at) : new Set<number>();
  if (missing.length > 0) for (const [key, id] of await idsByKey(sql, missing)) ids.set(key, id);
  const changed = await describe(sql, rows, at);
  const seen = links.map(({ key, userId, atMs }) => ({
    userId,
    deviceId: ids.get(key) ?? 0,
    firstMs: atMs,
    lastMs: atMs,
  }));
  const touched = new Set([...changed, ...(await widen(sql, seen))]);
  const keysOf = (wanted: (id: number) => boolean): Set<string> =>
    new Set([...ids].flatMap(([key, id]) => (wanted(id) ? [key] : [])));
  return {
    created: keysOf((id) => made.has(id)),
    updated: keysOf((id) => touched.has(id) && !made.has(id)),
  };
}

/** Sets what the rows give; answers the ids of devices that differ now. */
async function describe(sql: Sql, rows: readonly DeviceRow[], at: Date): Promise<number[]> {
  const flags = (given: (row: DeviceRow) => boolean): string => `{${rows.map(given).join(',')}}`;
  await sql.query(
    `select 1 from device where key = any($1::text[]) order by key collate "C" for no key update`,
    [textArray(rows.map(({ key }) => key))],
  );
  const changed = await sql.query<{ id: number }>(
    `with wanted as (
       select d.id, case when i.has_type then i.type else d.type end as type,
         case when i.has_os then i.os_version else d.os_version end as os_version,
         least(d.first_seen_at, to_timestamp(i.first_ms / 1000)) as first_seen_at
       from unnest($1::text[], $2::text[], $3::bool[], $4::text[], $5::bool[], $6::float8[])
         as i(key, type, has_type, os_version, has_os, first_ms) join device d using (key))
     update device d set type = w.type, os_version = w.os_version, first_seen_at = w.first_seen_at,
       updated_at = $7
     from wanted w where w.id = d.id and (d.type, d.os_version, d.first_seen_at)
       is distinct from (w.type, w.os_version, w.first_seen_at::timestamptz(3))
     returning d.id`,
    [
      textArray(rows.map((row) => row.key)),
      textArray(rows.map((row) => row.type ?? null)),
      flags((row) => row.type !== undefined),
      textArray(rows.map((row) => row.osVersion ?? null)),
      flags((row) => row.osVersion !== undefined),
      numberArray(rows.map((row) => row.firstSeenAt?.getTime() ?? null)),
      at,
    ],
  );
  return changed.map(({ id }) => id);
}
