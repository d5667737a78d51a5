import type { Database } from '../plant/ports.js';
import { fromBytes } from './input-bytes.js';
import type { LedgerRow } from './prediction.js';

export interface LastScoresQuery {
  modelId: string;
  userIds: readonly number[];
  /** Scored at or after. */
  since: Date;
  /** As of an instant in [asOfFrom, asOfUntil]. */
  asOfFrom: Date;
  asOfUntil: Date;
}

/**
 * For each customer the newest score that the model itself gave, by whichever version; those without one are
 * left out, and so is who does not agree to profiling. One statement.
 */
export function lastScores(db: Pick<Database, 'query'>) {
  return async (query: LastScoresQuery): Promise<LedgerRow[]> => {
    const rows = await db.query<
      Omit<LedgerRow, 'inputs'> & { numeric: Buffer; categorical: string[] }
    >(
      `select p.id, p.user_id as "userId", p.model_id as "modelId", p.model_version_id as "modelVersionId",
         p.probability, p.threshold, p.source::text as source, p.as_of as "asOf", p.scored_at as "scoredAt",
         p.latency_ms as "latencyMs", p.numeric, p.categorical, p.job_id as "jobId", false as "optedOut"
       from unnest($1::bigint[]) u(id) join customer c on c.id = u.id and c.consent_profiling
       cross join lateral (
         select * from prediction p where p.user_id = u.id and p.model_id = $2 and p.source = 'MODEL'
           and p.scored_at >= $3 and p.as_of between $4 and $5
         order by p.id desc limit 1) p`,
      [query.userIds, query.modelId, query.since, query.asOfFrom, query.asOfUntil],
      { name: 'prediction-last-scores' },
    );
    return rows.map(({ numeric, categorical, ...row }) => ({
      ...row,
      inputs: { numeric: fromBytes(numeric), categorical },
    }));
  };
}
