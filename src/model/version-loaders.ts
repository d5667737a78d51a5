import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { ArtifactInfo, ModelVersion, RegisteredModel } from './model.js';

export interface ModelLoaderDeps {
  modelsByIds(ids: readonly string[]): Promise<RegisteredModel[]>;
  versionsByIds(ids: readonly string[]): Promise<ModelVersion[]>;
  inStage(modelIds: readonly string[], stage: 'PRODUCTION' | 'SHADOW'): Promise<ModelVersion[]>;
  artifactInfos(sha256s: readonly string[]): Promise<ArtifactInfo[]>;
}

/** Per-request loaders of models and versions; each answers a page with one statement. */
export interface ModelLoaders {
  model(context: RequestContext): DataLoader<string, RegisteredModel | null>;
  version(context: RequestContext): DataLoader<string, ModelVersion | null>;
  production(context: RequestContext): DataLoader<string, ModelVersion | null>;
  shadow(context: RequestContext): DataLoader<string, ModelVersion | null>;
  artifact(context: RequestContext): DataLoader<string, ArtifactInfo | null>;
}

/** Keys in, rows in key order out. */
function keyed<T>(
  fetch: (keys: readonly string[]) => Promise<T[]>,
  keyOf: (row: T) => string,
): (context: RequestContext) => DataLoader<string, T | null> {
  return perRequest(
    () =>
      new DataLoader<string, T | null>(async (keys) => {
        const rows = new Map((await fetch(keys)).map((row) => [keyOf(row), row]));
        return keys.map((key) => rows.get(key) ?? null);
      }),
  );
}

/** Makes the loaders; compose does this once. */
export function modelLoaders(deps: ModelLoaderDeps): ModelLoaders {
  return {
    model: keyed(deps.modelsByIds, (row) => row.id),
    version: keyed(deps.versionsByIds, (row) => row.id),
    production: keyed(
      (ids) => deps.inStage(ids, 'PRODUCTION'),
      (row) => row.modelId,
    ),
    shadow: keyed(
      (ids) => deps.inStage(ids, 'SHADOW'),
      (row) => row.modelId,
    ),
    artifact: keyed(deps.artifactInfos, (row) => row.sha256),
  };
}
