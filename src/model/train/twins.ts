import type { FeatureTable } from '../../numeric/table.js';
import type { IgnoredFeature } from './training.js';

/** 1 - |r| up to which two numbers say the same. */
const tolerance = 1e-9;

/**
 * Inputs that say what an earlier one says already: numbers that are missing in the same rows and whose correlation is
 * 1 or -1, categories that stand for each other one to one. The first of a set of twins stays. Constant inputs are
 * nobody's twins. Linear models would give twins weights of opposite sign, and reasons that cancel.
 * @param rows the training part: no other row is looked at
 * Cost: O(rows x inputs) and, for pairs alike so far, O(rows) each.
 */
export function findTwins(table: FeatureTable, rows: readonly number[]): IgnoredFeature[] {
  return [...numericTwins(table, rows), ...categoricalTwins(table, rows)];
}

/** The table with the given inputs blank (all missing), so that nothing can be learnt from them. */
export function blankFeatures(table: FeatureTable, features: ReadonlySet<string>): FeatureTable {
  if (features.size === 0) return table;
  const isBlank = (names: readonly string[]) => names.map((name) => features.has(name));
  const numbers = isBlank(table.numericNames);
  const words = isBlank(table.categoricalNames);
  return {
    ...table,
    numeric: table.numeric.map((value, at) => (numbers[at % numbers.length] ? NaN : value)),
    categorical: table.categorical.map((value, at) => (words[at % words.length] ? '' : value)),
  };
}

/** A number with its mean and signed deviation; values are read where they lie, since tables may be wide. */
interface NumberColumn {
  at: (i: number) => number;
  mean: number;
  /** Negative where the first value that is not the mean lies below it. */
  deviation: number;
  rows: number;
}

function numericTwins(table: FeatureTable, rows: readonly number[]): IgnoredFeature[] {
  const width = table.numericNames.length;
  const columns = table.numericNames.map((_, j) =>
    measure((i) => table.numeric[(rows[i] ?? 0) * width + j] ?? NaN, rows.length),
  );
  return pairs(table.numericNames, columns, areNumbersAlike);
}

/** Null for what does not vary. */
function measure(at: (i: number) => number, rows: number): NumberColumn | null {
  let known = 0;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const value = at(i);
    if (Number.isNaN(value)) continue;
    known++;
    sum += value;
  }
  const mean = sum / known;
  let squares = 0;
  let sign = 0;
  for (let i = 0; i < rows; i++) {
    const value = at(i);
    if (Number.isNaN(value)) continue;
    squares += (value - mean) ** 2;
    if (sign === 0) sign = Math.sign(value - mean);
  }
  const deviation = sign * Math.sqrt(squares / known);
  return Math.abs(deviation) > 1e-9 * Math.abs(mean) ? { at, mean, deviation, rows } : null;
}

/** Of standardised values with the sign of their first deviation, |r| = 1 means equality. */
function areNumbersAlike(a: NumberColumn, b: NumberColumn): boolean {
  let apart = 0;
  let known = 0;
  for (let i = 0; i < a.rows; i++) {
    const x = (a.at(i) - a.mean) / a.deviation;
    const y = (b.at(i) - b.mean) / b.deviation;
    if (Number.isNaN(x) !== Number.isNaN(y)) return false;
    if (Number.isNaN(x)) continue;
    known++;
    apart += (x - y) ** 2;
    // The sum only grows: most pairs differ by their first rows.
    if (apart > 2 * tolerance * a.rows) return false;
  }
  // For standardised values the mean squared difference is 2 (1 - r).
  return apart <= 2 * tolerance * known;
}

function categoricalTwins(table: FeatureTable, rows: readonly number[]): IgnoredFeature[] {
  const width = table.categoricalNames.length;
  const columns = table.categoricalNames.map((_, j) =>
    codesByAppearance(rows.map((row) => table.categorical[row * width + j] ?? '')),
  );
  return pairs(table.categoricalNames, columns, (a, b) => a.every((code, i) => code === b[i]));
}

/** Categories numbered as they appear: equal for columns that stand for each other. Null for one category. */
function codesByAppearance(values: readonly string[]): Uint32Array | null {
  const codes = new Map<string, number>();
  const coded = Uint32Array.from(values, (value) => {
    const code = codes.get(value) ?? codes.size;
    codes.set(value, code);
    return code;
  });
  return codes.size > 1 ? coded : null;
}

function pairs<T>(
  names: readonly string[],
  columns: readonly (T | null)[],
  areAlike: (a: T, b: T) => boolean,
): IgnoredFeature[] {
  const found: IgnoredFeature[] = [];
  const kept: { name: string; column: T }[] = [];
  columns.forEach((column, j) => {
    const feature = names[j];
    if (column === null || feature === undefined) return;
    const twin = kept.find((other) => areAlike(other.column, column));
    if (twin) found.push({ feature, reason: 'TWIN', of: twin.name });
    else kept.push({ name: feature, column });
  });
  return found;
}
