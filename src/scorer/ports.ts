import type { Contributions } from '../numeric/classifier.js';
import type { FeatureTable } from '../numeric/table.js';

/** A model as bytes; the sha256 of the bytes is its identity everywhere. */
export interface ScorerModel {
  sha256: string;
  bytes: Uint8Array;
}

/** Probabilities, and the margin (log-odds) where the graph offers it. */
export interface Scores {
  /** float64, computed from the margin where there is one; length rows. Never NaN or infinite. */
  probability: Float64Array;
  margin: Float64Array;
}

/**
 * ONNX sessions in worker threads. Calls of the same moment for the same model become one run.
 * Fails with AppError UNAVAILABLE when the queue is full or the worker is gone, DEADLINE_EXCEEDED
 * when the answer would come too late, INVALID when columns are missing or in the wrong order.
 */
export interface Scorer {
  /** Loads (idempotent) and checks a model; rejects if the graph cannot serve. */
  load(model: ScorerModel): Promise<void>;
  isLoaded(sha256: string): boolean;
  unload(sha256: string): Promise<void>;
  score(
    sha256: string,
    table: FeatureTable,
    options?: { deadlineMs?: number; signal?: AbortSignal },
  ): Promise<Scores>;
  /** Exact Shapley contributions for our own models; null for a model without a known structure. */
  explain(
    sha256: string,
    table: FeatureTable,
    options?: { deadlineMs?: number },
  ): Promise<Contributions | null>;
  stats(): ScorerStats;
  close(): Promise<void>;
}

export interface ScorerStats {
  provider: string;
  runs: number;
  rows: number;
  queuedRows: number;
  rejected: number;
  workers: number;
}
