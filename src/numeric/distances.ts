import type { PointMatrix } from './clustering.js';

/** Distances between rows of numbers; that of Gower, for numbers beside categories, is in gower.ts. */
export const pointDistances = ['euclidean', 'manhattan', 'cosine'] as const;
export type PointDistance = (typeof pointDistances)[number];

/** Distance of two rows by index: symmetric, never negative, zero of a row to itself. */
export type RowDistance = (a: number, b: number) => number;

/**
 * The distance between rows of `points`. Euclidean: root of the sum of squares; Manhattan: sum of absolute differences;
 * cosine: 1 - cosine of the angle, 0..2, where a row of zeros has no direction: 1 from any other row, 0 from another
 * row of zeros. Finite for finite points within 1e150. Cost: O(columns) a call; cosine O(rows x columns) once.
 */
export function rowDistance(points: PointMatrix, distance: PointDistance): RowDistance {
  switch (distance) {
    case 'euclidean':
      return (a, b) => Math.sqrt(squaredDistance(points, a, b));
    case 'manhattan':
      return (a, b) => manhattanDistance(points, a, b);
    case 'cosine':
      return cosineDistance(points);
  }
}

/** Squared Euclidean distance of two rows. */
export function squaredDistance(
  { columns, values }: PointMatrix,
  rowA: number,
  rowB: number,
): number {
  let sum = 0;
  for (let j = 0, a = rowA * columns, b = rowB * columns; j < columns; j++, a++, b++) {
    const difference = values[a]! - values[b]!;
    sum += difference * difference;
  }
  return sum;
}

function manhattanDistance({ columns, values }: PointMatrix, rowA: number, rowB: number): number {
  let sum = 0;
  for (let j = 0, a = rowA * columns, b = rowB * columns; j < columns; j++, a++, b++) {
    sum += Math.abs(values[a]! - values[b]!);
  }
  return sum;
}

function cosineDistance({ rows, columns, values }: PointMatrix): RowDistance {
  const unit = new Float64Array(values.length);
  const hasDirection = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    const length = Math.hypot(...values.subarray(from, from + columns));
    hasDirection[row] = length > 0 ? 1 : 0;
    for (let at = from; at < from + columns; at++) unit[at] = length > 0 ? values[at]! / length : 0;
  }
  return (rowA, rowB) => {
    if (hasDirection[rowA] === 0 || hasDirection[rowB] === 0) {
      return hasDirection[rowA] === hasDirection[rowB] ? 0 : 1;
    }
    if (rowA === rowB) return 0;
    let product = 0;
    for (let j = 0, a = rowA * columns, b = rowB * columns; j < columns; j++, a++, b++) {
      product += unit[a]! * unit[b]!;
    }
    return Math.min(2, Math.max(0, 1 - product));
  };
}
