import type { AuditOn } from '../access/audit.store.js';
import { sqlParameters } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import type { ErasureReceipt } from './erasure.js';
import type { Traces } from './mentions.js';
import {
  conditionMaker,
  identifier,
  readCatalogue,
  readTraces,
  tableName,
  type ConditionMaker,
} from './personal-rows.store.js';
import { policedTables, type PolicedTable } from './personal-tables.js';
import type { Clause } from './policy.js';

/** An erasure to be made: what becomes the receipt and the tombstone. */
export interface ErasureOrder {
  id: string;
  /** SHA-256 in hex, see `tombstoneHash`. */
  hash: string;
  erasedAt: Date;
  actor: string;
}

export interface ErasureStore {
  /** The tables and what they hold. @throws AppError CONFIGURATION naming those of which nothing is known */
  tables(): Promise<PolicedTable[]>;
  traces(externalId: string): Promise<Traces | null>;
  /**
   * Removes the customer from every table, writes the receipt and the audit entry, all in one transaction; null
   * when the customer is gone meanwhile.
   */
  erase(
    tables: readonly PolicedTable[],
    traces: Traces,
    order: ErasureOrder,
  ): Promise<ErasureReceipt | null>;
  /** Once more, after the transaction, for what was written while it ran; answers the rows by table. */
  sweep(tables: readonly PolicedTable[], traces: Traces): Promise<Record<string, number>>;
}

const DEADLOCK = '40P01';
const ATTEMPTS = 3;

/** What other rooms do on the transaction of an erasure. */
export interface ErasureHooks {
  /** Takes ids of the graph, such as those of the customer's events, out of reports; answers the reports changed. */
  forgetSamples?: (sql: Sql, ids: readonly string[]) => Promise<number>;
}

/** Erasure in Postgres. */
export function erasureStore(
  db: Database,
  auditOn: AuditOn,
  hooks: ErasureHooks = {},
): ErasureStore {
  return {
    tables: async () => policedTables(await readCatalogue(db)),
    traces: (externalId) => readTraces(db, externalId),
    async erase(tables, traces, order) {
      for (let attempt = 1; ; attempt += 1)
        try {
          return await db.transaction((sql) =>
            eraseIn(sql, { auditOn, ...hooks }, tables, traces, order),
          );
        } catch (error) {
          if ((error as { code?: unknown }).code !== DEADLOCK || attempt === ATTEMPTS) throw error;
        }
    },
    sweep: (tables, traces) =>
      db.transaction(async (sql) => {
        const eraser = eraserOn(sql, tables, traces);
        await openLedger(sql);
        await eraser.mentions();
        await eraser.rows();
        return eraser.counts();
      }),
  };
}

/**
 * Mentions first: they are searched for in whole tables, and nobody must wait for that. Then the lock that
 * every writer of customers' rows holds while it writes (they read the table `erasure`): whoever wrote before is
 * waited for, whoever comes after sees that the customer is gone.
 */
async function eraseIn(
  sql: Sql,
  { auditOn, forgetSamples }: ErasureHooks & { auditOn: AuditOn },
  tables: readonly PolicedTable[],
  traces: Traces,
  { id, hash, erasedAt, actor }: ErasureOrder,
): Promise<ErasureReceipt | null> {
  const eraser = eraserOn(sql, tables, traces);
  await eraser.mentions();
  if (forgetSamples)
    eraser.count('quality_scan', await forgetSamples(sql, await sampleIds(sql, traces.id)));
  await sql.query('lock table erasure in access exclusive mode');
  const locked = await sql.query('select id from customer where id = $1 for update', [traces.id]);
  if (locked.length === 0) return null;
  const modelsTrainedOn = await trainedOn(sql, traces.id);
  await openLedger(sql);
  await eraser.rows();
  const rows = eraser.counts();
  await sql.query(
    `insert into erasure (id, key_hash, erased_at, erased_by, rows, models_trained_on)
     values ($1, decode($2, 'hex'), $3, $4, $5::jsonb, $6)`,
    [id, hash, erasedAt, actor, JSON.stringify(rows), modelsTrainedOn],
  );
  const detail = { rows, modelsTrainedOn };
  await auditOn(sql).write({
    at: erasedAt,
    actor,
    action: 'erased',
    subject: `Erasure:${id}`,
    detail,
  });
  return { id, erasedAt, rows, modelsTrainedOn };
}

/** The ledger of predictions refuses every DELETE but that of a transaction which says that it erases. */
async function openLedger(sql: Sql): Promise<void> {
  await sql.query(`select set_config('augury.erasing', 'on', true)`);
}

/** Ids under which rows of the customer may be listed as examples: they hold the sender's keys. */
async function sampleIds(sql: Sql, userId: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select 'Event:' || s.name || ':' || e.key as id from event e join event_source s on s.id = e.source_id
     where e.user_id = $1 and e.at >= '-infinity'`,
    [userId],
  );
  return rows.map(({ id }) => id);
}

/** Names of the model versions whose training rows held the customer, such as `churn@3`. */
export async function trainedOn(sql: Sql, userId: number): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    `select m.name || '@' || v.version as name from model_version v join model m on m.id = v.model_id
     where case when octet_length(v.trained_on)::bigint * 8 > $1 then get_bit(v.trained_on, $1) = 1 end
     order by m.name, v.version`,
    [userId],
  );
  return rows.map(({ name }) => name);
}

/** Rows that go with others before these, and the customer last. */
const ORDER: Record<Clause['kind'], number> = {
  none: 0,
  mentions: 0,
  with: 1,
  by: 2,
  bitmap: 3,
  self: 4,
};

function eraserOn(sql: Sql, tables: readonly PolicedTable[], traces: Traces) {
  const conditions = conditionMaker(traces, tables);
  const counts = new Map<string, number>();
  const count = (table: string, rows: number): void => {
    if (rows > 0) counts.set(table, (counts.get(table) ?? 0) + rows);
  };
  const parts = tables
    .flatMap((table) => table.clauses.map((clause) => ({ table, clause })))
    .sort((a, b) => ORDER[a.clause.kind] - ORDER[b.clause.kind]);
  const run = async (wanted: (clause: Clause) => boolean): Promise<void> => {
    for (const { table, clause } of parts) {
      if (!wanted(clause)) continue;
      const statement = statementOf(conditions, table, clause);
      if (!statement) continue;
      const [row] = await sql.query<{ rows: number }>(statement.text, statement.values);
      if (row) count(table.name, row.rows);
    }
  };
  return {
    count,
    mentions: () => run(({ kind }) => kind === 'mentions'),
    rows: () => run(({ kind }) => kind !== 'mentions'),
    counts: (): Record<string, number> =>
      Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function statementOf(
  conditions: ConditionMaker,
  table: PolicedTable,
  clause: Clause,
): { text: string; values: unknown[] } | null {
  const parameters = sqlParameters();
  const counted = (change: string): string =>
    `with changed as (${change} returning 1) select count(*) as rows from changed`;
  const condition = conditions.of(table, clause, parameters, false);
  if (condition === null) return null;
  const name = tableName(table);
  if (clause.kind === 'bitmap') {
    const column = identifier(clause.column);
    const id = parameters.values[0];
    const cleared = `set_bit(t.${column}, ${parameters.add(id, 'bigint')}, 0)`;
    return {
      text: counted(`update ${name} t set ${column} = ${cleared} where ${condition}`),
      values: parameters.values,
    };
  }
  const change =
    clause.kind === 'mentions' && clause.then === 'redact'
      ? `update ${name} t set ${conditions.redactions(table, clause, parameters)} where ${condition}`
      : `delete from ${name} t where ${condition}`;
  return { text: counted(change), values: parameters.values };
}
