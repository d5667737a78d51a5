import { DAY_MS, type Clock } from '../kernel/clock.js';
import type { ServedModel, Serving } from '../model/serving.js';
import { PARITY_TOLERANCE } from '../onnx/parity.js';
import type { Scorer } from '../scorer/ports.js';
import { tableOf } from './input-rows.js';
import { emptyRow } from './override-inputs.js';
import type { StoredPrediction } from './prediction.js';
import type { LedgerHealth } from './ledger-health.js';
import type { PredictionTally } from './prediction-tally.js';

export interface ModelHealthDeps {
  serving: Pick<Serving, 'current'>;
  scorer: Pick<Scorer, 'score'>;
  ledgerHealth(modelId: string, since: Date): Promise<LedgerHealth>;
  newestOf(version: { modelId: string; id: string }): Promise<StoredPrediction | null>;
  tally: PredictionTally;
  clock: Clock;
}

/** How a model does; counts and latencies over the last 24 hours, at most the newest 10,000 scores. */
export interface ModelHealth {
  healthy: boolean;
  checkedAt: Date;
  predictions: number;
  /** Questions that could not be answered, by this process, since it started. */
  errors: number;
  errorRate: number;
  fallbackRate: number;
  cacheHitRate: number;
  positiveRate: number | null;
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
  const { answered, fromCache, failed } = deps.tally.of(model.id);
  const { predictions, positive, ...latencyMs } = ledger;
  return {
    healthy,
    checkedAt,
    predictions,
    errors: failed,
    errorRate: share(failed, answered + failed),
    fallbackRate: 0,
    cacheHitRate: share(fromCache, answered),
    positiveRate: predictions > 0 ? positive / predictions : null,
    latencyMs,
  };
}

/**
 * Scores the newest row of the ledger once more, and it must come out the same; where that is of another
 * version, or there is none, a row of which nothing is known must get a score.
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
    return Math.abs(got - (known?.probability ?? got)) <= PARITY_TOLERANCE;
  } catch {
    return false; // why it failed is told by whoever asks for a score
  }
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
