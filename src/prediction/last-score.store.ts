import type { Database } from '../plant/ports.js';
import type { LedgerRow } from './prediction.js';
import { LEDGER_COLUMNS, toLedgerRow, type StoredRow } from './prediction.store.js';

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
    const rows = await db.query<StoredRow>(
      `select ${LEDGER_COLUMNS}
       from unnest($1::bigint[]) u(id) join customer c on c.id = u.id and c.consent_profiling
       cross join lateral (
         select * from prediction p where p.user_id = u.id and p.model_id = $2 and p.source = 'MODEL'
           and p.scored_at >= $3 and p.as_of between $4 and $5
         order by p.id desc limit 1) p`,
      [query.userIds, query.modelId, query.since, query.asOfFrom, query.asOfUntil],
      { name: 'prediction-last-scores' },
    );
    return rows.map(toLedgerRow);
  };
}
