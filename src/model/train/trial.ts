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
