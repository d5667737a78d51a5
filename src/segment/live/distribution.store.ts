import type { Sql } from '../../plant/ports.js';
import type { CountedKey } from './distribution.js';

/** Customers who agree to profiling, by the segment that they are in now; one statement. */
export function countedKeys(db: Sql): (modelId: string) => Promise<CountedKey[]> {
  return (modelId) =>
    db.query<CountedKey>(
      `select key, n.name, coalesce(s.count, 0) as count, s.updated_at as "updatedAt"
       from (
         select m.segment_key as key, count(*) as count, max(m.written_at) as updated_at
         from segment_membership m join customer c on c.id = m.user_id and c.consent_profiling
         where m.model_id = $1 and m.until is null group by 1) s
       full join (select key, name from segment_name where model_id = $1) n using (key)`,
      [modelId],
      { name: 'segment-counts' },
    );
}
