import type { AttributesOf } from '../model/slice-columns.js';
import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';

/** A dimension of slices that is no attribute: `segment:persona` cuts by the segments of persona. */
const PREFIX = 'segment:';
/** Customers of one statement. */
const CHUNK = 50_000;

/**
 * Attributes, and segments beside them: the name that the segment has where the customer is now; '' for who is in
 * none or does not agree to profiling. Where customers are is no input of the model, so that knowing it later than the
 * row's instant tells it nothing.
 */
export function withSegments(db: Sql, attributesOf: AttributesOf): AttributesOf {
  return async (userIds, names) => {
    const attributes = names.filter((name) => !name.startsWith(PREFIX));
    const columns = new Map(
      attributes.length > 0 ? await attributesOf(userIds, attributes) : undefined,
    );
    for (const name of names)
      if (name.startsWith(PREFIX))
        columns.set(name, await segmentsOf(db, userIds, name.slice(PREFIX.length)));
    return columns;
  };
}

async function segmentsOf(db: Sql, userIds: readonly number[], key: string): Promise<string[]> {
  const values: string[] = [];
  for (let from = 0; from < userIds.length; from += CHUNK) {
    const ids = userIds.slice(from, from + CHUNK);
    const rows = await db.query<{ id: number; name: string }>(
      `select s.user_id as id, coalesce(n.name, s.segment_key) as name
       from segment_membership s
       join customer c on c.id = s.user_id and c.consent_profiling
       join model m on m.id = s.model_id and m.name = $2 and m.task = 'CLUSTERING'
       left join segment_name n on n.model_id = s.model_id and n.key = s.segment_key
       where s.until is null and s.user_id = any($1::bigint[])`,
      [numberArray(ids), key],
    );
    const known = new Map(rows.map(({ id, name }) => [id, name]));
    for (const id of ids) values.push(known.get(id) ?? '');
  }
  return values;
}
