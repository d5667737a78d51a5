import { AppError } from '../kernel/error.js';
import { DAY_MS, type Clock } from '../kernel/clock.js';
import type { ServedModel } from '../model/serving.js';
import type { Scorer } from '../scorer/ports.js';
import { isModelFailure, type Degradation } from './degrade.js';
import { answerByFallback } from './fallback.js';
import { tableOf } from './input-rows.js';
import type { LastScoresQuery } from './last-score.store.js';
import type { InputRow, LedgerRow } from './prediction.js';

/** What answers in the place of a model that cannot. */
export interface InPlaceOfModel {
  degradation: Degradation;
  lastScores(query: LastScoresQuery): Promise<LedgerRow[]>;
  /** An older stored score does not answer; default 24 hours. */
  lastScoreMaxAgeMs?: number;
}

export interface ModelOrElseDeps {
  scorer: Pick<Scorer, 'score'>;
  clock: Pick<Clock, 'wall'>;
  /** The model gets so long for an answer, milliseconds; without it, as long as it takes. */
  scoreWithinMs?: number;
  /** Without it, a failure of the model is the answer. */
  inPlaceOfModel?: InPlaceOfModel;
}

/** A row to be scored. */
export interface AskedRow {
  userId: number;
  inputs: InputRow;
  /** Some inputs were given: no stored score can answer. */
  imagined: boolean;
}

/** What was said of a row, and by whom. */
export type Said =
  | { by: 'MODEL' | 'RULES'; probability: number }
  | { by: 'LAST_SCORE'; row: LedgerRow }
  | { by: 'NOBODY'; error: AppError };

/**
 * The model's answers, one a row; where it cannot answer, the last stored score of the customer, else the
 * spec's rules and the score card, else its failure.
 * @throws what is not the model's failure: bad input, who asked gave up, Postgres
 */
export async function modelOrElse(
  deps: ModelOrElseDeps,
  served: ServedModel,
  rows: readonly AskedRow[],
  run: { asOf: Date; signal: AbortSignal },
): Promise<Said[]> {
  const { inPlaceOfModel } = deps;
  const { model, version, inputs } = served;
  if (inPlaceOfModel?.degradation.mayAsk(model.id) === false) {
    const error = new AppError('UNAVAILABLE', `${model.name} did not answer in time lately`);
    return withoutModel(deps, inPlaceOfModel, served, rows, run.asOf, error);
  }
  try {
    const table = tableOf(
      inputs,
      rows.map((row) => row.inputs),
    );
    const limits =
      deps.scoreWithinMs === undefined
        ? { signal: run.signal }
        : { signal: run.signal, deadlineMs: deps.scoreWithinMs };
    const { probability } = await deps.scorer.score(version.artifactSha256, table, limits);
    inPlaceOfModel?.degradation.answered(model);
    return rows.map((_, index) => ({ by: 'MODEL', probability: probability[index] ?? NaN }));
  } catch (error) {
    if (!inPlaceOfModel || !isModelFailure(error, run.signal)) throw error;
    inPlaceOfModel.degradation.failed(model, error);
    return withoutModel(deps, inPlaceOfModel, served, rows, run.asOf, error);
  }
}

async function withoutModel(
  deps: Pick<ModelOrElseDeps, 'clock'>,
  { lastScores, lastScoreMaxAgeMs = DAY_MS }: InPlaceOfModel,
  served: ServedModel,
  rows: readonly AskedRow[],
  asOf: Date,
  error: AppError,
): Promise<Said[]> {
  const userIds = [...new Set(rows.flatMap((row) => (row.imagined ? [] : [row.userId])))];
  const stored =
    userIds.length === 0
      ? []
      : await lastScores({
          modelId: served.model.id,
          userIds,
          since: new Date(deps.clock.wall().getTime() - lastScoreMaxAgeMs),
          asOfFrom: new Date(asOf.getTime() - lastScoreMaxAgeMs),
          asOfUntil: asOf,
        });
  const lastOf = new Map(stored.map((row) => [row.userId, row]));
  return rows.map(({ userId, inputs, imagined }): Said => {
    const row = imagined ? undefined : lastOf.get(userId);
    if (row) return { by: 'LAST_SCORE', row };
    const answer = answerByFallback(served, inputs);
    return answer ? { by: 'RULES', probability: answer.probability } : { by: 'NOBODY', error };
  });
}
