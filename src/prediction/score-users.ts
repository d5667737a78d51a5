import type { Clock } from '../kernel/clock.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { RunningJob } from '../job/run-job.js';
import { inputTable } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import { pickRows } from '../numeric/table.js';
import { passGate, type QualityGate } from '../quality/quality-gate.js';
import type { Scorer } from '../scorer/ports.js';
import { factsOf } from './facts-of.js';
import { hasAttributes, rowOf } from './input-rows.js';
import { eligibilityOf, type StoredPrediction } from './prediction.js';
import {
  scoreJobInput,
  type PredictionMade,
  type ScoreJobInput,
  type ScoreJobResult,
} from './prediction.messages.js';

export interface ScoreUsersDeps {
  /** The pinned version, loaded until `work` has ended. */
  useVersion<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T>;
  /** Ids of the next customers, ascending. */
  usersAfter(afterId: number, limit: number): Promise<number[]>;
  readFeatures: ReadFeatures;
  scorer: Pick<Scorer, 'score'>;
  /** Idempotent by (job, user). */
  writeBatch(
    rows: readonly Omit<StoredPrediction, 'id'>[],
  ): Promise<{ from: number; until: number } | null>;
  runState(jobId: string): Promise<{ lastUserId: number; rows: number; positive: number }>;
  /** All customers, and those up to an id. */
  userCounts(upTo: number): Promise<{ total: number; upTo: number }>;
  publishPredictions(modelId: string, message: PredictionMade): void;
  clock: Clock;
  /** Whether models may read the data; without it, always. */
  checkData?: QualityGate;
}

/** Users of one chunk: one statement of features and facts, one model run, one insert. */
export const SCORE_CHUNK = 5_000;

/**
 * The work of a SCORE job: everyone who is eligible, in ascending id, chunk by chunk into the ledger. A run
 * that was killed goes on behind the last user it wrote; nobody is written twice. Result: ScoreJobResult.
 * @throws AppError CONFLICT while the newest scan of a table says FAILED
 */
export async function scoreUsers(
  deps: ScoreUsersDeps,
  job: RunningJob,
  chunk: number = SCORE_CHUNK,
): Promise<ScoreJobResult> {
  const { modelVersionId, asOf } = scoreJobInput.parse(job.input);
  await passGate(deps.checkData, 'scored', job.signal);
  return deps.useVersion(modelVersionId, (served) =>
    scoreWith(deps, job, served, new Date(asOf), chunk),
  );
}

async function scoreWith(
  deps: ScoreUsersDeps,
  job: RunningJob,
  served: ServedModel,
  asOf: Date,
  chunk: number,
): Promise<ScoreJobResult> {
  const startMs = deps.clock.monotonicMs();
  const before = await deps.runState(job.id);
  let lastId = before.lastUserId;
  const { total, upTo } = await deps.userCounts(lastId);
  let looked = upTo;
  let users = await deps.usersAfter(lastId, chunk);
  while (users.length > 0) {
    job.signal.throwIfAborted();
    await scoreChunk(deps, job.id, served, asOf, users);
    looked += users.length;
    lastId = users.at(-1) ?? lastId;
    users = await deps.usersAfter(lastId, chunk);
    job.report(total > 0 ? looked / total : 1, `looked at ${looked} of ${total} customers`);
  }
  const { rows, positive } = await deps.runState(job.id);
  const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
  const written = rows - before.rows;
  return {
    modelId: served.model.id,
    rows,
    positive,
    seconds,
    rowsPerSecond: seconds > 0 ? written / seconds : written,
  };
}

async function scoreChunk(
  deps: ScoreUsersDeps,
  jobId: string,
  served: ServedModel,
  asOf: Date,
  users: readonly number[],
): Promise<void> {
  const startMs = deps.clock.monotonicMs();
  const features = await deps.readFeatures({
    features: served.features,
    users,
    asOf,
    people: true,
  });
  const everyone = inputTable(features, served.inputs);
  const { minAgeDays } = served.model.spec.eligible;
  const eligible = users.flatMap((_, index) => {
    const facts = factsOf(features, index);
    if (!facts) return [];
    const known = hasAttributes(rowOf(everyone, index), served.inputs, served.features);
    const verdict = eligibilityOf({ ...facts, hasAttributes: known }, minAgeDays, asOf);
    return verdict === 'ELIGIBLE' ? [index] : [];
  });
  if (eligible.length === 0) return;
  const table = pickRows(everyone, eligible);
  const { probability } = await deps.scorer.score(served.version.artifactSha256, table);
  const latencyMs = deps.clock.monotonicMs() - startMs;
  const rows = eligible.map((at, index) => ({
    userId: users[at] ?? 0,
    modelId: served.model.id,
    modelVersionId: served.version.id,
    probability: probability[index] ?? NaN,
    threshold: served.threshold,
    source: 'MODEL' as const,
    asOf,
    scoredAt: deps.clock.wall(),
    latencyMs,
    inputs: rowOf(table, index),
    jobId,
  }));
  const range = await deps.writeBatch(rows);
  if (range) deps.publishPredictions(served.model.id, { jobId, ...range });
}

/** The input of a SCORE job: the version in production now, and the instant. */
export function planScoreRun({ model, version }: ServedModel, asOf: Date): ScoreJobInput {
  return { model: model.name, modelVersionId: version.id, asOf: asOf.toISOString() };
}
