import { auditStore } from '../../../src/access/audit.store.js';
import type { AlertSnapshot } from '../../../src/alert/alert.js';
import { addressGuard } from '../../../src/alert/delivery/address-guard.js';
import type { Channel } from '../../../src/alert/delivery/channel.js';
import { deliverAlerts } from '../../../src/alert/delivery/deliver-alerts.js';
import { deliveryStore } from '../../../src/alert/delivery/delivery.store.js';
import { postJson } from '../../../src/alert/delivery/post-json.js';
import { webhookChannel } from '../../../src/alert/delivery/webhook-channel.js';
import { manualClock } from '../../../src/kernel/clock.js';
import { uuidv7 } from '../../../src/kernel/uuid.js';
import type { Database } from '../../../src/plant/ports.js';
import { snapshot, START } from './alerts.js';
import type { Received } from './receiver.js';

const RULE = '0195a000-0000-7000-8000-0000000000ff';

/** What the alert core would have written, and workers that deliver it, on one clock. */
export function deliveryLab(db: Database) {
  const clock = manualClock(START);
  const store = deliveryStore(db, auditStore);
  const run = deliverAlerts({ ...store, clock });
  const nobody = new AbortController().signal;
  return {
    ...{ db, clock, store },
    /** Sends what is due. */
    deliver: (channel: Channel, signal = nobody) => run(channel, signal),
    webhook: (url: string, name = 'ops', timeoutMs = 10_000): Channel =>
      webhookChannel(
        { name, url, secrets: ['current', 'previous'] },
        {
          post: postJson({
            guard: addressGuard(['127.0.0.1/32']),
            wall: () => clock.wall(),
            timeoutMs,
          }),
          wall: () => clock.wall(),
        },
      ),
    /** A new alert without changes; its id. */
    async alert(severity: AlertSnapshot['severity'] = 'HIGH'): Promise<string> {
      const id = uuidv7(clock.wall());
      await db.query(
        `insert into alert_rule (id, name, description, metric, comparison, threshold, for_seconds,
           keep_firing_seconds, severity, enabled, created_at, created_by, updated_at)
         values ($1, 'High error rate', '', 'error_rate', 'GT', 0.05, 0, 0, 'HIGH', true, $2, 'test', $2)
         on conflict do nothing`,
        [RULE, clock.wall()],
      );
      await db.query(
        `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, started_at, held_at)
         values ($1::uuid, $2, $1::uuid::text, 'FIRING', $3, '', 0, 0, $4, $4)`,
        [id, RULE, severity, clock.wall()],
      );
      return id;
    },
    /** A change of an alert that channels are to be told of. */
    async change(
      id: string,
      revision: number,
      given: Partial<AlertSnapshot> = {},
      channels: readonly string[] = ['ops'],
    ): Promise<void> {
      const at = clock.wall();
      const told = snapshot({ id, revision, at: at.toISOString(), ...given });
      for (const channel of channels)
        await db.query(
          `insert into alert_delivery (id, alert_id, revision, channel, snapshot, created_at, next_at)
           values ($1, $2, $3, $4, $5, $6, $6)`,
          [uuidv7(at), id, revision, channel, JSON.stringify(told), at],
        );
    },
    statuses: async (channel = 'ops'): Promise<Record<string, number>> => {
      const rows = await db.query<{ status: string; count: number }>(
        `select status, count(*)::int as count from alert_delivery where channel = $1 group by status`,
        [channel],
      );
      return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    },
    async forget(): Promise<void> {
      await db.query('truncate alert_delivery, channel_state, alert, alert_rule');
      clock.set(START);
    },
  };
}

/** A receiver as docs/alerts.md asks for: takes each message once, whatever is repeated. */
export function deduplicating() {
  const seen = new Map<string, string>();
  const told: { id: string; revision: number; status: string }[] = [];
  return {
    /** Messages that were taken, by id. */
    seen,
    /** Changes that were taken, in order. */
    told,
    take({ headers, body }: Pick<Received, 'headers' | 'body'>): void {
      const id = String(headers['augury-id']);
      const before = seen.get(id);
      if (before !== undefined && before !== body) throw new Error(`${id} was changed`);
      if (before !== undefined) return;
      seen.set(id, body);
      const { alerts } = JSON.parse(body) as { alerts: typeof told };
      told.push(
        ...alerts.map(({ id: alert, revision, status }) => ({ id: alert, revision, status })),
      );
    },
    /** Revisions of each alert in the order in which they were taken. */
    revisions(): Map<string, number[]> {
      const all = new Map<string, number[]>();
      for (const { id, revision } of told) all.set(id, [...(all.get(id) ?? []), revision]);
      return all;
    },
  };
}
