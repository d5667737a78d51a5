import { textArray } from '../../plant/parameters.js';
import type { Sql } from '../../plant/ports.js';
import { EXPOSED_WITHIN_MS, type Variant } from '../experiment.js';
import type { ArmLabels } from './metric-samples.js';
import type { Disagreement } from './results.js';

/** Whose predictions are judged. */
export interface LabelsRequest {
  experimentId: string;
  modelId: string;
  variants: readonly Pick<Variant, 'key' | 'modelVersionId'>[];
  /** Predictions as of an instant before it count. */
  until: Date;
  /** Outcomes before it are known. */
  asOf: Date;
  /** How long after a prediction its outcome may lie; null: without end. */
  horizonMs: number | null;
}

export interface ModelLabelStore {
  /**
   * Of each customer one prediction whose outcome is known, by key of the arm: the first outcome after the exposure, and
   * the prediction that it names, else the newest as of its instant or before; only what the version of the customer's arm
   * said itself, from the answer on that was the exposure. So a customer counts once, and outcomes that come late find
   * theirs. One statement.
   */
  labels(request: LabelsRequest): Promise<Map<string, ArmLabels>>;
  /** Of each customer the newest question to which both arms answered; null where there is none. One statement. */
  disagreement(
    request: Pick<LabelsRequest, 'experimentId' | 'variants'>,
  ): Promise<Disagreement | null>;
}

const LABELS = `
  select a.variant_key as variant, l.positive, l.probability, l.called
  from assignment a
  join unnest($2::text[], $3::uuid[]) v(key, version_id) on v.key = a.variant_key
  cross join lateral (
    select o.positive, p.probability, p.probability >= p.threshold as called
    from outcome o cross join lateral (
      select p.probability, p.threshold from prediction p
      where p.user_id = a.user_id and p.model_id = $4 and p.model_version_id = v.version_id
        and p.source = 'MODEL' and p.as_of >= a.assigned_at - interval '${EXPOSED_WITHIN_MS} milliseconds'
        and p.as_of < $5
        and (p.id = o.prediction_id or p.as_of <= o.at
          and ($7::float8 is null or p.as_of >= o.at - $7 * interval '1 millisecond'))
      order by p.id is not distinct from o.prediction_id desc, p.as_of desc, p.id desc limit 1) p
    where o.model_id = $4 and o.user_id = a.user_id and o.at >= a.assigned_at and o.at < $6
    order by o.at, o.recorded_at desc limit 1) l
  where a.experiment_id = $1 and a.assigned_at < $5`;

const DISAGREEMENT = `
  select count(*) as users, coalesce(avg(differs::int), 0)::float8 as share,
    coalesce(avg(distance), 0) as "meanAbsoluteDifference"
  from (
    select distinct on (user_id) (probability >= threshold) <> answered_positive as differs,
      abs(probability - answered) as distance
    from shadow_score
    where experiment_id = $1 and model_version_id = any ($2::uuid[])
    order by user_id, prediction_id desc, model_version_id) s`;

/** How versions of a model do in an experiment, from the ledger and the outcomes. */
export function modelLabelStore(db: Sql): ModelLabelStore {
  return {
    async labels({ experimentId, modelId, variants, until, asOf, horizonMs }) {
      const arms = variants.filter(({ modelVersionId }) => modelVersionId !== null);
      const rows = await db.query<LabelRow>(LABELS, [
        experimentId,
        textArray(arms.map(({ key }) => key)),
        textArray(arms.map(({ modelVersionId }) => modelVersionId)),
        ...[modelId, until, asOf, horizonMs],
      ]);
      return new Map(
        variants.map(({ key }) => [key, armLabels(rows.filter(({ variant }) => variant === key))]),
      );
    },
    async disagreement({ experimentId, variants }) {
      const versions = variants.flatMap(({ modelVersionId }) => modelVersionId ?? []);
      if (versions.length === 0) return null;
      const [row] = await db.query<Disagreement>(DISAGREEMENT, [experimentId, textArray(versions)]);
      return row && row.users > 0 ? row : null;
    },
  };
}

interface LabelRow {
  variant: string;
  positive: boolean;
  probability: number;
  called: boolean;
}

function armLabels(rows: readonly LabelRow[]): ArmLabels {
  return {
    labels: Uint8Array.from(rows, ({ positive }) => Number(positive)),
    probabilities: Float64Array.from(rows, ({ probability }) => probability),
    called: Uint8Array.from(rows, ({ called }) => Number(called)),
  };
}
