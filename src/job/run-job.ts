import { randomUUID } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import { afterFailure, type Job, type Lease } from './job.js';
import type { JobChanged } from './job.messages.js';
import { progressWriter } from './progress-writer.js';

/** What the work of a job gets. */
export interface RunningJob {
  id: string;
  attempt: number;
  input: Record<string, unknown>;
  createdBy: string;
  /** Fires when the job is cancelled, taken by another worker, or the worker stops. */
  signal: AbortSignal;
  /** @param progress 0..1; written at most ten times a second */
  report(progress: number, stage: string): void;
}

/** The work; its result (ids and figures) goes into the row. */
export type JobWork = (job: RunningJob) => Promise<object>;

export interface RunJobDeps {
  claim(lease: Lease, leaseMs: number): Promise<Job | null>;
  extend(lease: Lease, leaseMs: number): Promise<boolean>;
  writeProgress(
    lease: Lease,
    progress: number,
    stage: string,
    leaseMs: number,
  ): Promise<Job | null>;
  succeed(lease: Lease, result: object): Promise<Job | null>;
  fail(lease: Lease, error: string): Promise<Job | null>;
  release(lease: Lease, uncounted: boolean): Promise<Job | null>;
  publishJob(message: JobChanged): void;
  /** Unexpected failures, with their stack; the row gets the message only. */
  onFailure(error: unknown, jobId: string): void;
  /** Names the process, for who reads the row. */
  workerId: string;
  /** How long a silent worker keeps its job. */
  leaseMs: number;
}

/** SKIPPED: another worker holds it, or it has ended; the queue entry can go. */
export type RunOutcome = 'SUCCEEDED' | 'FAILED' | 'RELEASED' | 'LOST' | 'SKIPPED';

export const JOB_LEASE_MS = 10_000;
const PROGRESS_EVERY_MS = 100;

/** Why the work of a job was stopped. */
class JobStopped extends Error {
  override name = 'JobStopped';
  constructor(readonly why: 'LOST' | 'STOPPING') {
    super(why === 'LOST' ? 'the job was cancelled or taken over' : 'the worker is stopping');
  }
}

/**
 * Claims the job and runs its work, with a heartbeat. Delivered twice is run once: who cannot claim
 * the row leaves it alone. `stop` gives a running job back to the queue.
 */
export async function runJob(
  deps: RunJobDeps,
  jobId: string,
  work: JobWork,
  stop: AbortSignal,
): Promise<RunOutcome> {
  // One for each run: a worker that lost its job and takes it up again must not hold it twice.
  const lease: Lease = { jobId, workerId: `${deps.workerId} ${randomUUID()}` };
  const job = await deps.claim(lease, deps.leaseMs);
  if (!job) return 'SKIPPED';
  publish(deps, job);
  const abort = new AbortController();
  const onStop = (): void => {
    abort.abort(new JobStopped('STOPPING'));
  };
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  const held = (holds: boolean): void => {
    if (!holds) abort.abort(new JobStopped('LOST'));
  };
  const heartbeat = setInterval(() => {
    deps.extend(lease, deps.leaseMs).then(held, () => undefined); // the lease outlives two failed beats
  }, deps.leaseMs / 3);
  const progress = progressWriter(async (share, stage) => {
    try {
      const row = await deps.writeProgress(lease, share, stage, deps.leaseMs);
      held(row !== null);
      if (row) publish(deps, row);
    } catch {
      // progress is told, not promised
    }
  }, PROGRESS_EVERY_MS);
  try {
    const result = await runWork(work, job, abort.signal, progress.report);
    await progress.close();
    return settle(deps, await deps.succeed(lease, result), 'SUCCEEDED');
  } catch (error) {
    await progress.close();
    return await afterError(deps, lease, job, error, abort.signal);
  } finally {
    clearInterval(heartbeat);
    stop.removeEventListener('abort', onStop);
  }
}

async function runWork(
  work: JobWork,
  job: Job,
  signal: AbortSignal,
  report: RunningJob['report'],
): Promise<object> {
  signal.throwIfAborted();
  const { id, attempts, input, createdBy } = job;
  const result = await work({ id, attempt: attempts, input, createdBy, signal, report });
  signal.throwIfAborted();
  return result;
}

async function afterError(
  deps: RunJobDeps,
  lease: Lease,
  job: Job,
  error: unknown,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const stopped: unknown = signal.aborted ? signal.reason : null;
  if (stopped instanceof JobStopped) {
    if (stopped.why === 'LOST') return 'LOST';
    return settle(deps, await deps.release(lease, true), 'RELEASED');
  }
  const next = afterFailure(job.attempts, {
    message: error instanceof AppError ? error.message : String(error),
    retryable: error instanceof AppError && error.retryable,
  });
  const outcome =
    next.event === 'RELEASE'
      ? settle(deps, await deps.release(lease, false), 'RELEASED')
      : settle(deps, await deps.fail(lease, next.error), 'FAILED');
  deps.onFailure(error, job.id);
  return outcome;
}

function settle(deps: RunJobDeps, row: Job | null, outcome: RunOutcome): RunOutcome {
  if (!row) return 'LOST';
  publish(deps, row);
  return outcome;
}

function publish(deps: RunJobDeps, { id, kind, revision }: Job): void {
  deps.publishJob({ id, kind, revision });
}
