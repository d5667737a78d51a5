import { setTimeout as pause } from 'node:timers/promises';
import type { Sql } from './ports.js';

const LOCK_WAIT_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';
const UNFIT_ROW = '23514';

/** PostgreSQL met a row for which there is no part, such as one that was dropped since it was last seen. */
export function isMissingPartition(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return code === UNFIT_ROW && routine === 'ExecFindPartition';
}

/** Whether a lock could not be had; see `lockExclusively`. */
export function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;
}

/**
 * Takes an ACCESS EXCLUSIVE lock inside a transaction by short waits, many times: whoever comes after a waiting
 * lock of this kind waits with it. `tables` are identifiers of ours, never input; `tries` >= 1, each 100 ms and as
 * long a pause after it. Rejects with what `isLockTimeout` knows when others held a table all the while.
 */
export async function lockExclusively(sql: Sql, tables: string, tries: number): Promise<void> {
  await sql.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
  for (let attempt = 1; ; attempt += 1) {
    await sql.query('savepoint before_lock');
    try {
      await sql.query(`lock table ${tables} in access exclusive mode`);
      return;
    } catch (error) {
      if (!isLockTimeout(error) || attempt === tries) throw error;
      await sql.query('rollback to savepoint before_lock');
      await pause(LOCK_WAIT_MS);
    }
  }
}
