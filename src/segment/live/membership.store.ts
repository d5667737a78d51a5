import type { Stretch } from '../../feature/placeholders.js';
import { float64Array, stringArray } from '../../plant/binary-array.js';
import { numberArray, textArray } from '../../plant/parameters.js';
import type { Database } from '../../plant/ports.js';
import type { LoggedStay, Move, SegmentOfVersion, Stay } from './membership.js';

/** Moves of one batch: all of them at once, or none. */
export interface MovesToWrite {
  modelId: string;
  /** Nothing is written unless this version is live. */
  modelVersionId: string;
  /** When the stays begin and the open ones end. */
  at: Date;
  /** Real time. */
  writtenAt: Date;
  moves: readonly Move[];
}

export interface StayPage {
  userId: number;
  modelId: string;
  /** Only what had begun by then; null: everything. */
  asOf: Date | null;
  /** Rows at most. */
  first: number;
  /** Id of the stay after which the page begins; newest first. */
  after: number | null;
}

/** Open stays by column, customers ascending. */
export interface OpenStays {
  userIds: Float64Array;
  ids: Float64Array;
  keys: readonly (string | null)[];
  /** Milliseconds since 1970. */
  since: Float64Array;
}

export interface MembershipStore {
  /** The open stay of each customer who has one; one statement. */
  openStays(modelId: string, userIds: readonly number[]): Promise<Stay[]>;
  /** The stay that each customer was in at an instant, where there was one; one statement. */
  staysAt(modelId: string, userIds: readonly number[], at: Date): Promise<Stay[]>;
  /** As `openStays`, with the inputs, of those who agree to profiling. */
  standing(modelId: string, userIds: readonly number[]): Promise<LoggedStay[]>;
  /**
   * One statement. A move whose open stay is not the one that was read any more is not made, nor is one of a customer
   * who was erased or opted out meanwhile. Answers the stays that began, by customer.
   */
  writeMoves(batch: MovesToWrite): Promise<{ id: number; userId: number }[]>;
  /** Stays by id, in order, without those of customers who were erased or opted out. */
  staysByIds(modelId: string, ids: readonly number[]): Promise<Stay[]>;
  /** Pages of several customers at once, each newest first, up to `first` + 1 rows. */
  pages(pages: readonly StayPage[]): Promise<Stay[][]>;
  /** Stays of a segmentation with an id before `beforeId`, newest first, of whoever agrees to profiling. */
  newest(query: { modelId: string; first: number; beforeId: number | null }): Promise<LoggedStay[]>;
  /** The open stays of customers in a stretch of ids; one statement. */
  openIn(modelId: string, stretch: Stretch): Promise<OpenStays>;
  /** The open stays of the customers listed; one statement. */
  openOf(modelId: string, userIds: readonly number[]): Promise<OpenStays>;
  /** At most `limit` customers with an id after `afterId`; null when there is none. */
  stretchAfter(
    afterId: number,
    limit: number,
  ): Promise<{ until: number; customers: number } | null>;
  customers(): Promise<number>;
}

/** A stay as Postgres gives it. */
type Row = Omit<Stay, 'previous'> & {
  previousKey: string | null;
  previousVersionId: string | null;
};
type LoggedRow = Row & { numeric: Buffer; categorical: string[] };

/** Of a `Row`, from an `m` that is `segment_membership`; `BEFORE` must be joined. */
const COLUMNS = `m.id, m.user_id as "userId", m.model_version_id as "modelVersionId", m.segment_key as key,
  m.probability, m.distance, m.since, m.until, m.previous_key as "previousKey", b.model_version_id as "previousVersionId"`;
const LOGGED = `${COLUMNS}, m.numeric, m.categorical`;

/** The version that had put the customer into the segment before. */
const BEFORE = `left join lateral (
  select o.model_version_id from segment_membership o
  where o.user_id = m.user_id and o.model_id = m.model_id and o.id < m.id
  order by o.since desc, o.id desc limit 1) b on m.previous_key is not null`;

const AGREES = 'join customer c on c.id = m.user_id and c.consent_profiling';

/**
 * Ends the open stays and begins the new ones. Rows are locked in the order of the customers, and all stays that end
 * have ended (the sort) before the first one begins, so that overlapping batches cannot deadlock; customers
 * themselves are not locked, because others lock those by their keys. Reading `erasure`, which an erasure locks, makes
 * the statement wait for one, and see then that the customer is gone.
 */
const WRITE = `with given as (
    select g.* from unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::float8[], $10::float8[], $11::bytea[],
      $12::jsonb[]) g(user_id, open_id, key, previous_key, probability, distance, numeric, categorical)
    join customer c on c.id = g.user_id and c.consent_profiling
    where (select count(*) from (select 1 from erasure limit 1) e) >= 0
      and exists (select from model_version v where v.id = $2 and v.stage = 'PRODUCTION')),
  held as materialized (
    select m.id from given g join segment_membership m on m.id = g.open_id
    where m.until is null and m.since <= $3
    order by m.user_id for update of m),
  ended as (
    update segment_membership m set until = $3 from held h where m.id = h.id returning m.id)
  insert into segment_membership (model_id, user_id, segment_key, previous_key, model_version_id, probability, distance,
    since, written_at, numeric, categorical)
  select $1, g.user_id, g.key, g.previous_key, $2, g.probability, g.distance, $3, $4, g.numeric,
    array(select jsonb_array_elements_text(g.categorical))
  from given g left join ended e on e.id = g.open_id
  where g.open_id is null or e.id is not null
  order by g.user_id
  on conflict (model_id, user_id) where until is null do nothing
  returning id, user_id as "userId"`;

/** Who is in which segment, in Postgres. */
export function membershipStore(db: Database): MembershipStore {
  const stays = async (text: string, values: readonly unknown[], name: string): Promise<Stay[]> =>
    (await db.query<Row>(text, values, { name: `segment-${name}` })).map(toStay);
  const logged = async (
    text: string,
    values: readonly unknown[],
    name: string,
  ): Promise<LoggedStay[]> =>
    (await db.query<LoggedRow>(text, values, { name: `segment-${name}` })).map(toLoggedStay);
  return {
    openStays: (modelId, userIds) =>
      stays(
        `select ${COLUMNS} from segment_membership m ${BEFORE}
         where m.model_id = $1 and m.user_id = any($2::bigint[]) and m.until is null`,
        [modelId, numberArray(userIds)],
        'open-stays',
      ),
    staysAt: (modelId, userIds, at) =>
      stays(
        `select ${COLUMNS} from unnest($2::bigint[]) u(id) cross join lateral (
           select * from segment_membership m where m.user_id = u.id and m.model_id = $1 and m.since <= $3
           order by m.since desc, m.id desc limit 1) m ${BEFORE}`,
        [modelId, numberArray(userIds), at],
        'stays-at',
      ),
    standing: (modelId, userIds) =>
      logged(
        `select ${LOGGED} from segment_membership m ${AGREES} ${BEFORE}
         where m.model_id = $1 and m.user_id = any($2::bigint[]) and m.until is null`,
        [modelId, numberArray(userIds)],
        'standing',
      ),
    writeMoves: ({ modelId, modelVersionId, at, writtenAt, moves }) =>
      db.query(WRITE, [modelId, modelVersionId, at, writtenAt, ...columnsOf(moves)], {
        name: 'segment-write-moves',
      }),
    staysByIds: (modelId, ids) =>
      stays(
        `select ${COLUMNS} from segment_membership m ${AGREES} ${BEFORE}
         where m.id = any($2::bigint[]) and m.model_id = $1 order by m.id`,
        [modelId, numberArray(ids)],
        'stays-by-ids',
      ),
    pages: (pages) => readPages(db, pages),
    newest: ({ modelId, first, beforeId }) =>
      // a range of one segmentation: by `id` alone the planner walks the stays of all of them
      logged(
        `select ${LOGGED} from segment_membership m ${AGREES} ${BEFORE}
         where m.model_id between $1 and $1 and ($3::bigint is null or m.id < $3)
         order by m.model_id desc, m.id desc limit $2`,
        [modelId, first, beforeId],
        'newest',
      ),
    openIn: (modelId, { after, until }) =>
      readOpen(db, 'in', 'user_id > $2 and user_id <= $3', [modelId, after, until]),
    openOf: (modelId, userIds) =>
      readOpen(db, 'of', 'user_id = any($2::bigint[])', [modelId, numberArray(userIds)]),
    stretchAfter: async (afterId, limit) => {
      const [row] = await db.query<{ until: number | null; customers: number }>(
        `select max(id) as until, count(*) as customers
         from (select id from customer where id > $1 order by id limit $2) c`,
        [afterId, limit],
        { name: 'segment-stretch-after' },
      );
      const { until = null, customers = 0 } = row ?? {};
      return until === null ? null : { until, customers };
    },
    customers: async () =>
      (await db.query<{ count: number }>('select count(*) as count from customer'))[0]?.count ?? 0,
  };
}

async function readOpen(
  db: Database,
  name: string,
  who: string,
  values: readonly unknown[],
): Promise<OpenStays> {
  const [row] = await db.query<Record<'users' | 'ids' | 'since' | 'keys', Buffer | null>>(
    `select array_send(array_agg(m.user_id)) as users, array_send(array_agg(m.id)) as ids,
       array_send(array_agg(date_part('epoch', m.since) * 1000)) as since, array_send(array_agg(m.segment_key)) as keys
     from (select user_id, id, since, segment_key from segment_membership
       where model_id = $1 and ${who} and until is null order by user_id) m`,
    values,
    { name: `segment-open-${name}` },
  );
  return {
    userIds: float64Array(row?.users ?? null),
    ids: float64Array(row?.ids ?? null),
    keys: stringArray(row?.keys ?? null),
    since: float64Array(row?.since ?? null),
  };
}

async function readPages(db: Database, pages: readonly StayPage[]): Promise<Stay[][]> {
  const rows = await db.query<Row & { ord: number }>(
    `select k.ord::int as ord, ${COLUMNS}
     from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::int[], $5::bigint[]) with ordinality
       k(user_id, model_id, as_of, first, after, ord)
     cross join lateral (
       select * from segment_membership m where m.user_id = k.user_id and m.model_id = k.model_id
         and (k.after is null or m.id < k.after) and (k.as_of is null or m.since <= k.as_of)
       order by m.id desc limit k.first + 1) m ${BEFORE}
     order by k.ord, m.id desc`,
    [
      pages.map((page) => page.userId),
      pages.map((page) => page.modelId),
      pages.map((page) => page.asOf),
      pages.map((page) => page.first),
      pages.map((page) => page.after),
    ],
    { name: 'segment-stay-pages' },
  );
  const answers: Stay[][] = pages.map(() => []);
  for (const { ord, ...row } of rows) answers[ord - 1]?.push(toStay(row));
  return answers;
}

function columnsOf(moves: readonly Move[]): string[] {
  const numbers = (pick: (move: Move) => number | null): string => numberArray(moves.map(pick));
  const texts = (pick: (move: Move) => string | null): string => textArray(moves.map(pick));
  return [
    numbers((move) => move.userId),
    numbers((move) => move.openId),
    texts((move) => move.key),
    texts((move) => move.previousKey),
    numbers((move) => move.probability),
    numbers((move) => move.distance),
    texts(({ inputs }) => `\\x${toBytes(inputs.numeric).toString('hex')}`),
    texts(({ inputs }) => JSON.stringify(inputs.categorical)),
  ];
}

function toStay({ previousKey, previousVersionId, ...row }: Row): Stay {
  const previous: SegmentOfVersion | null =
    previousKey === null
      ? null
      : { key: previousKey, modelVersionId: previousVersionId ?? row.modelVersionId };
  return { ...row, previous };
}

function toLoggedStay({ numeric, categorical, ...row }: LoggedRow): LoggedStay {
  return { ...toStay(row), inputs: { numeric: fromBytes(numeric), categorical } };
}

function toBytes(numeric: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(numeric.length * 4);
  for (let i = 0; i < numeric.length; i += 1) bytes.writeFloatLE(numeric[i] ?? NaN, i * 4);
  return bytes;
}

function fromBytes(bytes: Buffer): Float32Array {
  const numeric = new Float32Array(bytes.length / 4);
  for (let i = 0; i < numeric.length; i += 1) numeric[i] = bytes.readFloatLE(i * 4);
  return numeric;
}
