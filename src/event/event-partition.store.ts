import { DAY_MS } from '../kernel/clock.js';
import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';

/** History older than so many days is held by the year, not by the month: fewer parts to look through. */
export const RECENT_DAYS = 426;

/** Sees to it that every instant has its partition; known ones cost no statement. */
export type EnsurePartitions = (atMs: readonly number[], madeAt: Date) => Promise<void>;

/** Partitions of `event`; months that this process has seen are remembered. */
export function partitionEnsurer(db: Sql): EnsurePartitions {
  const known = new Set<number>();
  return async (atMs, madeAt) => {
    const missing = new Set<number>();
    for (const ms of atMs) {
      const at = new Date(ms);
      const month = Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
      if (!known.has(month)) missing.add(month);
    }
    if (missing.size === 0) return;
    const recent = new Date(madeAt.getTime() - RECENT_DAYS * DAY_MS);
    await db.query(
      `select ensure_event_partition(to_timestamp(m.ms / 1000), $2, $3)
       from unnest($1::float8[]) as m(ms) order by m.ms`,
      [numberArray([...missing]), recent, madeAt],
    );
    for (const month of missing) known.add(month);
  };
}
