import type { composeJobs, composeModels, Plant } from './compose-models.js';
import type { FeatureLoaders } from './feature/feature-loaders.js';
import { jobLoader } from './job/job-loader.js';
import { selectionLoaders, type SelectionLoaders } from './model/selection-loaders.js';
import { FeatureSelectionResolver, ModelSelectionsResolver } from './model/selection.resolver.js';
import { selectionStore } from './model/selection.store.js';
import type { ModelLoaders } from './model/version-loaders.js';

/** What selections stand on. */
export interface SelectionParts {
  plant: Pick<Plant, 'db' | 'clock'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'store' | 'submit'>;
  models: { store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'byName'> };
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
