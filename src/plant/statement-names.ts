import { createHash } from 'node:crypto';

/** Prepared statements that one kind of compiled text may hold on a connection. */
const MOST = 64;

/**
 * Names for statements whose text is compiled: the first 64 texts get one and are parsed and planned once
 * a connection, the rest go unnamed, so that callers who vary a filter cannot fill Postgres with plans.
 * @param prefix says whose they are in pg_prepared_statements
 */
export function statementNames(prefix: string): (text: string) => { name?: string } {
  const names = new Map<string, { name: string }>();
  return (text) => {
    const known = names.get(text);
    if (known) return known;
    if (names.size >= MOST) return {};
    const name = { name: `${prefix}_${createHash('sha1').update(text).digest('hex')}` };
    names.set(text, name);
    return name;
  };
}
