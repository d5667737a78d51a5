import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import type { Delivery } from '../src/plant/ports.js';
import { scoreUsers, type ScoreUsersDeps } from '../src/prediction/score-users.js';

/** Queue `prediction`: SCORE jobs. */
export function predictionProcessor(
  run: RunJobDeps,
  deps: ScoreUsersDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => scoreUsers(deps, job));
}
