import { sqlParameters } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import { trainedOn } from './erasure.store.js';
import { exportedRow, type JsonRow, type Names } from './export.js';
import type { Traces } from './mentions.js';
import {
  conditionMaker,
  identifier,
  readCatalogue,
  readTraces,
  tableName,
} from './personal-rows.store.js';
import { policedTables, type PolicedTable } from './personal-tables.js';

/** One row of an export. */
export type TellRow = (table: string, row: JsonRow) => Promise<void> | void;

export interface ExportStore {
  /**
   * Tells every row that is about the customer, all of one moment, table by table, newest first; at most `limit` a
   * table and one more, which says that there are more; null = all. False when no customer has the key.
   * @throws AppError CONFIGURATION when a table states no policy
   */
  tell(externalId: string, limit: number | null, tellRow: TellRow): Promise<boolean>;
}

/** What says which row is newer, the first that a table has. */
const NEWEST = ['at', 'received_at', 'last_seen_at', 'opened_at', 'created_at', 'id'];
const FETCH = 2_000;

/** Exports from Postgres, read through a cursor. */
export function exportStore(db: Database): ExportStore {
  return {
    tell: (externalId, limit, tellRow) =>
      db.transaction(async (sql) => {
        await sql.query('set transaction isolation level repeatable read, read only');
        const traces = await readTraces(sql, externalId);
        if (!traces) return false;
        const tables = policedTables(await readCatalogue(sql));
        const names = await readNames(sql, traces.id);
        for (const table of tables)
          await tellTable(sql, table, tables, traces, limit, names, tellRow);
        return true;
      }),
  };
}

async function tellTable(
  sql: Sql,
  table: PolicedTable,
  all: readonly PolicedTable[],
  traces: Traces,
  limit: number | null,
  names: Names,
  tellRow: TellRow,
): Promise<void> {
  if (table.clauses.some(({ kind }) => kind === 'bitmap'))
    for (const name of await trainedOn(sql, traces.id)) await tellRow(table.name, { name });
  const conditions = conditionMaker(traces, all);
  const parameters = sqlParameters();
  const found = table.clauses
    .filter(({ kind }) => kind !== 'bitmap')
    .flatMap((clause) => conditions.of(table, clause, parameters, true) ?? []);
  if (found.length === 0) return;
  const order = NEWEST.find((name) => table.columns.some((column) => column.name === name));
  const bound = limit === null ? '' : `limit ${parameters.add(limit + 1, 'bigint')}`;
  await sql.query(
    `declare exported no scroll cursor for
     select to_jsonb(t) as row from ${tableName(table)} t where (${found.join(') or (')})
     ${order === undefined ? '' : `order by t.${identifier(order)} desc`} ${bound}`,
    parameters.values,
  );
  for (;;) {
    const rows = await sql.query<{ row: JsonRow }>(`fetch ${FETCH} from exported`);
    for (const { row } of rows) await tellRow(table.name, exportedRow(table.name, row, names));
    if (rows.length < FETCH) break;
  }
  await sql.query('close exported');
}

async function readNames(sql: Sql, userId: number): Promise<Names> {
  const named = async <K>(text: string, values: unknown[] = []): Promise<Map<K, string>> => {
    const rows = await sql.query<{ id: K; name: string }>(text, values);
    return new Map(rows.map(({ id, name }) => [id, name]));
  };
  const versions = await sql.query<{ id: string; name: string; featureNames: string[] }>(
    `select v.id, m.name || '@' || v.version as name, v.feature_names as "featureNames"
     from model_version v join model m on m.id = v.model_id`,
  );
  return {
    eventTypes: await named('select id, name from event_type'),
    eventSources: await named('select id, name from event_source'),
    models: await named('select id, name from model'),
    versions: new Map(versions.map(({ id, ...version }) => [id, version])),
    devices: await named(
      'select d.id, d.key as name from user_device u join device d on d.id = u.device_id where u.user_id = $1',
      [userId],
    ),
  };
}
