import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { LinkedPositives } from './outcome.js';

export interface LinkedPositivesStore {
  /**
   * For each device, in order: of the customers first seen with it before `asOf` and not opted out of profiling,
   * how many have an outcome of the model from before `asOf`, and how many of these are positive by their
   * latest one. null for all when no model has the name. One statement.
   */
  positivesOf: (
    deviceIds: readonly number[],
    model: string,
    asOf: Date,
  ) => Promise<(LinkedPositives | null)[]>;
}

/** Labels of the customers that devices are shared with. */
export function linkedPositivesStore(db: Sql): LinkedPositivesStore {
  return {
    positivesOf: async (deviceIds, model, asOf) => {
      const rows = await db.query<LinkedPositives & { id: number }>(
        `select k.id, o.known, o.positive
         from model m cross join unnest($1::int8[]) as k(id)
         cross join lateral (
           select count(*) as known, count(*) filter (where latest.positive) as positive
           from user_device l join customer c on c.id = l.user_id and c.consent_profiling
           cross join lateral (
             select o.positive from outcome o
             where o.model_id = m.id and o.user_id = l.user_id and o.at < $3
             order by o.at desc, o.recorded_at desc limit 1) latest
           where l.device_id = k.id and l.first_seen_at < $3) o
         where m.name = $2`,
        [numberArray(deviceIds), model, asOf],
        { name: 'device_linked_positives' },
      );
      const byId = new Map(rows.map(({ id, known, positive }) => [id, { known, positive }]));
      return deviceIds.map((id) => byId.get(id) ?? null);
    },
  };
}
