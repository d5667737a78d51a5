import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { Activity, Cohort, EdaDeps, EdaShape } from './eda.js';

/** The parts of a study that Postgres answers, one statement each. */
export function edaStore(db: Sql): Pick<EdaDeps, 'shape' | 'cohorts' | 'activity'> {
  return {
    async shape(dataset, asOf) {
      const rows =
        dataset === 'CUSTOMERS'
          ? 'select count(*) from customer'
          : 'select count(*) from event where at < $1';
      const [row] = await db.query<EdaShape>(
        `select (${rows})::float8 as rows, min(e.at) as "from", max(e.at) as until
         from event e where e.at < $1`,
        [asOf],
      );
      return row ?? { rows: 0, from: null, until: null };
    },
    cohorts: ({ userIds, positive }, asOf) =>
      db.query<Cohort>(
        `select date_trunc('month', c.registered_at) as month, count(*)::int as customers,
           count(l.id)::int as labelled, (count(*) filter (where l.positive))::int as positive
         from customer c
         left join unnest($1::bigint[], $2::boolean[]) l(id, positive) on l.id = c.id
         where c.registered_at < $3 group by 1 order by 1 desc limit 120`,
        [numberArray(userIds), positive, asOf],
      ),
    async activity(since, until) {
      const rows = await db.query<{ day: Date; weekday: number; hour: number; events: number }>(
        `select date_trunc('day', e.at) as day, extract(isodow from e.at)::int as weekday,
           extract(hour from e.at)::int as hour, count(*)::int as events
         from event e where e.at >= $1 and e.at < $2 group by 1, 2, 3 order by 1, 3`,
        [since, until],
      );
      return activityOf(rows);
    },
  };
}

function activityOf(
  rows: readonly { day: Date; weekday: number; hour: number; events: number }[],
): Activity {
  const days = new Map<number, number>();
  const hours = new Map<number, number>();
  for (const { day, weekday, hour, events } of rows) {
    days.set(day.getTime(), (days.get(day.getTime()) ?? 0) + events);
    hours.set(weekday * 24 + hour, (hours.get(weekday * 24 + hour) ?? 0) + events);
  }
  return {
    byDay: [...days].map(([day, events]) => ({ day: new Date(day), events })),
    byHour: [...hours]
      .sort(([a], [b]) => a - b)
      .map(([at, events]) => ({ weekday: Math.floor(at / 24), hour: at % 24, events })),
  };
}
