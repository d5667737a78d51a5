import { DAY_MS, type Clock } from '../kernel/clock.js';
import type { ServedModel, Serving } from '../model/serving.js';
import { PARITY_TOLERANCE } from '../onnx/parity.js';
import type { Scorer } from '../scorer/ports.js';
import { tableOf } from './input-rows.js';
import { emptyRow } from './override-inputs.js';
import type { StoredPrediction } from './prediction.js';
import type { LedgerHealth } from './ledger-health.js';
import type { PredictionTally } from './prediction-tally.js';
import type { ResultCache, ResultCacheStats } from './result-cache.js';

export interface ModelHealthDeps {
  serving: Pick<Serving, 'current'>;
  scorer: Pick<Scorer, 'score' | 'stats'>;
  ledgerHealth(modelId: string, since: Date): Promise<LedgerHealth>;
  newestOf(version: { modelId: string; id: string }): Promise<StoredPrediction | null>;
  tally: PredictionTally;
  clock: Clock;
  resultCache?: Pick<ResultCache, 'of'>;
}

/** How a model does; counts and latencies over the last 24 hours, at most the newest 10,000 scores. */
export interface ModelHealth {
  healthy: boolean;
  checkedAt: Date;
  predictions: number;
  /** Questions that could not be answered, by this process, since it started. */
  errors: number;
  errorRate: number;
  /** Questions to this process, answered or not: mean of the last minute. */
  requestsPerSecond: number;
  fallbackRate: number;
  cacheHitRate: number;
  positiveRate: number | null;
  resultCache: ResultCacheStats & { hitRatio: number };
  /** Questions to the scorer of this process, over all models, and the ONNX runs they came to. */
  batching: { requests: number; runs: number; rowsPerRun: number; runsPer1000Requests: number };
  latencyMs: Omit<LedgerHealth, 'predictions' | 'positive'>;
}

const PROBE_DEADLINE_MS = 2_000;

/** Counts what was answered, and makes a real prediction. */
export async function modelHealth(
  deps: ModelHealthDeps,
  model: { id: string; name: string },
): Promise<ModelHealth> {
  const checkedAt = deps.clock.wall();
  const served = deps.serving.current(model.name);
  const [healthy, ledger] = await Promise.all([
    served ? probe(deps, served) : false,
    deps.ledgerHealth(model.id, new Date(checkedAt.getTime() - DAY_MS)),
  ]);
  const { answered, fromCache, fromLast, fromRules, failed } = deps.tally.of(model.id);
  const { predictions, positive, ...latencyMs } = ledger;
  return {
    healthy,
    checkedAt,
    predictions,
    errors: failed,
    errorRate: share(failed, answered + failed),
    requestsPerSecond: deps.tally.perSecond(model.id),
    fallbackRate: share(fromLast + fromRules, answered),
    cacheHitRate: share(fromCache + fromLast, answered),
    positiveRate: predictions > 0 ? positive / predictions : null,
    resultCache: cacheOf(deps, model.id),
    batching: batchingOf(deps),
    latencyMs,
  };
}

function cacheOf({ resultCache }: ModelHealthDeps, modelId: string): ModelHealth['resultCache'] {
  const stats = resultCache?.of(modelId) ?? { hits: 0, misses: 0, evictions: 0, entries: 0 };
  return { ...stats, hitRatio: share(stats.hits, stats.hits + stats.misses) };
}

function batchingOf({ scorer }: ModelHealthDeps): ModelHealth['batching'] {
  const { requests, runs, rows } = scorer.stats();
  const runsPer1000Requests = share(1_000 * runs, requests);
  return { requests, runs, rowsPerRun: share(rows, runs), runsPer1000Requests };
}

/**
 * Scores the newest row of the ledger once more, and it must come out the same; where that is of another
 * version, or there is none, a row of which nothing is known must get a score. What rules said of a row is not
 * what the model says of it.
 */
async function probe(deps: ModelHealthDeps, { version, inputs }: ServedModel): Promise<boolean> {
  try {
    const known = await deps.newestOf(version);
    const row = known?.inputs ?? emptyRow(inputs);
    const table = tableOf(inputs, [row]);
    const { probability } = await deps.scorer.score(version.artifactSha256, table, {
      deadlineMs: PROBE_DEADLINE_MS,
    });
    const got = probability[0] ?? NaN;
    const wanted = known?.source === 'MODEL' ? known.probability : got;
    return Math.abs(got - wanted) <= PARITY_TOLERANCE;
  } catch {
    return false; // why it failed is told by whoever asks for a score
  }
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
