import type { Job } from './job.js';
import { QUEUE_OF_KIND, type JobChanged, type JobPayload } from './job.messages.js';

export interface SweepJobsDeps {
  strandedJobs(olderThanMs: number): Promise<Job[]>;
  giveUpJobs(): Promise<Job[]>;
  enqueue(queue: string, payload: JobPayload, options: { jobId: string }): Promise<void>;
  publishJob(message: JobChanged): void;
}

/** How long a queued row may wait before its queue entry is added once more (adding is idempotent). */
export const STRANDED_AFTER_MS = 5_000;

/** Adds jobs again whose queue entry or worker was lost; fails those that took every worker with them. */
export async function sweepJobs(
  deps: SweepJobsDeps,
  olderThanMs: number = STRANDED_AFTER_MS,
): Promise<{ added: number; givenUp: number }> {
  const lost = await deps.giveUpJobs();
  for (const job of lost) deps.publishJob({ id: job.id, kind: job.kind, revision: job.revision });
  const stranded = await deps.strandedJobs(olderThanMs);
  for (const job of stranded)
    await deps.enqueue(QUEUE_OF_KIND[job.kind], { jobId: job.id }, { jobId: job.id });
  return { added: stranded.length, givenUp: lost.length };
}
