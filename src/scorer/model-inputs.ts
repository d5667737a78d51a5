import { AppError } from '../kernel/error.js';
import type { FeatureTable } from '../numeric/table.js';

/** What a loaded graph takes. */
export interface ModelInputs {
  /** Names in the order of the columns; null where the file does not tell them. */
  numericNames: readonly string[] | null;
  categoricalNames: readonly string[] | null;
  numericCount: number;
  categoricalCount: number;
  /** Whether the file holds a classifier of ours, so that it can be explained. */
  explainable: boolean;
  /** Number of segments of a clusterer, which is asked by `assign`; null: a classifier, which is asked by `score`. */
  segments: number | null;
}

/**
 * Holds a table to the columns of a model, by name and order, and to its own shape.
 * @throws AppError INVALID naming the first column that is missing, unknown or out of place
 */
export function checkTable(inputs: ModelInputs, table: FeatureTable): void {
  const { rows, numeric, numericNames, categorical, categoricalNames } = table;
  if (!Number.isInteger(rows) || rows < 0)
    throw new AppError('INVALID', `rows must be an integer >= 0, got ${String(rows)}`);
  checkColumns('numeric', inputs.numericNames, inputs.numericCount, numericNames);
  checkColumns('categorical', inputs.categoricalNames, inputs.categoricalCount, categoricalNames);
  checkSize('numeric', numeric.length, rows * numericNames.length);
  checkSize('categorical', categorical.length, rows * categoricalNames.length);
}

/**
 * Holds a question to the kind of the model.
 * @throws AppError INVALID when a clusterer is asked for scores, or a classifier for segments
 */
export function checkKind(inputs: ModelInputs, asked: 'scores' | 'segments', sha256: string): void {
  if ((inputs.segments === null) === (asked === 'scores')) return;
  const name = `model ${sha256.slice(0, 12)}`;
  throw new AppError(
    'INVALID',
    asked === 'scores'
      ? `${name} is a segmentation: it assigns segments and gives no scores`
      : `${name} is a classifier: it gives scores and assigns no segments`,
  );
}

function checkColumns(
  kind: string,
  wanted: readonly string[] | null,
  count: number,
  given: readonly string[],
): void {
  if (wanted)
    wanted.forEach((name, i) => {
      if (given[i] === name) return;
      throw new AppError(
        'INVALID',
        given.includes(name)
          ? `${kind} column ${String(i + 1)} must be "${name}", got "${given[i] ?? 'nothing'}"`
          : `the ${kind} column "${name}" is missing`,
      );
    });
  if (given.length !== count)
    throw new AppError(
      'INVALID',
      wanted
        ? `the model has no ${kind} column "${given[count] ?? ''}"`
        : `the model takes ${String(count)} ${kind} columns, got ${String(given.length)}`,
    );
}

function checkSize(kind: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new AppError(
      'INVALID',
      `${kind} must hold ${String(expected)} values, got ${String(actual)}`,
    );
}
