import type { ModelVersion } from './model.js';
import { takesFeature } from './model-features.js';
import { reportOf } from './version-report.js';

export interface TakenFeaturesDeps {
  modelByName(name: string): Promise<{ id: string } | null>;
  allVersions(modelId: string): Promise<ModelVersion[]>;
}

/** Tells which features some version of a model or segmentation takes; null when no model has the name. */
export function takenByModel(
  deps: TakenFeaturesDeps,
): (name: string) => Promise<((feature: { name: string; version: number }) => boolean) | null> {
  return async (name) => {
    const model = await deps.modelByName(name);
    if (!model) return null;
    const versions = await deps.allVersions(model.id);
    return (feature) =>
      versions.some((version) =>
        takesFeature(feature, version.featureNames, reportOf(version).recipe.features),
      );
  };
}
