import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import { selectFeatures, type SelectFeaturesDeps } from '../src/model/select/select-features.js';
import type { Delivery } from '../src/plant/ports.js';

/** Queue `selection`: SELECT jobs. */
export function selectionProcessor(
  run: RunJobDeps,
  deps: SelectFeaturesDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => selectFeatures(deps, job));
}
