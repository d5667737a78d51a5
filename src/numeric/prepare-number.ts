import { quantileOfSorted } from './quantile.js';
import type { FeatureTable } from './table.js';
import { winsorFence } from './winsorise.js';

/** How one number is treated. */
export interface NumberTreatment {
  /** What stands for a missing number: of the rows that have one, within the bounds of winsorising. */
  missing: 'MEDIAN' | 'ZERO' | 'MIN' | 'MAX';
  /** AUTO: log1p where nothing is negative and the skewness, after cutting, is above 2. */
  transform: 'AUTO' | 'NONE' | 'LOG1P';
  /** > 0 */
  weight: number;
}

/** One numerical input of a Preparation. */
export interface NumberColumn {
  name: string;
  fill: number;
  low: number;
  high: number;
  logarithm: boolean;
  mean: number;
  deviation: number;
  weight: number;
}

const SKEWED = 2;
/** A standard deviation below this share of the largest number is rounding. */
const ROUNDING = 1e-12;

/**
 * How the numerical input at `column` becomes a scaled one, with sentences on what was cut and filled; or why it cannot.
 * @throws RangeError for an infinite number, or LOG1P of negative numbers; names the feature
 */
export function prepareNumber(
  table: FeatureTable,
  column: number,
  { missing, transform, weight }: NumberTreatment,
  winsorise: number,
): { column: NumberColumn; treatments: string[] } | { reason: string } {
  const name = table.numericNames[column]!;
  const sorted = knownAscending(table, column);
  if (sorted.length === 0) return { reason: 'has no value in any row' };
  const fence = winsorFence(sorted, winsorise);
  const fill = fillOf(sorted, missing);
  // The zero that was asked for is not cut to the smallest number that was seen.
  const low = missing === 'ZERO' ? Math.min(fence.low, 0) : fence.low;
  const high = missing === 'ZERO' ? Math.max(fence.high, 0) : fence.high;
  const values = new Float64Array(table.rows).fill(Math.min(Math.max(fill, low), high));
  sorted.forEach((value, i) => (values[i] = Math.min(Math.max(value, low), high)));
  const smallest = values.reduce((least, value) => Math.min(least, value));
  const skewness = skewnessOf(values);
  const logarithm =
    transform === 'LOG1P' || (transform === 'AUTO' && smallest >= 0 && skewness > SKEWED);
  if (logarithm && smallest < 0) {
    throw new RangeError(`LOG1P needs numbers of at least 0: ${name} has ${sorted[0]!}`);
  }
  if (logarithm) values.forEach((value, i) => (values[i] = Math.log1p(value)));
  const { mean, deviation } = momentsOf(values);
  if (deviation <= ROUNDING * Math.max(Math.abs(values[0]!), Math.abs(mean))) {
    const where = sorted.length < table.rows ? 'every row that has a value' : 'every row';
    return { reason: `is constant: ${written(sorted[0]!)} in ${where}` };
  }
  const treatments = [
    ...cutSentences(name, sorted, low, high),
    ...fillSentences(
      name,
      table.rows - sorted.length,
      missing,
      Math.min(Math.max(fill, low), high),
    ),
    ...(logarithm && transform === 'AUTO'
      ? [`${name}: its logarithm (log1p) was taken, because its skewness is ${skewness.toFixed(1)}`]
      : []),
  ];
  const bounds = { low: logarithm ? Math.max(low, 0) : low, high };
  return { column: { name, fill, ...bounds, logarithm, mean, deviation, weight }, treatments };
}

/** Without the missing ones. @throws RangeError for an infinite number */
function knownAscending(table: FeatureTable, column: number): Float64Array {
  const width = table.numericNames.length;
  const known = new Float64Array(table.rows);
  let count = 0;
  for (let row = 0; row < table.rows; row++) {
    const value = table.numeric[row * width + column]!;
    if (Number.isNaN(value)) continue;
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `${table.numericNames[column]!} must be finite or missing, got ${value} in row ${row}`,
      );
    }
    known[count++] = value;
  }
  return known.slice(0, count).sort();
}

function fillOf(sorted: Float64Array, missing: NumberTreatment['missing']): number {
  switch (missing) {
    case 'MEDIAN':
      return quantileOfSorted(sorted, 0.5);
    case 'ZERO':
      return 0;
    case 'MIN':
      return sorted[0]!;
    case 'MAX':
      return sorted[sorted.length - 1]!;
  }
}

/** Mean and population standard deviation. */
function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** Third standardised moment; 0 of constant values. */
function skewnessOf(values: Float64Array): number {
  const { mean, deviation } = momentsOf(values);
  if (deviation === 0) return 0;
  return values.reduce((sum, value) => sum + ((value - mean) / deviation) ** 3, 0) / values.length;
}

function cutSentences(name: string, sorted: Float64Array, low: number, high: number): string[] {
  let below = 0;
  while (sorted[below]! < low) below++;
  let above = 0;
  while (sorted[sorted.length - 1 - above]! > high) above++;
  const sentence = (count: number, side: string, bound: number): string[] =>
    count > 0
      ? [`${name}: ${counted(count, '')} ${side} ${written(bound)} ${were(count)} cut to it`]
      : [];
  return [...sentence(above, 'above', high), ...sentence(below, 'below', low)];
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? 'value' : 'values'}`;
}

function were(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function fillSentences(
  name: string,
  count: number,
  missing: NumberTreatment['missing'],
  fill: number,
): string[] {
  if (count === 0) return [];
  const words = { MEDIAN: 'the median, ', ZERO: '', MIN: 'the smallest, ', MAX: 'the largest, ' };
  return [
    `${name}: ${counted(count, 'missing ')} ${were(count)} taken as ${words[missing]}${written(fill)}`,
  ];
}

/** A number for people: at most four significant digits, but no digit before the point is rounded away. */
function written(value: number): string {
  if (Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-6)) {
    return value.toExponential(3);
  }
  return value.toLocaleString(
    'en-US',
    Math.abs(value) >= 1_000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 },
  );
}
