import type { FeatureDefinition } from '../feature/feature.js';
import type { ModelInputs } from '../model/model-inputs.js';
import { sameSide, type Thresholds } from '../model/score-card/tell-apart.js';
import type { FeatureTable } from '../numeric/table.js';
import type { InputRow } from './prediction.js';
import type { InputValue } from './reason.js';

/** Row `index` of a table, as a view where possible. */
export function rowOf(table: FeatureTable, index: number): InputRow {
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  return {
    numeric: table.numeric.subarray(index * width, (index + 1) * width),
    categorical: table.categorical.slice(index * textWidth, (index + 1) * textWidth),
  };
}

/** Rows put into one table, in order. */
export function tableOf(inputs: ModelInputs, rows: readonly InputRow[]): FeatureTable {
  const width = inputs.numericNames.length;
  const numeric = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) numeric.set(row.numeric, index * width);
  return {
    rows: rows.length,
    numericNames: inputs.numericNames,
    numeric,
    categoricalNames: inputs.categoricalNames,
    categorical: rows.flatMap((row) => row.categorical),
  };
}

/** The raw cell of an input; null is missing or no input at all. */
export function cellOf(row: InputRow, inputs: ModelInputs, name: string): number | string | null {
  const text = row.categorical[inputs.categoricalNames.indexOf(name)];
  if (text !== undefined) return text === '' ? null : text;
  const number = row.numeric[inputs.numericNames.indexOf(name)];
  return number === undefined || Number.isNaN(number) ? null : number;
}

/** The value of a feature in a row; null is missing, a boolean feature gives a boolean. */
export function valueOf(
  row: InputRow,
  inputs: ModelInputs,
  { name, type }: Pick<FeatureDefinition, 'name' | 'type'>,
): InputValue {
  const cell = cellOf(row, inputs, name);
  return type === 'BOOLEAN' && cell !== null ? cell !== 0 : cell;
}

/** Whether any profile attribute among the inputs is known. */
export function hasAttributes(
  row: InputRow,
  inputs: ModelInputs,
  features: readonly FeatureDefinition[],
): boolean {
  return features.some(
    (feature) => feature.definition.kind === 'attribute' && valueOf(row, inputs, feature) !== null,
  );
}

/**
 * Whether two rows get the same score: numbers that are equal bit for bit, or that the version cannot tell apart,
 * and equal categories.
 */
export function sameInputs(a: InputRow, b: InputRow, tellsApart: Thresholds | null): boolean {
  const same = (value: number, at: number): boolean => {
    const other = b.numeric[at] ?? NaN;
    const thresholds = tellsApart?.[at];
    return thresholds ? sameSide(thresholds, value, other) : Object.is(value, other);
  };
  return (
    a.numeric.length === b.numeric.length &&
    a.categorical.length === b.categorical.length &&
    a.numeric.every(same) &&
    a.categorical.every((value, at) => value === b.categorical[at])
  );
}
