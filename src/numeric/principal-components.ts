import type { PointMatrix } from './clustering.js';
import { symmetricEigen } from './symmetric-eigen.js';

/** Directions of largest variance, in descending order. */
export interface PrincipalComponents {
  /** Shape [columns]. */
  mean: Float64Array;
  /** Row-major, shape [columns, columns], one component a row; the largest loading of each is positive. */
  components: Float64Array;
  /** Shape [columns], >= 0: variance along each, divided by rows - 1. */
  variance: Float64Array;
  /** Shape [columns], 0..1: share of the whole variance; 0 where there is none. */
  ratio: Float64Array;
}

/**
 * Principal components of the points by their covariance.
 * @throws RangeError without rows
 * Source: Pearson (1901). Cost: O(rows x columns^2 + columns^3).
 */
export function fitPrincipalComponents(points: PointMatrix): PrincipalComponents {
  const { rows, columns } = points;
  if (rows < 1) throw new RangeError('principal components need at least 1 row, got 0');
  const mean = columnMeans(points);
  const { values, vectors } = symmetricEigen(covariance(points, mean), columns);
  const variance = values.map((value) => Math.max(0, value));
  const total = variance.reduce((sum, value) => sum + value, 0);
  return {
    mean,
    components: vectors,
    variance,
    ratio: variance.map((value) => (total > 0 ? value / total : 0)),
  };
}

/**
 * Coordinates of the points on the two directions of largest variance, for a scatter chart.
 * @returns row-major, shape [rows, 2], centred; the second is 0 for points of one column. `explained`: shares of the
 * variance, 0..1 each.
 * @throws RangeError without rows
 */
export function projectTwo(points: PointMatrix): {
  coordinates: Float64Array;
  explained: [number, number];
} {
  const { rows, columns, values } = points;
  const { mean, components, ratio } = fitPrincipalComponents(points);
  const coordinates = new Float64Array(rows * 2);
  for (let axis = 0; axis < Math.min(2, columns); axis++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        sum += (values[row * columns + j]! - mean[j]!) * components[axis * columns + j]!;
      }
      coordinates[row * 2 + axis] = sum;
    }
  }
  return { coordinates, explained: [ratio[0] ?? 0, ratio[1] ?? 0] };
}

function columnMeans({ rows, columns, values }: PointMatrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let at = 0; at < values.length; at += columns) {
    for (let j = 0; j < columns; j++) mean[j]! += values[at + j]!;
  }
  return mean.map((sum) => sum / rows);
}

/** Lower triangle, divided by rows - 1. */
function covariance({ rows, columns, values }: PointMatrix, mean: Float64Array): Float64Array {
  const sums = new Float64Array(columns * columns);
  const centred = new Float64Array(columns);
  for (let at = 0; at < values.length; at += columns) {
    for (let j = 0; j < columns; j++) centred[j] = values[at + j]! - mean[j]!;
    for (let i = 0; i < columns; i++) {
      const value = centred[i]!;
      if (value === 0) continue;
      for (let j = 0; j <= i; j++) sums[i * columns + j]! += value * centred[j]!;
    }
  }
  return sums.map((sum) => sum / Math.max(1, rows - 1));
}
