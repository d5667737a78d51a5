import { z } from 'zod';
import type { AuditEntry, AuditOn } from '../access/audit.store.js';
import type { Database } from '../plant/ports.js';
import type { QualityStatus, RuleStatus, StoredRule, TableScan } from './quality.js';
import { rawScan, type RawScan } from './read-scan.js';
import { ruleSchema } from './rule.js';
import { compileScan, type ScanRequest } from './scan-statement.store.js';
import { QUALITY_TABLES, type QualityTable } from './table.js';

/** What the scan before left of a table. */
export interface LastScan {
  /** Rows then, or the planner's guess of them where it is larger. */
  rows: number;
  scannedAt: Date | null;
}

export interface QualityStore {
  /** Every rule, by name. */
  rules(): Promise<StoredRule[]>;
  rule(id: string): Promise<StoredRule | null>;
  /** Adds a rule and tells of it; false when the name is taken. */
  insertRule(rule: StoredRule, told: AuditEntry | null): Promise<boolean>;
  /** Replaces a rule by id; false when it is gone or the name is another's. */
  updateRule(rule: StoredRule, told: AuditEntry): Promise<boolean>;
  /** Removes a rule; false when it is gone. */
  deleteRule(id: string, told: AuditEntry): Promise<boolean>;
  /** Claims the seeding of the default rules: true once in the life of an installation. */
  claimSeed(): Promise<boolean>;
  /** Rows to expect of each table. One statement. */
  lastScans(): Promise<Map<QualityTable, LastScan>>;
  /** Looks at a table once: one statement. */
  scan(request: ScanRequest): Promise<RawScan>;
  writeScan(scan: TableScan, id: string, jobId: string | null): Promise<void>;
  /** The newest scan of each of the tables; one statement. */
  newest(tables: readonly QualityTable[]): Promise<TableScan[]>;
  /** The newest scan of each day and table since `since`, oldest first; one statement. */
  daily(tables: readonly QualityTable[], since: Date): Promise<TableScan[]>;
  byIds(ids: readonly string[]): Promise<TableScan[]>;
}

const RULE = `id, name, description, table_name as "table", rule, severity, enabled,
  created_at as "createdAt", created_by as "createdBy"`;
// two who give one name to two rules: the second sees it taken, instead of meeting the index
const ONE_WRITER = 'lock table quality_rule in share row exclusive mode';
const SEEDED = 'quality_rules_seeded';

/** Rules and scans in Postgres. */
export function qualityStore(db: Database, auditOn: AuditOn): QualityStore {
  const byUuid = (id: string): Promise<StoredRule[]> =>
    ruleRows(db.query(`select ${RULE} from quality_rule where id = $1::uuid`, [id]));
  return {
    rules: () => ruleRows(db.query(`select ${RULE} from quality_rule order by name collate "C"`)),
    rule: async (id) => (await byUuid(id))[0] ?? null,
    insertRule: (rule, told) =>
      db.transaction(async (sql) => {
        await sql.query(ONE_WRITER);
        const rows = await sql.query(
          `insert into quality_rule
             (id, name, description, table_name, rule, severity, enabled, created_at, created_by)
           values ($1, $2, $3, $4, $5::jsonb, $6::quality_status, $7, $8, $9)
           on conflict do nothing returning id`,
          [...valuesOf(rule), rule.createdAt, rule.createdBy],
        );
        if (rows.length > 0 && told) await auditOn(sql).write(told);
        return rows.length > 0;
      }),
    updateRule: (rule, told) =>
      db.transaction(async (sql) => {
        await sql.query(ONE_WRITER);
        const rows = await sql.query(
          `update quality_rule set name = $2, description = $3, table_name = $4, rule = $5::jsonb,
             severity = $6::quality_status, enabled = $7
           where id = $1 and not exists (select from quality_rule o where o.name = $2 and o.id <> $1)
           returning id`,
          valuesOf(rule),
        );
        if (rows.length > 0) await auditOn(sql).write(told);
        return rows.length > 0;
      }),
    deleteRule: (id, told) =>
      db.transaction(async (sql) => {
        const rows = await sql.query('delete from quality_rule where id = $1::uuid returning id', [
          id,
        ]);
        if (rows.length > 0) await auditOn(sql).write(told);
        return rows.length > 0;
      }),
    claimSeed: async () => {
      const rows = await db.query(
        `insert into installation_fact (name, value) values ($1, 'true')
         on conflict do nothing returning name`,
        [SEEDED],
      );
      return rows.length > 0;
    },
    lastScans: () => lastScans(db),
    scan: async (request) => {
      const { text, values } = compileScan(request);
      const [row] = await db.query<object>(text, values);
      return rawScan.parse(row);
    },
    writeScan: async (scan, id, jobId) => {
      const { table, asOf, scannedAt, rows, status, ...report } = scan;
      await db.query(
        `insert into quality_scan (id, table_name, as_of, scanned_at, job_id, rows, status, report)
         values ($1, $2, $3, $4, $5, $6, $7::quality_status, $8::jsonb)`,
        [id, lower(table), asOf, scannedAt, jobId, rows, status, JSON.stringify(report)],
      );
    },
    newest: (tables) =>
      scanRows(
        db.query(
          `select s.* from unnest($1::text[]) with ordinality as t(name, place)
           cross join lateral (select ${SCAN} from quality_scan q where q.table_name = t.name
             order by q.scanned_at desc limit 1) s order by t.place`,
          [tables.map(lower)],
        ),
      ),
    daily: (tables, since) =>
      scanRows(
        db.query(
          `select distinct on (q.table_name, q.scanned_at::date) ${SCAN} from quality_scan q
           where q.table_name = any($1::text[]) and q.scanned_at >= $2
           order by q.table_name, q.scanned_at::date, q.scanned_at desc`,
          [tables.map(lower), since],
        ),
      ),
    byIds: (ids) =>
      scanRows(db.query(`select ${SCAN} from quality_scan q where q.id = any($1::uuid[])`, [ids])),
  };
}

const SCAN = `q.table_name as "table", q.as_of as "asOf", q.scanned_at as "scannedAt", q.rows, q.status, q.report`;

function lower(table: QualityTable): string {
  return table.toLowerCase();
}

const tableName = z
  .string()
  .transform((name) => name.toUpperCase())
  .pipe(z.enum(QUALITY_TABLES));

function valuesOf({ id, name, description, table, rule, severity, enabled }: StoredRule) {
  return [id, name, description, lower(table), JSON.stringify(rule), severity, enabled];
}

interface RuleRow extends Omit<StoredRule, 'table' | 'rule' | 'severity'> {
  table: string;
  rule: unknown;
  severity: RuleStatus;
}

async function ruleRows(rows: Promise<object[]>): Promise<StoredRule[]> {
  return ((await rows) as RuleRow[]).map((row) => ({
    ...row,
    table: tableName.parse(row.table),
    rule: ruleSchema.parse(row.rule),
  }));
}

interface ScanRow {
  table: string;
  asOf: Date;
  scannedAt: Date;
  rows: number;
  status: QualityStatus;
  report: Omit<TableScan, 'table' | 'asOf' | 'scannedAt' | 'rows' | 'status'>;
}

async function scanRows(rows: Promise<object[]>): Promise<TableScan[]> {
  return ((await rows) as ScanRow[]).map(({ report, table, ...row }) => ({
    ...report,
    ...row,
    table: tableName.parse(table),
  }));
}

/** The planner's guess covers a table that has grown since, or was never scanned. */
async function lastScans(db: Database): Promise<Map<QualityTable, LastScan>> {
  const rows = await db.query<{ table: string; rows: number; scannedAt: Date | null }>(
    `select t.name as "table", greatest(s.rows, g.rows, 0)::float8 as rows, s.scanned_at as "scannedAt"
     from unnest($1::text[]) as t(name)
     left join lateral (select q.rows, q.scanned_at from quality_scan q where q.table_name = t.name
       order by q.scanned_at desc limit 1) s on true
     cross join lateral (
       select sum(greatest(k.reltuples, 0)) as rows from pg_class k
       where k.relkind = 'r' and (k.oid = t.name::regclass or k.oid in (select relid from pg_partition_tree(t.name::regclass)))) g`,
    [QUALITY_TABLES.map(lower)],
  );
  return new Map(
    rows.map(({ table, rows: expected, scannedAt }) => [
      tableName.parse(table),
      { rows: expected, scannedAt },
    ]),
  );
}
