import type { BinnedMatrix } from './binning.js';

/** A zeroed histogram: one packed sum a cell (see gradients.ts) and one cell for the padding. */
export function createHistogram(data: BinnedMatrix): Float64Array {
  return new Float64Array(data.cellStart[data.columns]! + 1);
}

/**
 * Sums the packed gradients of rows[start..end) into every cell of every column; overwrites
 * `histogram`. Row-major on purpose: one load of the row's gradient serves all columns. Two rows and
 * two cells at a time, because the rows of a small node lie apart in memory and the processor can then
 * wait for both at once (measured 0.5 to 0.8 ns an addition; 1.2 row by row, 3.5 column by column).
 * Cost: O(rows * columns).
 */
export function fillHistogram(
  histogram: Float64Array,
  data: BinnedMatrix,
  packed: Float64Array,
  rows: Int32Array,
  start: number,
  end: number,
): void {
  histogram.fill(0);
  const { cellPairs } = data;
  const stride = data.stride >> 1;
  let i = start;
  for (; i + 1 < end; i += 2) {
    const row = rows[i]!;
    const other = rows[i + 1]!;
    const value = packed[row]!;
    const otherValue = packed[other]!;
    const last = (row + 1) * stride;
    for (let at = row * stride, to = other * stride; at < last; at += 2, to += 2) {
      const a = cellPairs[at]!;
      const b = cellPairs[to]!;
      const c = cellPairs[at + 1]!;
      const d = cellPairs[to + 1]!;
      histogram[a & 65535]! += value;
      histogram[a >>> 16]! += value;
      histogram[b & 65535]! += otherValue;
      histogram[b >>> 16]! += otherValue;
      histogram[c & 65535]! += value;
      histogram[c >>> 16]! += value;
      histogram[d & 65535]! += otherValue;
      histogram[d >>> 16]! += otherValue;
    }
  }
  if (i === end) return;
  const row = rows[i]!;
  const value = packed[row]!;
  for (let at = row * stride; at < (row + 1) * stride; at++) {
    const pair = cellPairs[at]!;
    histogram[pair & 65535]! += value;
    histogram[pair >>> 16]! += value;
  }
}

/** The same for the binned columns listed only; cells of the others are 0. */
export function fillHistogramOf(
  columns: Int32Array,
  histogram: Float64Array,
  data: BinnedMatrix,
  packed: Float64Array,
  rows: Int32Array,
  start: number,
  end: number,
): void {
  histogram.fill(0);
  const { cells, stride } = data;
  const count = columns.length;
  let i = start;
  for (; i + 1 < end; i += 2) {
    const value = packed[rows[i]!]!;
    const otherValue = packed[rows[i + 1]!]!;
    const base = rows[i]! * stride;
    const otherBase = rows[i + 1]! * stride;
    for (let k = 0; k < count; k++) {
      const column = columns[k]!;
      histogram[cells[base + column]!]! += value;
      histogram[cells[otherBase + column]!]! += otherValue;
    }
  }
  if (i === end) return;
  const value = packed[rows[i]!]!;
  const base = rows[i]! * stride;
  for (let k = 0; k < count; k++) histogram[cells[base + columns[k]!]!]! += value;
}

/** Turns the histogram of a node into that of one child by taking the other child's away; exact. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let i = 0; i < parent.length; i++) parent[i]! -= child[i]!;
}
