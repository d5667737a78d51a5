import { numberArray, textArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import { SEVERITIES, type Alert, type AlertStatus, type Severity } from './alert.js';

export const ALERT_COLUMNS = `a.id, a.rule_id as "ruleId", a.dedup_key as "dedupKey", a.status, a.severity, a.summary, a.value,
  a.threshold, a.labels, a.started_at as "startedAt", a.fired_at as "firedAt", a.held_at as "heldAt",
  a.acknowledged_at as "acknowledgedAt", a.acknowledged_by as "acknowledgedBy",
  a.silenced_until as "silencedUntil", a.resolved_at as "resolvedAt", a.revision`;

/** Where a page of alerts begins: behind this one. */
export interface AlertPlace {
  startedAt: Date;
  id: string;
}

/** Which alerts, the latest started first; null parts do not narrow. */
export interface AlertPage {
  statuses: readonly AlertStatus[] | null;
  minSeverity: Severity | null;
  /** Started at or after. */
  since: Date | null;
  after: AlertPlace | null;
  limit: number;
}

export interface AlertStore {
  page(page: AlertPage): Promise<Alert[]>;
  /** One answer an id, in order; null when unknown. One statement. */
  byIds(ids: readonly string[]): Promise<(Alert | null)[]>;
  /** A page of the alerts about each customer, in the order asked; one statement. */
  pagesOfUsers(userIds: readonly number[], page: AlertPage): Promise<Alert[][]>;
  /** A page of the customers that each alert is about, by their number; one statement. */
  usersOf(
    alertIds: readonly string[],
    page: { after: number | null; limit: number },
  ): Promise<number[][]>;
  /** How many customers each alert is about; one statement. */
  countUsersOf(alertIds: readonly string[]): Promise<number[]>;
  /**
   * Number of the newest change in the log of changes that each alert, as it was read, has behind it. Where none of its
   * own is held: the one from which everything that is held follows. One statement.
   */
  newestChanges(alerts: readonly Pick<Alert, 'id' | 'revision'>[]): Promise<number[]>;
  /** Open alerts that have fired, by severity. */
  countOpen(): Promise<{ severity: Severity; count: number }[]>;
}

// placeholders $1..$6: statuses, severities, since, after (instant, id), limit
const FILTER = `($1::text[] is null or a.status::text = any($1)) and ($2::text[] is null or a.severity::text = any($2))
  and ($3::timestamptz is null or a.started_at >= $3)
  and ($4::timestamptz is null or (a.started_at, a.id) < ($4, $5::uuid))
  order by a.started_at desc, a.id desc limit $6`;

/** Alerts in Postgres, to be read. */
export function alertStore(sql: Sql): AlertStore {
  return {
    page: (page) =>
      sql.query<Alert>(`select ${ALERT_COLUMNS} from alert a where ${FILTER}`, valuesOf(page)),
    async byIds(ids) {
      const rows = await sql.query<Alert>(
        `select ${ALERT_COLUMNS} from alert a where a.id = any($1::uuid[])`,
        [[...new Set(ids)]],
      );
      const byId = new Map(rows.map((alert) => [alert.id, alert]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    async pagesOfUsers(userIds, page) {
      const rows = await sql.query<Alert & { place: number }>(
        `select k.place::int as place, a.* from unnest($7::bigint[]) with ordinality as k(user_id, place)
         cross join lateral (
           select ${ALERT_COLUMNS} from alert_user u join alert a on a.id = u.alert_id
           where u.user_id = k.user_id and ${FILTER}) a
         order by k.place, a."startedAt" desc, a.id desc`,
        [...valuesOf(page), [...userIds]],
      );
      const answers: Alert[][] = userIds.map(() => []);
      for (const { place, ...alert } of rows) answers[place - 1]?.push(alert);
      return answers;
    },
    async usersOf(alertIds, { after, limit }) {
      const rows = await sql.query<{ place: number; userId: number }>(
        `select k.place::int as place, u.user_id as "userId" from unnest($1::uuid[]) with ordinality as k(alert_id, place)
         cross join lateral (
           select user_id from alert_user u where u.alert_id = k.alert_id and ($2::bigint is null or u.user_id > $2)
           order by user_id limit $3) u
         order by k.place, u.user_id`,
        [[...alertIds], after, limit],
      );
      const answers: number[][] = alertIds.map(() => []);
      for (const { place, userId } of rows) answers[place - 1]?.push(userId);
      return answers;
    },
    async countUsersOf(alertIds) {
      const rows = await sql.query<{ id: string; count: number }>(
        `select alert_id as id, count(*)::int as count from alert_user where alert_id = any($1::uuid[]) group by 1`,
        [[...alertIds]],
      );
      const counts = new Map(rows.map(({ id, count }) => [id, count]));
      return alertIds.map((id) => counts.get(id) ?? 0);
    },
    async newestChanges(alerts) {
      // a change since the alert was read is not behind it: whoever goes on from here must be told of it
      const rows = await sql.query<{ id: number }>(
        `select coalesce(max(f.id), p.forgotten) as id
         from unnest($1::text[], $2::int[]) with ordinality as k(subject, revision, place)
         cross join (select coalesce(max(position), 0) as forgotten from feed_position
           where consumer = 'forgotten:alert') p
         left join feed_entry f on f.topic = 'alert' and f.subject = k.subject
           and (f.payload->>'revision')::int <= k.revision
         group by k.place, p.forgotten order by k.place`,
        [
          textArray(alerts.map(({ id }) => id)),
          numberArray(alerts.map(({ revision }) => revision)),
        ],
      );
      return rows.map(({ id }) => id);
    },
    countOpen: () =>
      sql.query(
        `select severity, count(*)::int as count from alert
         where resolved_at is null and status <> 'PENDING' group by severity`,
      ),
  };
}

function valuesOf({ statuses, minSeverity, since, after, limit }: AlertPage): unknown[] {
  const severities = minSeverity ? SEVERITIES.slice(SEVERITIES.indexOf(minSeverity)) : null;
  return [
    statuses && textArray(statuses),
    severities && textArray(severities),
    ...[since, after?.startedAt ?? null, after?.id ?? null, limit],
  ];
}
