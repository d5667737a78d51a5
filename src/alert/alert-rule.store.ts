import { textArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { AlertRule } from './alert.js';

const RULE_COLUMNS = `id, name, description, metric, labels, comparison, threshold, for_seconds as "forSeconds",
  keep_firing_seconds as "keepFiringSeconds", severity, channels, enabled, created_at as "createdAt",
  created_by as "createdBy", updated_at as "updatedAt", deleted_at as "deletedAt"`;

export interface AlertRuleStore {
  /** Every rule that is not deleted, by name. */
  list(): Promise<AlertRule[]>;
  /** One answer an id in order, deleted ones too; null when unknown. One statement. */
  byIds(ids: readonly string[]): Promise<(AlertRule | null)[]>;
  /** False when another rule has the name. */
  insert(rule: AlertRule): Promise<boolean>;
  /** Replaces a rule by id; false when another has the name. */
  update(rule: AlertRule): Promise<boolean>;
  /** Writes rules that were never seeded here; one that was deleted or renamed since does not come back. @returns names */
  seed(rules: readonly AlertRule[]): Promise<string[]>;
}

// two who give one name to two rules: the second sees it taken, instead of meeting the index
const ONE_WRITER = 'lock table alert_rule in share row exclusive mode';

/** Rules in Postgres, on a connection or a transaction. `insert` and `update` need a transaction. */
export function alertRuleStore(sql: Sql): AlertRuleStore {
  return {
    list: () =>
      sql.query<AlertRule>(
        `select ${RULE_COLUMNS} from alert_rule where deleted_at is null order by name collate "C"`,
      ),
    async byIds(ids) {
      const rows = await sql.query<AlertRule>(
        `select ${RULE_COLUMNS} from alert_rule where id = any($1::uuid[])`,
        [[...new Set(ids)]],
      );
      const byId = new Map(rows.map((rule) => [rule.id, rule]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    async insert(rule) {
      await sql.query(ONE_WRITER);
      const rows = await sql.query(
        `insert into alert_rule (id, name, description, metric, labels, comparison, threshold, for_seconds,
           keep_firing_seconds, severity, channels, enabled, updated_at, deleted_at, created_at, created_by)
         values ($1, $2, $3, $4, $5::jsonb, $6::comparison_operator, $7, $8, $9, $10::severity, $11::text[], $12, $13,
           $14, $15, $16)
         on conflict do nothing returning id`,
        [...valuesOf(rule), rule.createdAt, rule.createdBy],
      );
      return rows.length > 0;
    },
    async update(rule) {
      await sql.query(ONE_WRITER);
      const rows = await sql.query(
        `update alert_rule set name = $2, description = $3, metric = $4, labels = $5::jsonb,
           comparison = $6::comparison_operator, threshold = $7, for_seconds = $8, keep_firing_seconds = $9,
           severity = $10::severity, channels = $11::text[], enabled = $12, updated_at = $13, deleted_at = $14
         where id = $1 and deleted_at is null and not exists (
           select from alert_rule o where o.name = $2 and o.id <> $1 and o.deleted_at is null)
         returning id`,
        valuesOf(rule),
      );
      return rows.length > 0;
    },
    async seed(rules) {
      const rows = await sql.query<{ name: string }>(
        `with wanted as (
           select * from jsonb_to_recordset($1::jsonb) as w(id uuid, name text, description text, metric text, labels jsonb,
             comparison comparison_operator, threshold float8, "forSeconds" int, "keepFiringSeconds" int,
             severity severity, enabled boolean, "createdAt" timestamptz, "createdBy" text)),
         claimed as (
           insert into installation_fact (name, value) select 'alert_rule_seeded:' || name, 'true' from wanted
           on conflict do nothing returning name)
         insert into alert_rule (id, name, description, metric, labels, comparison, threshold, for_seconds,
           keep_firing_seconds, severity, channels, enabled, created_at, created_by, updated_at)
         select w.id, w.name, w.description, w.metric, w.labels, w.comparison, w.threshold, w."forSeconds",
           w."keepFiringSeconds", w.severity, $2::text[], w.enabled, w."createdAt", w."createdBy", w."createdAt"
         from wanted w join claimed c on c.name = 'alert_rule_seeded:' || w.name
         on conflict do nothing returning name`,
        [JSON.stringify(rules), textArray([])],
      );
      return rows.map(({ name }) => name);
    },
  };
}

function valuesOf(rule: AlertRule): unknown[] {
  return [
    ...[rule.id, rule.name, rule.description, rule.metric, JSON.stringify(rule.labels)],
    ...[rule.comparison, rule.threshold, rule.forSeconds, rule.keepFiringSeconds, rule.severity],
    ...[textArray(rule.channels), rule.enabled, rule.updatedAt, rule.deletedAt],
  ];
}
