import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { DriftReport } from './drift.js';
import type { ReferenceFacts } from './reference.js';

export interface DriftLoaderDeps {
  reportsByIds(ids: readonly string[]): Promise<DriftReport[]>;
  referencesByIds(ids: readonly string[]): Promise<ReferenceFacts[]>;
  /** The newest of each version. */
  referencesOf(modelVersionIds: readonly string[]): Promise<ReferenceFacts[]>;
}

/** Per-request loaders; each answers a page with one statement. */
export interface DriftLoaders {
  report(context: RequestContext): DataLoader<string, DriftReport | null>;
  reference(context: RequestContext): DataLoader<string, ReferenceFacts | null>;
  /** What a version is compared with now, by its uuid. */
  referenceOf(context: RequestContext): DataLoader<string, ReferenceFacts | null>;
}

/** Makes the loaders; compose does this once. */
export function driftLoaders(deps: DriftLoaderDeps): DriftLoaders {
  return {
    report: keyed(deps.reportsByIds, ({ id }) => id),
    reference: keyed(deps.referencesByIds, ({ id }) => id),
    referenceOf: keyed(deps.referencesOf, ({ modelVersionId }) => modelVersionId),
  };
}

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
