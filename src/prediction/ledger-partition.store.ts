import type { AuditOn } from '../access/audit.store.js';
import { numberArray } from '../plant/parameters.js';
import { isLockTimeout, isMissingPartition, lockExclusively } from '../plant/partition.js';
import type { Database, Sql } from '../plant/ports.js';
import type { LedgerMonth, MonthDropped } from './ledger-months.js';

export interface LedgerPartitionStore {
  /** Makes the month of each instant where it is missing. */
  ensure(instants: readonly Date[]): Promise<void>;
  /** All months, oldest first. */
  months(): Promise<LedgerMonth[]>;
  /**
   * Drops a month with its rows and what versions in shadow had said until its end, and writes the audit entry, all or
   * nothing. Readers wait for it a tenth of a
   * second at a time.
   */
  drop(month: LedgerMonth, at: Date, days: number): Promise<MonthDropped>;
}

const LOCK_TRIES = 40;

/** The parts of the ledger in Postgres, to make, to look at and to drop. `lockTries` >= 1. */
export function ledgerPartitionStore(
  db: Database,
  auditOn: AuditOn,
  { lockTries = LOCK_TRIES } = {},
): LedgerPartitionStore {
  return {
    ensure: (instants) => ensureMonths(db, instants),
    months: () => readMonths(db),
    drop: async (month, at, days) => {
      try {
        return await db.transaction((sql) => drop(sql, auditOn, { month, at, days, lockTries }));
      } catch (error) {
        if (isLockTimeout(error)) return 'busy';
        throw error;
      }
    },
  };
}

/**
 * Runs a write of rows scored at these instants; where a month is missing it is made, in a transaction of its own,
 * and the write done once more. The months of every day are made ahead, so this costs nothing but at a border.
 */
export async function inMonthOf<T>(
  sql: Sql,
  instants: readonly Date[],
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    await ensureMonths(sql, instants);
    return write();
  }
}

async function ensureMonths(sql: Sql, instants: readonly Date[]): Promise<void> {
  const months = new Set(instants.map((at) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth())));
  await sql.query(
    `select ensure_prediction_partition(to_timestamp(m.ms / 1000)) from unnest($1::float8[]) as m(ms) order by m.ms`,
    [numberArray([...months])],
  );
}

async function readMonths(sql: Sql, name: string | null = null): Promise<LedgerMonth[]> {
  return sql.query<LedgerMonth>(
    `select c.relname as name, month."from", month."from" + interval '1 month' as "until",
       coalesce(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0), 0)::float8 as rows,
       pg_total_relation_size(c.oid) as bytes
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     cross join lateral regexp_match(c.relname, '^prediction_([0-9]{4})_([0-9]{2})$') named
     cross join lateral (
       select make_timestamptz(named[1]::int, named[2]::int, 1, 0, 0, 0, 'UTC') as "from") month
     where i.inhparent = 'prediction'::regclass and ($1::text is null or c.relname = $1)
     order by c.relname`,
    [name],
  );
}

async function drop(
  sql: Sql,
  auditOn: AuditOn,
  order: { month: LedgerMonth; at: Date; days: number; lockTries: number },
): Promise<MonthDropped> {
  const { month, at, days, lockTries } = order;
  await sql.query('select pg_advisory_xact_lock(7283643)');
  const [found] = await readMonths(sql, month.name);
  if (!found) return 'gone';
  const [held] = await sql.query<{ rows: number }>(`select count(*) as rows from ${found.name}`);
  await sql.query('delete from shadow_score where scored_at < $1', [found.until]);
  await lockExclusively(sql, `prediction, ${found.name}`, lockTries);
  await sql.query(`drop table ${found.name}`);
  await auditOn(sql).write({
    at,
    actor: 'augury',
    action: 'dropped',
    subject: `Ledger:${found.name}`,
    detail: { from: found.from, until: found.until, predictions: held?.rows ?? 0, days },
  });
  return 'dropped';
}
