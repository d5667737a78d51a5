import type { AuditEntry, AuditOn } from '../../access/audit.store.js';
import { DAY_MS } from '../../kernel/clock.js';
import { textArray } from '../../plant/parameters.js';
import type { Database, Sql } from '../../plant/ports.js';
import { uuidv7 } from '../../kernel/uuid.js';
import { afterAttempt, gateOf, type ChannelState, type Gate } from './breaker.js';
import { inOrder, type ClaimedMessage, type Delivery, type QueuedChange } from './delivery.js';
import type { ClaimMessage, SettledAs } from './deliver-alerts.js';
import { isReady, type Grouping, type WaitingChange } from './grouping.js';
import { RETRY } from './retry.js';

export interface DeliveryStore {
  claim: ClaimMessage;
  /** Writes down how an attempt went, for the message and for its channel; `next_at` of what failed is when it was given up. */
  settle(message: ClaimedMessage, as: SettledAs, now: Date): Promise<void>;
  /** A message whose attempt was cut short by our own end: due again at once. */
  release(message: ClaimedMessage, now: Date): Promise<void>;
  /** Changes for channels that nobody knows are marked, and given up in the end. @returns how many were given up */
  sweep(known: readonly string[], now: Date): Promise<number>;
  /** Forgets what became of changes a year ago; alerts and their timeline stay. @returns how many */
  forget(now: Date): Promise<number>;
  channelStates(): Promise<ChannelState[]>;
  /** A test by a person: one that got there closes the breaker. */
  recordTest(channel: string, delivered: boolean, entry: AuditEntry): Promise<void>;
  /** For loaders: the deliveries of each alert in the order asked, oldest change first, at most the newest 200. */
  deliveriesByAlerts(alertIds: readonly string[]): Promise<Delivery[][]>;
}

const STATE = `channel, failures, open_until as "openUntil", last_error as "lastError", updated_at as "updatedAt"`;
/** Further ahead than any attempt is put off: written before a clock was set back. */
const IMPOSSIBLE_MS = 2 * RETRY.longestAskedMs;
const MOST_DELIVERIES = 200;
const DELIVERY_DAYS = 365;

/** Deliveries and how channels do, in Postgres. */
export function deliveryStore(db: Database, auditOn: AuditOn): DeliveryStore {
  return {
    async claim(channel, grouping, leaseMs, now) {
      if (!(await anythingDue(db, channel, now))) return null;
      return db.transaction((sql) => claim(sql, channel, grouping, leaseMs, now));
    },
    async settle(message, as, now) {
      await db.transaction(async (sql) => {
        const state = await lockedState(sql, message.channel, now);
        await writeState(sql, stateAfter(state, as, now));
        await writeRows(sql, message, as, now);
      });
    },
    async release({ id, attempts, channel }, now) {
      await db.transaction(async (sql) => {
        const state = await lockedState(sql, channel, now);
        // it may have been the probe: the next one need not wait for it
        if (gateOf({ ...state, openUntil: null }, now) === 'PROBE')
          await writeState(sql, { ...state, openUntil: null });
        await sql.query(
          `update alert_delivery set next_at = $1 where message_id = $2 and status = 'QUEUED' and attempts = $3`,
          [now, id, attempts],
        );
      });
    },
    async sweep(known, now) {
      const [row] = await db.query<{ gone: number }>(
        `with swept as (
           update alert_delivery set
             status = case when created_at < $2 then 'FAILED'::delivery_status else status end,
             next_at = case when created_at < $2 then $3 else next_at end,
             last_error = coalesce(last_error, 'no channel of this name is configured')
           where status = 'QUEUED' and channel <> all($1::text[]) and (last_error is null or created_at < $2)
           returning status)
         select count(*) filter (where status = 'FAILED')::int as gone from swept`,
        [textArray(known), new Date(now.getTime() - RETRY.giveUpAfterMs), now],
      );
      return row?.gone ?? 0;
    },
    async forget(now) {
      const [row] = await db.query<{ gone: number }>(
        `with gone as (
           delete from alert_delivery where status <> 'QUEUED' and created_at < $1 returning 1)
         select count(*)::int as gone from gone`,
        [new Date(now.getTime() - DELIVERY_DAYS * DAY_MS)],
      );
      return row?.gone ?? 0;
    },
    channelStates: () =>
      db.query<ChannelState>(`select ${STATE} from channel_state order by channel`),
    async recordTest(channel, delivered, entry) {
      await db.transaction(async (sql) => {
        if (delivered)
          await sql.query(
            `update channel_state set failures = 0, open_until = null, last_error = null where channel = $1`,
            [channel],
          );
        await auditOn(sql).write(entry);
      });
    },
    deliveriesByAlerts: (alertIds) => deliveriesByAlerts(db, alertIds),
  };
}

async function anythingDue(sql: Sql, channel: string, now: Date): Promise<boolean> {
  const [row] = await sql.query<{ due: boolean }>(
    `select exists (select from alert_delivery where status = 'QUEUED' and channel = $1
       and (message_id is null or next_at <= $2 or next_at > $3)) as due`,
    [channel, now, new Date(now.getTime() + IMPOSSIBLE_MS)],
    { name: 'delivery_anything_due' },
  );
  return row?.due ?? false;
}

/** Who claims for a channel holds the row of its state: nobody else claims from it meanwhile. */
async function claim(
  sql: Sql,
  channel: string,
  grouping: Grouping,
  leaseMs: number,
  now: Date,
): Promise<ClaimedMessage | null> {
  await sql.query(
    `insert into channel_state (channel, updated_at) values ($1, to_timestamp(0)) on conflict do nothing`,
    [channel],
  );
  const [state] = await sql.query<ChannelState>(
    `select ${STATE} from channel_state where channel = $1 for update skip locked`,
    [channel],
  );
  const gate: Gate = state ? gateOf(state, now) : 'OPEN';
  if (!state || gate === 'OPEN') return null;
  const retry = (): Promise<Chosen | null> => waitingMessage(sql, channel, gate, now);
  const fresh = (): Promise<Chosen | null> => newMessage(sql, state, grouping, now);
  // a message that a receiver stumbles over must not be its only probe
  const chosen =
    gate === 'PROBE' ? ((await fresh()) ?? (await retry())) : ((await retry()) ?? (await fresh()));
  if (!chosen) return null;
  const until = new Date(now.getTime() + leaseMs);
  await writeState(sql, {
    ...state,
    openUntil: gate === 'PROBE' ? until : null,
    updatedAt: now,
  });
  return hold(sql, channel, chosen, until);
}

/** A message to be: its id, and its rows where it has none yet. */
interface Chosen {
  id: string;
  rows: readonly string[];
}

/** One that was tried before and whose time has come. */
async function waitingMessage(
  sql: Sql,
  channel: string,
  gate: Gate,
  now: Date,
): Promise<Chosen | null> {
  const [row] = await sql.query<{ id: string }>(
    `select message_id as id from alert_delivery
     where channel = $1 and status = 'QUEUED' and message_id is not null
     group by message_id having bool_and(next_at <= $2 or next_at > $3)
     order by case when $4 then min(attempts) else 0 end, min(created_at), message_id limit 1`,
    [channel, now, new Date(now.getTime() + IMPOSSIBLE_MS), gate === 'PROBE'],
  );
  return row ? { id: row.id, rows: [] } : null;
}

/** Changes that nobody was told of, as far as no older change of the same alert is still on its way. */
async function newMessage(
  sql: Sql,
  state: ChannelState,
  grouping: Grouping,
  now: Date,
): Promise<Chosen | null> {
  const rows = await sql.query<WaitingChange & { id: string }>(
    `select id, created_at as "createdAt", snapshot from (
       select d.id, d.alert_id, d.revision, d.created_at,
         jsonb_build_object('severity', d.snapshot -> 'severity', 'status', d.snapshot -> 'status') as snapshot,
         max(d.created_at) over (partition by d.alert_id order by d.revision) as place
       from alert_delivery d
       where d.channel = $1 and d.status = 'QUEUED' and d.message_id is null
         and not exists (select from alert_delivery o where o.alert_id = d.alert_id and o.channel = $1
           and o.status = 'QUEUED' and o.message_id is not null)) fresh
     order by place, alert_id, revision limit $2`,
    [state.channel, grouping.most],
  );
  if (!isReady(rows, grouping, state.updatedAt, now)) return null;
  return { id: uuidv7(now), rows: rows.map(({ id }) => id) };
}

async function hold(
  sql: Sql,
  channel: string,
  { id, rows }: Chosen,
  until: Date,
): Promise<ClaimedMessage | null> {
  const held = await sql.query<QueuedChange & { attempts: number; refusedAt: Date | null }>(
    `update alert_delivery set attempts = attempts + 1, next_at = $1, message_id = $2
     where status = 'QUEUED' and (message_id = $2 or id = any($3::uuid[]))
     returning id, alert_id as "alertId", revision, created_at as "createdAt", snapshot, attempts,
       refused_at as "refusedAt"`,
    [until, id, textArray(rows)],
  );
  const changes = inOrder(held);
  const [first] = held;
  if (!first) return null;
  const createdAt = new Date(Math.min(...held.map((row) => row.createdAt.getTime())));
  return { id, channel, attempts: first.attempts, createdAt, refusedAt: first.refusedAt, changes };
}

async function lockedState(sql: Sql, channel: string, now: Date): Promise<ChannelState> {
  const [state] = await sql.query<ChannelState>(
    `select ${STATE} from channel_state where channel = $1 for update`,
    [channel],
  );
  return state ?? { channel, failures: 0, openUntil: null, lastError: null, updatedAt: now };
}

async function writeState(sql: Sql, state: ChannelState): Promise<void> {
  await sql.query(
    `insert into channel_state (channel, failures, open_until, last_error, updated_at) values ($1, $2, $3, $4, $5)
     on conflict (channel) do update set failures = excluded.failures, open_until = excluded.open_until,
       last_error = excluded.last_error, updated_at = excluded.updated_at`,
    [state.channel, state.failures, state.openUntil, state.lastError, state.updatedAt],
  );
}

function stateAfter(state: ChannelState, as: SettledAs, now: Date): ChannelState {
  if (as.kind === 'DELIVERED') return afterAttempt(state, 'DELIVERED', as.note, now);
  if (as.rejected) return afterAttempt(state, 'REJECTED', as.error, now);
  const { error, askedMs } = as;
  return afterAttempt(state, { failed: error, askedMs }, error, now);
}

async function writeRows(
  sql: Sql,
  { id, attempts }: ClaimedMessage,
  as: SettledAs,
  now: Date,
): Promise<void> {
  const mine = `where message_id = $1 and status = 'QUEUED'`;
  switch (as.kind) {
    case 'DELIVERED':
      // got there is got there, also where somebody else has taken it up since
      await sql.query(
        `update alert_delivery set status = 'DELIVERED', delivered_at = $2, last_error = $3, refused_at = null ${mine}`,
        [id, now, as.note],
      );
      return;
    case 'RETRY':
      await sql.query(
        `update alert_delivery set next_at = $3, last_error = $4, refused_at = $5 ${mine} and attempts = $2`,
        [id, attempts, as.at, as.error, as.refusedAt],
      );
      return;
    case 'FAILED':
      await sql.query(
        `update alert_delivery set status = 'FAILED', next_at = $4, last_error = $3 ${mine} and attempts = $2`,
        [id, attempts, as.error, now],
      );
  }
}

async function deliveriesByAlerts(sql: Sql, alertIds: readonly string[]): Promise<Delivery[][]> {
  const rows = await sql.query<Delivery>(
    `select d.* from unnest($1::uuid[]) k(id) cross join lateral (
       select alert_id as "alertId", revision, snapshot ->> 'status' as "alertStatus", channel, status, attempts,
         last_error as "lastError", delivered_at as "deliveredAt"
       from alert_delivery where alert_id = k.id order by revision desc, channel desc limit ${MOST_DELIVERIES}) d
     order by d."alertId", d.revision, d.channel`,
    [textArray([...new Set(alertIds)])],
    { name: 'deliveries_by_alerts' },
  );
  const groups = new Map<string, Delivery[]>();
  for (const row of rows) {
    const group = groups.get(row.alertId);
    if (group) group.push(row);
    else groups.set(row.alertId, [row]);
  }
  return alertIds.map((id) => groups.get(id) ?? []);
}
