import { AppError } from '../../kernel/error.js';
import type { FeatureTable } from '../../numeric/table.js';
import {
  isTestRow,
  type ConstantFeature,
  type IgnoredFeature,
  type TrainingInput,
  type TrainingOptions,
} from './training.js';
import { findTwins } from './twins.js';

/** Rows a training needs at least. */
export const minTrainingRows = 50;

/**
 * What `trainClassifier` would choke on, found before it starts.
 * @throws AppError INVALID with the fact, the value and the bound
 */
export function checkTrainingInput({ table, labels, options }: TrainingInput): void {
  checkOptions(options);
  if (table.rows < minTrainingRows)
    throw invalid(`rows must be >= ${String(minTrainingRows)}, got ${String(table.rows)}`);
  checkShape(table, labels);
  checkMonotone(table, options);
  checkClasses(labels, options.folds);
  checkFinite(table);
}

function checkOptions(options: TrainingOptions): void {
  const { trials, folds, algorithms, thresholdRule, seed } = options;
  if (algorithms.length === 0) throw invalid('algorithms must name at least one, got none');
  if (!Number.isInteger(trials) || trials < 1 || trials > 200)
    throw invalid(`trials must be 1..200, got ${String(trials)}`);
  if (!Number.isInteger(folds) || folds < 2 || folds > 20)
    throw invalid(`folds must be 2..20, got ${String(folds)}`);
  if (!Number.isInteger(seed)) throw invalid(`seed must be an integer, got ${String(seed)}`);
  if (thresholdRule.kind === 'fixed' && !(thresholdRule.value > 0 && thresholdRule.value < 1))
    throw invalid(`threshold must be between 0 and 1, got ${String(thresholdRule.value)}`);
}

function checkShape(table: FeatureTable, labels: Uint8Array): void {
  const { rows, numeric, numericNames, categorical, categoricalNames } = table;
  if (numericNames.length + categoricalNames.length === 0)
    throw invalid('features must be at least 1, got 0');
  if (
    labels.length !== rows ||
    numeric.length !== rows * numericNames.length ||
    categorical.length !== rows * categoricalNames.length
  )
    throw invalid(`labels and columns must have ${String(rows)} rows, one of them has not`);
  const names = new Set([...numericNames, ...categoricalNames]);
  if (names.size !== numericNames.length + categoricalNames.length)
    throw invalid('feature names must be different, one occurs twice');
}

/** A direction of an input that is not in the table is void: it may have been dropped as constant. */
function checkMonotone(table: FeatureTable, { monotone, algorithms }: TrainingOptions): void {
  const names = Object.keys(monotone);
  const category = names.find((name) => table.categoricalNames.includes(name));
  if (category !== undefined)
    throw invalid(`monotone holds for numbers, ${category} is a category`);
  if (names.length > 0 && !algorithms.includes('boosting'))
    throw invalid(
      `monotone (${names.join(', ')}) needs boosting among the algorithms, got ${algorithms.join(', ')}`,
    );
}

function checkClasses(labels: Uint8Array, folds: number): void {
  const counts = [0, 0];
  labels.forEach((label, i) => {
    if (label > 1) throw invalid(`labels must be 0 or 1, row ${String(i)} has ${String(label)}`);
    if (!isTestRow(i)) counts[label] = (counts[label] ?? 0) + 1;
  });
  const [negatives = 0, positives = 0] = counts;
  for (const [name, count] of [
    ['positive', positives],
    ['negative', negatives],
  ] as const)
    if (count < folds)
      throw invalid(
        `the training part must hold >= ${String(folds)} ${name} rows (one a fold), got ${String(count)}`,
      );
}

function checkFinite(table: FeatureTable): void {
  const at = table.numeric.findIndex((value) => value === Infinity || value === -Infinity);
  if (at < 0) return;
  const width = table.numericNames.length;
  throw invalid(
    `numbers must be finite in float32 or missing, ${table.numericNames[at % width] ?? ''} of row ${String(Math.floor(at / width))} is not`,
  );
}

/**
 * Inputs that are one and the same value in all given rows; missing counts as a value, so a number that
 * is either missing or constant is not among them.
 */
export function constantFeatures(table: FeatureTable, rows: readonly number[]): ConstantFeature[] {
  const found: ConstantFeature[] = [];
  const first = rows[0] ?? 0;
  const inspect = <T>(names: readonly string[], values: ArrayLike<T>, missing: T) => {
    names.forEach((feature, j) => {
      const value = values[first * names.length + j];
      if (!rows.every((row) => Object.is(values[row * names.length + j], value))) return;
      found.push({ feature, reason: Object.is(value, missing) ? 'ALL_MISSING' : 'CONSTANT' });
    });
  };
  inspect(table.numericNames, table.numeric, Number.NaN);
  inspect(table.categoricalNames, table.categorical, '');
  return found;
}

/** The constant features of the training part, and twins. @throws AppError INVALID if all are constant */
export function findIgnoredFeatures(
  table: FeatureTable,
  rows: readonly number[],
): IgnoredFeature[] {
  const ignored = constantFeatures(table, rows);
  const features = table.numericNames.length + table.categoricalNames.length;
  if (ignored.length === features)
    throw invalid(
      `at least 1 feature must vary in the training part, all ${String(features)} are constant`,
    );
  return [...ignored, ...findTwins(table, rows)];
}

function invalid(message: string): AppError {
  return new AppError('INVALID', message);
}
