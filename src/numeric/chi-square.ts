import { upperChiSquare } from './special-functions.js';

/** How often each pair of categories occurs: row-major, shape [rows, columns]. */
export interface Contingency {
  rows: number;
  columns: number;
  counts: Float64Array;
}

export interface ChiSquare {
  /** >= 0. */
  statistic: number;
  degreesOfFreedom: number;
  /** Chance of a statistic as large if the two were independent; 1 with no degree of freedom. */
  pValue: number;
}

/**
 * Counts the pairs of two category codes, shape [n] each. A negative code is missing: such a pair does not
 * count. @param rows codes of `a` are below it @param columns codes of `b` are below it
 * @throws RangeError if lengths differ or a code is not below its bound. Cost: O(n).
 */
export function crossTabulate(
  a: ArrayLike<number>,
  rows: number,
  b: ArrayLike<number>,
  columns: number,
): Contingency {
  if (a.length !== b.length)
    throw new RangeError(`a and b must have equal lengths, got ${a.length} and ${b.length}`);
  const counts = new Float64Array(rows * columns);
  for (let i = 0; i < a.length; i++) {
    const row = a[i]!;
    const column = b[i]!;
    if (row >= rows || column >= columns)
      throw new RangeError(`codes must be below ${rows} and ${columns}, got ${row} and ${column}`);
    if (row >= 0 && column >= 0) counts[row * columns + column]!++;
  }
  return { rows, columns, counts };
}

/** Sums over the rows, over the columns, and over everything. */
export function marginalsOf({ rows, columns, counts }: Contingency): {
  ofRow: Float64Array;
  ofColumn: Float64Array;
  total: number;
} {
  const ofRow = new Float64Array(rows);
  const ofColumn = new Float64Array(columns);
  let total = 0;
  for (let at = 0; at < counts.length; at++) {
    ofRow[Math.floor(at / columns)]! += counts[at]!;
    ofColumn[at % columns]! += counts[at]!;
    total += counts[at]!;
  }
  return { ofRow, ofColumn, total };
}

/**
 * Pearson's chi-square test of independence, without Yates' correction; empty rows and columns are left
 * out. Good where expected counts are 5 or more. @throws RangeError for an empty table
 * Source: Pearson (1900); scipy's chi2_contingency(correction=False). Cost: O(rows x columns).
 */
export function chiSquareTest(table: Contingency): ChiSquare {
  const { ofRow, ofColumn, total } = marginalsOf(table);
  if (total === 0) throw new RangeError('the table must hold at least one pair, got none');
  let statistic = 0;
  for (let row = 0; row < table.rows; row++)
    for (let column = 0; column < table.columns; column++) {
      const expected = (ofRow[row]! * ofColumn[column]!) / total;
      if (expected > 0)
        statistic += (table.counts[row * table.columns + column]! - expected) ** 2 / expected;
    }
  const degreesOfFreedom = (filled(ofRow) - 1) * (filled(ofColumn) - 1);
  const pValue = degreesOfFreedom === 0 ? 1 : upperChiSquare(statistic, degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue };
}

function filled(sums: Float64Array): number {
  return sums.reduce((found, sum) => found + (sum > 0 ? 1 : 0), 0);
}

/**
 * Cramér's V, 0 (independent) to 1 (one tells the other), not corrected for bias; 0 where a side has one
 * category. @throws RangeError for an empty table. Source: Cramér (1946), 21.9. Cost: O(rows x columns).
 */
export function cramersV(table: Contingency): number {
  const { statistic } = chiSquareTest(table);
  const { ofRow, ofColumn, total } = marginalsOf(table);
  const smaller = Math.min(filled(ofRow), filled(ofColumn)) - 1;
  return smaller === 0 ? 0 : Math.min(1, Math.sqrt(statistic / (total * smaller)));
}

/**
 * Chi-square of a non-negative count against classes: are the counts shared out over the classes as their
 * rows are? NaN is missing: such rows do not count.
 * @param counts >= 0, shape [n] @param classes 0..classCount - 1, shape [n]
 * @throws RangeError if lengths differ, a count is negative, or nothing is counted
 * Source: scikit-learn's chi2. It depends on the unit: for events, not for money. Cost: O(n).
 */
export function chiSquareOfCounts(
  counts: ArrayLike<number>,
  classes: Uint8Array,
  classCount: number,
): ChiSquare {
  if (counts.length !== classes.length)
    throw new RangeError(
      `counts and classes must have equal lengths, got ${counts.length} and ${classes.length}`,
    );
  const observed = new Float64Array(classCount);
  const rows = new Float64Array(classCount);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count < 0) throw new RangeError(`counts must be >= 0, row ${i} has ${count}`);
    if (Number.isNaN(count)) continue;
    observed[classes[i]!]! += count;
    rows[classes[i]!]!++;
  }
  const total = observed.reduce((sum, value) => sum + value, 0);
  if (total === 0) throw new RangeError('counts must not all be 0');
  const allRows = rows.reduce((sum, value) => sum + value, 0);
  let statistic = 0;
  for (let c = 0; c < classCount; c++) {
    const expected = (total * rows[c]!) / allRows;
    if (expected > 0) statistic += (observed[c]! - expected) ** 2 / expected;
  }
  const degreesOfFreedom = filled(rows) - 1;
  const pValue = degreesOfFreedom === 0 ? 1 : upperChiSquare(statistic, degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue };
}
