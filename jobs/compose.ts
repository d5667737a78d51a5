import { hostname } from 'node:os';
import { auditStore } from '../src/access/audit.store.js';
import { composeAccess, composeRegistry } from '../src/compose-data.js';
import { composeEventUpkeep } from '../src/compose-event-upkeep.js';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  type Plant,
} from '../src/compose-models.js';
import { composeLedgerUpkeep } from '../src/compose-ledger-upkeep.js';
import { composeDrift } from '../src/compose-drift-work.js';
import { countedJobs, watchPlant } from '../src/compose-metrics.js';
import { composeQualityScan } from '../src/compose-quality-scan.js';
import { readinessOf } from '../src/compose-readiness.js';
import { composeProfiling, openFeatureRegistry } from '../src/compose-registry.js';
import {
  askForAssignments,
  composeSegmentations,
  composeSegmentWork,
} from '../src/compose-segmentations.js';
import { composeSelectionWork } from '../src/compose-selection-work.js';
import { ownVersion } from '../src/compose-traces.js';
import { composeTrials } from '../src/compose-trials.js';
import { EVENT_QUEUE } from '../src/event/event.messages.js';
import { requestProfile } from '../src/feature/request-profile.js';
import { QUEUE_OF_KIND, UPKEEP_QUEUE } from '../src/job/job.messages.js';
import { rejectedRowStore } from '../src/job/rejected-row.store.js';
import { JOB_LEASE_MS, type RunJobDeps } from '../src/job/run-job.js';
import { scheduleStore } from '../src/model/schedule.store.js';
import { trainOnSchedule } from '../src/model/scheduled-training.js';
import { sliceAttributes } from '../src/model/slice-attributes.store.js';
import { TRIAL_QUEUE } from '../src/model/trial.messages.js';
import { openPlant, type PlantOptions } from '../src/open-plant.js';
import type { Config } from '../src/plant/env.js';
import { createMetrics, type Metrics } from '../src/plant/metrics.js';
import { fillReviews } from '../src/prediction/review-queue.js';
import { reviewStore } from '../src/prediction/review.store.js';
import { requestScan } from '../src/quality/request-scan.js';
import { openWorkerDoor } from '../src/worker-door.js';
import { workOnWatch } from './compose-watch.js';
import { eventProcessor } from './event.js';
import { featureProcessor } from './feature.js';
import { modelProcessor } from './model.js';
import { predictionProcessor } from './prediction.js';
import { qualityProcessor } from './quality.js';
import { scheduleRecurring, upkeepProcessor } from './schedule.js';
import { withSegments } from '../src/segment/segment-slices.store.js';
import { segmentProcessor } from './segment.js';
import { selectionProcessor } from './selection.js';
import { forgettingTrials, trialProcessor } from './trial.js';

export interface WorkerOptions extends PlantOptions {
  config: PlantOptions['config'] &
    Pick<
      Config,
      | 'retentionDays'
      | 'workerConcurrency'
      | 'ledgerDays'
      | 'trialThreads'
      | 'channels'
      | 'webhookNetworks'
      | 'feedDays'
      | 'alertsEverySeconds'
      | 'host'
      | 'metricsPort'
    >;
}

/** The worker: takes up jobs until it is closed. Read from top to bottom it is what the worker does. */
export async function startWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const metrics = createMetrics({ version: ownVersion() });
    const plant = await openPlant(options, opened, metrics, 'augury worker');
    watchPlant(metrics, plant);
    const rooms = await composeRooms(plant, options.config, opened, metrics);
    // Closing the queues waits for running jobs, so it must come before what they use is closed.
    opened.push(() => plant.queues.close());

    await workOnModels(rooms);
    await workOnScores(rooms, options.config.workerConcurrency);
    await workOnFeatures(rooms);
    await workOnSegments(rooms);
    await workOnUpkeep(rooms, await workOnWatch({ ...rooms, config: options.config }, opened));

    await rooms.eventUpkeep.createMonthsAhead();
    await rooms.ledgerUpkeep.createLedgerMonths();
    await scheduleRecurring(plant.queues, options.config);
    await rooms.jobs.sweep();
    await tellFigures(plant, options.config, metrics, opened);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Health and figures of the worker, where it was given a port for them. */
async function tellFigures(
  plant: Plant,
  { host, metricsPort: port }: WorkerOptions['config'],
  metrics: Metrics,
  opened: (() => Promise<void>)[],
): Promise<void> {
  if (port === 0) return;
  const door = await openWorkerDoor({
    ...{ host, port, clock: plant.clock, log: plant.log },
    readiness: readinessOf(plant),
    metricsText: async () => (await metrics.render()).body,
    authenticate: composeAccess(plant.db, plant.clock).authenticate,
  });
  if (door) opened.push(door.close);
}

/** What the work of a worker is done with, rooms from left to right. */
type Rooms = Awaited<ReturnType<typeof composeRooms>>;

async function composeRooms(
  plant: Plant,
  config: WorkerOptions['config'],
  opened: (() => Promise<void>)[],
  metrics: Pick<Metrics, 'jobEnded'>,
) {
  const { db, clock, log } = plant;
  const jobs = composeJobs(plant);
  const workerId = `${hostname()}:${process.pid}`;
  const running: RunJobDeps = {
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
    workerId,
    leaseMs: JOB_LEASE_MS,
  };
  const run = countedJobs(running, metrics);
  const eventUpkeep = composeEventUpkeep(db, clock, config.retentionDays);
  const registry = openFeatureRegistry(plant);
  opened.push(() => registry.close());
  const features = composeFeatureReading(db, registry);
  const { seedFittedSet } = composeRegistry(features.store, clock, features.read);
  const quality = composeQualityScan(plant);
  const segmentations = await composeSegmentations(plant, features.store);
  opened.push(() => segmentations.serving.close());
  const models = await composeModels(plant, features.store, segmentations);
  opened.push(() => models.serving.close());
  const trials = composeTrials(plant, {
    workerId,
    ...(config.trialThreads > 0 ? { threads: config.trialThreads } : {}),
  });
  opened.push(() => trials.work.close());
  const drift = composeDrift(plant);
  const ledger = composeLedger(plant);
  const ledgerUpkeep = composeLedgerUpkeep(db, clock, auditStore, config.ledgerDays);
  return {
    ...{ plant, jobs, run, eventUpkeep, registry, features, seedFittedSet, quality },
    ...{ models, segmentations, trials, drift, ledger, ledgerUpkeep },
  };
}

/** Trainings, trials of trainings that run elsewhere, and selections of features. */
async function workOnModels(rooms: Rooms): Promise<void> {
  const { plant, run, features, quality, models, trials, drift } = rooms;
  const { db, queues, scorer, clock } = plant;
  const train = modelProcessor(run, {
    modelByName: models.store.byName,
    approvedFeatures: features.approved,
    allFeatures: () => features.store.all(),
    readFeatures: features.read,
    behaviourLabels: models.labels.behaviour,
    outcomeLabels: models.labels.outcomes,
    train: trials.train,
    attributesOf: withSegments(db, sliceAttributes(db)),
    scorer,
    registerVersion: models.store.registerVersion,
    keepReference: drift.keepReference,
    useProduction: async (model, work) => {
      const [version] = await models.store.inStage([model.id], 'PRODUCTION');
      return version ? models.serving.use(version.id, work) : null;
    },
    promote: models.promote,
    checkData: quality.gate,
    now: () => clock.wall(),
  });
  await queues.work(
    QUEUE_OF_KIND.TRAIN,
    { concurrency: 1 }, // one training already fills a core
    forgettingTrials(train, trials.forgetEnded),
  );
  await queues.work(TRIAL_QUEUE, { concurrency: 1 }, trialProcessor(trials.work));
  const select = composeSelectionWork({ plant, models, features, checkData: quality.gate });
  await queues.work(QUEUE_OF_KIND.SELECT, { concurrency: 1 }, selectionProcessor(run, select));
}

/** Scores of everyone. */
async function workOnScores(rooms: Rooms, concurrency: number): Promise<void> {
  const { plant, run, features, quality, models, ledger } = rooms;
  const score = predictionProcessor(run, {
    useVersion: (id, work) => models.serving.use(id, work),
    stretches: { after: ledger.store.stretchAfter, read: features.readStretch },
    scorer: plant.scorer,
    writeBatch: ledger.store.writeBatch,
    runState: ledger.store.runState,
    userCounts: ledger.store.userCounts,
    publishPredictions: ledger.publish,
    clock: plant.clock,
    checkData: quality.gate,
  });
  await plant.queues.work(QUEUE_OF_KIND.SCORE, { concurrency }, score);
}

/** Distributions and fitted features, and reports on the data. */
async function workOnFeatures(rooms: Rooms): Promise<void> {
  const { plant, run, registry, features, seedFittedSet, quality } = rooms;
  const profile = featureProcessor(run, {
    ...composeProfiling(plant, registry, features.read),
    seedFitted: seedFittedSet,
  });
  await plant.queues.work(QUEUE_OF_KIND.PROFILE, { concurrency: 1 }, profile);
  const scan = qualityProcessor(run, quality.work);
  await plant.queues.work(QUEUE_OF_KIND.QUALITY, { concurrency: 1 }, scan);
}

/** Segments found anew, and everybody put into those that are live. */
async function workOnSegments(rooms: Rooms): Promise<void> {
  const { plant, run, features, models, segmentations, quality } = rooms;
  const checkData = quality.gate;
  const work = composeSegmentWork({ plant, features, models, segmentations, checkData });
  await plant.queues.work(QUEUE_OF_KIND.SEGMENT, { concurrency: 1 }, segmentProcessor(run, work));
}

/** What recurs: `scheduleRecurring` says when. */
async function workOnUpkeep(
  rooms: Rooms,
  watching: Awaited<ReturnType<typeof workOnWatch>>,
): Promise<void> {
  const { plant, jobs, eventUpkeep, models, segmentations, trials, ledgerUpkeep } = rooms;
  const { db, queues, clock, log } = plant;
  const askForScan = requestScan(jobs.once);
  const askForProfile = requestProfile({ ...jobs.once, now: () => clock.now() });
  const askForSegments = askForAssignments({ serving: segmentations.serving, jobs, clock });
  const { lookAfterEvents } = eventUpkeep;
  await queues.work(EVENT_QUEUE, { concurrency: 1 }, eventProcessor({ lookAfterEvents, log }));
  const upkeep = upkeepProcessor({
    ...watching,
    'sweep-jobs': jobs.sweep,
    'forget-rejected-rows': () => rejectedRowStore(db).forget(clock.wall()),
    'scan-quality': () => askForScan('schedule'),
    'profile-features': () => askForProfile('schedule'),
    'forget-trials': trials.forgetEnded,
    'look-after-ledger': () => ledgerUpkeep.lookAfterLedger(),
    'fill-reviews': () =>
      fillReviews({
        listModels: models.store.list,
        fill: reviewStore(db, auditStore).fill,
        wall: () => clock.wall(),
      }),
    'assign-segments': () => askForSegments('schedule'),
    'train-on-schedule': () =>
      trainOnSchedule({
        ...scheduleStore(db),
        listModels: models.store.list,
        submitJob: jobs.submit,
        clock,
        onRefused: (model, why) => {
          log.warn({ model, why }, 'a training is due and cannot be asked for');
        },
      }),
  });
  await queues.work(UPKEEP_QUEUE, { concurrency: 1 }, upkeep);
}
