import type { DesignMatrix } from './table.js';

/**
 * A design matrix cut into bins, in the two layouts that training reads. Columns that are constant
 * (or all missing) are left out: `source[c]` is the design column of binned column `c`.
 * Bins of a column are 0..binCount-1 in ascending order of value, then one bin for NaN where `hasMissing`.
 */
export interface BinnedMatrix {
  rows: number;
  columns: number;
  source: Int32Array;
  /** Bins of real values, 1..255. */
  binCount: Int32Array;
  hasMissing: Uint8Array;
  /** Histogram cells of column c: cellStart[c] .. cellStart[c + 1] - 1; length columns + 1. */
  cellStart: Int32Array;
  /** Upper edge of bin b of column c: edges[cellStart[c] + b]; bin b holds x <= edge. float32. */
  edges: Float32Array;
  /**
   * Row-major bins, shape [rows, wordsPerRow]: four columns in a number, the first in the lowest byte.
   * A byte a bin, because on many rows the histogram waits for memory.
   */
  words: Uint32Array;
  wordsPerRow: number;
  /** cellStart of each column, and for the padding of the last word the cell after the last. */
  wordCell: Int32Array;
  /** Column-major bins, shape [columns, rows]; what the partition of rows reads. */
  bins: readonly Uint8Array[];
}

/** Largest finite float32: the threshold that sends every number left and only NaN right. */
export const LARGEST_FLOAT32 = 3.4028234663852886e38;

/**
 * Cuts every column into at most `maxBins` bins of about equal row counts (each distinct value its
 * own bin when there are no more than that), plus one for NaN. Edges are float32 midpoints between
 * neighbouring values, never equal to the upper one.
 * @throws RangeError if maxBins is not 2..255, or a value is infinite (names column and row, 0-based)
 * Cost: O(rows * columns), radix sort of each column.
 */
export function binMatrix(x: DesignMatrix, maxBins: number): BinnedMatrix {
  if (!(Number.isInteger(maxBins) && maxBins >= 2 && maxBins <= 255)) {
    throw new RangeError(`maxBins must be 2..255, got ${String(maxBins)}`);
  }
  return layOut(x.rows, binColumns(x, maxBins));
}

interface BinnedColumn {
  source: number;
  edges: Float32Array;
  missing: boolean;
  bins: Uint8Array;
}

/** The columns that vary. */
function binColumns(x: DesignMatrix, limit: number): BinnedColumn[] {
  const sorter = createSorter(x.rows);
  const kept: BinnedColumn[] = [];
  const column = new Float32Array(x.rows);
  for (let source = 0; source < x.columns; source++) {
    copyColumn(x, source, column);
    const sorted = sorter(column);
    const edges = quantileEdges(sorted, limit);
    const missing = sorted.length < x.rows;
    if (edges.length + (missing ? 1 : 0) < 2) continue;
    kept.push({ source, edges, missing, bins: assignBins(column, edges) });
  }
  return kept;
}

/** Copies one column out of the row-major matrix and refuses infinite values. */
function copyColumn(x: DesignMatrix, column: number, out: Float32Array): void {
  const { values, columns, rows } = x;
  let finite = true;
  for (let i = 0, at = column; i < rows; i++, at += columns) {
    const value = values[at]!;
    out[i] = value;
    // Infinity - Infinity and NaN - NaN are both NaN, so one test finds candidates of either kind.
    if (value - value !== 0) finite = false;
  }
  if (finite) return;
  for (let i = 0; i < rows; i++) {
    if (out[i] === Infinity || out[i] === -Infinity) {
      throw new RangeError(
        `values must be finite or NaN, got ${String(out[i])} in column ${String(column)}, row ${String(i)}`,
      );
    }
  }
}

/**
 * A function that returns the numbers of a column in ascending order, NaN left out; the result lives
 * until the next call. Radix sort on the order-preserving integer image of float32, 3 x 11 bits.
 */
function createSorter(rows: number): (column: Float32Array) => Float32Array {
  const values = new Float32Array(rows);
  const keys = new Uint32Array(values.buffer);
  const other = new Uint32Array(rows);
  const counts = new Uint32Array(3 * 2048);
  return (column) => {
    let n = 0;
    for (let i = 0; i < rows; i++) {
      const value = column[i]!;
      if (!Number.isNaN(value)) values[n++] = value;
    }
    counts.fill(0);
    for (let i = 0; i < n; i++) {
      const bits = keys[i]!;
      const key = bits ^ ((bits >> 31) | 0x80000000);
      keys[i] = key;
      counts[key & 2047]!++;
      counts[2048 + ((key >>> 11) & 2047)]!++;
      counts[4096 + (key >>> 22)]!++;
    }
    for (let pass = 0; pass < 3; pass++) {
      let sum = 0;
      for (let k = pass * 2048; k < (pass + 1) * 2048; k++) {
        const count = counts[k]!;
        counts[k] = sum;
        sum += count;
      }
    }
    scatter(keys, other, n, counts, 0, 0);
    scatter(other, keys, n, counts, 2048, 11);
    scatter(keys, other, n, counts, 4096, 22);
    for (let i = 0; i < n; i++) {
      const key = other[i]!;
      keys[i] = key & 0x80000000 ? key ^ 0x80000000 : ~key;
    }
    return values.subarray(0, n);
  };
}

function scatter(
  from: Uint32Array,
  to: Uint32Array,
  n: number,
  next: Uint32Array,
  base: number,
  shift: number,
): void {
  for (let i = 0; i < n; i++) {
    const key = from[i]!;
    to[next[base + ((key >>> shift) & 2047)]!++] = key;
  }
}

/** Upper edges of the bins of an ascending column; the last is the largest float32. Length = bins. */
function quantileEdges(sorted: Float32Array, limit: number): Float32Array {
  const n = sorted.length;
  if (n === 0) return new Float32Array(0);
  let distinct = 1;
  for (let i = 1; i < n; i++) if (sorted[i] !== sorted[i - 1]) distinct++;
  const edges: number[] = [];
  let inBin = 0;
  let binsLeft = limit;
  let rowsLeft = n;
  for (let i = 0; i < n - 1; i++) {
    inBin++;
    const value = sorted[i]!;
    const next = sorted[i + 1]!;
    if (value === next) continue;
    if (distinct <= limit || (binsLeft > 1 && inBin >= rowsLeft / binsLeft)) {
      const middle = Math.fround((value + next) / 2);
      edges.push(middle < next ? middle : value);
      rowsLeft -= inBin;
      binsLeft--;
      inBin = 0;
    }
  }
  edges.push(LARGEST_FLOAT32);
  return Float32Array.from(edges);
}

/** The bin of every value: the first whose upper edge is not below it; NaN goes one past the last. */
function assignBins(column: Float32Array, edges: Float32Array): Uint8Array {
  const last = edges.length - 1;
  const bins = new Uint8Array(column.length);
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= edges[middle]!) high = middle;
      else low = middle + 1;
    }
    bins[i] = Number.isNaN(value) ? last + 1 : low;
  }
  return bins;
}

function layOut(rows: number, kept: readonly BinnedColumn[]): BinnedMatrix {
  const columns = kept.length;
  const cellStart = new Int32Array(columns + 1);
  kept.forEach((column, c) => {
    cellStart[c + 1] = cellStart[c]! + column.edges.length + (column.missing ? 1 : 0);
  });
  const cellCount = cellStart[columns]!;
  const edges = new Float32Array(cellCount).fill(LARGEST_FLOAT32);
  kept.forEach((column, c) => {
    edges.set(column.edges, cellStart[c]);
  });
  const wordsPerRow = Math.ceil(columns / 4);
  const wordCell = new Int32Array(wordsPerRow * 4).fill(cellCount);
  wordCell.set(cellStart.subarray(0, columns));
  const bins = kept.map((column) => column.bins);
  return {
    rows,
    columns,
    source: Int32Array.from(kept, (column) => column.source),
    binCount: Int32Array.from(kept, (column) => column.edges.length),
    hasMissing: Uint8Array.from(kept, (column) => (column.missing ? 1 : 0)),
    cellStart,
    edges,
    words: packWords(rows, wordsPerRow, bins),
    wordsPerRow,
    wordCell,
    bins,
  };
}

/** Column-major bins into row-major words, in blocks of rows that stay in the cache. */
function packWords(rows: number, wordsPerRow: number, bins: readonly Uint8Array[]): Uint32Array {
  const words = new Uint32Array(rows * wordsPerRow);
  const block = 512;
  for (let from = 0; from < rows; from += block) {
    const to = Math.min(rows, from + block);
    for (let c = 0; c < bins.length; c++) {
      const column = bins[c]!;
      const shift = (c & 3) * 8;
      for (let i = from, at = from * wordsPerRow + (c >> 2); i < to; i++, at += wordsPerRow) {
        words[at]! |= column[i]! << shift;
      }
    }
  }
  return words;
}
