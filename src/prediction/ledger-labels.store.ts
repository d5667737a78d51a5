import type { Sql } from '../plant/ports.js';

/** Whose label, for which model, of which instant. */
export interface LabelKey {
  modelId: string;
  userId: number;
  at: Date;
  /** How long after the as-of instant the label may lie; null = without end. */
  horizonMs: number | null;
}

export interface LedgerLabelStore {
  /** Customer and model of predictions, by id; unknown ids are left out. */
  targets(ids: readonly number[]): Promise<Map<number, { userId: number; modelId: string }>>;
  /**
   * For each label the prediction it belongs to: of those of the model and customer as of its instant or before,
   * within the horizon, the one with the latest as-of, the newest of these; where a label of this very instant was
   * joined before, the same one again. Null where there is none. One statement.
   */
  predictionsOf(keys: readonly LabelKey[]): Promise<(number | null)[]>;
}

/** What labels ask of the ledger. */
export function ledgerLabelStore(db: Sql): LedgerLabelStore {
  return {
    async targets(ids) {
      const rows = await db.query<{ id: number; userId: number; modelId: string }>(
        'select id, user_id as "userId", model_id as "modelId" from prediction where id = any($1)',
        [ids],
        { name: 'ledger-label-targets' },
      );
      return new Map(rows.map(({ id, userId, modelId }) => [id, { userId, modelId }]));
    },
    async predictionsOf(keys) {
      const rows = await db.query<{ ord: number; id: number | null }>(
        `select k.ord::int as ord, coalesce((
           select min(o.prediction_id) from outcome o
           where o.model_id = k.model_id and o.user_id = k.user_id and o.at = k.at), p.id) as id
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::float8[]) with ordinality
           k(model_id, user_id, at, horizon_ms, ord)
         left join lateral (
           select p.id from prediction p
           where p.user_id = k.user_id and p.model_id = k.model_id and p.as_of <= k.at
             and (k.horizon_ms is null or p.as_of >= k.at - k.horizon_ms * interval '1 millisecond')
           order by p.as_of desc, p.id desc limit 1) p on true`,
        [
          keys.map((key) => key.modelId),
          keys.map((key) => key.userId),
          keys.map((key) => key.at),
          keys.map((key) => key.horizonMs),
        ],
        { name: 'ledger-label-predictions' },
      );
      const found: (number | null)[] = keys.map(() => null);
      for (const { ord, id } of rows) found[ord - 1] = id;
      return found;
    },
  };
}
