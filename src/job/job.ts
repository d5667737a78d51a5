export type JobKind =
  | 'IMPORT'
  | 'TRAIN'
  | 'SEGMENT'
  | 'DRIFT'
  | 'SCORE'
  | 'REPORT'
  | 'ERASE'
  | 'EXPORT'
  | 'PROFILE'
  | 'QUALITY'
  | 'SELECT';

export type JobStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** Work that outlives the call that asked for it. */
export interface Job {
  /** uuid v7. */
  id: string;
  kind: JobKind;
  status: JobStatus;
  /** 0..1 */
  progress: number;
  stage: string;
  /** Times a worker has taken it up. */
  attempts: number;
  input: Record<string, unknown>;
  /** Ids and figures; shape depends on `kind`. Null until it has succeeded. */
  result: Record<string, unknown> | null;
  error: string | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  createdBy: string;
  /** Grows by one at every change. */
  revision: number;
}

/** What can happen to a job. RECLAIM: its worker's lease has run out. RELEASE: given back to be tried again. */
export type JobEvent = 'CLAIM' | 'RECLAIM' | 'RELEASE' | 'SUCCEED' | 'FAIL' | 'CANCEL';

/** The whole state machine; what is not listed is refused. The store's conditional updates follow it. */
export const JOB_TRANSITIONS: Record<JobStatus, Partial<Record<JobEvent, JobStatus>>> = {
  QUEUED: { CLAIM: 'RUNNING', CANCEL: 'CANCELLED' },
  RUNNING: {
    RECLAIM: 'RUNNING',
    RELEASE: 'QUEUED',
    SUCCEED: 'SUCCEEDED',
    FAIL: 'FAILED',
    CANCEL: 'CANCELLED',
  },
  SUCCEEDED: {},
  FAILED: {},
  CANCELLED: {},
};

/** The status after `event`, or null where the machine refuses it. */
export function nextJobStatus(status: JobStatus, event: JobEvent): JobStatus | null {
  return JOB_TRANSITIONS[status][event] ?? null;
}

/** True once nothing can happen to the job any more. */
export function hasEnded(status: JobStatus): boolean {
  return Object.keys(JOB_TRANSITIONS[status]).length === 0;
}

/** A worker that died this often took the job with it: then the job is the cause, and it fails. */
export const MAX_JOB_ATTEMPTS = 5;

/** What the run of a failed attempt leads to. */
export type FailedAttempt = { event: 'RELEASE' } | { event: 'FAIL'; error: string };

/** A retryable failure is tried again until `MAX_JOB_ATTEMPTS`; any other ends the job. */
export function afterFailure(
  attempts: number,
  failure: { message: string; retryable: boolean },
): FailedAttempt {
  return failure.retryable && attempts < MAX_JOB_ATTEMPTS
    ? { event: 'RELEASE' }
    : { event: 'FAIL', error: failure.message };
}

/** Who holds a running job: one run of one worker; every write of it is conditional on that. */
export interface Lease {
  jobId: string;
  workerId: string;
}

export interface JobPage {
  kinds: readonly JobKind[] | null;
  statuses: readonly JobStatus[] | null;
  /** Rows to answer at most. */
  limit: number;
  /** The sort key after which the page begins: newest first. */
  after: { createdAt: Date; id: string } | null;
}
