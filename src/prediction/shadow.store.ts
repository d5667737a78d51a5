import type { Database } from '../plant/ports.js';
import { NOT_WHILE_ERASING } from './ledger-batch.store.js';
import type { ShadowScore } from './shadow.js';

/** How a version in SHADOW compares with the answers of production. */
export interface ShadowAgreement {
  modelVersionId: string;
  /** First question it was asked. */
  since: Date;
  predictions: number;
  /** Questions to which it says the other label, each at its own threshold. */
  disagreements: number;
  /** Of the two probabilities, 0..1. */
  meanAbsoluteDifference: number;
  /** Pearson's, of the two probabilities; null where one of them never varies. */
  correlation: number | null;
}

export interface ShadowStore {
  /** One statement; who was erased or opted out meanwhile is left out, a repeat changes nothing. */
  write(rows: readonly ShadowScore[]): Promise<void>;
  /** Versions without a score are left out. One statement; cost: O(scores of the versions). */
  agreement(modelVersionIds: readonly string[]): Promise<ShadowAgreement[]>;
}

/** `shadow_score` in Postgres. */
export function shadowStore(db: Pick<Database, 'query'>): ShadowStore {
  return {
    async write(rows) {
      const column = <T>(pick: (row: ShadowScore) => T): T[] => rows.map(pick);
      await db.query(
        `insert into shadow_score (prediction_id, model_version_id, model_id, user_id, probability, threshold,
           answered, answered_positive, scored_at, experiment_id)
         select u.* from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::float8[], $6::float8[],
           $7::float8[], $8::bool[], $9::timestamptz[], $10::uuid[])
           u(prediction_id, version_id, model_id, user_id, probability, threshold, answered, positive, scored_at, experiment_id)
         join customer c on c.id = u.user_id and c.consent_profiling
         where ${NOT_WHILE_ERASING}
         on conflict do nothing`,
        [
          column((row) => row.predictionId),
          column((row) => row.modelVersionId),
          column((row) => row.modelId),
          column((row) => row.userId),
          column((row) => row.probability),
          column((row) => row.threshold),
          column((row) => row.answered),
          column((row) => row.answeredPositive),
          column((row) => row.scoredAt),
          column((row) => row.experimentId ?? null),
        ],
        { name: 'shadow-write' },
      );
    },
    agreement: (modelVersionIds) =>
      db.query<ShadowAgreement>(
        `select model_version_id as "modelVersionId", min(scored_at) as since, count(*) as predictions,
           count(*) filter (where (probability >= threshold) <> answered_positive) as disagreements,
           avg(abs(probability - answered)) as "meanAbsoluteDifference",
           corr(probability, answered) as correlation
         from shadow_score where model_version_id = any($1::uuid[]) and experiment_id is null
         group by model_version_id`,
        [modelVersionIds],
      ),
  };
}
