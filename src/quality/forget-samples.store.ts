import { textArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';

/**
 * Takes ids out of what stored scans list as examples, such as `User:42` and the customer's events, whose
 * ids hold the sender's keys; counts stay. For an erasure: on its transaction. Answers the scans changed.
 */
export async function forgetSamples(sql: Sql, ids: readonly string[]): Promise<number> {
  const rows = await sql.query(
    `update quality_scan q set report = jsonb_set(q.report, '{checks}', (
       select jsonb_agg(jsonb_set(c.item, '{sampleIds}', (
           select coalesce(jsonb_agg(i.id order by i.place), '[]'::jsonb)
           from jsonb_array_elements_text(c.item -> 'sampleIds') with ordinality i(id, place)
           where i.id <> all($1::text[]))) order by c.place)
       from jsonb_array_elements(q.report -> 'checks') with ordinality c(item, place)))
     where exists (
       select from jsonb_array_elements(q.report -> 'checks') c(item)
       cross join lateral jsonb_array_elements_text(c.item -> 'sampleIds') i(id)
       where i.id = any($1::text[]))
     returning q.id`,
    [textArray(ids)],
  );
  return rows.length;
}
