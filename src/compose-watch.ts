import type { AuditStore } from './access/audit.store.js';
import { composeAlertWork } from './compose-alert-work.js';
import { composeAlertRoom } from './compose-alerts.js';
import { composeDelivery } from './compose-delivery-work.js';
import { composeDeliveryRoom } from './compose-delivery.js';
import { composeDrift } from './compose-drift-work.js';
import { composeDriftRoom } from './compose-drift.js';
import { composeExperimentLooks } from './compose-experiment-looks.js';
import { composeExperimentResults } from './compose-experiment-results.js';
import type { ExperimentServing } from './compose-experiment-serving.js';
import { composeExperimentRoom } from './compose-experiments.js';
import type { composeJobs, composeModels, Plant } from './compose-models.js';
import { composeReportRoom } from './compose-report.js';
import type { Segmentations } from './compose-segmentations.js';
import type { RequestContext } from './graphql/context.js';
import type { SelectionLoaders } from './model/selection-loaders.js';
import type { ModelLoaders } from './model/version-loaders.js';
import type { Config } from './plant/env.js';
import { PredictionAssignmentResolver } from './prediction/prediction-assignment.resolver.js';
import { JobResultResolver } from './report/job-result.resolver.js';
import type { SegmentationNode } from './segment/segment-nodes.js';
import type { UserLoaders } from './user/user-loaders.js';

/** What the rooms that watch stand on. */
export interface WatchParts {
  plant: Plant;
  config: Pick<Config, 'channels' | 'webhookNetworks'>;
  jobs: ReturnType<typeof composeJobs>;
  users: UserLoaders;
  auditBySubjects: AuditStore['bySubjects'];
  models: Awaited<ReturnType<typeof composeModels>>;
  modelsOf: ModelLoaders;
  selections: SelectionLoaders;
  segmentations: Segmentations;
  /** A version of a segmentation by its uuid; null when there is none. */
  segmentationById(context: RequestContext, id: string): Promise<SegmentationNode | null>;
  experiments: ExperimentServing;
}

/** The rooms that watch how it goes: experiment, drift, alert, report. */
export function composeWatchRooms(parts: WatchParts) {
  const { plant, config, jobs, users, auditBySubjects, models, modelsOf } = parts;
  const looks = composeExperimentLooks(plant);
  const experiments = composeExperimentRoom({
    clock: plant.clock,
    serving: parts.experiments,
    models: models.store,
    modelsOf,
    onConcluded: async (experiment) => {
      await looks.look(experiment);
    },
  });
  const drift = composeDrift(plant);
  const driftRoom = composeDriftRoom({ plant, jobs, models, modelsOf, drift });
  const delivery = composeDelivery(plant, config);
  const deliveries = composeDeliveryRoom(plant, delivery);
  const alertWork = composeAlertWork({ plant, channelNames: deliveries.channelNames });
  const alerts = composeAlertRoom({
    ...{ plant, users, auditBySubjects },
    work: alertWork,
    deliveriesOf: deliveries.deliveriesOf,
  });
  const reports = composeReportRoom({
    ...{ plant, jobs, models, auditBySubjects },
    segmentations: parts.segmentations,
    experimentReport: looks.account,
  });
  return {
    resolvers: [
      ...experiments.resolvers,
      new PredictionAssignmentResolver({
        assignmentsOf: parts.experiments.assignments.ofUsers,
        experiment: experiments.loaders.experiment,
      }),
      ...composeExperimentResults(looks).resolvers,
      ...driftRoom.resolvers,
      ...deliveries.resolvers,
      ...alerts.resolvers,
      ...reports.resolvers,
      new JobResultResolver({
        loaders: modelsOf,
        selections: parts.selections,
        segmentationById: parts.segmentationById,
        driftReportById: driftRoom.driftReportById,
        driftReferenceById: driftRoom.driftReferenceById,
        dailyReportById: reports.dailyReportById,
      }),
    ],
    drift,
    alerts: alertWork,
    /** Boot step: default rules that this installation was never given. */
    seedRules: alerts.seedRules,
  };
}
