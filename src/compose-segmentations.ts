import fs from 'node:fs/promises';
import path from 'node:path';
import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import { composeMemberships } from './compose-memberships.js';
import type { composeFeatureReading, composeJobs, composeModels, Plant } from './compose-models.js';
import { composePersonas } from './compose-personas.js';
import type { RunningJob } from './job/run-job.js';
import type { Clock } from './kernel/clock.js';
import { modelStore } from './model/model.store.js';
import { sliceAttributes } from './model/slice-attributes.store.js';
import type { QualityGate } from './quality/quality-gate.js';
import { assignEveryone } from './segment/live/assign-everyone.js';
import { standingKeys } from './segment/live/standing-keys.store.js';
import { clustererInputs } from './numeric/clusterer.js';
import { clusterInWorker } from './segment/cluster-in-worker.js';
import { requestAssignment } from './segment/request-assignment.js';
import { oneRegistering } from './segment/registering-lock.store.js';
import type { RunSegmentationDeps } from './segment/run-segmentation.js';
import { openSegmentServing } from './segment/segment-serving.js';
import { parseSegmentationSpec } from './segment/segmentation-spec.js';
import { segmentationStore } from './segment/segmentation.store.js';
import type { SegmentServing } from './segment/segmentation.js';

type Features = Pick<ReturnType<typeof composeFeatureReading>, 'store' | 'read' | 'readStretch'>;

/** Segmentations: recipes, versions that are live, loaded and followed; for the server and the worker. */
export async function composeSegmentations(plant: Plant, features: Features['store']) {
  const { db, bus, scorer, clock, log } = plant;
  const store = segmentationStore(db, clock);
  const versions = modelStore(db, clock, auditStore);
  const serving = await openSegmentServing({
    listSegmentations: store.list,
    inStage: versions.inStage,
    versionsByIds: versions.versionsByIds,
    artifactBytes: versions.artifactBytes,
    allFeatures: features.all,
    scorer,
    subscribe: (topic) => bus.subscribe(topic),
    log,
  });
  return {
    store,
    serving,
    personas: composePersonas(plant),
    /** Boot step of the process that owns the installation: recipes and texts of models/<name>. */
    registerShipped: async (folder: string): Promise<void> => {
      for (const spec of await shippedSpecs(folder)) await store.ensure(spec);
    },
  };
}

export type Segmentations = Awaited<ReturnType<typeof composeSegmentations>>;

async function shippedSpecs(folder: string) {
  const specs = [];
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const file = path.join(folder, entry.name, 'spec.json');
    const text = await fs.readFile(file, 'utf8').catch(() => null);
    if (text === null) continue;
    const value: unknown = JSON.parse(text);
    const isOurs =
      typeof value === 'object' && value !== null && 'task' in value && value.task === 'CLUSTERING';
    if (isOurs) specs.push(parseSegmentationSpec(value, file));
  }
  return specs;
}

/** Asks for everybody's segment in every segmentation that is live: time passes, and imports tell nobody. */
export function askForAssignments(parts: {
  serving: Pick<SegmentServing, 'all' | 'refresh'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'once'>;
  clock: Pick<Clock, 'now'>;
}): (createdBy: string) => Promise<void> {
  return async (createdBy) => {
    await parts.serving.refresh();
    for (const { model } of parts.serving.all())
      await requestAssignment(parts.jobs.once)(model.name, parts.clock.now(), createdBy);
  };
}

/** What a SEGMENT job is done with. */
export function composeSegmentWork(parts: {
  plant: Plant;
  features: Features;
  models: Awaited<ReturnType<typeof composeModels>>;
  segmentations: Segmentations;
  checkData: QualityGate;
}): RunSegmentationDeps & { assign(job: RunningJob): Promise<object> } {
  const { plant, features, models, segmentations, checkData } = parts;
  const { db, scorer, clock } = plant;
  const { store, serving, personas } = segmentations;
  const assigning = {
    ...composeMemberships({
      db,
      clock,
      announce: announcer(plant),
      readFeatures: features.read,
      assign: (sha256, table, options) => scorer.assign(sha256, table, options),
    }),
    readStretch: features.readStretch,
    serving,
  };
  return {
    segmentationByKey: store.byKey,
    allFeatures: () => features.store.all(),
    readFeatures: features.read,
    attributesOf: sliceAttributes(db),
    cluster: clusterInWorker,
    segmentsBefore: async (model) => {
      await serving.refresh();
      const live = serving.current(model.name);
      if (!live) return null;
      return {
        segments: live.report.segments,
        numericNames: clustererInputs(live.clusterer).numericNames,
        keyOf: await standingKeys(db)(model.id),
      };
    },
    usedKeys: store.usedKeys,
    scorer,
    oneRegistering: oneRegistering(db),
    registerVersion: models.store.registerVersion,
    artifactBytes: models.store.artifactBytes,
    nameSegments: personas.nameSegments,
    writePoints: store.writePoints,
    promote: models.promote,
    assignEveryone: async (job) => {
      await assignEveryone(assigning, job);
    },
    assign: (job) => assignEveryone(assigning, job),
    checkData,
    now: () => clock.wall(),
    monotonicMs: () => clock.monotonicMs(),
  };
}
