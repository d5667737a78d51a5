import type { Contributions } from '../numeric/classifier.js';
import type { Memberships } from '../numeric/clusterer.js';
import type { FeatureTable } from '../numeric/table.js';

/** A classifier or a clusterer as bytes; the sha256 of the bytes is its identity everywhere. */
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
 * when the answer would come too late, INVALID when columns are missing or in the wrong order, or when a model is
 * asked for what its kind does not answer.
 */
export interface Scorer {
  /** Loads (idempotent) and checks a model; rejects if the graph cannot serve. */
  load(model: ScorerModel): Promise<void>;
  isLoaded(sha256: string): boolean;
  /** Rows still waiting for it fail with UNAVAILABLE. */
  unload(sha256: string): Promise<void>;
  /** `deadlineMs`: milliseconds from the call; rows that wait longer are not run. An abort rejects with the signal's reason. */
  score(
    sha256: string,
    table: FeatureTable,
    options?: { deadlineMs?: number; signal?: AbortSignal },
  ): Promise<Scores>;
  /** The segments of a clusterer's rows: as `score` in all other things. */
  assign(
    sha256: string,
    table: FeatureTable,
    options?: { deadlineMs?: number; signal?: AbortSignal },
  ): Promise<Memberships>;
  /** Exact Shapley contributions for our own models; null for a model without a known structure. */
  explain(
    sha256: string,
    table: FeatureTable,
    options?: { deadlineMs?: number },
  ): Promise<Contributions | null>;
  stats(): ScorerStats;
  /** Await it before the process ends: waiting calls fail with UNAVAILABLE, runs under way come to their end. */
  close(): Promise<void>;
}

/** Since the start: `requests` (calls of `score` and `assign`), `runs`, `rows`, `rejected` (queue full). Now: `queuedRows` (not yet answered), `workers` (alive). */
export interface ScorerStats {
  provider: string;
  requests: number;
  runs: number;
  rows: number;
  queuedRows: number;
  rejected: number;
  workers: number;
}
