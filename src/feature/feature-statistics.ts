import type { FeatureColumn } from './read-features.js';

/** Distribution of a number; figures are null without a value. */
export interface NumericSummary {
  count: number;
  missing: number;
  mean: number | null;
  /** Of the sample (n - 1); null under two values. */
  standardDeviation: number | null;
  min: number | null;
  p25: number | null;
  median: number | null;
  p75: number | null;
  max: number | null;
}

/** Summary of a column, NaN = missing. Cost: one sort. */
export function summarise(column: Float64Array): NumericSummary {
  const values = column.filter((value) => !Number.isNaN(value)).sort();
  const count = values.length;
  const missing = column.length - count;
  let mean = 0;
  let squares = 0;
  values.forEach((value, index) => {
    // Welford (1962): no cancellation for large means
    const delta = value - mean;
    mean += delta / (index + 1);
    squares += delta * (value - mean);
  });
  const percentile = (fraction: number): number | null => {
    if (count === 0) return null;
    const place = fraction * (count - 1);
    const low = values[Math.floor(place)] ?? NaN;
    const high = values[Math.ceil(place)] ?? NaN;
    return low + (high - low) * (place - Math.floor(place));
  };
  return {
    count,
    missing,
    mean: count ? mean : null,
    standardDeviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null,
    min: percentile(0),
    p25: percentile(0.25),
    median: percentile(0.5),
    p75: percentile(0.75),
    max: percentile(1),
  };
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
