import type { AuditOn } from '../access/audit.store.js';
import type { Database } from '../plant/ports.js';
import { NOT_WHILE_ERASING } from './ledger-batch.store.js';
import {
  REVIEW_REST_MS,
  REVIEW_SOURCE,
  type Review,
  type ReviewPage,
  type ReviewStatus,
} from './review.js';

export interface ReviewStore {
  /**
   * Opens reviews for the newest scores in a band that were written since the last call, and moves open ones to
   * newer scores. However many processes call it, a score is looked at once.
   */
  fill(request: {
    modelId: string;
    bands: { review: number; block: number };
    now: Date;
  }): Promise<void>;
  page(page: ReviewPage): Promise<Review[]>;
  count(page: Pick<ReviewPage, 'modelId' | 'statuses'>): Promise<number>;
  byId(id: number): Promise<Review | null>;
  /** Closes an open review and records the outcome, in one audited transaction; null when it is not open. */
  decide(verdict: {
    id: number;
    status: Exclude<ReviewStatus, 'OPEN'>;
    by: string;
    at: Date;
    comment: string | null;
  }): Promise<Review | null>;
}

const COLUMNS = `id, prediction_id as "predictionId", model_id as "modelId", user_id as "userId", probability,
  decision, status::text as status, created_at as "createdAt", verdict_by as "verdictBy",
  verdict_at as "verdictAt", comment`;

/** A score is stamped before it is committed: scores so much older than the last look are looked at again. */
const OVERLAP = `interval '10 minutes'`;

const FILL = `with mark as (
    insert into installation_fact (name, value) values ('reviews:' || $1::text, $4::timestamptz::text)
    on conflict (name) do update set value = greatest(installation_fact.value::timestamptz, $4)::text
    returning 1),
  since as (
    select coalesce((select value::timestamptz from installation_fact where name = 'reviews:' || $1::text)
      - ${OVERLAP}, '-infinity') as at),
  newest as (
    select distinct on (p.user_id) p.id, p.user_id, p.probability
    from prediction p where p.model_id = $1::uuid and p.scored_at >= (select at from since)
    order by p.user_id, p.id desc)
  insert into review (prediction_id, model_id, user_id, probability, decision, created_at)
  select n.id, $1::uuid, n.user_id, n.probability,
    case when n.probability >= $3 then 'BLOCK' else 'REVIEW' end, $4
  from newest n join customer c on c.id = n.user_id and c.consent_profiling
  where n.probability >= $2
    and ${NOT_WHILE_ERASING}
    and not exists (
      select from review r where r.model_id = $1::uuid and r.user_id = n.user_id and r.status <> 'OPEN'
        and (r.prediction_id >= n.id
          or (r.verdict_at > $4::timestamptz - make_interval(secs => $5)
            and (r.decision = 'BLOCK' or n.probability < $3))))
    and (select count(*) from mark) >= 0
  order by n.user_id
  on conflict (model_id, user_id) where status = 'OPEN' do update
    set prediction_id = excluded.prediction_id, probability = excluded.probability, decision = excluded.decision
    where review.prediction_id < excluded.prediction_id`;

/** Reviews in Postgres. */
export function reviewStore(db: Database, audit: AuditOn): ReviewStore {
  return {
    async fill({ modelId, bands, now }) {
      await db.query(FILL, [modelId, bands.review, bands.block, now, REVIEW_REST_MS / 1000]);
    },
    page: ({ modelId, statuses, limit, after }) =>
      db.query<Review>(
        `select ${COLUMNS} from review
         where model_id = $1 and status = any($2::review_status[])
           and ($3::float8 is null or (probability, -id) < ($3, -$4::bigint))
         order by probability desc, id limit $5`,
        [modelId, statuses, after?.probability ?? null, after?.id ?? null, limit],
      ),
    async count({ modelId, statuses }) {
      const [row] = await db.query<{ rows: number }>(
        'select count(*) as rows from review where model_id = $1 and status = any($2::review_status[])',
        [modelId, statuses],
      );
      return row?.rows ?? 0;
    },
    async byId(id) {
      const [row] = await db.query<Review>(`select ${COLUMNS} from review where id = $1`, [id]);
      return row ?? null;
    },
    decide: ({ id, status, by, at, comment }) =>
      db.transaction(async (tx) => {
        const [row] = await tx.query<Review>(
          `with decided as (
             update review set status = $2::review_status, verdict_by = $3, verdict_at = $4, comment = $5
             where id = $1 and status = 'OPEN' and ${NOT_WHILE_ERASING} returning *),
           told as (
             insert into outcome (model_id, user_id, at, source, positive, prediction_id, recorded_at)
             select model_id, user_id, $4, $6, $2 = 'CONFIRMED', prediction_id, $4 from decided
             on conflict (model_id, user_id, at, source) do update
               set positive = excluded.positive, prediction_id = excluded.prediction_id
             returning 1)
           select ${COLUMNS} from decided where (select count(*) from told) >= 0`,
          [id, status, by, at, comment, REVIEW_SOURCE],
        );
        if (!row) return null;
        // the comment stays with the review: it speaks of a customer, and goes when they are erased
        await audit(tx).write({
          at,
          actor: by,
          action: 'review.decided',
          subject: `Review:${id}`,
          detail: { status },
        });
        return row;
      }),
  };
}
