import { numberArray } from '../plant/parameters.js';
import { float64Array } from '../plant/binary-array.js';
import type { Sql } from '../plant/ports.js';

/**
 * The newest stored score of each customer who has one and agrees to profiling, of whichever version; one statement,
 * one look into the index of the ledger a customer.
 */
export function newestScores(
  db: Sql,
): (modelId: string, userIds: readonly number[]) => Promise<Map<number, number>> {
  return async (modelId, userIds) => {
    const [row] = await db.query<{ ids: Buffer | null; scores: Buffer | null }>(
      `select array_send(array_agg(u.id)) as ids, array_send(array_agg(p.probability)) as scores
       from unnest($2::bigint[]) u(id) join customer c on c.id = u.id and c.consent_profiling
       cross join lateral (
         select p.probability from prediction p where p.user_id = u.id and p.model_id = $1
         order by p.id desc limit 1) p`,
      [modelId, numberArray(userIds)],
      { name: 'prediction-newest-scores' },
    );
    const scores = float64Array(row?.scores ?? null);
    return new Map(Array.from(float64Array(row?.ids ?? null), (id, at) => [id, scores[at] ?? NaN]));
  };
}
