import type { DesignMatrix } from './table.js';

/**
 * @param name of the values in messages
 * @throws RangeError if `values` is not rows * columns numbers, or `rows` is below `least`
 */
export function checkMatrix(x: DesignMatrix, least: number, name = 'values'): void {
  if (x.values.length !== x.rows * x.columns) {
    throw new RangeError(
      `${name} must have rows * columns = ${String(x.rows * x.columns)} numbers, got ${String(x.values.length)}`,
    );
  }
  if (!(x.rows >= least)) {
    throw new RangeError(`rows must be >= ${String(least)}, got ${String(x.rows)}`);
  }
}

/**
 * @param part names the labels in messages, e.g. `training`
 * @throws RangeError if lengths differ or a label is neither 0 nor 1
 */
export function checkLabels(part: string, rows: number, labels: Uint8Array): void {
  if (labels.length !== rows) {
    throw new RangeError(
      `${part} labels must have ${String(rows)} rows, got ${String(labels.length)}`,
    );
  }
  const bad = labels.findIndex((label) => label > 1);
  if (bad >= 0) {
    throw new RangeError(
      `${part} labels must be 0 or 1, got ${String(labels[bad])} in row ${String(bad)}`,
    );
  }
}

/** @throws RangeError unless both labels occur */
export function requireBothClasses(labels: Uint8Array): void {
  const positive = labels.includes(1);
  if (positive && labels.includes(0)) return;
  const found = positive ? 'only label 1' : labels.length > 0 ? 'only label 0' : 'no rows';
  throw new RangeError(`labels must hold both 0 and 1, got ${found}`);
}
