import type { AuditOn } from '../access/audit.store.js';
import { isLockTimeout, lockExclusively } from '../plant/partition.js';
import type { Database, Sql } from '../plant/ports.js';

/** A part of the table of events. */
export interface EventPartition {
  name: string;
  from: Date;
  until: Date;
  /** Estimated by PostgreSQL. */
  rows: number;
  /** Heap, indexes and overflow. */
  bytes: number;
  kept: boolean;
}

/** What became of a part that was to be dropped. */
export type DropOutcome = 'dropped' | 'busy' | 'gone';

export interface RetentionStore {
  /** All parts, oldest first. One statement. */
  partitions: () => Promise<EventPartition[]>;
  /** Names of the parts that end at or before the instant and are not kept, oldest first. */
  endedBy: (instant: Date) => Promise<string[]>;
  /**
   * Drops a part with its rows of event_key and writes the audit entry: all of it or nothing. Readers wait for it
   * a tenth of a second at a time. `busy`: they held the table all the while; `gone`: kept or dropped by now.
   */
  drop: (name: string, at: Date, days: number) => Promise<DropOutcome>;
}

const LOCK_TRIES = 40;

/** The parts of `event` in Postgres, to look at and to drop. `lockTries` >= 1. */
export function retentionStore(
  db: Database,
  auditOn: AuditOn,
  { lockTries = LOCK_TRIES } = {},
): RetentionStore {
  return {
    partitions: () =>
      db.query<EventPartition>(
        `select p.name, p.starts_at as "from", p.ends_at as "until", p.kept,
           coalesce(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0), 0)::float8 as rows,
           coalesce(pg_total_relation_size(c.oid), 0) as bytes
         from event_partition p left join pg_class c on c.oid = to_regclass(quote_ident(p.name))
         order by p.starts_at`,
      ),
    endedBy: async (instant) => {
      const rows = await db.query<{ name: string }>(
        'select name from event_partition where ends_at <= $1 and not kept order by starts_at',
        [instant],
      );
      return rows.map(({ name }) => name);
    },
    drop: async (name, at, days) => {
      try {
        return await db.transaction((sql) => drop(sql, auditOn, { name, at, days, lockTries }));
      } catch (error) {
        if (isLockTimeout(error)) return 'busy';
        throw error;
      }
    },
  };
}

async function drop(
  sql: Sql,
  auditOn: AuditOn,
  { name, at, days, lockTries }: { name: string; at: Date; days: number; lockTries: number },
): Promise<DropOutcome> {
  // an import that would keep the part waits for this row, and so does another worker that would drop it
  const [part] = await sql.query<{ table: string; from: Date; until: Date }>(
    `select quote_ident(name) as table, starts_at as "from", ends_at as "until" from event_partition
     where name = $1 and not kept for update skip locked`,
    [name],
  );
  if (!part) return 'gone';
  const [gone] = await sql.query<{ keys: number }>(
    `with gone as (delete from event_key k using ${part.table} e
       where k.source_id = e.source_id and k.key = e.key returning 1)
     select count(*) as keys from gone`,
  );
  await lockExclusively(sql, `event, ${part.table}`, lockTries);
  await sql.query(`drop table ${part.table}`);
  await sql.query('delete from event_partition where name = $1', [name]);
  await auditOn(sql).write({
    at,
    actor: 'augury',
    action: 'dropped',
    subject: `Retention:${name}`,
    detail: { from: part.from, until: part.until, events: gone?.keys ?? 0, days },
  });
  return 'dropped';
}
