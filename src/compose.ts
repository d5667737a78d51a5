import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { AccessResolver } from './access/access.resolver.js';
import { composeAccess, composeIngest, composeRegistry } from './compose-data.js';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  type Plant,
} from './compose-models.js';
import { composePredictionRoom } from './compose-predictions.js';
import { demoStore } from './demo/demo.store.js';
import type { SeedDemoDeps } from './demo/seed-demo.js';
import type { OperationReport, ReadinessCheck, ServerOptions } from './door/options.js';
import { EventResolver, UserEventsResolver } from './event/event.resolver.js';
import { eventsLoader } from './event/events-loader.js';
import { featureLoaders } from './feature/feature-loaders.js';
import { FeatureResolver, UserFeaturesResolver } from './feature/feature.resolver.js';
import { UserFeatureSetResolver } from './feature/set/feature-set.resolver.js';
import { liveSchema } from './feature/set/live-schema.js';
import { cancelJob } from './job/cancel-job.js';
import type { Job } from './job/job.js';
import { jobLoader } from './job/job-loader.js';
import { QUEUE_OF_KIND } from './job/job.messages.js';
import { jobFeeds, JobResolver } from './job/job.resolver.js';
import { FeatureUsedByResolver } from './model/feature-used-by.resolver.js';
import { ModelVersionResolver } from './model/model-version.resolver.js';
import { modelFeeds, ModelResolver } from './model/model.resolver.js';
import { promoteVersion, rollBackModel } from './model/move-version.js';
import { TrainModelResolver } from './model/train-model.resolver.js';
import { modelLoaders } from './model/version-loaders.js';
import { openPlant, type PlantOptions } from './open-plant.js';
import { createMetrics, type Metrics } from './plant/metrics.js';
import { buildGraph } from './schema.js';
import { setConsent } from './user/set-consent.js';
import { userLoaders } from './user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from './user/user.resolver.js';

/** A composed system: the graph and what the door needs, to be closed once. */
export interface Composition {
  /** What can be asked for now. */
  readonly schema: GraphQLSchema;
  /** Without the fields that the registry of features adds: what src/schema.graphql prints. */
  staticSchema: GraphQLSchema;
  plant: Plant;
  access: ReturnType<typeof composeAccess>;
  door: Pick<
    ServerOptions,
    'schema' | 'authenticate' | 'login' | 'readiness' | 'metricsText' | 'onOperation'
  >;
  /** Boot step: features of the start set and shipped models, where missing. */
  prepare(modelsFolder: string): Promise<void>;
  demo: SeedDemoDeps & {
    scoreUsers(model: string, createdBy: string): Promise<string>;
    job(id: string): Promise<Job | null>;
  };
  /** What to tell at the start. */
  overview(): Promise<{ users: number; serving: string[] }>;
  close(): Promise<void>;
}

/** The architecture, top to bottom: plant, rooms from left to right, resolvers, door. */
export async function compose(options: PlantOptions): Promise<Composition> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const metrics = createMetrics();
    return await composeOn(await openPlant(options, opened, metrics), metrics, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function composeOn(
  plant: Plant,
  metrics: Metrics,
  opened: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Composition> {
  const { db, bus, queues, scorer, clock } = plant;
  const subscribe = (topic: string): AsyncIterableIterator<unknown> => bus.subscribe(topic);

  // access · job · user · event
  const access = composeAccess(db, clock);
  const jobs = composeJobs(plant);
  const ingest = composeIngest(db, clock);
  const users = userLoaders(ingest.users);

  // feature
  const features = composeFeatureReading(db);
  const registry = composeRegistry(features.store, access.audit, clock);
  const featuresOf = featureLoaders({
    store: features.store,
    recent: features.recent,
    readFeatures: features.read,
    auditBySubjects: access.audit.bySubjects,
  });

  const schema = liveSchema({
    registry: features.store.all,
    auditBySubjects: access.audit.bySubjects,
    subscribe,
    log: plant.log,
  });
  opened.push(() => schema.close());

  // model · prediction
  const models = await composeModels(plant, features.store);
  opened.push(() => models.serving.close());
  const modelsOf = modelLoaders({
    modelsByIds: models.store.byIds,
    versionsByIds: models.store.versionsByIds,
    inStage: models.store.inStage,
    artifactInfos: models.store.artifactInfos,
  });
  const ledger = composeLedger(plant);
  const predictions = composePredictionRoom({
    plant,
    jobs,
    ingest,
    users,
    features,
    models,
    modelsOf,
    ledger,
  });

  const staticSchema = buildGraph({
    resolvers: [
      new AccessResolver(),
      new JobResolver({
        getJob: jobs.store.get,
        jobPage: jobs.store.page,
        cancelJob: (id) =>
          cancelJob(
            { cancelRow: jobs.store.cancel, getJob: jobs.store.get, publishJob: jobs.publishJob },
            id,
          ),
      }),
      new UserResolver({
        users: ingest.users,
        loaders: users,
        upsertUsers: ingest.upsertUsers,
        setConsent: setConsent({
          setConsent: ingest.users.setConsent,
          wall: () => clock.wall(),
        }),
      }),
      new UserConnectionResolver(),
      new EventResolver({ recordEvents: ingest.recordEvents, users }),
      new UserEventsResolver({
        events: eventsLoader(ingest.events),
        knownTypeIds: ingest.types.knownIdsOf,
      }),
      new FeatureResolver({
        loaders: featuresOf,
        registerFeature: schema.following(registry.registerFeature),
        moveFeature: schema.following(registry.moveFeature),
      }),
      new UserFeaturesResolver({ loaders: featuresOf }),
      new UserFeatureSetResolver({ readFeatures: features.read }),
      new FeatureUsedByResolver({ versionsUsing: models.store.usingFeatures }),
      new ModelResolver({
        listModels: models.store.list,
        modelByName: models.store.byName,
        versionPage: models.store.versionPage,
        loaders: modelsOf,
      }),
      new ModelVersionResolver({
        loaders: modelsOf,
        jobLoader: jobLoader({ jobsByIds: jobs.store.byIds }),
        featureRegistry: featuresOf.registry,
        provider: () => scorer.stats().provider,
      }),
      new TrainModelResolver({
        modelByName: models.store.byName,
        submitJob: jobs.submit,
        promoteVersion: (request) => promoteVersion(models.moving, request),
        rollBackModel: (request) => rollBackModel(models.moving, request),
        clock,
      }),
      ...predictions.resolvers,
    ],
    feeds: {
      ...jobFeeds({ getJob: jobs.store.get, subscribe }),
      ...modelFeeds({
        subscribe,
        modelByName: models.store.byName,
        versionById: models.versionById,
      }),
      ...predictions.feeds,
    },
  });

  await schema.open(staticSchema);

  metrics.watchScorerQueue(() => scorer.stats().queuedRows);
  metrics.watchQueues(Object.values(QUEUE_OF_KIND), (name) => queues.depth(name));

  return {
    get schema() {
      return schema.current();
    },
    staticSchema,
    plant,
    access,
    door: {
      schema,
      authenticate: access.authenticate,
      login: {
        openLoginLink: access.openLoginLink,
        signInWithKey: access.signInWithKey,
        signOut: access.signOut,
      },
      readiness: () => readiness(plant),
      metricsText: async () => (await metrics.render()).body,
      onOperation: (report) => {
        metrics.request(labelsOf(report), report.counts.milliseconds / 1000);
      },
    },
    prepare: async (modelsFolder) => {
      await registry.seedStartSet();
      await features.nameEventTypes();
      await models.registerShipped(modelsFolder);
      await schema.refresh();
    },
    demo: {
      ...demoStore(db),
      upsertUsers: ingest.upsertUsers,
      recordEvents: ingest.recordEvents,
      scoreUsers: predictions.scoreEveryone,
      job: jobs.store.get,
    },
    overview: async () => ({
      users: await ingest.users.count(null),
      serving: (await models.store.list()).map(({ name }) => {
        const served = models.serving.current(name);
        return served
          ? `${name}, version ${served.version.version} (${served.version.algorithm})`
          : `${name}, no version serves`;
      }),
    }),
    close,
  };
}

function labelsOf({ transport, kind, errorCodes }: OperationReport) {
  const outcome = errorCodes.length === 0 ? ('ok' as const) : ('error' as const);
  return { transport, operation: kind, outcome };
}

async function readiness({ db, scorer, queues }: Plant): Promise<ReadinessCheck[]> {
  const check = async (name: string, ask: () => Promise<string>): Promise<ReadinessCheck> => {
    try {
      return { name, ok: true, detail: await ask() };
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  };
  return Promise.all([
    check('database', async () => {
      await db.query('select 1');
      return 'answers';
    }),
    check('queue', async () => {
      const { waiting, active } = await queues.depth(QUEUE_OF_KIND.SCORE);
      return `${waiting} waiting, ${active} active`;
    }),
    check('scorer', () => {
      const { workers, provider } = scorer.stats();
      if (workers === 0) throw new Error('no scorer thread is up');
      return Promise.resolve(`${workers} threads on ${provider}`);
    }),
  ]);
}
