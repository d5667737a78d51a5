import { quantileOfSorted } from '../../numeric/quantile.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { Reference } from './judgement.js';

/** Quantiles kept: 0, 5, … 100 %. */
export const referenceQuantiles = 21;
/** Rows looked at, evenly spaced, at most: a quantile then lies within about 0.3 % of the rows of its place. */
const maxRows = 100_000;
/** Categories kept of an input, and of all inputs together, the most frequent first: a record is read often. */
const maxCategories = 100;
const maxAllCategories = 5_000;
/** A category of fewer rows is not kept: a record outlives the customers it was made of, and must not tell of one. */
const leastRows = 5;

/**
 * Where the values of each input lie among `rows`, in the order of the graph's inputs.
 * Cost: O(rows log rows) an input.
 */
export function referenceOf(table: FeatureTable, rows: readonly number[]): Reference[] {
  const most = Math.min(
    maxCategories,
    Math.max(1, Math.floor(maxAllCategories / Math.max(1, table.categoricalNames.length))),
  );
  const count = Math.min(maxRows, rows.length);
  const sample = Array.from(
    { length: count },
    (_, k) => rows[Math.floor((k * rows.length) / count)] ?? 0,
  );
  return [
    ...table.numericNames.map((feature, column) => ({
      feature,
      ...ofNumbers(table, sample, column),
    })),
    ...table.categoricalNames.map((feature, column) => ({
      feature,
      ...ofTexts(table, sample, column, most),
    })),
  ];
}

type Place = Omit<Reference, 'feature'>;

function ofNumbers(table: FeatureTable, rows: readonly number[], column: number): Place {
  const width = table.numericNames.length;
  const values = Float64Array.from(rows, (row) => table.numeric[row * width + column] ?? NaN);
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const missingShare = rows.length > 0 ? 1 - known.length / rows.length : 0;
  if (known.length === 0) return { missingShare, quantiles: null, categories: null };
  const quantiles = Array.from({ length: referenceQuantiles }, (_, k) =>
    quantileOfSorted(known, k / (referenceQuantiles - 1)),
  );
  const ones = known.reduce((sum, value) => sum + value, 0) / known.length;
  const isBinary = known.every((value) => value === 0 || value === 1);
  const categories = [
    { value: '0', share: 1 - ones },
    { value: '1', share: ones },
  ];
  return { missingShare, quantiles, categories: isBinary ? categories : null };
}

function ofTexts(
  table: FeatureTable,
  rows: readonly number[],
  column: number,
  most: number,
): Place {
  const width = table.categoricalNames.length;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = table.categorical[row * width + column] ?? '';
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const missing = counts.get('') ?? 0;
  counts.delete('');
  const known = rows.length - missing;
  const categories = [...counts]
    .filter(([, rowsOf]) => rowsOf >= leastRows)
    .sort(([a, few], [b, many]) => many - few || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([value, rowsOf]) => ({ value, share: rowsOf / known }));
  const missingShare = rows.length > 0 ? missing / rows.length : 0;
  return { missingShare, quantiles: null, categories: known > 0 ? categories : null };
}
