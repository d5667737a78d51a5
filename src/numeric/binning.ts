import { ownMemory, type Allocate } from './buffers.js';
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

/** The memory that binning fills; every column can be binned by another thread. */
export interface BinStore {
  rows: number;
  /** Design columns. */
  columns: number;
  maxBins: number;
  /** Row-major design matrix. */
  values: Float32Array;
  /** Column-major bins of all design columns, shape [columns, rows]. */
  bins: Uint8Array;
  words: Uint32Array;
  /** Upper edges, shape [columns, maxBins]. */
  edges: Float32Array;
  /** Bins of real values of each design column. */
  binCount: Int32Array;
  hasMissing: Uint8Array;
  /** First row of each column with an infinite value, plus 1; 0 = none. */
  infiniteRow: Int32Array;
}

/** @throws RangeError if maxBins is not 2..255 */
export function createBinStore(
  x: DesignMatrix,
  maxBins: number,
  allocate: Allocate = ownMemory,
): BinStore {
  if (!(Number.isInteger(maxBins) && maxBins >= 2 && maxBins <= 255)) {
    throw new RangeError(`maxBins must be 2..255, got ${String(maxBins)}`);
  }
  const { rows, columns, values } = x;
  return {
    rows,
    columns,
    maxBins,
    values,
    bins: new Uint8Array(allocate(rows * columns)),
    words: new Uint32Array(allocate(4 * rows * Math.ceil(columns / 4))),
    edges: new Float32Array(allocate(4 * columns * maxBins)),
    binCount: new Int32Array(allocate(4 * columns)),
    hasMissing: new Uint8Array(allocate(columns)),
    infiniteRow: new Int32Array(allocate(4 * columns)),
  };
}

/**
 * Cuts every column into at most `maxBins` bins of about equal row counts (each distinct value its
 * own bin when there are no more than that), plus one for NaN. Edges are float32 midpoints between
 * neighbouring values, never equal to the upper one.
 * @throws RangeError if maxBins is not 2..255, or a value is infinite (names column and row, 0-based)
 * Cost: O(rows * columns), radix sort of each column.
 */
export function binMatrix(x: DesignMatrix, maxBins: number): BinnedMatrix {
  const store = createBinStore(x, maxBins);
  const binColumn = createColumnBinner(store);
  for (let column = 0; column < x.columns; column++) binColumn(column);
  const data = layOutBins(store);
  packWords(data, 0, x.rows);
  return data;
}

/** A function that bins one design column of the store. */
export function createColumnBinner(store: BinStore): (column: number) => void {
  const { rows, maxBins } = store;
  const sorter = createSorter(rows);
  const values = new Float32Array(rows);
  const assign = createAssigner(rows);
  return (column) => {
    store.infiniteRow[column] = copyColumn(store, column, values) + 1;
    if (store.infiniteRow[column] > 0) return;
    const sorted = sorter(values);
    const edges = quantileEdges(sorted, maxBins);
    store.edges.set(edges, column * maxBins);
    store.binCount[column] = edges.length;
    store.hasMissing[column] = sorted.length < rows ? 1 : 0;
    assign(values, edges, store.bins.subarray(column * rows, (column + 1) * rows));
  };
}

/** Copies one column out of the row-major matrix; the first row with an infinite value, or -1. */
function copyColumn(x: DesignMatrix, column: number, out: Float32Array): number {
  const { values, columns, rows } = x;
  let finite = true;
  for (let i = 0, at = column; i < rows; i++, at += columns) {
    const value = values[at]!;
    out[i] = value;
    // Infinity - Infinity and NaN - NaN are both NaN, so one test finds candidates of either kind.
    if (value - value !== 0) finite = false;
  }
  return finite ? -1 : out.findIndex((value) => value === Infinity || value === -Infinity);
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

/** From this many rows on, a table of 65,536 starting points costs less than it saves. */
const ENOUGH_FOR_TABLE = 50_000;

/**
 * A function that writes the bin of every value: the first whose upper edge is not below it; NaN goes one
 * past the last. On many rows the upper 16 bits of a value say where to start looking.
 */
function createAssigner(
  rows: number,
): (column: Float32Array, edges: Float32Array, bins: Uint8Array) => void {
  if (rows < ENOUGH_FOR_TABLE) return assignBySearch;
  const first = new Uint8Array(65536);
  const lowest = new Float32Array(1);
  const bits = new Uint32Array(lowest.buffer);
  return (column, edges, bins) => {
    const last = edges.length - 1;
    for (let prefix = 0; prefix < 65536; prefix++) {
      // Of the negative numbers with one prefix the largest bit pattern is the lowest.
      bits[0] = prefix < 32768 ? prefix << 16 : (prefix << 16) | 65535;
      first[prefix] = Number.isNaN(lowest[0]!) ? 0 : firstNotBelow(edges, lowest[0]!);
    }
    const patterns = new Uint32Array(column.buffer, column.byteOffset, column.length);
    for (let i = 0; i < column.length; i++) {
      const value = column[i]!;
      let bin = first[patterns[i]! >>> 16]!;
      while (value > edges[bin]!) bin++;
      bins[i] = Number.isNaN(value) ? last + 1 : bin;
    }
  };
}

function assignBySearch(column: Float32Array, edges: Float32Array, bins: Uint8Array): void {
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    bins[i] = Number.isNaN(value) ? edges.length : firstNotBelow(edges, value);
  }
}

function firstNotBelow(edges: Float32Array, value: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The binned columns that vary, over the memory of the store; `words` are still to be packed.
 * @throws RangeError naming column and row of the first infinite value
 */
export function layOutBins(store: BinStore): BinnedMatrix {
  const { rows, maxBins, infiniteRow } = store;
  const infinite = infiniteRow.findIndex((row) => row > 0);
  if (infinite >= 0) {
    const row = infiniteRow[infinite]! - 1;
    const value = store.values[row * store.columns + infinite];
    throw new RangeError(
      `values must be finite or NaN, got ${String(value)} in column ${String(infinite)}, row ${String(row)}`,
    );
  }
  const cellsOf = (column: number): number => store.binCount[column]! + store.hasMissing[column]!;
  const source = Int32Array.from(store.binCount.keys()).filter((column) => cellsOf(column) > 1);
  const columns = source.length;
  const cellStart = new Int32Array(columns + 1);
  source.forEach((column, c) => (cellStart[c + 1] = cellStart[c]! + cellsOf(column)));
  const cellCount = cellStart[columns]!;
  const edges = new Float32Array(cellCount).fill(LARGEST_FLOAT32);
  source.forEach((column, c) => {
    const from = column * maxBins;
    edges.set(store.edges.subarray(from, from + store.binCount[column]!), cellStart[c]);
  });
  const wordsPerRow = Math.ceil(columns / 4);
  const wordCell = new Int32Array(wordsPerRow * 4).fill(cellCount);
  wordCell.set(cellStart.subarray(0, columns));
  return {
    rows,
    columns,
    source,
    binCount: source.map((column) => store.binCount[column]!),
    hasMissing: Uint8Array.from(source, (column) => store.hasMissing[column]!),
    cellStart,
    edges,
    words: store.words.subarray(0, rows * wordsPerRow),
    wordsPerRow,
    wordCell,
    bins: Array.from(source, (column) => store.bins.subarray(column * rows, (column + 1) * rows)),
  };
}

/** Column-major bins of rows from..to-1 into row-major words, in blocks of rows that stay in the cache. */
export function packWords(data: BinnedMatrix, from: number, to: number): void {
  const { words, wordsPerRow, bins } = data;
  const block = 512;
  for (let start = from; start < to; start += block) {
    const end = Math.min(to, start + block);
    for (let c = 0; c < bins.length; c++) {
      const column = bins[c]!;
      const shift = (c & 3) * 8;
      for (let i = start, at = start * wordsPerRow + (c >> 2); i < end; i++, at += wordsPerRow) {
        words[at]! |= column[i]! << shift;
      }
    }
  }
}
