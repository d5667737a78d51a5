import type { PointMatrix } from './clustering.js';
import { randomStream, sampleAscending } from './random.js';

/** Groups of rows: labels 0..k-1, a negative one is noise; shape [rows]. */
export interface Labelling {
  labels: ArrayLike<number>;
  k: number;
}

/** Rows from which silhouettes are taken of a sample by default: the distances of all pairs are needed. */
export const SILHOUETTE_ROWS = 5000;

/**
 * The rows of which silhouettes are computed, ascending: `limit` of them by chance where there are more; null: all.
 * Cost: O(rows).
 */
export function silhouetteSample(rows: number, limit: number, seed: number): Int32Array | null {
  return rows <= limit ? null : sampleAscending(rows, limit, randomStream(seed));
}

/**
 * Silhouette of each row, -1..1: (b - a) / max(a, b) with a the mean Euclidean distance to the others of its group and b
 * that to the nearest other group; 0 for a row alone in its group; NaN for noise, and everywhere with fewer than two
 * groups. Noise is in no mean. Exact.
 * @throws RangeError unless there is a label for each row
 * Source: Rousseeuw (1987); scikit-learn's silhouette_samples. Cost: O(rows² x columns) time, O(rows) memory.
 */
export function silhouetteCoefficients(points: PointMatrix, labelling: Labelling): Float64Array {
  const coefficients = new Float64Array(points.rows).fill(NaN);
  eachSilhouette(points, [labelling], (row, _, value) => (coefficients[row] = value));
  return coefficients;
}

/**
 * Mean silhouette of each labelling over its rows that are not noise; NaN with fewer than two groups. The distances are
 * computed once for all labellings.
 * @throws RangeError unless each labelling has a label for each row
 * Cost: O(rows² x (columns + labellings)) time, O(rows x labellings) memory.
 */
export function meanSilhouettes(
  points: PointMatrix,
  labellings: readonly Labelling[],
): Float64Array {
  const sums = new Float64Array(labellings.length);
  const counts = new Float64Array(labellings.length);
  eachSilhouette(points, labellings, (_, which, value) => {
    sums[which]! += value;
    counts[which]!++;
  });
  return sums.map((sum, which) => sum / counts[which]!);
}

/** A labelling made ready: the rows of each group one after another, noise in none. */
interface Ready {
  /** Group of each row, -1 = noise. */
  group: Int32Array;
  /** Rows in the order of their groups. */
  order: Int32Array;
  /** Where the rows of each group begin in `order`; length k + 1. */
  start: Int32Array;
  groups: number;
}

function eachSilhouette(
  points: PointMatrix,
  labellings: readonly Labelling[],
  visit: (row: number, labelling: number, value: number) => void,
): void {
  const ready = labellings.map((labelling) => readyOf(labelling, points.rows));
  const distances = new Float64Array(points.rows);
  for (let row = 0; row < points.rows; row++) {
    distancesFrom(points, row, distances);
    for (let which = 0; which < ready.length; which++) {
      const labelling = ready[which]!;
      if (labelling.groups < 2 || labelling.group[row]! < 0) continue;
      visit(row, which, coefficientOf(labelling, row, distances));
    }
  }
}

function readyOf({ labels, k }: Labelling, rows: number): Ready {
  if (labels.length !== rows) {
    throw new RangeError(`labels must be one a row, got ${labels.length} for ${rows} rows`);
  }
  const group = Int32Array.from({ length: rows }, (_, row) => Math.max(labels[row]!, -1));
  const start = new Int32Array(k + 1);
  for (const own of group) if (own >= 0) start[own + 1]!++;
  const groups = start.reduce((found, size) => found + (size > 0 ? 1 : 0), 0);
  for (let g = 0; g < k; g++) start[g + 1]! += start[g]!;
  const next = start.slice();
  const order = new Int32Array(start[k]!);
  group.forEach((own, row) => {
    if (own >= 0) order[next[own]!++] = row;
  });
  return { group, order, start, groups };
}

function distancesFrom({ rows, columns, values }: PointMatrix, row: number, to: Float64Array) {
  const from = row * columns;
  for (let other = 0, at = 0; other < rows; other++) {
    let sum = 0;
    for (let j = 0; j < columns; j++, at++) {
      const difference = values[from + j]! - values[at]!;
      sum += difference * difference;
    }
    to[other] = Math.sqrt(sum);
  }
}

function coefficientOf(labelling: Ready, row: number, distances: Float64Array): number {
  const { start } = labelling;
  const own = labelling.group[row]!;
  if (start[own + 1]! - start[own]! === 1) return 0;
  let nearest = Infinity;
  let inside = 0;
  for (let group = 0; group + 1 < start.length; group++) {
    const size = start[group + 1]! - start[group]!;
    if (size === 0) continue;
    const sum = sumOver(distances, labelling.order, start[group]!, start[group + 1]!);
    if (group === own) inside = sum / (size - 1);
    else nearest = Math.min(nearest, sum / size);
  }
  const larger = Math.max(inside, nearest);
  return larger === 0 ? 0 : (nearest - inside) / larger;
}

/** Four sums side by side, so that no addition waits for the one before. */
function sumOver(distances: Float64Array, order: Int32Array, from: number, to: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let at = from;
  for (; at + 3 < to; at += 4) {
    a += distances[order[at]!]!;
    b += distances[order[at + 1]!]!;
    c += distances[order[at + 2]!]!;
    d += distances[order[at + 3]!]!;
  }
  for (; at < to; at++) a += distances[order[at]!]!;
  return a + b + (c + d);
}
