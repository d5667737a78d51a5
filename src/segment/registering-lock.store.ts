import type { Database } from '../plant/ports.js';

/** Of our advisory locks in two numbers; the other one is the segmentation. */
const REGISTERING = 7_283_644;

/**
 * Runs `work` while nobody else is in it for the same segmentation, in whatever process: between reading which keys
 * are used and registering those that are new, no other run may do either. Holds one connection of the pool for as long.
 */
export function oneRegistering(
  db: Pick<Database, 'transaction'>,
): <T>(modelId: string, work: () => Promise<T>) => Promise<T> {
  return (modelId, work) =>
    db.transaction(async (sql) => {
      await sql.query('select pg_advisory_xact_lock($1, hashtext($2))', [REGISTERING, modelId]);
      return work();
    });
}
