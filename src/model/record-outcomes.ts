import { CLOCK_SKEW_MS, NAME_PATTERN, NAME_RULE } from '../event/event.js';
import type { UserErrorCode } from '../kernel/error.js';
import type { OutcomeRow } from './outcome.js';
import type { ResolvedOutcome } from './outcome.store.js';
import { horizonMsOf } from './label-horizon.js';
import type { Model } from './model.js';

export interface RecordOutcomesDeps {
  models(): Promise<Model[]>;
  /** Ids of the customers that exist, by external id. */
  userIds(externalIds: readonly string[]): Promise<Map<string, number>>;
  /** Customer and model of predictions in the ledger. */
  predictionTargets(
    ids: readonly number[],
  ): Promise<Map<number, { userId: number; modelId: string }>>;
  /**
   * For labels told by customer and instant, the prediction each belongs to: the latest one as of its instant or
   * before, not further back than the horizon; null where there is none. Without it such labels name no prediction.
   */
  predictionsOf?: (
    keys: readonly { modelId: string; userId: number; at: Date; horizonMs: number | null }[],
  ) => Promise<(number | null)[]>;
  record(rows: readonly ResolvedOutcome[]): Promise<{ written: number; unchanged: number }>;
  wall(): Date;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
}

export interface RecordOutcomesResult {
  accepted: number;
  /** Rows that said what is known already. */
  duplicates: number;
  rejected: { index: number; code: UserErrorCode; message: string }[];
}

export type RecordOutcomes = (rows: readonly OutcomeRow[]) => Promise<RecordOutcomesResult>;

type Refusal = { code: UserErrorCode; message: string };

/**
 * Records what really happened, each row by itself. Idempotent by (model, customer, instant, source); the
 * same key with another answer corrects it. A row whose prediction is known needs neither user nor model; one
 * told by user and model is joined to the latest prediction that it answers.
 */
export function recordOutcomes(deps: RecordOutcomesDeps): RecordOutcomes {
  return async (rows) => {
    const latest = deps.wall().getTime() + CLOCK_SKEW_MS;
    const predictionIds = rows.flatMap(({ predictionId }) => predictionId ?? []);
    const externalIds = rows.flatMap(({ user }) => user ?? []);
    const [models, erased, userIds, targets] = await Promise.all([
      deps.models(),
      externalIds.length > 0 ? deps.erasedBefore?.([...new Set(externalIds)]) : undefined,
      externalIds.length > 0 ? deps.userIds([...new Set(externalIds)]) : new Map<string, number>(),
      predictionIds.length > 0
        ? deps.predictionTargets([...new Set(predictionIds)])
        : new Map<number, { userId: number; modelId: string }>(),
    ]);
    const modelIds = new Map(models.map(({ name, id }) => [name, id]));
    const taken: ResolvedOutcome[] = [];
    const rejected: RecordOutcomesResult['rejected'] = [];
    for (const [index, row] of rows.entries()) {
      const target =
        checkRow(row, latest) ??
        checkErased(row, erased) ??
        targetOf(row, modelIds, userIds, targets);
      if ('code' in target) rejected.push({ index, ...target });
      else taken.push({ ...target, ...whatHappened(row) });
    }
    if (taken.length === 0) return { accepted: 0, duplicates: 0, rejected };
    const { written, unchanged } = await deps.record(await joined(deps, models, taken));
    return { accepted: written, duplicates: unchanged, rejected };
  };
}

/** Gives the labels that name no prediction the one they belong to: the ledger knows it now, and later another would lie nearer. */
async function joined(
  { predictionsOf }: Pick<RecordOutcomesDeps, 'predictionsOf'>,
  models: readonly Model[],
  rows: readonly ResolvedOutcome[],
): Promise<ResolvedOutcome[]> {
  const open = rows.filter(({ predictionId }) => predictionId === null);
  if (!predictionsOf || open.length === 0) return [...rows];
  const horizons = new Map(models.map(({ id, spec }) => [id, horizonMsOf(spec)]));
  const found = await predictionsOf(
    open.map(({ modelId, userId, at }) => ({
      modelId,
      userId,
      at,
      horizonMs: horizons.get(modelId) ?? null,
    })),
  );
  const predictionOf = new Map(open.map((row, index) => [row, found[index] ?? null]));
  return rows.map((row) => ({
    ...row,
    predictionId: row.predictionId ?? predictionOf.get(row) ?? null,
  }));
}

function whatHappened({ at, positive, source, predictionId }: OutcomeRow) {
  return { at, positive, source, predictionId: predictionId ?? null };
}

function checkRow({ at, source }: OutcomeRow, latest: number): Refusal | null {
  const ms = at.getTime();
  if (Number.isNaN(ms)) return { code: 'INVALID', message: 'at is not an instant' };
  if (ms < 0 || ms > latest)
    return {
      code: 'INVALID',
      message: `at must be 1970..${new Date(latest).toISOString()}, got ${at.toISOString()}`,
    };
  if (!NAME_PATTERN.test(source))
    return {
      code: 'INVALID',
      message: `source must be ${NAME_RULE}, got ${JSON.stringify(source.slice(0, 80))}`,
    };
  return null;
}

/** Somebody who came back after an erasure is not to be told what was known before it. */
function checkErased(
  { user, at }: OutcomeRow,
  erased: ReadonlyMap<string, Date> | undefined,
): Refusal | null {
  const erasedAt = user ? erased?.get(user) : undefined;
  if (!erasedAt || at > erasedAt) return null;
  return {
    code: 'FORBIDDEN',
    message: `user was erased at ${erasedAt.toISOString()}, no outcome until then is taken, got ${at.toISOString()}`,
  };
}

function targetOf(
  row: OutcomeRow,
  models: ReadonlyMap<string, string>,
  users: ReadonlyMap<string, number>,
  predictions: ReadonlyMap<number, { userId: number; modelId: string }>,
): { userId: number; modelId: string } | Refusal {
  if (row.predictionId !== null && row.predictionId !== undefined) {
    const target = predictions.get(row.predictionId);
    return (
      target ??
      missing(
        row.predictionId > 0
          ? `no prediction has the id Prediction:${row.predictionId}`
          : 'prediction is not the id of a prediction (Prediction:<number>)',
      )
    );
  }
  if (!row.user || !row.model)
    return { code: 'INVALID', message: 'an outcome needs a prediction, or user and model' };
  const modelId = models.get(row.model);
  if (modelId === undefined) return missing(`no model is named ${row.model.slice(0, 80)}`);
  const userId = users.get(row.user);
  if (userId === undefined)
    return missing(`no customer has the externalId ${row.user.slice(0, 80)}`);
  return { userId, modelId };
}

function missing(message: string): Refusal {
  return { code: 'NOT_FOUND', message };
}
