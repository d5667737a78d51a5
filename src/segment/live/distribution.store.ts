import type { Sql } from '../../plant/ports.js';
import type { CountedKey } from './distribution.js';

/**
 * Customers who agree to profiling, by the segment that they are in now; one statement, of an index alone and the
 * customers. When somebody moved last is read off the end of an index: the largest instant would have to be looked for
 * in every stay there ever was. A range of one segmentation, so that no other index seems as good.
 */
export function countedKeys(db: Sql): (modelId: string) => Promise<CountedKey[]> {
  return (modelId) =>
    db.query<CountedKey>(
      `select key, n.name, coalesce(s.count, 0) as count, (
           select l.written_at from segment_membership l where l.model_id between $1 and $1
           order by l.model_id desc, l.id desc limit 1) as "updatedAt"
       from (
         select m.segment_key as key, count(*) as count
         from segment_membership m join customer c on c.id = m.user_id and c.consent_profiling
         where m.model_id = $1 and m.until is null group by 1) s
       full join (select key, name from segment_name where model_id = $1) n using (key)`,
      [modelId],
      { name: 'segment-counts' },
    );
}
