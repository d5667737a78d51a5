import type { PointMatrix } from './clustering.js';

/** Squares of sums beyond it would overflow. */
const LARGEST = 1e150;

/**
 * Refuses points that cannot be grouped.
 * @throws RangeError for no column, fewer rows than `leastRows`, a shape that the values do not have, or a value that is
 * not finite or beyond 1e150 (names row and column). Cost: O(rows x columns).
 */
export function checkPoints({ rows, columns, values }: PointMatrix, leastRows: number): void {
  if (!(Number.isInteger(columns) && columns >= 1)) {
    throw new RangeError(`points need at least 1 column, got ${String(columns)}`);
  }
  if (!(Number.isInteger(rows) && rows >= leastRows)) {
    throw new RangeError(`points need at least ${String(leastRows)} rows, got ${String(rows)}`);
  }
  if (values.length !== rows * columns) {
    throw new RangeError(
      `${String(rows)} x ${String(columns)} points need ${String(rows * columns)} values, got ${String(values.length)}`,
    );
  }
  for (let at = 0; at < values.length; at++) {
    if (Math.abs(values[at]!) <= LARGEST) continue;
    const [row, column] = [Math.floor(at / columns), at % columns];
    throw new RangeError(
      `values must be finite and within 1e150, got ${String(values[at])} in row ${String(row)}, column ${String(column)}`,
    );
  }
}

/** @throws RangeError unless `k` is an integer from `least` to `rows` */
export function checkK(k: number, rows: number, least = 1): void {
  if (Number.isInteger(k) && k >= least && k <= rows) return;
  throw new RangeError(`k must be ${String(least)}..${String(rows)} (the rows), got ${String(k)}`);
}

/**
 * Rows that differ from all others, counted up to `enough`. Values are compared exactly; 0 and -0 are one.
 * Cost: O(rows x columns) expected, ends early when `enough` are found.
 */
export function countDistinctRows({ rows, columns, values }: PointMatrix, enough: number): number {
  const seen = new Set<string>();
  for (let row = 0; row < rows && seen.size < enough; row++) {
    seen.add(values.subarray(row * columns, (row + 1) * columns).join(','));
  }
  return seen.size;
}

/** @throws RangeError where the points have fewer distinct rows than `k` */
export function checkDistinct(points: PointMatrix, k: number): void {
  const distinct = countDistinctRows(points, k);
  if (distinct < k) {
    throw new RangeError(
      `k must be at most ${String(distinct)}, the number of distinct rows, got ${String(k)}`,
    );
  }
}

/** Means of the groups of `labels` (-1 = none), and the sum of squared distances to them. */
export function summariseGroups(
  points: PointMatrix,
  labels: Int32Array,
  k: number,
): { centers: Float64Array; inertia: number; sizes: Int32Array } {
  const { rows, columns, values } = points;
  const centers = new Float64Array(k * columns);
  const sizes = new Int32Array(k);
  for (let row = 0; row < rows; row++) {
    const group = labels[row]!;
    if (group < 0) continue;
    sizes[group]!++;
    for (let j = 0; j < columns; j++) centers[group * columns + j]! += values[row * columns + j]!;
  }
  for (let at = 0; at < centers.length; at++) {
    centers[at]! /= Math.max(1, sizes[Math.floor(at / columns)]!);
  }
  return { centers, inertia: inertiaOf(points, labels, centers), sizes };
}

/** Sum of squared distances of the rows to the centre of their group; -1 is left out. */
export function inertiaOf(points: PointMatrix, labels: Int32Array, centers: Float64Array): number {
  const { rows, columns, values } = points;
  let inertia = 0;
  for (let row = 0; row < rows; row++) {
    const group = labels[row]!;
    if (group < 0) continue;
    for (let j = 0; j < columns; j++) {
      const difference = values[row * columns + j]! - centers[group * columns + j]!;
      inertia += difference * difference;
    }
  }
  return inertia;
}
