import { FEED_TOPICS, type FeedEntry, type FeedTopic, type NewFeedEntry } from '../kernel/feed.js';
import { numberArray, textArray } from './parameters.js';
import type { Sql } from './ports.js';

/** Bus topic: entries were committed; who follows reads on. The message says nothing. */
export const feedBusTopic = (topic: FeedTopic): string => `feed:${topic}`;

const LOCK_SPACE = 7_283_700;

/**
 * SQL that waits until no other transaction has entries of the topic that are not committed, and keeps others waiting
 * until this one is; for statements that change a row and insert its entry. Wait behind the change: rows first, then this.
 */
export const waitForFeedWriters = (topic: FeedTopic): string =>
  `pg_advisory_xact_lock(${LOCK_SPACE}, ${FEED_TOPICS.indexOf(topic)})`;

/**
 * Puts changes down, as the last statement of the transaction that makes them. Writers of a topic wait for each
 * other until they commit: so ids grow in the order of commit, and who has read to a number has missed nothing
 * below it. @returns the ids, in order
 */
export async function appendFeed(
  sql: Sql,
  topic: FeedTopic,
  entries: readonly NewFeedEntry[],
): Promise<number[]> {
  if (entries.length === 0) return [];
  const rows = await sql.query<{ id: number }>(
    `with alone as materialized (select ${waitForFeedWriters(topic)})
     insert into feed_entry (topic, at, subject, user_id, keys, payload)
     select $1, to_timestamp(e.ms / 1000), e.subject, e.user_id, e.keys, e.payload
     from alone, unnest($2::float8[], $3::text[], $4::bigint[], $5::jsonb[], $6::jsonb[])
       with ordinality as e(ms, subject, user_id, keys, payload, place)
     order by e.place returning id`,
    [
      topic,
      numberArray(entries.map(({ at }) => at.getTime())),
      textArray(entries.map(({ subject }) => subject)),
      numberArray(entries.map(({ userId }) => userId ?? null)),
      textArray(entries.map(({ keys }) => JSON.stringify(keys))),
      textArray(
        entries.map(({ payload }) =>
          payload === undefined || payload === null ? null : JSON.stringify(payload),
        ),
      ),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Entries of a topic after a number, oldest first. */
export function readFeed(
  sql: Sql,
  topic: FeedTopic,
  after: number,
  limit: number,
): Promise<FeedEntry[]> {
  return sql.query<FeedEntry>(
    `select id, at, subject, user_id as "userId", keys, payload from feed_entry
     where topic = $1 and id > $2 order by id limit $3`,
    [topic, after, limit],
    { name: 'feed_read' },
  );
}

/**
 * The newest number of a topic, 0 without one; the newest that was forgotten; and the highest that was given out,
 * of whatever topic. The first can fall: an erasure takes entries of its customer away.
 */
export async function feedBounds(
  sql: Sql,
  topic: FeedTopic,
): Promise<{ head: number; forgotten: number; given: number }> {
  const [row] = await sql.query<{ head: number; forgotten: number; given: number }>(
    `select greatest(coalesce((select id from feed_entry where topic = $1 order by id desc limit 1), 0), p.forgotten) as head,
       p.forgotten,
       (select case when is_called then last_value else 0 end from feed_entry_id_seq) as given
     from (select coalesce(max(position), 0) as forgotten from feed_position where consumer = 'forgotten:' || $1) p`,
    [topic],
    { name: 'feed_bounds' },
  );
  return row ?? { head: 0, forgotten: 0, given: 0 };
}

/** Forgets entries older than an instant; a cursor from before is refused from then on. @returns how many */
export async function forgetFeed(sql: Sql, before: Date, at: Date): Promise<number> {
  const [row] = await sql.query<{ gone: number }>(
    `with gone as (delete from feed_entry where at < $1 returning topic, id),
       marks as (
         insert into feed_position (consumer, position, at)
         select 'forgotten:' || topic, max(id), $2 from gone group by topic
         on conflict (consumer) do update
           set position = greatest(feed_position.position, excluded.position), at = excluded.at)
     select count(*)::int as gone from gone`,
    [before, at],
  );
  return row?.gone ?? 0;
}
