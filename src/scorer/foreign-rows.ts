import { seededRandom } from '../kernel/random.js';

/** Generated rows for a graph of unknown origin. */
export interface ForeignRows {
  rows: number;
  counts: { numeric: number; categorical: number };
  /** Row-major, shape [rows, numeric]. */
  numeric: Float32Array<ArrayBuffer>;
  /** Row-major, shape [rows, categorical]. */
  categorical: string[];
}

const MISSING_ROWS = 8;

/**
 * Rows with normal numbers of spread 1, 10, 100 and 1,000 in turn and with categories that nobody knows, every
 * third one missing. The same for the same counts; a longer table begins with a shorter one.
 */
export function foreignRows(counts: ForeignRows['counts'], rows: number): ForeignRows {
  const random = seededRandom(23);
  const numeric = Float32Array.from(
    { length: rows * counts.numeric },
    (_, i) => random.normal() * 10 ** (Math.floor(i / counts.numeric) % 4),
  );
  const categorical = Array.from({ length: rows * counts.categorical }, (_, i) =>
    i % 3 === 0 ? '' : `a category nobody has ${i % 7}`,
  );
  return { rows, counts, numeric, categorical };
}

/** Eight rows that lack the number of one column; of every column for -1. */
export function missingRows(counts: ForeignRows['counts'], column: number): ForeignRows {
  const table = foreignRows(counts, MISSING_ROWS);
  table.numeric.forEach((_, i) => {
    if (column < 0 || i % counts.numeric === column) table.numeric[i] = NaN;
  });
  return table;
}
