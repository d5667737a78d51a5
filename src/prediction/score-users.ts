import type { Clock } from '../kernel/clock.js';
import type { ReadStretch } from '../feature/stretch.js';
import type { RunningJob } from '../job/run-job.js';
import type { ServedModel } from '../model/serving.js';
import { passGate, type QualityGate } from '../quality/quality-gate.js';
import type { Scorer } from '../scorer/ports.js';
import { ahead } from './batch-ahead.js';
import { eligibleRows, firstEventMatters, type EligibleRows } from './batch-rows.js';
import type { BatchWritten, LedgerBatch, NextStretch, RunState } from './ledger-batch.js';
import {
  scoreJobInput,
  type PredictionMade,
  type ScoreJobInput,
  type ScoreJobResult,
} from './prediction.messages.js';

export interface ScoreUsersDeps {
  /** The pinned version, loaded until `work` has ended. */
  useVersion<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T>;
  /** Customers from one id to another. */
  stretches: {
    after(afterId: number, limit: number): Promise<NextStretch | null>;
    read: ReadStretch;
  };
  scorer: Pick<Scorer, 'score'>;
  /** All rows of a batch or none; each number of a job is written once. */
  writeBatch(batch: LedgerBatch): Promise<BatchWritten>;
  runState(jobId: string): Promise<RunState>;
  /** All customers, and those up to an id. */
  userCounts(upTo: number): Promise<{ total: number; upTo: number }>;
  publishPredictions(modelId: string, message: PredictionMade): void;
  clock: Clock;
  /** Whether models may read the data; without it, always. */
  checkData?: QualityGate;
}

/** Users of one chunk: one statement of features and facts, one call of the scorer, one COPY. */
export const SCORE_CHUNK = 5_000;

/** Chunks that are read at the same time. */
export const SCORE_READERS = 2;

/**
 * The work of a SCORE job: everyone who is eligible, in ascending id, chunk by chunk into the ledger. While a
 * chunk is written the next is scored and those after it are read; some five chunks are in memory, however many
 * customers there are. A chunk is written with the note of how far the run is: a run that was killed, whatever was in
 * flight, goes on behind the last chunk, and of two workers that both believe they hold the job one writes each
 * chunk. Result: ScoreJobResult.
 * @throws AppError CONFLICT while the newest scan of a table says FAILED
 */
export async function scoreUsers(
  deps: ScoreUsersDeps,
  job: RunningJob,
  { chunk = SCORE_CHUNK, readers = SCORE_READERS } = {},
): Promise<ScoreJobResult> {
  const { modelVersionId, asOf } = scoreJobInput.parse(job.input);
  await passGate(deps.checkData, 'scored', job.signal);
  return deps.useVersion(modelVersionId, (served) =>
    scoreWith({ deps, job, served, asOf: new Date(asOf), chunk, readers, busyMs: noTime() }),
  );
}

/** One attempt of a run over everyone. */
interface Run {
  deps: ScoreUsersDeps;
  job: RunningJob;
  served: ServedModel;
  asOf: Date;
  chunk: number;
  /** Chunks that are read at the same time, >= 1. */
  readers: number;
  /** What each stage took; the stages overlap, so that the sum may exceed the wall time. */
  busyMs: Record<'read' | 'score' | 'write', number>;
}

const noTime = (): Run['busyMs'] => ({ read: 0, score: 0, write: 0 });

/** Customers that were looked at, and those of them who get a score. */
type ReadChunk = Pick<LedgerBatch, 'number' | 'after' | 'lastUserId' | 'looked'> &
  EligibleRows & { startMs: number };

async function scoreWith(run: Run): Promise<ScoreJobResult> {
  const { deps, job, served, busyMs } = run;
  const startMs = deps.clock.monotonicMs();
  let written = 0;
  // a chunk that is taken was committed by somebody: behind it the run is further than it was
  for (let ended = false; !ended;) {
    const went = await scoreFrom(run, await deps.runState(job.id));
    written += went.rows;
    ended = !went.taken;
  }
  const { rows, positive } = await deps.runState(job.id);
  const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
  return {
    modelId: served.model.id,
    rows,
    positive,
    seconds,
    rowsPerSecond: seconds > 0 ? written / seconds : written,
    readSeconds: busyMs.read / 1000,
    scoreSeconds: busyMs.score / 1000,
    writeSeconds: busyMs.write / 1000,
  };
}

/** Writes chunks until nobody is left, or somebody else has written the next one. */
async function scoreFrom(run: Run, state: RunState): Promise<{ rows: number; taken: boolean }> {
  const { deps, job, served } = run;
  const { total, upTo } = await deps.userCounts(state.lastUserId);
  let looked = upTo;
  let rows = 0;
  for await (const batch of ahead(scoredChunks(run, ahead(readChunks(run, state))))) {
    job.signal.throwIfAborted();
    const written = await timed(run, 'write', () => deps.writeBatch(batch));
    if (written === 'taken') return { rows, taken: true };
    rows += written.rows;
    looked += batch.looked;
    if (written.range)
      deps.publishPredictions(served.model.id, { jobId: job.id, ...written.range });
    job.report(total > 0 ? looked / total : 1, `looked at ${looked} of ${total} customers`);
  }
  return { rows, taken: false };
}

/** Several statements at a time: reading is the database's work, and the longest by far. In ascending order all the same. */
async function* readChunks(run: Run, state: RunState): AsyncGenerator<ReadChunk, void, void> {
  const { job } = run;
  const reading: Promise<ReadChunk>[] = [];
  let after = state.lastUserId;
  let number = state.batches;
  try {
    for (let left = true; left || reading.length > 0;) {
      job.signal.throwIfAborted();
      while (left && reading.length < run.readers) {
        const next = await run.deps.stretches.after(after, run.chunk);
        if (next === null) left = false;
        else {
          const { until, customers } = next;
          const started = readChunk(run, { number, after, lastUserId: until, looked: customers });
          started.catch(() => undefined); // told when its turn has come
          reading.push(started);
          number += 1;
          after = until;
        }
      }
      const next = reading.shift();
      if (next) yield await next;
    }
  } finally {
    await Promise.allSettled(reading);
  }
}

async function readChunk(
  run: Run,
  stretch: Pick<ReadChunk, 'number' | 'after' | 'lastUserId' | 'looked'>,
): Promise<ReadChunk> {
  const { deps, served, asOf } = run;
  const startMs = deps.clock.monotonicMs();
  const { after, lastUserId: until } = stretch;
  const eligible = await timed(run, 'read', async () => {
    const request = { features: served.features, after, until, asOf };
    const rows = await deps.stretches.read(request, firstEventMatters(served, asOf));
    const picked = eligibleRows(rows, served, asOf);
    rows.release?.();
    return picked;
  });
  return { ...stretch, startMs, ...eligible };
}

async function* scoredChunks(
  run: Run,
  chunks: AsyncGenerator<ReadChunk, void, void>,
): AsyncGenerator<LedgerBatch, void, void> {
  const { deps, job, served, asOf } = run;
  for await (const { startMs, ...chunk } of chunks) {
    const probability = await timed(run, 'score', () => scoresOf(run, chunk.table));
    yield {
      ...chunk,
      probability,
      jobId: job.id,
      modelId: served.model.id,
      modelVersionId: served.version.id,
      threshold: served.threshold,
      asOf,
      scoredAt: deps.clock.wall(),
      latencyMs: deps.clock.monotonicMs() - startMs,
    };
  }
}

async function scoresOf(
  { deps, job, served }: Run,
  table: EligibleRows['table'],
): Promise<Float64Array> {
  if (table.rows === 0) return new Float64Array(0);
  const { artifactSha256 } = served.version;
  const { probability } = await deps.scorer.score(artifactSha256, table, { signal: job.signal });
  return probability;
}

async function timed<T>(run: Run, stage: keyof Run['busyMs'], work: () => Promise<T>): Promise<T> {
  const startMs = run.deps.clock.monotonicMs();
  try {
    return await work();
  } finally {
    run.busyMs[stage] += run.deps.clock.monotonicMs() - startMs;
  }
}

/** The input of a SCORE job: the version in production now, and the instant. */
export function planScoreRun({ model, version }: ServedModel, asOf: Date): ScoreJobInput {
  return { model: model.name, modelVersionId: version.id, asOf: asOf.toISOString() };
}
