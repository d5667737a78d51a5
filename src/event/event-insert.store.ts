import type { SeenDevice } from '../device/device.js';
import { binaryCopy } from '../plant/binary-copy.js';
import { numberArray, textArray } from '../plant/parameters.js';
import { isMissingPartition } from '../plant/partition.js';
import type { Database, Sql } from '../plant/ports.js';
import { partitionEnsurer } from './event-partition.store.js';

/** A batch with every name resolved, in the order of (source, key): columns of equal length. */
export interface StoredEvents {
  receivedAt: Date;
  sourceIds: readonly number[];
  keys: readonly string[];
  userIds: readonly number[];
  typeIds: readonly number[];
  /** Milliseconds since 1970. */
  atMs: readonly number[];
  values: readonly (number | null)[];
  /** JSON text. */
  properties: readonly (string | null)[];
  /** null: no event of the batch names a device. */
  deviceIds: readonly (number | null)[] | null;
  /** History: the parts of events before this are kept from retention. */
  keepBefore: Date | null;
}

/** What insert tells other rooms, in its own transaction. */
export interface EventInsertHooks {
  /** Who was seen with what in the new events; sorted by user, then device, one row a pair. */
  seenDevices?: (sql: Sql, rows: readonly SeenDevice[]) => Promise<void>;
}

/** From so many rows on, COPY and its round trips cost less than one statement with arrays. */
const BULK = 2_000;
const UNIQUE_VIOLATION = '23505';

/**
 * Inserts what is new and moves last_active_at in the same transaction; answers how many were new.
 * Large batches go in by COPY, which cannot pass over a row that is there already: a batch in which it
 * meets one is rolled back and written again row by row, and so are the next ones, until one held no repeat.
 * Parts of the table are made before, in a transaction of their own; where one was dropped since this process saw
 * it, it is made again and the batch written once more.
 */
export function eventInserter(
  db: Database,
  hooks: EventInsertHooks = {},
): (events: StoredEvents) => Promise<number> {
  let repeats = false;
  const partitions = partitionEnsurer(db);
  const write = async (events: StoredEvents): Promise<number> => {
    const size = events.keys.length;
    if (size < BULK) return insertNew(db, events, hooks);
    if (!repeats && (await copied(db, events, hooks))) return size;
    const accepted = await insertNew(db, events, hooks);
    repeats = accepted < size;
    return accepted;
  };
  return async (events) => {
    if (events.keys.length === 0) return 0;
    const { atMs, receivedAt: madeAt, keepBefore } = events;
    await partitions.ensure({ atMs, madeAt, keepBefore });
    try {
      return await write(events);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      partitions.forget();
      await partitions.ensure({ atMs, madeAt, keepBefore });
      return write(events);
    }
  };
}

// Rows of customers are locked in the order of external_id collate "C", as everywhere, after the events
// in the order of (source, key): two orders that all writers share, so no cycle of waits can form.
const LOCKED = `
locked as materialized (
  select c.id, l.at from customer c join latest l on l.user_id = c.id
  where c.last_active_at is null or c.last_active_at < l.at
  order by c.external_id collate "C" for no key update of c
)`;

const MOVE = `
update customer c set last_active_at = greatest(c.last_active_at, k.at)
from locked k where c.id = k.id`;

// Ids were resolved in another statement: of who was erased since nothing may be written. An erasure locks the
// table `erasure`, so whoever reads it here waits for one that is under way and sees its outcome. A key that came
// back within the hour may have been resolved before the tombstone was known; one of an old erasure that is done
// again after a restore was written by a young transaction. Nearly always there is none so young, and then no
// customer is looked at.
const recent = (received: string): string => `
recent as materialized (
  select key_hash, erased_at from erasure
  where erased_at > ${received}::timestamptz - interval '1 hour' or age(xmin) < 100000
)`;

const NOT_ERASED = `(
  not exists (select from recent) or exists (select from customer c where c.id = i.user_id
    and not exists (
      select from recent x where x.erased_at >= to_timestamp(i.ms / 1000) and x.key_hash = sha256(convert_to(
        (select value from installation_fact where name = 'tombstone_salt') || ':' || c.external_id, 'UTF8')))))`;

// by place: keys must be written in the order that all writers share, whatever the plan
const GIVEN = `
with ${recent('$8')}, given as materialized (
  select * from unnest($1::int2[], $2::text[], $3::int8[], $4::int2[], $5::float8[], $6::float8[], $7::jsonb[], $9::int8[])
    with ordinality as i(source_id, key, user_id, type_id, ms, value, properties, device_id, place)
  where ${NOT_ERASED} order by place
), new_key as (
  insert into event_key (source_id, key) select source_id, key from given
  on conflict do nothing returning source_id, key
), fresh as (
  insert into event (source_id, key, user_id, type_id, at, value, properties, received_at, device_id)
  select g.source_id, g.key, g.user_id, g.type_id, to_timestamp(g.ms / 1000), g.value, g.properties, $8, g.device_id
  from given g join new_key using (source_id, key)
  returning user_id, at, device_id
), latest as (
  select user_id, max(at) as at from fresh group by user_id
), ${LOCKED}, moved as (${MOVE})`;

const INSERT = `${GIVEN} select count(*) as accepted from fresh`;

const INSERT_WITH_DEVICES = `${GIVEN}, pair as (
  select user_id as "userId", device_id as "deviceId", round(extract(epoch from min(at)) * 1000) as "firstMs",
    round(extract(epoch from max(at)) * 1000) as "lastMs"
  from fresh where device_id is not null group by user_id, device_id
)
select (select count(*) from fresh) as accepted,
  (select coalesce(json_agg(p order by "userId", "deviceId"), '[]') from pair p) as sightings`;

async function insertNew(
  db: Database,
  events: StoredEvents,
  { seenDevices }: EventInsertHooks,
): Promise<number> {
  const values = [
    numberArray(events.sourceIds),
    textArray(events.keys),
    numberArray(events.userIds),
    numberArray(events.typeIds),
    numberArray(events.atMs),
    events.values.some((value) => value !== null) ? numberArray(events.values) : null,
    events.properties.some((json) => json !== null) ? textArray(events.properties) : null,
    events.receivedAt,
    events.deviceIds && numberArray(events.deviceIds),
  ];
  if (!events.deviceIds || !seenDevices) {
    const [row] = await db.query<{ accepted: number }>(INSERT, values, { name: 'event_insert' });
    return row?.accepted ?? 0;
  }
  return db.transaction(async (sql) => {
    const [row] = await sql.query<{ accepted: number; sightings: SeenDevice[] }>(
      INSERT_WITH_DEVICES,
      values,
      { name: 'event_insert_devices' },
    );
    if (row && row.sightings.length > 0) await seenDevices(sql, row.sightings);
    return row?.accepted ?? 0;
  });
}

const COLUMNS = 'source_id, key, user_id, type_id, at, value, properties, received_at';
const COPY = `copy event (${COLUMNS}) from stdin (format binary)`;
const COPY_WITH_DEVICES = `copy event (${COLUMNS}, device_id) from stdin (format binary)`;

const COPY_KEYS = 'copy event_key (source_id, key) from stdin (format binary)';

const MOVE_LATEST = `
with latest as (
  select user_id, to_timestamp(ms / 1000)::timestamptz(3) as at
  from unnest($1::int8[], $2::float8[]) as l(user_id, ms)
), ${LOCKED} ${MOVE}`;

const ERASED = `
with ${recent('$3')} select count(*) as erased from unnest($1::int8[], $2::float8[]) as i(user_id, ms)
where not ${NOT_ERASED}`;

/** False: a row was there already, or a customer was erased meanwhile, and nothing is written. */
async function copied(
  db: Database,
  events: StoredEvents,
  { seenDevices }: EventInsertHooks,
): Promise<boolean> {
  const latest = extremesOf(events, (a, b) => a > b);
  const earliest = extremesOf(events, (a, b) => a < b);
  const seen = seenDevices && events.deviceIds ? sightingsOf(events, events.deviceIds) : [];
  const keys = binaryCopy([
    { type: 'int2', values: events.sourceIds },
    { type: 'text', values: events.keys },
  ]);
  try {
    return await db.transaction(async (sql) => {
      const [gone] = await sql.query<{ erased: number }>(
        ERASED,
        [numberArray([...earliest.keys()]), numberArray([...earliest.values()]), events.receivedAt],
        { name: 'event_erased' },
      );
      if (gone && gone.erased > 0) return false;
      await sql.copyFrom(COPY_KEYS, keys);
      await sql.copyFrom(events.deviceIds ? COPY_WITH_DEVICES : COPY, copyData(events));
      await sql.query(
        MOVE_LATEST,
        [numberArray([...latest.keys()]), numberArray([...latest.values()])],
        { name: 'event_move_latest' },
      );
      if (seen.length > 0) await seenDevices?.(sql, seen);
      return true;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

function copyData(events: StoredEvents): ReturnType<typeof binaryCopy> {
  return binaryCopy([
    { type: 'int2', values: events.sourceIds },
    { type: 'text', values: events.keys },
    { type: 'int8', values: events.userIds },
    { type: 'int2', values: events.typeIds },
    { type: 'timestamptz', values: events.atMs },
    { type: 'float8', values: events.values },
    { type: 'jsonb', values: events.properties },
    { type: 'timestamptz', values: events.keys.map(() => events.receivedAt.getTime()) },
    ...(events.deviceIds ? [{ type: 'int8', values: events.deviceIds } as const] : []),
  ]);
}

/** The latest (or, by `beats`, another extreme) instant of each customer, in milliseconds since 1970. */
function extremesOf(
  { userIds, atMs }: StoredEvents,
  beats: (ms: number, other: number) => boolean,
): Map<number, number> {
  const extremes = new Map<number, number>();
  for (let i = 0; i < userIds.length; i += 1) {
    const user = userIds[i] ?? 0;
    const at = atMs[i] ?? 0;
    const known = extremes.get(user);
    if (known === undefined || beats(at, known)) extremes.set(user, at);
  }
  return extremes;
}

function sightingsOf(
  { userIds, atMs }: StoredEvents,
  deviceIds: readonly (number | null)[],
): SeenDevice[] {
  const byPair = new Map<string, SeenDevice>();
  deviceIds.forEach((deviceId, i) => {
    if (deviceId === null) return;
    const userId = userIds[i] ?? 0;
    const at = atMs[i] ?? 0;
    const pair = `${userId} ${deviceId}`;
    const seen = byPair.get(pair);
    if (!seen) byPair.set(pair, { userId, deviceId, firstMs: at, lastMs: at });
    else {
      seen.firstMs = Math.min(seen.firstMs, at);
      seen.lastMs = Math.max(seen.lastMs, at);
    }
  });
  return [...byPair.values()].sort((a, b) => a.userId - b.userId || a.deviceId - b.deviceId);
}
