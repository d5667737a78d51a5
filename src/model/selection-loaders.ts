import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { loaderByArguments } from '../graphql/loader-by-arguments.js';
import type { FeatureSelection } from './selection.js';

export interface SelectionLoaderDeps {
  selectionsByIds(ids: readonly string[]): Promise<FeatureSelection[]>;
  /** The newest of each model, newest first. */
  newestOf(modelIds: readonly string[], limit: number): Promise<FeatureSelection[]>;
}

/** Per-request loaders of selections; each answers a page with one statement. */
export interface SelectionLoaders {
  selection(context: RequestContext): DataLoader<string, FeatureSelection | null>;
  /** The newest `limit` of a model, newest first. */
  ofModel(context: RequestContext, limit: number): DataLoader<string, FeatureSelection[]>;
}

/** Makes the loaders; compose does this once. */
export function selectionLoaders(deps: SelectionLoaderDeps): SelectionLoaders {
  return {
    selection: perRequest(
      () =>
        new DataLoader<string, FeatureSelection | null>(async (ids) => {
          const rows = new Map((await deps.selectionsByIds(ids)).map((row) => [row.id, row]));
          return ids.map((id) => rows.get(id) ?? null);
        }),
    ),
    ofModel: loaderByArguments(
      (limit: number) => limit,
      async (modelIds: readonly string[], limit) => {
        const rows = await deps.newestOf(modelIds, limit);
        return modelIds.map((id) => rows.filter(({ modelId }) => modelId === id));
      },
    ),
  };
}
