import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { DeviceActivity } from './device-activity.js';

export interface DeviceStatsStore {
  /** One answer a device, in order; null for an unknown one. One statement for all of them. */
  activityOf: (deviceIds: readonly number[], asOf: Date) => Promise<(DeviceActivity | null)[]>;
}

/** Counts over the events of devices, served by the index (device_id, at). */
export function deviceStatsStore(db: Sql): DeviceStatsStore {
  return {
    activityOf: async (deviceIds, asOf) => {
      const rows = await db.query<DeviceActivity & { id: number }>(
        `select d.id, l.users, e.events, e.transactions, e.sessions,
           e.first_at as "firstEventAt", e.last_at as "lastEventAt",
           least(case when d.first_seen_at < $2 then d.first_seen_at end, l.first_at, e.first_at)
             as "firstAt"
         from unnest($1::int8[]) as k(id) join device d on d.id = k.id
         cross join lateral (
           select count(*) as users, min(l.first_seen_at) as first_at from user_device l
           where l.device_id = d.id and l.first_seen_at < $2) l
         cross join lateral (
           select count(*) as events, min(e.at) as first_at, max(e.at) as last_at,
             count(*) filter (where e.type_id = (select id from event_type where name = 'purchase'))
               as transactions,
             count(*) filter (where e.type_id = (select id from event_type where name = 'session_start'))
               as sessions
           from event e where e.device_id = d.id and e.at < $2) e`,
        [numberArray(deviceIds), asOf],
        { name: 'device_activity' },
      );
      const byId = new Map(rows.map(({ id, ...activity }) => [id, activity]));
      return deviceIds.map((id) => byId.get(id) ?? null);
    },
  };
}
