import type { Sql } from '../plant/ports.js';

/** What is known of a source or a type. */
export interface NamedEvents {
  name: string;
  events: number;
  firstAt: Date | null;
  lastAt: Date | null;
  /** 0..1 */
  sampledShare: number;
}

export interface EventNamesStore {
  /** All sources, by name. */
  sources: () => Promise<NamedEvents[]>;
  /** All types, by name. */
  types: () => Promise<NamedEvents[]>;
}

/** Events looked at, about; below it all are. */
export const SAMPLE = 200_000;

/**
 * The registries of sources and types. No index leads to them, and a count of everything would cost more with every
 * event: at most some SAMPLE events are looked at, whole pages of the table picked always in the same way.
 */
export function eventNamesStore(db: Sql): EventNamesStore {
  return {
    sources: () => read(db, 'event_source', 'source_id'),
    types: () => read(db, 'event_type', 'type_id'),
  };
}

async function read(
  db: Sql,
  table: 'event_source' | 'event_type',
  column: 'source_id' | 'type_id',
): Promise<NamedEvents[]> {
  const [size] = await db.query<{ rows: number }>(
    `select coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))), 0)::float8 as rows
     from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'event'::regclass`,
  );
  const share = Math.min(1, SAMPLE / Math.max(1, size?.rows ?? 0));
  return db.query<NamedEvents>(
    `select n.name, round(coalesce(e.events, 0) / $1::float8) as events, e."firstAt", e."lastAt",
       $1::float8 as "sampledShare"
     from ${table} n left join (
       select ${column} as id, count(*) as events, min(at) as "firstAt", max(at) as "lastAt"
       from event tablesample system (100 * $1::float8) repeatable (1) group by 1) e on e.id = n.id
     order by n.name collate "C"`,
    [share],
  );
}
