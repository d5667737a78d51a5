import type { Candidate } from './candidates.js';

/** A piece of a search that any thread or machine with the table can do alone: candidates on folds [from, until). */
export interface TrialTask {
  /** Several where one starts from the other's fit (a ladder of penalties); they share the folds. */
  candidates: readonly Candidate[];
  from: number;
  until: number;
}

/** What a candidate did on one fold. */
export interface FoldScore {
  /** Validation margins, in the order of the fold's rows. */
  margins: Float64Array;
  logLoss: number;
  auc: number;
  /** Validation log loss after each round; empty for what has no rounds. */
  curve: Float64Array;
}

/** One entry a candidate of the task, in their order. */
export interface TrialOutcome {
  scores: FoldScore[];
  seconds: number;
}

/**
 * Does tasks, in whatever order and wherever, and answers them in the order asked. What comes out depends on the
 * tasks, table and seed alone, to the bit, not on who did them.
 */
export type RunTrials = (
  tasks: readonly TrialTask[],
  onDone?: (done: number) => void,
) => Promise<TrialOutcome[][]>;

/** Means of a candidate over the folds of its task. An AUC that cannot be (one class) is left out. */
export interface CandidateMetrics {
  logLoss: number;
  auc?: number;
}

/** A task that was done. */
export interface DoneTrial {
  /** `packOutcomes`: one entry a candidate. */
  outcome: Uint8Array;
  /** One entry a candidate. */
  metrics: CandidateMetrics[];
  /** Wall time of the candidates together. */
  seconds: number;
}

/** Does the trials of one training outside of the thread that trains: in other threads, on other machines. */
export interface TrialHost {
  /** @param search `packSearch` of what the trials see; given once, before the first tasks */
  open(search: Uint8Array<SharedArrayBuffer>): Promise<void>;
  /**
   * Answers `packOutcomes` of each task, in the order asked.
   * Rejects with AppError INTERNAL when a trial failed; the message says which and why.
   */
  run(tasks: readonly TrialTask[], onDone: (done: number) => void): Promise<Uint8Array[]>;
  /** Ends what is under way. */
  close(): Promise<void>;
}
