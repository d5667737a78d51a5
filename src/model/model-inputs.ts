import type { FeatureType } from '../feature/feature.js';
import { toFeatureTable, type FeatureRows } from '../feature/read-features.js';
import type { FeatureTable } from '../numeric/table.js';

/** What a model's graph takes, in its order. */
export interface ModelInputs {
  numericNames: readonly string[];
  categoricalNames: readonly string[];
}

/** Every input's name in the order of the graph: numerical first. */
export function inputNames({ numericNames, categoricalNames }: ModelInputs): string[] {
  return [...numericNames, ...categoricalNames];
}

/** The rows as the graph takes them. @throws AppError INVALID for an input that was not read */
export function inputTable(rows: FeatureRows, inputs: ModelInputs): FeatureTable {
  const types: FeatureType[] = [
    ...inputs.numericNames.map((): FeatureType => 'NUMERICAL'),
    ...inputs.categoricalNames.map((): FeatureType => 'CATEGORICAL'),
  ];
  return toFeatureTable(rows, inputNames(inputs), types);
}

/** Some columns of a table; null when one of them is not there. */
export function pickColumns(table: FeatureTable, inputs: ModelInputs): FeatureTable | null {
  const numericAt = inputs.numericNames.map((name) => table.numericNames.indexOf(name));
  const textAt = inputs.categoricalNames.map((name) => table.categoricalNames.indexOf(name));
  if (numericAt.includes(-1) || textAt.includes(-1)) return null;
  const numeric = new Float32Array(table.rows * numericAt.length);
  const categorical = new Array<string>(table.rows * textAt.length).fill('');
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  for (let row = 0; row < table.rows; row++) {
    for (const [to, from] of numericAt.entries())
      numeric[row * numericAt.length + to] = table.numeric[row * width + from] ?? NaN;
    for (const [to, from] of textAt.entries())
      categorical[row * textAt.length + to] = table.categorical[row * textWidth + from] ?? '';
  }
  return { rows: table.rows, ...inputs, numeric, categorical };
}

/** Some rows of a table, in the order of `indices`. */
export function pickRows(table: FeatureTable, indices: readonly number[]): FeatureTable {
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  const numeric = new Float32Array(indices.length * width);
  const categorical: string[] = [];
  for (const [to, from] of indices.entries()) {
    numeric.set(table.numeric.subarray(from * width, (from + 1) * width), to * width);
    for (let j = 0; j < textWidth; j++)
      categorical.push(table.categorical[from * textWidth + j] ?? '');
  }
  return {
    rows: indices.length,
    numericNames: table.numericNames,
    numeric,
    categoricalNames: table.categoricalNames,
    categorical,
  };
}

/** A column that cannot tell rows apart. */
export interface UselessColumn {
  feature: string;
  reason: 'CONSTANT' | 'ALL_MISSING';
}

/** Columns that hold nothing, or one value in every row. A value in some rows and none in others stays. */
export function uselessColumns(table: FeatureTable): UselessColumn[] {
  const found: UselessColumn[] = [];
  const look = (
    feature: string,
    width: number,
    at: number,
    values: ArrayLike<number | string>,
  ): void => {
    const first = values[at];
    for (let row = 1; row < table.rows; row++)
      if (!Object.is(values[row * width + at], first)) return;
    const missing = first === '' || Number.isNaN(first);
    found.push({ feature, reason: missing ? 'ALL_MISSING' : 'CONSTANT' });
  };
  for (const [at, name] of table.numericNames.entries())
    look(name, table.numericNames.length, at, table.numeric);
  for (const [at, name] of table.categoricalNames.entries())
    look(name, table.categoricalNames.length, at, table.categorical);
  return found;
}

/** The inputs without those named. */
export function without(inputs: ModelInputs, names: ReadonlySet<string>): ModelInputs {
  return {
    numericNames: inputs.numericNames.filter((name) => !names.has(name)),
    categoricalNames: inputs.categoricalNames.filter((name) => !names.has(name)),
  };
}
