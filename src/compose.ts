import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { composeAccess, composeIngest, composeRegistry } from './compose-data.js';
import { dataResolvers } from './compose-data-resolvers.js';
import { composeEventUpkeep } from './compose-event-upkeep.js';
import { composeFeatureRoom } from './compose-features.js';
import { modelResolvers } from './compose-model-resolvers.js';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  type Plant,
} from './compose-models.js';
import { composeExperimentServing } from './compose-experiment-serving.js';
import { composeFeeds } from './compose-feeds.js';
import { watchInstallation, watchPlant } from './compose-metrics.js';
import { composePredictionRoom } from './compose-predictions.js';
import { composePrivacyRoom } from './compose-privacy.js';
import { tombstonePlace } from './compose-privacy-work.js';
import { composeQualityRoom } from './compose-quality.js';
import { readinessOf } from './compose-readiness.js';
import { openFeatureRegistry } from './compose-registry.js';
import { composeRegister } from './compose-register.js';
import { reviewResolvers } from './compose-reviews.js';
import { segmentFilters } from './compose-segment-live.js';
import { composeSegmentations } from './compose-segmentations.js';
import { composeSegmentRoom } from './compose-segments.js';
import { composeSelections } from './compose-selection.js';
import { ownVersion } from './compose-traces.js';
import { composeWatchRooms } from './compose-watch.js';
import { demoStore } from './demo/demo.store.js';
import type { SeedDemoDeps } from './demo/seed-demo.js';
import type { OperationReport, ServerOptions } from './door/options.js';
import { operationCall } from './alert/service-sample.js';
import { startServiceRecorder } from './compose-alert-work.js';
import { assignmentDimension } from './experiment/assignment-groups.js';
import { UserFeatureSetResolver } from './feature/set/feature-set.resolver.js';
import { countedFeeds } from './graphql/counted-feeds.js';
import { traceRootFields } from './graphql/trace-root-fields.js';
import { requestProfile } from './feature/request-profile.js';
import { liveSchema } from './feature/set/live-schema.js';
import type { Job } from './job/job.js';
import { rejectedRowStore } from './job/rejected-row.store.js';
import { modelFeeds } from './model/model.resolver.js';
import { modelLoaders } from './model/version-loaders.js';
import { openPlant, type PlantOptions, type TracedPlant } from './open-plant.js';
import type { Config } from './plant/env.js';
import { createMetrics, type Metrics } from './plant/metrics.js';
import { requestScan } from './quality/request-scan.js';
import { buildGraph } from './schema.js';
import { userLoaders } from './user/user-loaders.js';

/** What a system is composed with. */
export interface ComposeOptions extends PlantOptions {
  config: PlantOptions['config'] &
    Pick<
      Config,
      | 'dataDir'
      | 'retentionDays'
      | 'tombstones'
      | 'resultCache'
      | 'scoreWithinMs'
      | 'maxModelBytes'
      | 'modelCheckMemoryBytes'
      | 'modelCheckSeconds'
      | 'channels'
      | 'webhookNetworks'
    >;
}

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
    'schema' | 'authenticate' | 'login' | 'readiness' | 'metricsText' | 'onOperation' | 'traces'
  >;
  /** Boot step: features of the start set and shipped models, where missing. */
  prepare(modelsFolder: string): Promise<void>;
  demo: SeedDemoDeps & {
    scoreUsers(model: string, createdBy: string): Promise<string>;
    /** Asks for what else the night would bring: distributions and fitted features, a report on the data. */
    lookAtData(createdBy: string): Promise<void>;
    /** Asks for the first segments. */
    segmentEveryone(createdBy: string): Promise<void>;
    job(id: string): Promise<Job | null>;
  };
  /** Tells how many WebSockets the door has open. */
  watchConnections(read: () => number): void;
  /** What to tell at the start. */
  overview(): Promise<{ users: number; serving: string[] }>;
  close(): Promise<void>;
}

/** The architecture, top to bottom: plant, rooms from left to right, resolvers, door. */
export async function compose(options: ComposeOptions): Promise<Composition> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const metrics = createMetrics({ version: ownVersion() });
    const plant = await openPlant(options, opened, metrics);
    return await composeOn(plant, options.config, metrics, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function composeOn(
  plant: TracedPlant,
  config: ComposeOptions['config'],
  metrics: Metrics,
  opened: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Composition> {
  const { db, bus, clock, log } = plant;
  const samples = startServiceRecorder(plant);
  opened.push(() => samples.close());
  const subscribe = (topic: string): AsyncIterableIterator<unknown> => bus.subscribe(topic);

  // access · job · user · device · event · ticket, with what privacy holds them to
  const access = composeAccess(db, clock);
  const privacy = composePrivacyRoom({ db, clock, log, bus, tombstones: tombstonePlace(config) });
  const jobs = composeJobs(plant);
  const rejected = rejectedRowStore(db);
  const retention = { days: config.retentionDays, history: false };
  const ingest = composeIngest(db, clock, {
    retention,
    erasedBefore: privacy.erasedBefore,
    keepRejected: rejected.write,
    onEvents: (userIds) => {
      predictions.customersChanged(userIds);
      segments.customersChanged(userIds);
    },
    onProfiles: (userIds) => {
      segments.customersChanged(userIds);
    },
    filters: segmentFilters(() => segmentations.serving),
  });
  const users = userLoaders(ingest.users);

  // feature
  const opening = openFeatureRegistry(plant, metrics.registryLook);
  opened.push(() => opening.close());
  const features = composeFeatureReading(db, opening);
  const registry = composeRegistry(features.store, clock, features.read);
  const schema = liveSchema({
    registry: features.store.all,
    auditBySubjects: access.audit.bySubjects,
    subscribe,
    log,
  });
  opened.push(() => schema.close());

  // quality · model · segment · prediction
  const segmentations = await composeSegmentations(plant, features.store);
  opened.push(() => segmentations.serving.close());
  const models = await composeModels(plant, features.store, segmentations);
  opened.push(() => models.serving.close());
  const registering = composeRegister({
    db,
    clock,
    modelByName: models.store.byName,
    featureRegistry: features.store.all,
    config,
  });
  opened.push(registering.close);
  const featureRoom = composeFeatureRoom({
    plant,
    audit: access.audit,
    registry: opening,
    readFeatures: features.read,
    registerFeature: registry.registerFeature,
    submitJob: jobs.submit,
    models: { modelByName: models.store.registeredByName, allVersions: models.store.allVersions },
    following: (change) => schema.following(change),
  });
  const featuresOf = featureRoom.loaders;
  const quality = composeQualityRoom({
    ...plant,
    submitJob: jobs.submit,
    features: {
      approvedFeatures: features.approved,
      sampleUsers: features.store.sampleUsers,
      readFeatures: features.read,
    },
    models: {
      models: models.store.list,
      modelByName: models.store.byName,
      behaviourLabels: models.labels.behaviour,
      outcomeLabels: models.labels.outcomes,
    },
  });
  const modelsOf = modelLoaders({
    modelsByIds: models.store.registeredByIds,
    versionsByIds: models.store.versionsByIds,
    inStage: models.store.inStage,
    artifactInfos: models.store.artifactInfos,
  });
  const selections = composeSelections({ plant, jobs, models, modelsOf, featuresOf });
  const experiments = await composeExperimentServing(plant);
  opened.push(() => experiments.close());
  const segments = composeSegmentRoom({
    ...{ plant, jobs, ingest, users, features, featuresOf, models, segmentations },
    resultCacheEntries: config.resultCache,
    groups: assignmentDimension(experiments.running),
  });
  opened.push(() => segments.close());
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
    experiments,
    erasedBefore: privacy.erasedBefore,
    settings: {
      resultCacheEntries: config.resultCache,
      scoreWithinMs: config.scoreWithinMs,
      onAnswers: metrics.answers,
      onServed: ({ model, ...call }) => {
        samples.record({ kind: 'prediction', name: model, ...call });
      },
    },
  });
  opened.push(() => predictions.close());
  const watch = composeWatchRooms({
    ...{ plant, config, jobs, users, models, modelsOf, segmentations, experiments },
    auditBySubjects: access.audit.bySubjects,
    selections: selections.loaders,
    segmentationById: segments.segmentationById,
  });
  const followed = composeFeeds({ plant, jobs, models, ledger });
  opened.push(() => followed.close());

  const upkeep = composeEventUpkeep(db, clock, config.retentionDays);
  const staticSchema = buildGraph({
    resolvers: [
      ...dataResolvers({
        plant,
        privacy,
        jobs,
        rejected,
        ingest,
        users,
        events: { days: config.retentionDays, upkeep },
      }),
      ...featureRoom.resolvers,
      new UserFeatureSetResolver({ readFeatures: features.read }),
      ...quality.resolvers,
      ...modelResolvers({ plant, jobs, models, modelsOf, featuresOf }),
      registering.resolver,
      ...selections.resolvers,
      ...segments.resolvers,
      ...predictions.resolvers,
      ...reviewResolvers({ plant, models, modelsOf, users, ledger }),
      ...watch.resolvers,
      ...followed.resolvers,
      ...privacy.resolvers,
    ],
    feeds: countedFeeds(
      {
        ...featureRoom.feeds,
        ...quality.feeds,
        ...modelFeeds({
          subscribe,
          modelByName: models.store.registeredByName,
          versionById: models.versionById,
        }),
        ...segments.feeds,
        ...predictions.feeds,
        ...followed.feeds,
      },
      metrics.subscription,
    ),
  });
  if (plant.traces) traceRootFields(staticSchema, plant.traces.span);
  await schema.open(staticSchema);

  watchPlant(metrics, plant);
  watchInstallation(metrics, plant);
  metrics.watchResultCache(predictions.resultCacheStats);

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
      readiness: readinessOf(plant),
      traces: plant.traces,
      metricsText: async () => (await metrics.render()).body,
      onOperation: (report) => {
        metrics.request(labelsOf(report), report.counts.milliseconds / 1000);
        samples.record(operationCall(report));
      },
    },
    prepare: async (modelsFolder) => {
      await privacy.prepare();
      await registry.seedStartSet();
      await quality.seedRules();
      await watch.seedRules();
      await features.nameEventTypes();
      await models.registerShipped(modelsFolder);
      await segmentations.registerShipped(modelsFolder);
      await segmentations.personas.seedTexts(modelsFolder);
      await schema.refresh();
    },
    demo: {
      ...demoStore(db),
      // a history: its first days may be older than what is held of other events
      ...composeIngest(db, clock, { retention: { ...retention, history: true } }),
      scoreUsers: predictions.scoreEveryone,
      lookAtData: async (createdBy) => {
        await requestProfile({ ...jobs.once, now: () => clock.now() })(createdBy);
        await requestScan(jobs.once)(createdBy);
      },
      segmentEveryone: segments.segmentEveryone,
      job: jobs.store.get,
    },
    watchConnections: metrics.watchConnections,
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
