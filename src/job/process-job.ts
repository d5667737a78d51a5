import { UnrecoverableJobError, type Delivery } from '../plant/ports.js';
import { jobPayload } from './job.messages.js';
import { runJob, type JobWork, type RunJobDeps } from './run-job.js';

/**
 * The processor of a queue of jobs: parses the payload, runs the job, and fails the delivery of one that
 * was given back, so that the queue delivers it again after its pause.
 */
export function processJob(deps: RunJobDeps, work: JobWork): (delivery: Delivery) => Promise<void> {
  return async ({ payload, signal }) => {
    const parsed = jobPayload.safeParse(payload);
    if (!parsed.success)
      throw new UnrecoverableJobError(`not a job payload: ${parsed.error.message}`);
    const outcome = await runJob(deps, parsed.data.jobId, work, signal);
    if (outcome === 'RELEASED') throw new Error(`job ${parsed.data.jobId} was given back`);
  };
}
