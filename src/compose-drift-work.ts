import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import type { composeFeatureReading, composeJobs, composeModels, Plant } from './compose-models.js';
import { answerStore } from './drift/answer.store.js';
import type { DetectDriftDeps } from './drift/detect-drift.js';
import { driftReportStore } from './drift/drift-report.store.js';
import type { DriftReport } from './drift/drift.js';
import { keepTrainingReference } from './drift/keep-training-reference.js';
import { labelsOf } from './drift/labels-of.js';
import { referenceStore } from './drift/reference.store.js';
import { requestChecks } from './drift/request-check.js';
import { windowStore } from './drift/window.store.js';
import type { KeepReference } from './model/train-model.js';
import { feedBusTopic } from './plant/feed-log.js';
import { predictionStore } from './prediction/prediction.store.js';

/** Reports and references, for the server and the worker. */
export function composeDrift(plant: Pick<Plant, 'db' | 'clock'>): {
  reports: ReturnType<typeof driftReportStore>;
  references: ReturnType<typeof referenceStore>;
  /** For trainings: distributions of what a version was made from. */
  keepReference: KeepReference;
  /** For feeds: null when there is none. */
  driftReportById(id: string): Promise<DriftReport | null>;
} {
  const { db, clock } = plant;
  const reports = driftReportStore(db);
  const references = referenceStore(db, auditStore);
  return {
    reports,
    references,
    keepReference: keepTrainingReference({ writeReference: references.write, clock }),
    driftReportById: async (id) => (await reports.byIds([id]))[0] ?? null,
  };
}

export type Drift = ReturnType<typeof composeDrift>;

export interface DriftWorkParts {
  plant: Plant;
  jobs: Pick<ReturnType<typeof composeJobs>, 'submit' | 'once'>;
  features: Pick<ReturnType<typeof composeFeatureReading>, 'readStretch'>;
  models: Awaited<ReturnType<typeof composeModels>>;
  drift: Drift;
}

/** What a DRIFT job is done with. */
export function composeDriftWork(parts: DriftWorkParts): DetectDriftDeps {
  const { plant, jobs, features, models, drift } = parts;
  const { db, scorer, clock } = plant;
  const announce = announcer(plant);
  const ledger = predictionStore(db);
  const windows = windowStore(db);
  const answers = answerStore(db);
  return {
    useVersion: (id, work) => models.serving.use(id, work),
    stretches: { after: ledger.stretchAfter, read: features.readStretch },
    userCounts: ledger.userCounts,
    within: windows.within,
    scorer,
    newestReference: drift.references.newestOf,
    writeReference: drift.references.write,
    labelsOf: labelsOf({
      behaviourLabels: models.labels.behaviour,
      outcomeCount: windows.labels,
    }),
    labelledScores: windows.labelledScores,
    hasOutcomes: windows.hasOutcomes,
    hasEventsSince: windows.hasEventsSince,
    alone: answers.alone,
    recentTrainings: answers.recentTrainings,
    submitJob: jobs.submit,
    reportOfJob: drift.reports.ofJob,
    writeReport: drift.reports.write,
    publishDrift: () => {
      announce(feedBusTopic('drift'), {});
    },
    clock,
  };
}

/** Upkeep: asks for a check of every model in production. */
export function askForDriftChecks(
  parts: Pick<DriftWorkParts, 'jobs' | 'models'> & { plant: Pick<Plant, 'clock'> },
): (createdBy: string) => Promise<string[]> {
  const { plant, jobs, models } = parts;
  return requestChecks({
    ...jobs.once,
    inProduction: async () => {
      const all = await models.store.list();
      const versions = await models.store.inStage(
        all.map(({ id }) => id),
        'PRODUCTION',
      );
      return all.flatMap(({ id, name }) => {
        const version = versions.find(({ modelId }) => modelId === id);
        return version ? [{ model: name, modelVersionId: version.id }] : [];
      });
    },
    now: () => plant.clock.now(),
  });
}
