import type { composeJobs, composeModels, Plant } from './compose-models.js';
import type { FeatureLoaders } from './feature/feature-loaders.js';
import { jobLoader } from './job/job-loader.js';
import { FeatureUsedByResolver } from './model/feature-used-by.resolver.js';
import { GovernanceResolver } from './model/governance.resolver.js';
import { ModelVersionResolver } from './model/model-version.resolver.js';
import { ModelResolver } from './model/model.resolver.js';
import { promoteVersion, rollBackModel } from './model/move-version.js';
import { RankingResolver } from './model/ranking.resolver.js';
import { ScheduledJobResolver, ScheduleResolver } from './model/schedule.resolver.js';
import { scheduleStore } from './model/schedule.store.js';
import { TrialResolver } from './model/trial.resolver.js';
import { trialStore } from './model/trial.store.js';
import { TrainModelResolver } from './model/train-model.resolver.js';
import type { ModelLoaders } from './model/version-loaders.js';

/** What the fields of the model room are answered from. */
export interface ModelResolverParts {
  plant: Plant;
  jobs: ReturnType<typeof composeJobs>;
  models: Awaited<ReturnType<typeof composeModels>>;
  modelsOf: ModelLoaders;
  featuresOf: Pick<FeatureLoaders, 'registry'>;
}

/** Models, versions, training and promotion in the graph. */
export function modelResolvers(parts: ModelResolverParts): object[] {
  const { plant, jobs, models, modelsOf, featuresOf } = parts;
  const { clock, scorer } = plant;
  const jobOf = jobLoader({ jobsByIds: jobs.store.byIds });
  return [
    new FeatureUsedByResolver({ versionsUsing: models.store.usingFeatures }),
    new ModelResolver({
      listModels: models.store.registered,
      modelByName: models.store.registeredByName,
      versionPage: models.store.versionPage,
      loaders: modelsOf,
    }),
    new ModelVersionResolver({
      loaders: modelsOf,
      jobLoader: jobOf,
      featureRegistry: featuresOf.registry,
      provider: () => scorer.stats().provider,
    }),
    new GovernanceResolver({
      loaders: modelsOf,
      submitJob: jobs.submit,
      tryOut: models.moving.tryOut,
    }),
    new RankingResolver({ loaders: modelsOf, versionPage: models.store.versionPage }),
    new ScheduleResolver(scheduleStore(plant.db)),
    new ScheduledJobResolver({ jobLoader: jobOf }),
    new TrialResolver({ trialsOfJobs: trialStore(plant.db, clock).ofJobs }),
    new TrainModelResolver({
      modelByName: models.store.byName,
      submitJob: jobs.submit,
      promoteVersion: (request) => promoteVersion(models.moving, request),
      rollBackModel: (request) => rollBackModel(models.moving, request),
      clock,
    }),
  ];
}
