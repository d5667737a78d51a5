import { detectDrift, type DetectDriftDeps } from '../src/drift/detect-drift.js';
import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';

/** Queue `drift`: DRIFT jobs of either kind. */
export function driftProcessor(
  run: RunJobDeps,
  deps: DetectDriftDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => detectDrift(deps, job));
}
