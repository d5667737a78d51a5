import type { Sql } from '../plant/ports.js';
import type { AttributesOf } from './slice-columns.js';

/** Customers of one statement. */
const CHUNK = 50_000;

/** Reads attributes as text: numbers and booleans as JSON writes them; '' when unknown, null or not held. */
export function sliceAttributes(db: Sql): AttributesOf {
  return async (userIds, names) => {
    const columns = names.map((): string[] => []);
    for (let from = 0; from < userIds.length; from += CHUNK) {
      const ids = userIds.slice(from, from + CHUNK);
      const rows = await db.query<{ id: number; values: string[] }>(
        `select c.id, array(
           select coalesce(c.attributes ->> name, '')
           from unnest($2::text[]) with ordinality as asked (name, n) order by n) as values
         from customer c where c.id = any($1::bigint[])`,
        [ids, names],
      );
      const known = new Map(rows.map(({ id, values }) => [id, values]));
      for (const id of ids) columns.forEach((column, k) => column.push(known.get(id)?.[k] ?? ''));
    }
    return new Map(names.map((name, k) => [name, columns[k] ?? []]));
  };
}
