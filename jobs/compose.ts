import { hostname } from 'node:os';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
} from '../src/compose-models.js';
import { QUEUE_OF_KIND, UPKEEP_QUEUE } from '../src/job/job.messages.js';
import { JOB_LEASE_MS, type RunJobDeps } from '../src/job/run-job.js';
import { trainInWorker } from '../src/model/train/train-in-worker.js';
import { openPlant, type PlantOptions } from '../src/open-plant.js';
import type { Config } from '../src/plant/env.js';
import { modelProcessor } from './model.js';
import { predictionProcessor } from './prediction.js';
import { scheduleRecurring, upkeepProcessor } from './schedule.js';

export interface WorkerOptions extends PlantOptions {
  config: PlantOptions['config'] & Pick<Config, 'workerConcurrency'>;
}

/** The worker: takes up jobs until it is closed. Read from top to bottom it is what the worker does. */
export async function startWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const { log, clock, config } = options;
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const plant = await openPlant(options, opened);
    const jobs = composeJobs(plant);
    const features = composeFeatureReading(plant.db);
    const models = await composeModels(plant, features.store);
    opened.push(() => models.serving.close());
    const ledger = composeLedger(plant);
    // Closing the queues waits for running jobs, so it must come before what they use is closed.
    opened.push(() => plant.queues.close());

    const run: RunJobDeps = {
      claim: jobs.store.claim,
      extend: jobs.store.extend,
      writeProgress: jobs.store.progress,
      succeed: jobs.store.succeed,
      fail: jobs.store.fail,
      release: jobs.store.release,
      publishJob: jobs.publishJob,
      onFailure: (error, jobId) => {
        log.warn({ err: error, jobId }, 'a job failed');
      },
      workerId: `${hostname()}:${process.pid}`,
      leaseMs: JOB_LEASE_MS,
    };
    const { queues, scorer } = plant;
    const { workerConcurrency: concurrency } = config;
    await queues.work(
      QUEUE_OF_KIND.TRAIN,
      { concurrency: 1 }, // one training already fills a core
      modelProcessor(run, {
        modelByName: models.store.byName,
        approvedFeatures: features.approved,
        readFeatures: features.read,
        behaviourLabels: models.labels.behaviour,
        outcomeLabels: models.labels.outcomes,
        train: trainInWorker,
        scorer,
        registerVersion: models.store.registerVersion,
        useProduction: async (model, work) => {
          const [version] = await models.store.inStage([model.id], 'PRODUCTION');
          return version ? models.serving.use(version.id, work) : null;
        },
        promote: models.promote,
        now: () => clock.wall(),
      }),
    );
    await queues.work(
      QUEUE_OF_KIND.SCORE,
      { concurrency },
      predictionProcessor(run, {
        useVersion: (id, work) => models.serving.use(id, work),
        factsAfter: ledger.store.factsAfter,
        readFeatures: features.read,
        scorer,
        writeBatch: ledger.store.writeBatch,
        runState: ledger.store.runState,
        userCounts: ledger.store.userCounts,
        publishPredictions: ledger.publish,
        clock,
      }),
    );
    await queues.work(UPKEEP_QUEUE, { concurrency: 1 }, upkeepProcessor({ sweepJobs: jobs.sweep }));
    await scheduleRecurring(queues);
    await jobs.sweep();
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}
