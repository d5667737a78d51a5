import { DAY_MS } from '../kernel/clock.js';
import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';

/** History older than so many days is held by the year, not by the month: fewer parts to look through. */
export const RECENT_DAYS = 426;

/** Instants of a batch, and what is to become of their parts. */
export interface PartitionNeed {
  /** Milliseconds since 1970. */
  atMs: readonly number[];
  madeAt: Date;
  /** Parts that hold an instant before this are kept from retention; null = none. */
  keepBefore: Date | null;
}

/** Sees to it that every instant has its part of `event`. */
export interface PartitionEnsurer {
  /** Parts that this process has seen cost no statement. Runs outside the caller's transaction. */
  ensure: (need: PartitionNeed) => Promise<void>;
  /** Drops what is remembered: a part was found missing. */
  forget: () => void;
}

/** Parts of `event`, by month; a month is remembered once its part is committed. */
export function partitionEnsurer(db: Sql): PartitionEnsurer {
  const known = new Set<number>();
  const kept = new Set<number>();
  return {
    async ensure({ atMs, madeAt, keepBefore }) {
      const missing = new Set<number>();
      const unkept = new Set<number>();
      const keepBeforeMs = keepBefore?.getTime() ?? -Infinity;
      for (const ms of atMs) {
        const at = new Date(ms);
        const month = Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
        if (!known.has(month)) missing.add(month);
        if (ms < keepBeforeMs && !kept.has(month)) unkept.add(month);
      }
      if (missing.size > 0) await create(db, [...missing], madeAt);
      for (const month of missing) known.add(month);
      if (unkept.size > 0) await keep(db, [...unkept]);
      for (const month of unkept) kept.add(month);
    },
    forget() {
      known.clear();
      kept.clear();
    },
  };
}

async function create(db: Sql, months: readonly number[], madeAt: Date): Promise<void> {
  const recent = new Date(madeAt.getTime() - RECENT_DAYS * DAY_MS);
  await db.query(
    `select ensure_event_partition(to_timestamp(m.ms / 1000), $2, $3)
     from unnest($1::float8[]) as m(ms) order by m.ms`,
    [numberArray(months), recent, madeAt],
  );
}

/** Waits for a drop of the same part; the part is gone then, and found missing by the insert. */
async function keep(db: Sql, months: readonly number[]): Promise<void> {
  await db.query(
    `with old as materialized (
       select p.name from event_partition p
       where not p.kept and exists (select from unnest($1::float8[]) as m(ms)
         where to_timestamp(m.ms / 1000) >= p.starts_at and to_timestamp(m.ms / 1000) < p.ends_at)
       order by p.name for update)
     update event_partition p set kept = true from old where p.name = old.name`,
    [numberArray(months)],
  );
}
