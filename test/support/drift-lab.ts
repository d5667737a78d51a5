import 'reflect-metadata';
import { auditStore } from '../../src/access/audit.store.js';
import { composeIngest } from '../../src/compose-data.js';
import { composeDrift, composeDriftWork } from '../../src/compose-drift-work.js';
import { composeDriftRoom } from '../../src/compose-drift.js';
import { composeFeatureReading, composeJobs, composeModels } from '../../src/compose-models.js';
import { detectDrift } from '../../src/drift/detect-drift.js';
import type { DriftReport } from '../../src/drift/drift.js';
import { driftJobResult } from '../../src/drift/drift.messages.js';
import { featureStore } from '../../src/feature/feature.store.js';
import {
  registerAttributeFeatures,
  type ObservedAttribute,
} from '../../src/feature/register-attribute-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import type { Job } from '../../src/job/job.js';
import { JOB_LEASE_MS, runJob, type JobWork, type RunJobDeps } from '../../src/job/run-job.js';
import type { Clock } from '../../src/kernel/clock.js';
import { modelSpec, type ModelSpec } from '../../src/model/model-spec.js';
import { trainModel } from '../../src/model/train-model.js';
import { trainClassifier } from '../../src/model/train/train-classifier.js';
import { modelLoaders } from '../../src/model/version-loaders.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { openPlant } from '../../src/open-plant.js';
import { readConfig } from '../../src/plant/env.js';
import { testDatabase } from './database.js';
import { keptLog } from './quiet-log.js';
import { roomGraph } from './room-graph.js';

type Attributes = Record<string, string | number | boolean | null>;

export interface LabCustomer {
  externalId: string;
  registeredAt?: Date;
  attributes: Attributes;
}

/** A model whose labels are recorded outcomes: the shortest search there is. */
export function outcomeSpec(change: Partial<ModelSpec> = {}): ModelSpec {
  return modelSpec.parse({
    name: 'lab',
    task: 'BINARY_CLASSIFICATION',
    description: 'for tests of drift',
    labels: { positive: 'yes', negative: 'no' },
    label: { kind: 'OUTCOMES' },
    eligible: { minAgeDays: 0, activeWithinHorizons: null },
    features: { tags: null, include: null, exclude: [] },
    algorithms: ['logistic'],
    trials: 1,
    folds: 2,
    seed: 1,
    selectionMetric: 'logLoss',
    threshold: { kind: 'fixed', value: 0.5 },
    targets: [],
    riskBands: { medium: 0.2, high: 0.5, critical: 0.8 },
    ...change,
  });
}

/** The drift room with all that it stands on, on a database of its own; jobs are run when told. */
export async function openDriftLab(
  clock: Clock,
  attributes: readonly Pick<ObservedAttribute, 'name' | 'type'>[],
  spec: ModelSpec = outcomeSpec(),
) {
  const database = await testDatabase();
  const { db, url } = database;
  const registry = featureStore(db, auditStore);
  const register = registerFeature({
    registry: () => registry.all(),
    insert: (...row) => registry.insert(...row),
    wall: () => clock.wall(),
  });
  const observed = attributes.map((each) => ({ ...each, distinct: 2, rows: 100 }));
  await registerAttributeFeatures({ registry: () => registry.all(), register })(observed, 'test');
  const opened: (() => Promise<void>)[] = [];
  const config = readConfig({});
  const log = keptLog();
  const plant = await openPlant({ databaseUrl: url, redisUrl: null, config, log, clock }, opened);
  const features = composeFeatureReading(plant.db);
  const models = await composeModels(plant, features.store);
  const jobs = composeJobs(plant);
  const drift = composeDrift(plant);
  const model = await models.store.ensure(spec);
  const work = composeDriftWork({ plant, jobs, features, models, drift });
  const { store } = models;
  const modelsOf = modelLoaders({
    ...{ modelsByIds: store.registeredByIds, versionsByIds: store.versionsByIds },
    ...{ inStage: store.inStage, artifactInfos: store.artifactInfos },
  });
  const room = composeDriftRoom({ plant, jobs, models, modelsOf, drift });
  const graph = roomGraph(room.resolvers, clock);
  const run: RunJobDeps = {
    ...{ claim: jobs.store.claim, extend: jobs.store.extend, writeProgress: jobs.store.progress },
    ...{ succeed: jobs.store.succeed, fail: jobs.store.fail, release: jobs.store.release },
    publishJob: jobs.publishJob,
    onFailure: () => undefined,
    workerId: 'lab',
    leaseMs: JOB_LEASE_MS,
  };
  const train: JobWork = (job) =>
    trainModel(
      {
        modelByName: store.byName,
        approvedFeatures: features.approved,
        allFeatures: () => features.store.all(),
        readFeatures: features.read,
        behaviourLabels: models.labels.behaviour,
        outcomeLabels: models.labels.outcomes,
        train: async (input, hooks) => {
          const { onProgress } = hooks;
          const result = await trainClassifier(input, { onProgress, now: () => 0 });
          return { ...result, onnx: writeClassifier(result.classifier), worstDisagreement: 0 };
        },
        scorer: plant.scorer,
        registerVersion: store.registerVersion,
        keepReference: drift.keepReference,
        useProduction: async ({ id }, use) => {
          const [version] = await store.inStage([id], 'PRODUCTION');
          return version ? models.serving.use(version.id, use) : null;
        },
        promote: models.promote,
        now: () => clock.wall(),
      },
      job,
    );
  const ended = async (id: string): Promise<Job> => {
    const job = await jobs.store.get(id);
    if (!job) throw new Error(`no job ${id}`);
    const toDo: JobWork = job.kind === 'TRAIN' ? train : (running) => detectDrift(work, running);
    await runJob(run, id, toDo, new AbortController().signal);
    const after = await jobs.store.get(id);
    if (!after) throw new Error(`no job ${id}`);
    return after;
  };
  const succeeded = async (id: string): Promise<Job> => {
    const job = await ended(id);
    if (job.status !== 'SUCCEEDED') throw new Error(`job ${job.status}: ${job.error ?? ''}`);
    return job;
  };
  const ingest = composeIngest(db, clock);
  return {
    ...{ database, db, plant, models, model, jobs, drift, work, graph, ended },
    customers: async (rows: readonly LabCustomer[]): Promise<void> => {
      for (let from = 0; from < rows.length; from += 5_000) {
        const { rejected } = await ingest.upsertUsers(rows.slice(from, from + 5_000));
        if (rejected[0]) throw new Error(rejected[0].message);
      }
    },
    /** Outcomes by the customers' keys. */
    outcomes: async (
      rows: readonly { externalId: string; at: Date; positive: boolean; predictionId?: number }[],
    ): Promise<void> => {
      const ids = await db.query<{ id: number; key: string }>(
        'select id, external_id as key from customer where external_id = any($1)',
        [rows.map(({ externalId }) => externalId)],
      );
      const idOf = new Map(ids.map(({ id, key }) => [key, id]));
      await models.outcomes.record(
        rows.map(({ externalId, predictionId = null, ...row }) => ({
          ...{ ...row, predictionId, modelId: model.id, source: 'test' },
          userId: idOf.get(externalId) ?? 0,
        })),
      );
    },
    /** Trains and promotes; the id of the version. */
    train: async (): Promise<string> => {
      const input = {
        ...{ model: spec.name, asOf: clock.now().toISOString(), label: 'OUTCOMES' },
        ...{ horizonDays: 30, algorithms: spec.algorithms, trials: spec.trials, seed: 1 },
        promote: 'YES',
      };
      const job = await succeeded((await jobs.submit('TRAIN', input, 'test')).id);
      await models.serving.refresh();
      return String(job.result?.['modelVersionId']);
    },
    /** Asks for a check over the graph and runs it. */
    check: async (windows: Record<string, Date> = {}): Promise<DriftReport> => {
      const { data, errors } = await graph.ask(
        `mutation ($input: DetectDriftInput!) { detectDrift(input: $input) {
          job { id } userErrors { message } } }`,
        { input: { model: spec.name, ...windows } },
      );
      if (errors?.[0]) throw errors[0];
      const { job, userErrors } = data.detectDrift;
      if (userErrors[0]) throw new Error(userErrors[0].message);
      const done = await succeeded(String(job.id).replace('Job:', ''));
      const result = driftJobResult.parse(done.result);
      const id = 'driftReportId' in result ? result.driftReportId : '';
      const report = await drift.driftReportById(id);
      if (!report) throw new Error('no report');
      return report;
    },
    close: async (): Promise<void> => {
      await models.serving.close();
      for (const undo of opened.splice(0).reverse()) await undo();
      await database.drop();
    },
  };
}

export type DriftLab = Awaited<ReturnType<typeof openDriftLab>>;
