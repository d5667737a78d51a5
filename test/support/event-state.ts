import type { Sql } from '../../src/plant/ports.js';

/** All that features and lists see of the events, by source and key: everything but the instants of our own rows. */
export function eventState(db: Sql): Promise<object[]> {
  return db.query(
    `select s.name as source, e.key, c.external_id as user, t.name as type, e.at, e.value, e.properties,
       c.last_active_at, (select count(*) from event_key k where (k.source_id, k.key) = (e.source_id, e.key)) as keys
     from event e left join customer c on c.id = e.user_id join event_source s on s.id = e.source_id
     join event_type t on t.id = e.type_id order by 1, 2`,
  );
}
