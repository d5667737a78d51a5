import { AppError } from '../kernel/error.js';
import type { Sql } from '../plant/ports.js';
import { textArray } from '../plant/parameters.js';

/** Two-byte ids of names: event types, or sources. Known names cost no statement. */
export interface Catalogue {
  /** Ids of the names; unknown ones are added. @throws AppError TOO_LARGE past 2,000 names */
  idsOf: (names: readonly string[]) => Promise<Map<string, number>>;
  /** Ids of those names that exist. */
  knownIdsOf: (names: readonly string[]) => Promise<Map<string, number>>;
  /** Names of the ids. */
  namesOf: (ids: ReadonlySet<number>) => Promise<Map<number, string>>;
}

const MAX_NAMES = 2_000;

/** A catalogue table with an in-process copy; names are never renamed or removed, so the copy cannot go stale. */
export function eventCatalogue(db: Sql, table: 'event_type' | 'event_source'): Catalogue {
  const cached = new Map<string, number>();
  const nameOf = new Map<number, string>();
  const remember = (rows: readonly { id: number; name: string }[]): void => {
    for (const { id, name } of rows) {
      cached.set(name, id);
      nameOf.set(id, name);
    }
  };

  async function read(names: readonly string[]): Promise<void> {
    const rows = await db.query<{ id: number; name: string }>(
      `select id, name from ${table} where name = any($1::text[])`,
      [textArray(names)],
      { name: `${table}_by_names` },
    );
    remember(rows);
  }

  const missing = (names: readonly string[]): string[] => [
    ...new Set(names.filter((name) => !cached.has(name))),
  ];

  const answer = (names: readonly string[]): Map<string, number> =>
    new Map(
      names.flatMap((name) => {
        const id = cached.get(name);
        return id === undefined ? [] : [[name, id] as const];
      }),
    );

  async function add(names: readonly string[]): Promise<void> {
    // not exists: a conflict would still take a number from the two-byte sequence
    await db.query(
      `insert into ${table} (name)
       select i.name from unnest($1::text[]) as i(name)
       where not exists (select 1 from ${table} t where t.name = i.name)
         and (select count(*) from ${table}) + $2 <= $3
       order by i.name collate "C" on conflict do nothing`,
      [textArray(names), names.length, MAX_NAMES],
    );
    await read(names);
    const refused = missing(names);
    if (refused.length > 0)
      throw new AppError(
        'TOO_LARGE',
        `${table} holds at most ${MAX_NAMES} names; no room for ${refused.slice(0, 3).join(', ')}`,
      );
  }

  return {
    async idsOf(names) {
      if (missing(names).length > 0) await read(missing(names));
      const unknown = missing(names);
      if (unknown.length > 0) await add(unknown);
      return answer(names);
    },
    async knownIdsOf(names) {
      const unknown = missing(names);
      if (unknown.length > 0) await read(unknown);
      return answer(names);
    },
    async namesOf(ids) {
      const unknown = [...ids].filter((id) => !nameOf.has(id));
      if (unknown.length > 0)
        remember(
          await db.query(`select id, name from ${table} where id = any($1::int2[])`, [unknown]),
        );
      return nameOf;
    },
  };
}
