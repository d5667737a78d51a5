import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps, RunningJob } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';
import {
  runSegmentation,
  segmentInputOf,
  type RunSegmentationDeps,
} from '../src/segment/run-segmentation.js';

/** Queue `segment`: SEGMENT jobs of either kind. */
export function segmentProcessor(
  run: RunJobDeps,
  deps: RunSegmentationDeps & { assign(job: RunningJob): Promise<object> },
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => {
    const input = segmentInputOf(job);
    return input.kind === 'RUN' ? runSegmentation(deps, job, input) : deps.assign(job);
  });
}
