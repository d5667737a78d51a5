import { processJob } from '../src/job/process-job.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import { trainModel, type TrainModelDeps } from '../src/model/train-model.js';
import type { Delivery } from '../src/plant/ports.js';

/** Queue `model`: TRAIN jobs. */
export function modelProcessor(
  run: RunJobDeps,
  deps: TrainModelDeps,
): (delivery: Delivery) => Promise<void> {
  return processJob(run, (job) => trainModel(deps, job));
}
