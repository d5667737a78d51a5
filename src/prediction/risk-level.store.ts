import type { RiskBand } from './prediction.js';
import type { NewFeedEntry } from '../kernel/feed.js';
import { appendFeed } from '../plant/feed-log.js';
import type { Database, Sql } from '../plant/ports.js';
import type { LedgerMark, RiskChunk, RiskLevelStore } from './follow-risk.js';
import { NOT_WHILE_ERASING } from './ledger-batch.store.js';

const CONSUMER = 'risk';
/** One consumer at a time, of however many workers; until its transaction has ended. */
const ALONE = 'pg_try_advisory_xact_lock(7283701)';

const HEAD = `select case when is_called then last_value else 0 end as head from prediction_id_seq`;

/**
 * Who has drawn ids of the ledger and has not ended: drawing locks the sequence, in a mode that stands in nobody's
 * way, until the end of the transaction. Transaction numbers would not do: ids are drawn before one is given.
 */
const WRITERS = `select virtualtransaction as writer from pg_locks
  where locktype = 'relation' and relation = 'prediction_id_seq'::regclass and mode = 'RowExclusiveLock' and granted
    and database = (select oid from pg_database where datname = current_database())`;

interface Crossing {
  last: number | null;
  rows: number;
  id: number | null;
  userId: number;
  modelId: string;
  from: RiskBand;
  to: RiskBand;
}

/** How far the ledger was looked through for crossings, and where each customer was last. */
export function riskLevelStore(db: Database): RiskLevelStore {
  const head = async (): Promise<number> =>
    (await db.query<{ head: number }>(HEAD, [], { name: 'risk-head' }))[0]?.head ?? 0;
  const writers = async (): Promise<string[]> =>
    (await db.query<{ writer: string }>(WRITERS, [], { name: 'risk-writers' })).map(
      ({ writer }) => writer,
    );
  return {
    head,
    // in this order: who drew an id up to the head has ended by the second look, or is found by it
    mark: async (): Promise<LedgerMark> => ({ head: await head(), writers: await writers() }),
    stillWriting: async (before) => {
      const now = new Set(await writers());
      return before.filter((writer) => now.has(writer));
    },
    position: async () => (await positionIn(db)) ?? null,
    begin: async (position, at) => {
      await db.query(
        `insert into feed_position (consumer, position, at) values ($1, $2, $3)
         on conflict (consumer) do nothing`,
        [CONSUMER, position, at],
      );
    },
    take: (chunk) => db.transaction((sql) => takeIn(sql, chunk)),
  };
}

async function positionIn(sql: Sql): Promise<number | undefined> {
  const rows = await sql.query<{ position: number }>(
    'select position from feed_position where consumer = $1',
    [CONSUMER],
    { name: 'risk-position' },
  );
  return rows[0]?.position;
}

/** Levels, entries and position, all or none. */
async function takeIn(
  sql: Sql,
  { until, limit, bands, at }: Parameters<RiskLevelStore['take']>[0],
): Promise<RiskChunk> {
  const [lock] = await sql.query<{ alone: boolean }>(`select ${ALONE} as alone`);
  const position = lock?.alone ? await positionIn(sql) : undefined;
  if (position === undefined) return 'busy';
  const found = await sql.query<Crossing>(
    TAKE,
    [
      position,
      until,
      limit,
      bands.map(({ modelId }) => modelId),
      bands.map(({ medium }) => medium),
      bands.map(({ high }) => high),
      bands.map(({ critical }) => critical),
    ],
    { name: 'risk-take' },
  );
  const { last = null, rows = 0 } = found[0] ?? {};
  const crossings = found.flatMap((row): NewFeedEntry[] =>
    row.id === null
      ? []
      : [
          {
            at,
            subject: String(row.id),
            userId: row.userId,
            keys: { model: row.modelId, from: row.from, to: row.to },
          },
        ],
  );
  const reached = rows < limit ? Math.max(until, position) : (last ?? position);
  await sql.query('update feed_position set position = $2, at = $3 where consumer = $1', [
    CONSUMER,
    reached,
    at,
  ]);
  await appendFeed(sql, 'risk', crossings);
  return { position: reached, rows, crossings: crossings.length };
}

/**
 * The rows after $1 up to $2, at most $3: of each customer the newest, as a band of the model's; what differs from
 * the band before is written. A first score is written and crosses nothing. Erased customers are left out.
 */
const TAKE = `with chunk as materialized (
    select p.id, p.user_id, p.model_id, p.probability, p.source from prediction p
    where p.id > $1 and p.id <= $2 order by p.id limit $3),
  newest as (
    select distinct on (c.model_id, c.user_id) c.model_id, c.user_id, c.id,
      case when c.probability < m.medium then 'LOW' when c.probability < m.high then 'MEDIUM'
        when c.probability < m.critical then 'HIGH' else 'CRITICAL' end as band
    from chunk c
      join unnest($4::uuid[], $5::float8[], $6::float8[], $7::float8[]) m(id, medium, high, critical) on m.id = c.model_id
      join customer u on u.id = c.user_id
    where c.source = 'MODEL' and ${NOT_WHILE_ERASING}
    order by c.model_id, c.user_id, c.id desc),
  moved as materialized (
    select n.*, r.band as was
    from newest n left join risk_level r on r.model_id = n.model_id and r.user_id = n.user_id
    where r.band is distinct from n.band),
  written as (
    insert into risk_level (model_id, user_id, band, prediction_id)
    select model_id, user_id, band, id from moved
    on conflict (model_id, user_id) do update set band = excluded.band, prediction_id = excluded.prediction_id)
  select c.last, c.rows, x.id, x.user_id as "userId", x.model_id as "modelId", x.was as "from", x.band as "to"
  from (select max(id) as last, count(*) as rows from chunk) c
    left join (select * from moved where was is not null) x on true
  order by x.id`;
