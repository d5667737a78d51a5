import { DAY_MS } from '../kernel/clock.js';
import { numberArray, textArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import { SAMPLE_DAYS, type ServiceSample } from './service-sample.js';

export interface ServiceSampleStore {
  /** Adds counts of a process to its minutes; one statement. */
  write(process: string, samples: readonly ServiceSample[]): Promise<void>;
  /** Forgets minutes older than 8 days. @returns how many rows */
  forget(now: Date): Promise<number>;
}

/** Counts of the processes in Postgres. */
export function serviceSampleStore(sql: Sql): ServiceSampleStore {
  return {
    async write(process, samples) {
      if (samples.length === 0) return;
      await sql.query(
        `insert into service_sample as s
           (at, process, kind, name, requests, errors, fallbacks, seconds, buckets)
         select to_timestamp(e.ms / 1000), $1, e.kind, e.name, e.requests, e.errors, e.fallbacks, e.seconds,
           array(select jsonb_array_elements_text(e.buckets)::int)
         from unnest($2::float8[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::float8[], $9::jsonb[])
           as e(ms, kind, name, requests, errors, fallbacks, seconds, buckets)
         on conflict (at, process, kind, name) do update set
           requests = s.requests + excluded.requests, errors = s.errors + excluded.errors,
           fallbacks = s.fallbacks + excluded.fallbacks, seconds = s.seconds + excluded.seconds,
           buckets = (select array_agg(coalesce(b.old, 0) + coalesce(b.new, 0) order by b.place)
             from unnest(s.buckets, excluded.buckets) with ordinality as b(old, new, place))`,
        [
          process,
          numberArray(samples.map(({ at }) => at.getTime())),
          textArray(samples.map(({ kind }) => kind)),
          textArray(samples.map(({ name }) => name)),
          numberArray(samples.map(({ requests }) => requests)),
          numberArray(samples.map(({ errors }) => errors)),
          numberArray(samples.map(({ fallbacks }) => fallbacks)),
          numberArray(samples.map(({ seconds }) => seconds)),
          textArray(samples.map(({ buckets }) => JSON.stringify(buckets))),
        ],
      );
    },
    async forget(now) {
      const [row] = await sql.query<{ gone: number }>(
        `with gone as (delete from service_sample where at < $1 returning 1)
         select count(*)::int as gone from gone`,
        [new Date(now.getTime() - SAMPLE_DAYS * DAY_MS)],
      );
      return row?.gone ?? 0;
    },
  };
}
