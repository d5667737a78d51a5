import type { Job, JobKind } from './job.js';
import { QUEUE_OF_KIND, type JobChanged, type JobPayload } from './job.messages.js';

export interface SubmitJobDeps {
  createJob(job: { kind: JobKind; input: object; createdBy: string }): Promise<Job>;
  /** `Queues.add`. */
  enqueue(queue: string, payload: JobPayload, options: { jobId: string }): Promise<void>;
  publishJob(message: JobChanged): void;
  /** Told when the queue did not take the entry; the sweeper adds it later. */
  onQueueError(error: unknown, jobId: string): void;
}

export type SubmitJob = (kind: JobKind, input: object, createdBy: string) => Promise<Job>;

/**
 * Writes the row, then adds it to its queue. Once the row is there the job is acknowledged: should
 * the process die in between, or the queue be away, the sweeper adds it.
 */
export function submitJob(deps: SubmitJobDeps): SubmitJob {
  return async (kind, input, createdBy) => {
    const job = await deps.createJob({ kind, input, createdBy });
    deps.publishJob({ id: job.id, kind: job.kind, revision: job.revision });
    try {
      await deps.enqueue(QUEUE_OF_KIND[kind], { jobId: job.id }, { jobId: job.id });
    } catch (error) {
      deps.onQueueError(error, job.id);
    }
    return job;
  };
}
