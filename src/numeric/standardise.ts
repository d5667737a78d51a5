import type { DesignMatrix } from './table.js';

/** How a linear model sees the design matrix: (imputed - mean) / scale, column by column. */
export interface Standardisation {
  /** Fills missing numbers; one value a numerical column, 0 where nothing was known. */
  median: Float32Array;
  mean: Float64Array;
  /** Population standard deviation; 1 for a constant column, which then is 0 everywhere. */
  scale: Float64Array;
}

/**
 * Standardised rows without their zeros: z[row, column] = packed value (0 if absent) - shift[column].
 * A column that is mostly 0 (one-hot) is packed as value / scale with shift = mean / scale, which is at
 * most 1 then, so that nothing cancels; any other column is packed centred, with shift 0.
 */
export interface StandardisedRows {
  rows: number;
  columns: number;
  /** First packed entry of each row, length rows + 1. */
  rowStart: Uint32Array;
  column: Uint32Array;
  value: Float64Array;
  shift: Float64Array;
}

/**
 * Medians, means and population standard deviations of `x`; the first `numericColumns` columns may hold
 * NaN, which counts as the column's median. Cost: O(rows x columns), and a sort for each column with NaN.
 */
export function fitStandardisation(x: DesignMatrix, numericColumns: number): Standardisation {
  const median = new Float32Array(numericColumns);
  for (let j = 0; j < numericColumns; j++) median[j] = columnMedian(x, j);
  const mean = new Float64Array(x.columns);
  const squares = new Float64Array(x.columns);
  eachValue(x, median, (_, j, value) => (mean[j]! += value));
  for (let j = 0; j < x.columns; j++) mean[j]! /= Math.max(x.rows, 1);
  eachValue(x, median, (_, j, value) => (squares[j]! += (value - mean[j]!) ** 2));
  const scale = squares.map((sum, j) => {
    const deviation = Math.sqrt(sum / Math.max(x.rows, 1));
    return deviation > 1e-9 * Math.abs(mean[j]!) ? deviation : 1;
  });
  return { median, mean, scale };
}

/** Applies `standardisation` to `x` (NaN becomes the median). Cost: O(rows x columns). */
export function standardise(x: DesignMatrix, standardisation: Standardisation): StandardisedRows {
  const { median, mean, scale } = standardisation;
  const filled = new Float64Array(x.columns);
  eachValue(x, median, (_, j, value) => (filled[j]! += value === 0 ? 0 : 1));
  const sparse = Uint8Array.from(filled, (count) => (count <= x.rows / 2 ? 1 : 0));
  let entries = 0;
  for (let j = 0; j < x.columns; j++) entries += sparse[j] ? filled[j]! : x.rows;
  const rowStart = new Uint32Array(x.rows + 1);
  const column = new Uint32Array(entries);
  const value = new Float64Array(entries);
  let next = 0;
  eachValue(x, median, (row, j, raw) => {
    if (raw !== 0 || !sparse[j]) {
      column[next] = j;
      value[next++] = (sparse[j] ? raw : raw - mean[j]!) / scale[j]!;
    }
    rowStart[row + 1] = next;
  });
  const shift = mean.map((center, j) => (sparse[j] ? center / scale[j]! : 0));
  return { rows: x.rows, columns: x.columns, rowStart, column, value, shift };
}

/** @throws RangeError at the first value that is not finite (names column and row, 0-based) */
export function checkStandardised(data: StandardisedRows): void {
  const at = data.value.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const row = data.rowStart.findIndex((start) => start > at) - 1;
  throw new RangeError(
    `standardised values must be finite, got ${String(data.value[at])} in column ${String(data.column[at])}, row ${String(row)}`,
  );
}

function eachValue(
  x: DesignMatrix,
  median: Float32Array,
  visit: (row: number, column: number, value: number) => void,
): void {
  for (let i = 0, at = 0; i < x.rows; i++)
    for (let j = 0; j < x.columns; j++, at++) {
      const value = x.values[at]!;
      visit(i, j, Number.isNaN(value) && j < median.length ? median[j]! : value);
    }
}

/** The mean of the two middle values for an even count; 0 if every value is NaN. */
function columnMedian(x: DesignMatrix, column: number): number {
  const known = new Float32Array(x.rows);
  let count = 0;
  for (let i = 0; i < x.rows; i++) {
    const value = x.values[i * x.columns + column]!;
    if (!Number.isNaN(value)) known[count++] = value;
  }
  if (count === 0) return 0;
  const sorted = known.subarray(0, count).sort();
  return (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2;
}
