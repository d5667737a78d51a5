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
 * Cost: O(rows² x columns) and, for labellings whose groups overlap little, about O(rows²) for a dozen of them; O(rows x
 * labellings) memory.
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

/** A labelling made ready. */
interface Ready {
  /** Its place in the list. */
  which: number;
  k: number;
  /** Group of each row, -1 = noise. */
  group: Int32Array;
  /** Shape [k]. */
  sizes: Float64Array;
  /** Groups that have rows. */
  groups: number;
}

/**
 * Labellings with their common refinement: rows in one cell share a group in every one of them, so the distances are
 * added up once a cell, and a group's sum is that of its cells. Labellings of the same points cut them at similar places,
 * so a dozen of them have few cells.
 */
interface Refined {
  labellings: Ready[];
  /** Cell of each row. */
  cell: Int32Array;
  cells: number;
}

/** A refinement of more cells is not worth the rows that it spares: this share of them. */
const MOST_CELLS = 1 / 16;

function eachSilhouette(
  points: PointMatrix,
  labellings: readonly Labelling[],
  visit: (row: number, labelling: number, value: number) => void,
): void {
  const { rows } = points;
  const ready = labellings.map((labelling, which) => readyOf(labelling, which, rows));
  const refined = refinementsOf(ready, rows).map(withPlan);
  const distances = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    distancesFrom(points, row, distances);
    for (const { labellings: own, order, start, groupOfCell, cellSums, groupSums } of refined) {
      for (let cell = 0; cell < cellSums.length; cell++) {
        cellSums[cell] = sumOver(distances, order, start[cell]!, start[cell + 1]!);
      }
      for (let i = 0; i < own.length; i++) {
        const labelling = own[i]!;
        if (labelling.group[row]! < 0) continue;
        addCells(cellSums, groupOfCell[i]!, groupSums);
        visit(row, labelling.which, coefficientOf(labelling, row, groupSums));
      }
    }
  }
}

function readyOf({ labels, k }: Labelling, which: number, rows: number): Ready {
  if (labels.length !== rows) {
    throw new RangeError(`labels must be one a row, got ${labels.length} for ${rows} rows`);
  }
  const group = Int32Array.from({ length: rows }, (_, row) => Math.max(labels[row]!, -1));
  const sizes = new Float64Array(k);
  for (const own of group) if (own >= 0) sizes[own]!++;
  const groups = sizes.reduce((found, size) => found + (size > 0 ? 1 : 0), 0);
  return { which, k, group, sizes, groups };
}

/** Labellings with groups to compare, packed one after another into refinements of few cells. */
function refinementsOf(ready: readonly Ready[], rows: number): Refined[] {
  const most = Math.max(32, rows * MOST_CELLS);
  const found: Refined[] = [];
  for (const labelling of ready) {
    if (labelling.groups < 2) continue;
    const last = found.at(-1);
    const finer = last && refine(last, labelling);
    if (finer && finer.cells <= most) found[found.length - 1] = finer;
    else found.push(refine({ labellings: [], cell: new Int32Array(rows), cells: 1 }, labelling));
  }
  return found;
}

function refine({ labellings, cell, cells }: Refined, labelling: Ready): Refined {
  const width = labelling.k + 1;
  const numbers = new Int32Array(cells * width).fill(-1);
  let count = 0;
  const finer = cell.map((own, row) => {
    const at = own * width + labelling.group[row]! + 1;
    if (numbers[at]! < 0) numbers[at] = count++;
    return numbers[at]!;
  });
  return { labellings: [...labellings, labelling], cell: finer, cells: count };
}

/** The rows of each cell one after another, and the group of each cell in each labelling. */
function withPlan({ labellings, cell, cells }: Refined) {
  const start = new Int32Array(cells + 1);
  for (const own of cell) start[own + 1]!++;
  for (let c = 0; c < cells; c++) start[c + 1]! += start[c]!;
  const next = start.slice();
  const order = new Int32Array(cell.length);
  cell.forEach((own, row) => (order[next[own]!++] = row));
  const groupOfCell = labellings.map(({ group }) =>
    Int32Array.from({ length: cells }, (_, c) => group[order[start[c]!]!]!),
  );
  const groupSums = new Float64Array(Math.max(...labellings.map(({ k }) => k)));
  return { labellings, order, start, groupOfCell, cellSums: new Float64Array(cells), groupSums };
}

function addCells(cellSums: Float64Array, groupOfCell: Int32Array, groupSums: Float64Array): void {
  groupSums.fill(0);
  for (let cell = 0; cell < cellSums.length; cell++) {
    const group = groupOfCell[cell]!;
    if (group >= 0) groupSums[group]! += cellSums[cell]!;
  }
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

function coefficientOf({ group, sizes, k }: Ready, row: number, sums: Float64Array): number {
  const own = group[row]!;
  if (sizes[own] === 1) return 0;
  let nearest = Infinity;
  let inside = 0;
  for (let other = 0; other < k; other++) {
    const size = sizes[other]!;
    if (size === 0) continue;
    if (other === own) inside = sums[other]! / (size - 1);
    else nearest = Math.min(nearest, sums[other]! / size);
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
