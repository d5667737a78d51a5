import type { JobStatus } from '../job/job.js';
import type { CandidateMetrics, TrialTask } from './train/trial.js';

/** How long a worker that says nothing keeps its trials. */
export const TRIAL_LEASE_MS = 10_000;

/** A trial whose worker died this often fails: then the trial is the cause. */
export const MAX_TRIAL_LOSSES = 3;

/** Bytes of the data of a search that are handed to other machines at most; past it a training does its trials alone. */
export const MAX_SHARED_SEARCH_BYTES = 64 * 1024 * 1024;

/** Trials of a training in its record. */
export interface TrialRow {
  jobId: string;
  /** 0, 1, … in the order the search asked for them. */
  number: number;
  task: TrialTask;
  status: JobStatus;
  /** One entry a candidate; null until it is done. */
  metrics: CandidateMetrics[] | null;
  seconds: number | null;
  error: string | null;
  /** Host and process that does it or did it; null when nobody has. */
  worker: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Who holds trials: one session of one worker on one search; every write of it is conditional on that. */
export interface TrialLease {
  jobId: string;
  /** Unique for the session; its first word is shown as the worker. */
  holder: string;
}

/** A trial that was taken up. */
export interface ClaimedTrial {
  number: number;
  task: TrialTask;
}

/** Where a trial stands, for the search that waits for it. */
export interface TrialState {
  number: number;
  status: JobStatus;
  error: string | null;
  /** Whether somebody may take it up now. */
  open: boolean;
}
