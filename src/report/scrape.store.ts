import type { LabelledFigure } from '../plant/metrics-at-scrape.js';
import type { Sql } from '../plant/ports.js';

/** Figures of the whole installation that lie in its tables, for who scrapes; each is one statement. */
export function scrapeStore(db: Sql): {
  oldestJobs(): Promise<LabelledFigure<'kind'>[]>;
  alerts(): Promise<LabelledFigure<'status' | 'severity'>[]>;
  deliveries(): Promise<LabelledFigure<'channel' | 'status'>[]>;
} {
  return {
    oldestJobs: async () => {
      const rows = await db.query<{ kind: string; value: number }>(
        `select kind::text as kind, greatest(0, extract(epoch from now() - min(created_at)))::float8 as value
         from job where status = 'QUEUED' group by kind`,
        [],
        { name: 'scrape-oldest-jobs' },
      );
      return rows.map(({ kind, value }) => ({ labels: { kind }, value }));
    },
    alerts: async () => {
      const rows = await db.query<{ status: string; severity: string; value: number }>(
        `select status::text as status, severity::text as severity, count(*) as value from alert
         where status <> 'RESOLVED' group by 1, 2`,
        [],
        { name: 'scrape-alerts' },
      );
      return rows.map(({ status, severity, value }) => ({ labels: { status, severity }, value }));
    },
    deliveries: async () => {
      const rows = await db.query<{ channel: string; status: string; value: number }>(
        `select channel, status::text as status, count(*) as value from alert_delivery
         where created_at > now() - interval '1 day' or status = 'QUEUED' group by 1, 2`,
        [],
        { name: 'scrape-deliveries' },
      );
      return rows.map(({ channel, status, value }) => ({ labels: { channel, status }, value }));
    },
  };
}
