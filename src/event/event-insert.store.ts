import { binaryCopy } from '../plant/binary-copy.js';
import { numberArray, textArray } from '../plant/parameters.js';
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
}

/** From so many rows on, COPY and its round trips cost less than one statement with arrays. */
const BULK = 2_000;
const UNIQUE_VIOLATION = '23505';

/**
 * Inserts what is new and moves last_active_at in the same transaction; answers how many were new.
 * Large batches go in by COPY, which cannot pass over a row that is there already: a batch in which it
 * meets one is rolled back and written again row by row, and so are the next ones, until one held no repeat.
 */
export function eventInserter(db: Database): (events: StoredEvents) => Promise<number> {
  let repeats = false;
  const ensurePartitions = partitionEnsurer(db);
  return async (events) => {
    const size = events.keys.length;
    if (size === 0) return 0;
    await ensurePartitions(events.atMs, events.receivedAt);
    if (size < BULK) return insertNew(db, events);
    if (!repeats && (await copied(db, events))) return size;
    const accepted = await insertNew(db, events);
    repeats = accepted < size;
    return accepted;
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

const INSERT = `
with given as materialized (
  select * from unnest($1::int2[], $2::text[], $3::int8[], $4::int2[], $5::float8[], $6::float8[], $7::jsonb[])
    as i(source_id, key, user_id, type_id, ms, value, properties)
), new_key as (
  insert into event_key (source_id, key) select source_id, key from given
  on conflict do nothing returning source_id, key
), fresh as (
  insert into event (source_id, key, user_id, type_id, at, value, properties, received_at)
  select g.source_id, g.key, g.user_id, g.type_id, to_timestamp(g.ms / 1000), g.value, g.properties, $8
  from given g join new_key using (source_id, key)
  returning user_id, at
), latest as (
  select user_id, max(at) as at from fresh group by user_id
), ${LOCKED}, moved as (${MOVE})
select count(*) as accepted from fresh`;

async function insertNew(db: Sql, events: StoredEvents): Promise<number> {
  const [row] = await db.query<{ accepted: number }>(
    INSERT,
    [
      numberArray(events.sourceIds),
      textArray(events.keys),
      numberArray(events.userIds),
      numberArray(events.typeIds),
      numberArray(events.atMs),
      events.values.some((value) => value !== null) ? numberArray(events.values) : null,
      events.properties.some((json) => json !== null) ? textArray(events.properties) : null,
      events.receivedAt,
    ],
    { name: 'event_insert' },
  );
  return row?.accepted ?? 0;
}

const COPY = `copy event (source_id, key, user_id, type_id, at, value, properties, received_at)
  from stdin (format binary)`;

const COPY_KEYS = 'copy event_key (source_id, key) from stdin (format binary)';

const MOVE_LATEST = `
with latest as (
  select user_id, to_timestamp(ms / 1000)::timestamptz(3) as at
  from unnest($1::int8[], $2::float8[]) as l(user_id, ms)
), ${LOCKED} ${MOVE}`;

/** False: a row was there already, and nothing is written. */
async function copied(db: Database, events: StoredEvents): Promise<boolean> {
  const latest = latestOf(events);
  const data = binaryCopy([
    { type: 'int2', values: events.sourceIds },
    { type: 'text', values: events.keys },
    { type: 'int8', values: events.userIds },
    { type: 'int2', values: events.typeIds },
    { type: 'timestamptz', values: events.atMs },
    { type: 'float8', values: events.values },
    { type: 'jsonb', values: events.properties },
    { type: 'timestamptz', values: events.keys.map(() => events.receivedAt.getTime()) },
  ]);
  const keys = binaryCopy([
    { type: 'int2', values: events.sourceIds },
    { type: 'text', values: events.keys },
  ]);
  try {
    await db.transaction(async (sql) => {
      await sql.copyFrom(COPY_KEYS, keys);
      await sql.copyFrom(COPY, data);
      await sql.query(
        MOVE_LATEST,
        [numberArray([...latest.keys()]), numberArray([...latest.values()])],
        { name: 'event_move_latest' },
      );
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

function latestOf({ userIds, atMs }: StoredEvents): Map<number, number> {
  const latest = new Map<number, number>();
  for (let i = 0; i < userIds.length; i += 1) {
    const user = userIds[i] ?? 0;
    const at = atMs[i] ?? 0;
    if (!(at <= (latest.get(user) ?? -1))) latest.set(user, at);
  }
  return latest;
}
