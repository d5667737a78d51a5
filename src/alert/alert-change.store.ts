import type { AuditEntry, AuditOn } from '../access/audit.store.js';
import { uuidv7 } from '../kernel/uuid.js';
import { appendFeed } from '../plant/feed-log.js';
import { numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import { SEVERITIES, type Alert, type Severity } from './alert.js';
import { alertSubject, type AlertChange } from './alert-change.js';
import { alertRuleStore, type AlertRuleStore } from './alert-rule.store.js';
import { alertSnapshot } from './alert-snapshot.js';
import { ALERT_COLUMNS } from './alert.store.js';

/** What was written, for those who are told after the commit. */
export interface Applied {
  /** Changes of status: entries of the log of changes. */
  told: number;
  deliveries: number;
}

/** One transaction over rules and alerts. Rows of alerts that it answers are locked until it ends. */
export interface AlertTransaction {
  rules: AlertRuleStore;
  /** Whether the look that was claimed at that instant is still the newest; nobody claims another meanwhile. */
  holdsTick(at: Date): Promise<boolean>;
  /** Alerts that are not over: all, or of a rule. */
  open(ruleId?: string): Promise<Alert[]>;
  byId(id: string): Promise<Alert | null>;
  audit(entry: AuditEntry): Promise<void>;
  /** Writes everything about the changes; the last thing that the transaction does. */
  apply(changes: readonly AlertChange[], at: Date): Promise<Applied>;
}

export interface AlertChangeStore {
  /** True for one of those who ask within the interval; a clock that was set back is followed after one interval. */
  claimTick(now: Date, intervalMs: number): Promise<boolean>;
  change<T>(work: (transaction: AlertTransaction) => Promise<T>): Promise<T>;
}

/** Changes of alerts in Postgres: rows, customers, timeline, deliveries and log of changes stand or fall together. */
export function alertChangeStore(db: Database, auditOn: AuditOn): AlertChangeStore {
  return {
    async claimTick(now, intervalMs) {
      const rows = await db.query(
        `with set_back as (
           update alert_tick set at = $1 where id = 1 and at > $1::timestamptz + make_interval(secs => $2) returning id)
         insert into alert_tick (id, at) select 1, $1 where not exists (select from set_back)
         on conflict (id) do update set at = excluded.at
           where alert_tick.at <= excluded.at - make_interval(secs => $2)
         returning id`,
        [now, intervalMs / 1_000],
      );
      return rows.length > 0;
    },
    change: (work) => db.transaction((sql) => work(transactionOn(sql, auditOn))),
  };
}

function transactionOn(sql: Sql, auditOn: AuditOn): AlertTransaction {
  const locked = (where: string, values: readonly unknown[]): Promise<Alert[]> =>
    sql.query<Alert>(
      `select ${ALERT_COLUMNS} from alert a where ${where} order by a.id for update`,
      values,
    );
  return {
    rules: alertRuleStore(sql),
    async holdsTick(at) {
      const rows = await sql.query(
        'select id from alert_tick where id = 1 and at = $1 for update',
        [at],
      );
      return rows.length > 0;
    },
    open: (ruleId) =>
      locked('a.resolved_at is null and ($1::uuid is null or a.rule_id = $1)', [ruleId ?? null]),
    byId: async (id) => (await locked('a.id = $1::uuid', [id]))[0] ?? null,
    audit: (entry) => auditOn(sql).write(entry),
    apply: (changes, at) => apply(sql, auditOn, changes, at),
  };
}

type Written = AlertChange & { alert: Alert };

async function apply(
  sql: Sql,
  auditOn: AuditOn,
  changes: readonly AlertChange[],
  at: Date,
): Promise<Applied> {
  const dropped = changes.flatMap(({ alert, before }) => (!alert && before ? [before.id] : []));
  if (dropped.length > 0)
    await sql.query('delete from alert where id = any($1::uuid[])', [dropped]);
  const standing = changes.filter((change): change is Written => change.alert !== null);
  const isNew = ({ before }: Written): boolean => before === null;
  await updateAlerts(
    sql,
    standing.filter((change) => !isNew(change)),
  );
  const inserted = await insertAlerts(sql, standing.filter(isNew));
  const written = standing.filter((change) => !isNew(change) || inserted.has(change.alert.id));
  await writeUsers(sql, written);
  const told = written.flatMap((change) => (change.told ? [{ ...change, told: change.told }] : []));
  for (const { alert, told: entry } of told)
    await auditOn(sql).write({ at, subject: alertSubject(alert.id), ...entry });
  const deliveries = await writeDeliveries(sql, told, at);
  await appendFeed(
    sql,
    'alert',
    told.map(({ alert, before, rule }) => ({
      ...{ at, subject: alert.id, payload: alertSnapshot(alert, rule, at) },
      keys: { severity: stronger(alert.severity, before?.severity), status: alert.status },
    })),
  );
  return { told: told.length, deliveries };
}

/** Who follows from a severity on is also told that an alert is not of it any more. */
function stronger(now: Severity, before: Severity = now): Severity {
  return SEVERITIES.indexOf(now) < SEVERITIES.indexOf(before) ? before : now;
}

const MOVING = `status = n.status, severity = n.severity, summary = n.summary, value = n.value, threshold = n.threshold,
  started_at = n."startedAt", fired_at = n."firedAt", held_at = n."heldAt", acknowledged_at = n."acknowledgedAt",
  acknowledged_by = n."acknowledgedBy", silenced_until = n."silencedUntil", resolved_at = n."resolvedAt",
  revision = n.revision`;
const NEW_ROWS = `jsonb_to_recordset($1::jsonb) as n(id uuid, "ruleId" uuid, "dedupKey" text, status alert_status,
  severity severity, summary text, value float8, threshold float8, labels jsonb, "startedAt" timestamptz,
  "firedAt" timestamptz, "heldAt" timestamptz, "acknowledgedAt" timestamptz, "acknowledgedBy" text,
  "silencedUntil" timestamptz, "resolvedAt" timestamptz, revision int)`;

async function updateAlerts(sql: Sql, changes: readonly Written[]): Promise<void> {
  if (changes.length === 0) return;
  await sql.query(`update alert a set ${MOVING} from ${NEW_ROWS} where a.id = n.id`, [
    JSON.stringify(changes.map(({ alert }) => alert)),
  ]);
}

/** Ids of those that are new: where one is open for the key already, that is the alert. */
async function insertAlerts(sql: Sql, changes: readonly Written[]): Promise<Set<string>> {
  if (changes.length === 0) return new Set();
  const rows = await sql.query<{ id: string }>(
    `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, labels, started_at,
       fired_at, held_at, acknowledged_at, acknowledged_by, silenced_until, resolved_at, revision)
     select n.id, n."ruleId", n."dedupKey", n.status, n.severity, n.summary, n.value, n.threshold, n.labels,
       n."startedAt", n."firedAt", n."heldAt", n."acknowledgedAt", n."acknowledgedBy", n."silencedUntil",
       n."resolvedAt", n.revision from ${NEW_ROWS}
     on conflict do nothing returning id`,
    [JSON.stringify(changes.map(({ alert }) => alert))],
  );
  return new Set(rows.map(({ id }) => id));
}

async function writeUsers(sql: Sql, changes: readonly Written[]): Promise<void> {
  const pairs = changes.flatMap(({ alert, userIds }) =>
    userIds.map((userId) => ({ alertId: alert.id, userId })),
  );
  if (pairs.length === 0) return;
  // somebody erased since the reading must not come back
  await sql.query(
    `insert into alert_user (alert_id, user_id)
     select p.alert_id, c.id from unnest($1::uuid[], $2::bigint[]) as p(alert_id, user_id)
     join customer c on c.id = p.user_id
     on conflict do nothing`,
    [
      textArray(pairs.map(({ alertId }) => alertId)),
      numberArray(pairs.map(({ userId }) => userId)),
    ],
  );
}

async function writeDeliveries(sql: Sql, changes: readonly Written[], at: Date): Promise<number> {
  const delivered = changes.filter(({ deliver }) => deliver);
  const before = await channelsBefore(sql, delivered);
  const rows = delivered.flatMap(({ alert, rule }) =>
    [...new Set([...rule.channels, ...(before.get(alert.id) ?? [])])].map((channel) => ({
      ...{ id: uuidv7(at), alertId: alert.id, revision: alert.revision, channel },
      snapshot: alertSnapshot(alert, rule, at),
    })),
  );
  if (rows.length === 0) return 0;
  await sql.query(
    `insert into alert_delivery (id, alert_id, revision, channel, snapshot, created_at, next_at)
     select d.id, d."alertId", d.revision, d.channel, d.snapshot, $2, $2
     from jsonb_to_recordset($1::jsonb) as d(id uuid, "alertId" uuid, revision int, channel text, snapshot jsonb)
     on conflict do nothing`,
    [JSON.stringify(rows), at],
  );
  return rows.length;
}

/** Channels that were told of alerts which are over: they hear of it, whatever channels the rule has by now. */
async function channelsBefore(
  sql: Sql,
  changes: readonly Written[],
): Promise<Map<string, string[]>> {
  const over = changes.flatMap(({ alert, before }) =>
    before && alert.status === 'RESOLVED' ? [alert.id] : [],
  );
  if (over.length === 0) return new Map();
  const rows = await sql.query<{ id: string; channels: string[] }>(
    `select alert_id as id, array_agg(distinct channel) as channels from alert_delivery
     where alert_id = any($1::uuid[]) group by alert_id`,
    [textArray(over)],
  );
  return new Map(rows.map(({ id, channels }) => [id, channels]));
}
