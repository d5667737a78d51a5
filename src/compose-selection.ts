import type { composeFeatureReading, composeJobs, composeModels, Plant } from './compose-models.js';
import type { FeatureLoaders } from './feature/feature-loaders.js';
import { jobLoader } from './job/job-loader.js';
import { rankInWorker } from './model/select/rank-in-worker.js';
import type { SelectFeaturesDeps } from './model/select/select-features.js';
import { selectionLoaders, type SelectionLoaders } from './model/selection-loaders.js';
import { FeatureSelectionResolver, ModelSelectionsResolver } from './model/selection.resolver.js';
import { selectionStore } from './model/selection.store.js';
import type { ModelLoaders } from './model/version-loaders.js';

/** What selections stand on. */
export interface SelectionParts {
  plant: Pick<Plant, 'db' | 'clock'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'store' | 'submit'>;
  models: {
    store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'byName'>;
    labels: Awaited<ReturnType<typeof composeModels>>['labels'];
  };
  modelsOf: Pick<ModelLoaders, 'model'>;
  featuresOf: Pick<FeatureLoaders, 'registry'>;
}

/** Selections in the graph; `loaders` is for the result of a job. */
export function composeSelections(parts: SelectionParts): {
  resolvers: object[];
  loaders: SelectionLoaders;
} {
  const { plant, jobs, models, modelsOf, featuresOf } = parts;
  const store = selectionStore(plant.db, plant.clock);
  const loaders = selectionLoaders({ selectionsByIds: store.byIds, newestOf: store.newestOf });
  return {
    resolvers: [
      new ModelSelectionsResolver({ selections: loaders }),
      new FeatureSelectionResolver({
        modelByName: models.store.byName,
        submitJob: jobs.submit,
        selections: loaders,
        models: modelsOf,
        jobLoader: jobLoader({ jobsByIds: jobs.store.byIds }),
        featureRegistry: featuresOf.registry,
        clock: plant.clock,
      }),
    ],
    loaders,
  };
}

/** What the worker needs for SELECT jobs. */
export function composeSelectionWork(
  parts: Pick<SelectionParts, 'plant' | 'models'> & {
    features: Pick<ReturnType<typeof composeFeatureReading>, 'store' | 'read'>;
  },
): SelectFeaturesDeps {
  const { plant, models, features } = parts;
  const store = selectionStore(plant.db, plant.clock);
  return {
    modelByName: models.store.byName,
    behaviourLabels: models.labels.behaviour,
    outcomeLabels: models.labels.outcomes,
    allFeatures: features.store.all,
    readFeatures: features.read,
    rank: rankInWorker,
    selectionOfJob: store.ofJob,
    writeSelection: store.write,
  };
}
