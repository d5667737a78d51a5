import type { FeatureTable } from '../numeric/table.js';

/** Scores of a stretch of customers that a job has made, with what they were made from. */
export interface LedgerBatch {
  jobId: string;
  /** 0, 1, …: who writes this number of the job first has written it. */
  number: number;
  /** Customers looked at: those with an id over `after` up to `lastUserId`. */
  after: number;
  lastUserId: number;
  looked: number;
  modelId: string;
  modelVersionId: string;
  threshold: number;
  asOf: Date;
  scoredAt: Date;
  latencyMs: number;
  /** Those that got a score, ascending. */
  userIds: ArrayLike<number>;
  /** Of each of them, 0..1. */
  probability: Float64Array;
  /** Inputs of each of them. */
  table: FeatureTable;
}

/** What became of a batch. `taken`: somebody else has written this number of the job; nothing was written. */
export type BatchWritten =
  | 'taken'
  | {
      /** First and last id of the ledger, both included; null when there was no row to write. */
      range: { from: number; until: number } | null;
      rows: number;
      positive: number;
    };

/** The next customers by id. */
export interface NextStretch {
  /** Last id of them. */
  until: number;
  customers: number;
}

/** Where a run stands: sums over its batches. */
export interface RunState {
  /** Batches that are written, and the number of the next one. */
  batches: number;
  lastUserId: number;
  looked: number;
  rows: number;
  positive: number;
}
