import type { BucketDefinition } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import { quantileBounds } from './quantile-bounds.js';
import type { ReadFeatures } from './read-features.js';

export interface FitQuantilesDeps {
  readFeatures: ReadFeatures;
  /** Ids of at most `limit` customers who agreed to profiling, an even sample. */
  sampleUsers: (limit: number) => Promise<number[]>;
  /** The instant questions are asked as of. */
  now: () => Date;
}

/** Bounds fitted on customers as of an instant, or why there are none. */
export type FittedBounds =
  { bounds: number[]; asOf: Date; customers: number } | { problem: string };

export type FitQuantiles = (feature: FeatureDefinition, quantiles: number) => Promise<FittedBounds>;

export const MAX_SAMPLE = 10_000;
/** Quantiles of fewer customers say nothing about the next one. */
export const MIN_CUSTOMERS = 20;

/**
 * Fits the bounds of equal buckets of a number on at most 10,000 customers as of now; those without a
 * value are left out. Two statements and a sort.
 */
export function fitQuantiles(deps: FitQuantilesDeps): FitQuantiles {
  return async (feature, quantiles) => {
    const asOf = deps.now();
    const users = await deps.sampleUsers(MAX_SAMPLE);
    const rows = await deps.readFeatures({ features: [feature], users, asOf });
    const column = rows.columns.get(feature.name);
    if (!(column instanceof Float64Array)) return { problem: `${feature.name} is not a number` };
    const values = column.filter((value) => !Number.isNaN(value));
    const customers = values.length;
    if (customers < MIN_CUSTOMERS)
      return {
        problem: `${feature.name} has a value for ${customers} customers, fitting needs at least ${MIN_CUSTOMERS}`,
      };
    const bounds = quantileBounds(values, quantiles);
    return bounds
      ? { bounds, asOf, customers }
      : {
          problem: `${feature.name} has fewer than ${quantiles} distinct values among ${customers} customers: ${quantiles} quantiles need as many`,
        };
  };
}

/** The definition of a bucket with its fitted bounds, pinned to the version they were fitted on. */
export function fittedBucket(
  { quantiles, labels }: { quantiles: number; labels: BucketDefinition['labels'] },
  { name, version }: Pick<FeatureDefinition, 'name' | 'version'>,
  { bounds, asOf, customers }: Exclude<FittedBounds, { problem: string }>,
): BucketDefinition {
  const fitted = { quantiles, asOf: asOf.toISOString(), customers };
  return { kind: 'bucket', of: { feature: name, version }, bounds, labels, fitted };
}
