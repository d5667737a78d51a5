import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import { eventCatalogue } from './event/event-catalogue.store.js';
import type { FeatureDefinition } from './feature/feature.js';
import { featureReader, featureStore, lockedRegistry } from './feature/feature.store.js';
import { gatherReads } from './feature/gather-reads.js';
import { nameEventTypes } from './feature/name-event-types.js';
import { readFeatures } from './feature/read-features.js';
import { stretchReader } from './feature/stretch.store.js';
import { recentRegistry, type RecentRegistry } from './feature/recent-registry.js';
import { featureUsersOn } from './model/feature-users.store.js';
import type { Job } from './job/job.js';
import { JOB_TOPIC } from './job/job.messages.js';
import { jobStore } from './job/job.store.js';
import { submitJob } from './job/submit-job.js';
import { sweepJobs } from './job/sweep-jobs.js';
import type { Clock } from './kernel/clock.js';
import { AppError } from './kernel/error.js';
import { labelStore } from './model/label.store.js';
import { MODEL_TOPIC, type ModelChanged } from './model/model.messages.js';
import { modelStore } from './model/model.store.js';
import type { MoveVersionDeps } from './model/move-version.js';
import { promoteVersion } from './model/move-version.js';
import { outcomeStore } from './model/outcome.store.js';
import { registerShippedModels } from './model/register-shipped-models.js';
import { openServing, type Serving } from './model/serving.js';
import type { Bus, Database, Log, Queues } from './plant/ports.js';
import { predictionTopic } from './prediction/prediction.messages.js';
import { predictionStore } from './prediction/prediction.store.js';
import type { Scorer } from './scorer/ports.js';

/** What every process of an installation has open. */
export interface Plant {
  db: Database;
  bus: Bus;
  queues: Queues;
  scorer: Scorer;
  clock: Clock;
  log: Log;
}

/** Jobs: rows, queue and news of them. */
export function composeJobs(plant: Omit<Plant, 'scorer'>) {
  const { db, queues, clock, log } = plant;
  const announce = announcer(plant);
  const store = jobStore(db, clock);
  const publishJob = (message: object): void => {
    announce(JOB_TOPIC, message);
  };
  const submit = submitJob({
    createJob: store.create,
    enqueue: queues.add,
    publishJob,
    onQueueError: (error, jobId) => {
      log.warn({ err: error, jobId }, 'the queue did not take a job; the sweeper will add it');
    },
  });
  return {
    store,
    publishJob,
    submit,
    /** For `requestOnce`. */
    once: {
      jobPage: store.page,
      createJob: ({
        kind,
        input,
        createdBy,
      }: Pick<Job, 'kind' | 'createdBy'> & { input: object }) => submit(kind, input, createdBy),
    },
    sweep: () =>
      sweepJobs({
        strandedJobs: store.stranded,
        giveUpJobs: store.giveUp,
        enqueue: queues.add,
        publishJob,
      }),
  };
}

/** Features, as models need them: the compiled reader and the registry; `opened` is one that hears of changes. */
export function composeFeatureReading(db: Database, opened?: RecentRegistry) {
  const registry =
    opened ?? recentRegistry(featureStore(db, auditStore, featureUsersOn), () => performance.now());
  const { store, recent } = registry;
  const types = eventCatalogue(db, 'event_type');
  const readAny = readFeatures({ run: featureReader(db), typeIds: types.idsOf });
  const read = gatherReads(readAny);
  const approved = (): Promise<FeatureDefinition[]> =>
    store.list({ status: ['APPROVED'], tags: null });
  return {
    registry,
    store,
    recent,
    read,
    readStretch: stretchReader(db, readAny),
    approved,
    /** Boot step, after the registry is filled: the first question then costs what every other does. */
    nameEventTypes: nameEventTypes({ registry: store.all, typeIds: types.idsOf }),
  };
}

/**
 * Models: rows, labels, promotions, and what is in production, loaded and followed. Versions of `segmentations` are
 * promoted the same way, and tried out by those who serve them.
 */
export async function composeModels(
  plant: Plant,
  features: { all(): Promise<FeatureDefinition[]> },
  segmentations?: {
    store: { list(): Promise<{ id: string }[]> };
    serving: { use<T>(versionId: string, work: () => Promise<T>): Promise<T> };
  },
) {
  const { db, bus, scorer, clock, log } = plant;
  const announce = announcer(plant);
  const store = modelStore(db, clock, auditStore, lockedRegistry);
  const versionById = async (id: string) => (await store.versionsByIds([id]))[0] ?? null;
  const listeners: ((change: ModelChanged) => void)[] = [];
  const moving: MoveVersionDeps = {
    modelByName: store.registeredByName,
    versionById,
    allVersions: store.allVersions,
    move: store.move,
    publishModel: (message) => {
      announce(MODEL_TOPIC, message);
      for (const listener of listeners) listener(message);
    },
    tryOut: async (versionId) => {
      const version = await versionById(versionId);
      const isSegmentation = (await segmentations?.store.list())?.some(
        ({ id }) => id === version?.modelId,
      );
      const used = isSegmentation ? segmentations?.serving : serving;
      await used?.use(versionId, () => Promise.resolve());
    },
  };
  const promote = async (versionId: string, actor: string, comment: string): Promise<void> => {
    const request = { versionId, stage: 'PRODUCTION' as const, actor, comment };
    const { userErrors } = await promoteVersion(moving, request);
    if (userErrors[0]) throw new AppError('CONFLICT', userErrors[0].message);
  };
  const serving: Serving = await openServing({
    listModels: store.list,
    inStage: store.inStage,
    versionsByIds: store.versionsByIds,
    artifactBytes: store.artifactBytes,
    allFeatures: features.all,
    scorer,
    subscribe: (topic) => bus.subscribe(topic),
    log,
  });
  return {
    store,
    labels: labelStore(db),
    outcomes: outcomeStore(db, clock),
    versionById,
    moving,
    /** Calls back when a version was moved by this process. */
    onMoved: (listener: (change: ModelChanged) => void): void => {
      listeners.push(listener);
    },
    promote,
    serving,
    /** Boot step of the process that owns the installation: models/<name> into an empty registry. */
    registerShipped: async (folder: string): Promise<void> => {
      await registerShippedModels(
        {
          ensureModel: store.ensure,
          registerFirst: async (version, by) => {
            const first = await store.registerFirst(version, by);
            if (first) {
              const { modelId, id: versionId, stage } = first;
              moving.publishModel({ modelId, versionId, stage });
            }
            return first;
          },
          hasVersions: async (modelId) => (await store.allVersions(modelId)).length > 0,
          scorer,
        },
        folder,
      );
      await serving.refresh();
    },
  };
}

/** The ledger and the news of it. */
export function composeLedger(plant: Pick<Plant, 'db' | 'bus' | 'log'>) {
  const announce = announcer(plant);
  return {
    store: predictionStore(plant.db),
    publish: (modelId: string, message: object): void => {
      announce(predictionTopic(modelId), message);
    },
  };
}
