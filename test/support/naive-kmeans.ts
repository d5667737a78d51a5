import type { PointMatrix } from '../../src/numeric/clustering.js';

/**
 * Lloyd's iterations as they are written in books: every distance in every iteration, until no row changes its group.
 * Null where a group becomes empty, of which the books do not say what to do.
 */
export function naiveLloyd(
  { rows, columns, values }: PointMatrix,
  k: number,
  starts: Float64Array,
): { labels: number[]; centers: Float64Array; inertia: number; iterations: number } | null {
  const centers = starts.slice();
  let labels: number[] = [];
  for (let iterations = 1; ; iterations++) {
    const distances = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: k }, (_unused, c) => {
        let sum = 0;
        for (let j = 0; j < columns; j++) {
          sum += ((values[row * columns + j] ?? 0) - (centers[c * columns + j] ?? 0)) ** 2;
        }
        return sum;
      }),
    );
    const next = distances.map((own) => own.indexOf(Math.min(...own)));
    const inertia = distances.reduce((sum, own) => sum + Math.min(...own), 0);
    if (next.every((label, row) => label === labels[row])) {
      return { labels, centers, inertia, iterations };
    }
    labels = next;
    centers.fill(0);
    const sizes = new Float64Array(k);
    labels.forEach((label, row) => {
      sizes[label]!++;
      for (let j = 0; j < columns; j++) {
        centers[label * columns + j]! += values[row * columns + j]!;
      }
    });
    if (sizes.includes(0)) return null;
    for (let at = 0; at < centers.length; at++) centers[at]! /= sizes[Math.floor(at / columns)]!;
  }
}
