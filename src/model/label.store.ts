import { DAY_MS } from '../kernel/clock.js';
import type { Database } from '../plant/ports.js';
import type { BehaviourLabelQuery, Labels } from './labels.js';

export interface LabelStore {
  behaviour(query: BehaviourLabelQuery): Promise<Labels>;
  /** The latest outcome of each user for the model, at or before `until`. */
  outcomes(query: { modelId: string; until: Date }): Promise<Labels>;
}

/** Labels for training, one statement each. Who opted out of profiling is in neither. */
export function labelStore(db: Database): LabelStore {
  return {
    async behaviour({ asOf, horizonDays, eventTypes, minAgeDays, activeWithinDays }) {
      const rows = await db.query<{ userId: number; positive: boolean; firstAt: Date | null }>(
        `with kinds as (select id from event_type where name = any($3::text[]))
         select c.id as "userId", first.at as "firstAt",
           not exists (
             select from event e where e.user_id = c.id and e.at >= $1 and e.at < $2
               and e.type_id in (select id from kinds)) as positive
         from customer c
         cross join lateral (
           select min(e.at) as at from event e where e.user_id = c.id and e.at < $1) first
         where c.consent_profiling
           and first.at is not null
           and least(c.registered_at, first.at) <= $4
           and ($5::timestamptz is null or exists (
             select from event e where e.user_id = c.id and e.at >= $5 and e.at < $1
               and e.type_id in (select id from kinds)))
         order by c.id`,
        [
          asOf,
          new Date(asOf.getTime() + horizonDays * DAY_MS),
          eventTypes,
          new Date(asOf.getTime() - minAgeDays * DAY_MS),
          activeWithinDays === null ? null : new Date(asOf.getTime() - activeWithinDays * DAY_MS),
        ],
      );
      return toLabels(rows.map((row) => ({ ...row, at: asOf })));
    },
    async outcomes({ modelId, until }) {
      const rows = await db.query<{
        userId: number;
        positive: boolean;
        at: Date;
        firstAt: Date | null;
      }>(
        `select latest.user_id as "userId", latest.positive, latest.at, first.at as "firstAt"
         from (
           select distinct on (o.user_id) o.user_id, o.positive, o.at
           from outcome o join customer c on c.id = o.user_id and c.consent_profiling
           where o.model_id = $1 and o.at <= $2
           order by o.user_id, o.at desc, o.recorded_at desc) latest
         cross join lateral (
           select min(e.at) as at from event e where e.user_id = latest.user_id and e.at < latest.at) first
         order by latest.user_id`,
        [modelId, until],
      );
      return toLabels(rows);
    },
  };
}

function toLabels(
  rows: readonly { userId: number; positive: boolean; at: Date; firstAt: Date | null }[],
): Labels {
  let dataFrom: Date | null = null;
  for (const { firstAt } of rows)
    if (firstAt && (!dataFrom || firstAt < dataFrom)) dataFrom = firstAt;
  return {
    userIds: rows.map((row) => row.userId),
    positive: rows.map((row) => row.positive),
    asOf: rows.map((row) => row.at),
    dataFrom,
  };
}
