import { z } from 'zod';
import { equalWidthHistogram } from '../numeric/equal-width-histogram.js';
import { countOutside, quartileFence, sigmaFence, type Fence } from '../numeric/outlier-fence.js';
import { quantileOfSorted } from '../numeric/quantile.js';
import { kindOf } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import type { FeatureColumn, FeatureRows } from './read-features.js';

const figure = z.number().nullable();

const summary = z.object({
  count: z.int(),
  missing: z.int(),
  mean: figure,
  /** Of the sample (n - 1); null under two values. */
  standardDeviation: figure,
  min: figure,
  p25: figure,
  median: figure,
  p75: figure,
  max: figure,
});

/** Distribution of a number; figures are null without a value. */
export type NumericSummary = z.infer<typeof summary>;

const outliers = z.object({
  method: z.enum(['IQR_1_5', 'SIGMA_3']),
  low: z.number(),
  high: z.number(),
  below: z.int(),
  above: z.int(),
});

/** What lies outside a fence: values that winsorising would clip to it. */
export type Outliers = z.infer<typeof outliers>;

/** What `feature_statistics.report` holds; lists are empty where the kind of value has none. */
export const featureReport = z.object({
  summary: summary.nullable(),
  /** Ascending, at most 30; a bin holds its lower edge, the last one its upper edge too. */
  histogram: z.array(z.object({ low: z.number(), high: z.number(), count: z.int() })),
  /** The 50 most frequent, missing (null) counted as one. */
  categories: z.array(z.object({ value: z.string().nullable(), count: z.int() })),
  outliers: z.array(outliers),
});

export type FeatureReport = z.infer<typeof featureReport>;

/** The distribution of a feature over customers. */
export interface FeatureDistribution extends FeatureReport {
  /** Customers looked at. */
  rows: number;
  /** Those without a value. */
  missing: number;
}

const MAX_CATEGORIES = 50;
const MAX_BINS = 30;

/** The distribution of a feature that was read. Cost: one sort. */
export function distributionOf(feature: FeatureDefinition, rows: FeatureRows): FeatureDistribution {
  const column = rows.columns.get(feature.name) ?? new Float64Array(0);
  const missing = missingIn(column);
  const none = { summary: null, histogram: [], categories: [], outliers: [] };
  const counted = { ...none, rows: rows.rows, missing };
  switch (kindOf(feature.definition)) {
    case 'number':
      return { ...counted, ...numericReport(column) };
    case 'boolean':
      return { ...counted, categories: countCategories(booleanTexts(column), MAX_CATEGORIES) };
    case 'text':
      return {
        ...counted,
        categories: column instanceof Float64Array ? [] : countCategories(column, MAX_CATEGORIES),
      };
    case 'instant':
      return counted;
  }
}

function numericReport(
  column: FeatureColumn,
): Pick<FeatureReport, 'summary' | 'histogram' | 'outliers'> {
  if (!(column instanceof Float64Array)) return { summary: null, histogram: [], outliers: [] };
  const sorted = column.filter((value) => !Number.isNaN(value)).sort();
  const summary = summariseSorted(sorted, column.length - sorted.length);
  const { edges, counts } = equalWidthHistogram(sorted, MAX_BINS);
  return {
    summary,
    histogram: Array.from(counts, (count, i) => ({
      low: edges[i] ?? 0,
      high: edges[i + 1] ?? 0,
      count,
    })),
    outliers: outliersOf(sorted, summary),
  };
}

function summariseSorted(sorted: Float64Array, missing: number): NumericSummary {
  const count = sorted.length;
  let mean = 0;
  let squares = 0;
  sorted.forEach((value, index) => {
    // Welford (1962): no cancellation for large means
    const delta = value - mean;
    mean += delta / (index + 1);
    squares += delta * (value - mean);
  });
  const quantile = (fraction: number): number | null =>
    count === 0 ? null : quantileOfSorted(sorted, fraction);
  return {
    count,
    missing,
    mean: count ? mean : null,
    standardDeviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null,
    min: quantile(0),
    p25: quantile(0.25),
    median: quantile(0.5),
    p75: quantile(0.75),
    max: quantile(1),
  };
}

/** None under two values: one alone is no outlier of anything. */
function outliersOf(sorted: Float64Array, summary: NumericSummary): Outliers[] {
  const { p25, p75, mean, standardDeviation } = summary;
  if (p25 === null || p75 === null || mean === null || standardDeviation === null) return [];
  const outside = (method: Outliers['method'], fence: Fence): Outliers => ({
    method,
    ...fence,
    ...countOutside(sorted, fence),
  });
  return [
    outside('IQR_1_5', quartileFence(p25, p75)),
    outside('SIGMA_3', sigmaFence(mean, standardDeviation)),
  ].filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
}

function missingIn(column: FeatureColumn): number {
  let missing = 0;
  for (const value of column) if (value === null || Number.isNaN(value)) missing += 1;
  return missing;
}

/** The most frequent categories of a column, at most `limit`, by count and then by value. */
export function countCategories(
  column: readonly (string | null)[],
  limit: number,
): { value: string | null; count: number }[] {
  const counts = new Map<string | null, number>();
  for (const value of column) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || compare(a.value ?? '', b.value ?? ''))
    .slice(0, limit);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True and false as categories. */
export function booleanTexts(column: FeatureColumn): (string | null)[] {
  return Array.from<number | string | null, string | null>(column, (value) =>
    value === 1 ? 'true' : value === 0 ? 'false' : null,
  );
}
