import { userError, type UserError } from '../kernel/error.js';
import type { Job } from './job.js';
import type { JobChanged } from './job.messages.js';

export interface CancelJobDeps {
  cancelRow(id: string): Promise<Job | null>;
  getJob(id: string): Promise<Job | null>;
  publishJob(message: JobChanged): void;
}

/** Ends a job that has not ended. A worker that runs it notices at its next progress or heartbeat. */
export async function cancelJob(
  deps: CancelJobDeps,
  id: string,
): Promise<{ job: Job | null; userErrors: UserError[] }> {
  const cancelled = await deps.cancelRow(id);
  if (cancelled) {
    deps.publishJob({ id, kind: cancelled.kind, revision: cancelled.revision });
    return { job: cancelled, userErrors: [] };
  }
  const job = await deps.getJob(id);
  return {
    job,
    userErrors: [
      job
        ? userError(
            'CONFLICT',
            `only a queued or running job can be cancelled, this one is ${job.status}`,
            'id',
          )
        : userError('NOT_FOUND', `no job has the id ${id}`, 'id'),
    ],
  };
}
