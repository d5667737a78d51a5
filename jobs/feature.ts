import { profileFeatures, type ProfileFeaturesDeps } from '../src/feature/profile-features.js';
import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';

/** Queue `feature`: PROFILE jobs. */
export function featureProcessor(
  run: RunJobDeps,
  deps: ProfileFeaturesDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => profileFeatures(deps, job));
}
