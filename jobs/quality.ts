import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps, RunningJob } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';

/** Queue `quality`: QUALITY jobs. */
export function qualityProcessor(
  run: RunJobDeps,
  work: (job: RunningJob) => Promise<object>,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, work);
}
