import DataLoader from 'dataloader';
import { AppError } from '../kernel/error.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { Outcome } from '../model/outcome.js';
import type { ServedModel, Serving } from '../model/serving.js';
import type { Scorer } from '../scorer/ports.js';
import { isModelFailure } from './degrade.js';
import { answerByFallback } from './fallback.js';
import { tableOf } from './input-rows.js';
import type { Override } from './override-inputs.js';
import type { InputRow, LedgerRow, PredictionAnswer } from './prediction.js';
import type { Explainable } from './prediction-node.js';
import { predictUsers, type PredictUsersDeps } from './predict-users.js';

/** A score taken apart: base value plus the values is the margin, in log-odds. */
export interface Explanation {
  baseValue: number;
  inputs: readonly string[];
  /** shape [inputs] */
  values: Float64Array;
  /** In words, shape [inputs], where it was not the model that answered. */
  texts?: readonly string[];
}

/** One question of `User.prediction`. */
export interface PredictionKey {
  userId: number;
  /** Decides the arm of an experiment; who comes without takes part in none. */
  externalId?: string;
  served: ServedModel;
  asOf: Date;
  maxStalenessSeconds: number | null;
  overrides: readonly Override[];
}

export interface LedgerKey {
  userId: number;
  modelId: string;
  first: number;
  after: number | null;
}

/** Per-request batches of the prediction room. */
export interface PredictionLoaders {
  /** All users of a list: one statement of features and facts, one model run, one insert. */
  answer(context: RequestContext): DataLoader<PredictionKey, PredictionAnswer | null, string>;
  /**
   * All scores of a list that are asked for their reasons: one call a version. Null where there are none: the
   * model cannot be taken apart, or cannot be asked at present.
   */
  explanation(context: RequestContext): DataLoader<Explainable, Explanation | null>;
  /** Pages of the ledger; each holds up to `first` + 1 rows. */
  ledger(context: RequestContext): DataLoader<LedgerKey, LedgerRow[], string>;
  outcome(
    context: RequestContext,
  ): DataLoader<{ modelId: string; userId: number; at: Date }, Outcome | null, string>;
}

export interface PredictionLoaderDeps extends PredictUsersDeps {
  serving: Pick<Serving, 'use' | 'version'>;
  scorer: Pick<Scorer, 'score' | 'explain'>;
  ledgerPages(keys: readonly LedgerKey[]): Promise<LedgerRow[][]>;
  firstOutcomes(
    keys: readonly { modelId: string; userId: number; at: Date }[],
  ): Promise<(Outcome | null)[]>;
}

/** Makes the loaders; compose does this once. */
export function predictionLoaders(deps: PredictionLoaderDeps): PredictionLoaders {
  return {
    answer: perRequest(
      (context) =>
        new DataLoader<PredictionKey, PredictionAnswer | null, string>(
          (keys) => answerAll(deps, keys, context.signal),
          { cacheKeyFn: (key) => `${groupOf(key)} ${key.userId} ${JSON.stringify(key.overrides)}` },
        ),
    ),
    explanation: perRequest(
      () => new DataLoader<Explainable, Explanation | null>((keys) => explainAll(deps, keys)),
    ),
    ledger: perRequest(
      () =>
        new DataLoader<LedgerKey, LedgerRow[], string>((keys) => deps.ledgerPages(keys), {
          cacheKeyFn: (key) => JSON.stringify([key.userId, key.modelId, key.first, key.after]),
        }),
    ),
    outcome: perRequest(
      () =>
        new DataLoader<{ modelId: string; userId: number; at: Date }, Outcome | null, string>(
          (keys) => deps.firstOutcomes(keys),
          { cacheKeyFn: (key) => `${key.modelId} ${key.userId} ${key.at.getTime()}` },
        ),
    ),
  };
}

function groupOf({ served, asOf, maxStalenessSeconds }: PredictionKey): string {
  return `${served.version.id} ${asOf.getTime()} ${maxStalenessSeconds ?? ''}`;
}

/** Indices of the keys of each group, in order. */
function grouped<K>(keys: readonly K[], group: (key: K) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, key] of keys.entries()) {
    const indices = groups.get(group(key));
    if (indices) indices.push(index);
    else groups.set(group(key), [index]);
  }
  return groups;
}

async function answerAll(
  deps: PredictionLoaderDeps,
  keys: readonly PredictionKey[],
  signal: AbortSignal,
): Promise<(PredictionAnswer | Error | null)[]> {
  const answers: (PredictionAnswer | Error | null)[] = keys.map(() => null);
  const run = async (indices: readonly number[]): Promise<void> => {
    const users = indices.flatMap((index) => keys[index] ?? []);
    const [first] = users;
    if (!first) return;
    const { served, asOf, maxStalenessSeconds } = first;
    try {
      const question = { served, asOf, maxStalenessSeconds, users };
      const group = await predictUsers(deps, question, signal);
      for (const [at, index] of indices.entries()) answers[index] = group[at] ?? null;
    } catch (error) {
      for (const index of indices) answers[index] = asError(error);
    }
  };
  await Promise.all([...grouped(keys, groupOf).values()].map(run));
  return answers;
}

async function explainAll(
  deps: PredictionLoaderDeps,
  keys: readonly Explainable[],
): Promise<(Explanation | Error | null)[]> {
  const answers: (Explanation | Error | null)[] = keys.map(() => null);
  const run = async (key: Explainable, indices: readonly number[]): Promise<void> => {
    try {
      const rows = indices.flatMap((index) => keys[index]?.inputs ?? []);
      const all = key.byRules
        ? await explainRules(deps, key.modelVersionId, rows)
        : await explainScores(deps, key.modelVersionId, rows);
      for (const [at, index] of indices.entries()) answers[index] = all[at] ?? null;
    } catch (error) {
      for (const index of indices) answers[index] = asError(error);
    }
  };
  const groups = grouped(keys, ({ modelVersionId, byRules }) => `${modelVersionId} ${byRules}`);
  await Promise.all(
    [...groups.values()].flatMap((indices) => {
      const key = keys[indices[0] ?? -1];
      return key ? [run(key, indices)] : [];
    }),
  );
  return answers;
}

/** How the model came to its scores; nothing where it cannot be asked: that must not take the score away. */
async function explainScores(
  deps: PredictionLoaderDeps,
  modelVersionId: string,
  rows: readonly InputRow[],
): Promise<Explanation[]> {
  const limits = deps.scoreWithinMs === undefined ? {} : { deadlineMs: deps.scoreWithinMs };
  try {
    const all = await deps.serving.use(modelVersionId, ({ version, inputs }) =>
      deps.scorer.explain(version.artifactSha256, tableOf(inputs, rows), limits),
    );
    if (!all) return [];
    const { baseValue, inputs } = all;
    return rows.map((_, at) => ({
      baseValue,
      inputs,
      values: all.values.subarray(at * inputs.length, (at + 1) * inputs.length),
    }));
  } catch (error) {
    if (deps.inPlaceOfModel && isModelFailure(error)) return [];
    throw error;
  }
}

async function explainRules(
  { serving }: Pick<PredictionLoaderDeps, 'serving'>,
  modelVersionId: string,
  rows: readonly InputRow[],
): Promise<(Explanation | null)[]> {
  const served = await serving.version(modelVersionId);
  return rows.map((row) => {
    const answer = answerByFallback(served, row);
    return (
      answer && {
        baseValue: answer.baseValue,
        inputs: answer.lines.map(({ feature }) => feature),
        values: Float64Array.from(answer.lines, ({ contribution }) => contribution),
        texts: answer.lines.map(({ text }) => text),
      }
    );
  });
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new AppError('INTERNAL', 'scoring failed', { cause: error });
}
