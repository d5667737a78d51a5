import type { RowDistance } from './distances.js';

/** A partition around medoids. */
export interface MedoidFit {
  k: number;
  /** Shape [k]: rows, one of each group, in the order in which the start found them. */
  medoids: Int32Array;
  /** Shape [rows]: the nearest medoid, the lower number where two are as near. */
  labels: Int32Array;
  /** Sum of the distances to the own medoid. */
  cost: number;
  /** The cost after the start and after every swap; falls. */
  costs: readonly number[];
}

/** Rows whose distances to each other are kept, at most: 8 bytes x rows². */
export const MAX_MEDOID_ROWS = 10_000;

/**
 * K-medoids: the greedy BUILD start, then FasterPAM: candidates in row order, each swapped at once with the medoid whose
 * loss gains most, until no swap of any row with any medoid gains: a local optimum. Deterministic, no randomness.
 * @param distance symmetric, >= 0, zero of a row to itself
 * @throws RangeError for k out of 1..rows, more than 10,000 rows, a distance that is not a number >= 0, or fewer
 * distinct rows (at distances above 0) than `k`
 * Source: Kaufman and Rousseeuw (1990); Schubert and Rousseeuw, Fast and eager k-medoids clustering (2021).
 * Cost: O(rows² x k) for the start, O(rows²) a pass, memory 8 bytes x rows².
 */
export function fitMedoids(rows: number, distance: RowDistance, k: number): MedoidFit {
  if (!(rows >= 1 && rows <= MAX_MEDOID_ROWS)) {
    throw new RangeError(`rows must be 1..${String(MAX_MEDOID_ROWS)}, got ${String(rows)}`);
  }
  if (!(Number.isInteger(k) && k >= 1 && k <= rows)) {
    throw new RangeError(`k must be 1..${String(rows)} (the rows), got ${String(k)}`);
  }
  const matrix = distanceMatrix(rows, distance);
  const state = createState(rows, matrix, buildMedoids(rows, matrix, k));
  const costs = [state.cost()];
  // of one group the start is the best already
  let sinceSwap = k === 1 ? rows : 0;
  for (let candidate = 0; sinceSwap < rows; candidate = (candidate + 1) % rows) {
    sinceSwap++;
    const { medoid, gain } = state.bestSwap(candidate);
    if (!(gain > 0)) continue;
    const before = state.medoids[medoid]!;
    state.swap(medoid, candidate);
    if (state.cost() < costs.at(-1)!) {
      costs.push(state.cost());
      sinceSwap = 0;
    } else state.swap(medoid, before); // the gain was rounding; taking it could go on for ever
  }
  const { medoids, nearest: labels } = state;
  return { k, medoids, labels, cost: costs.at(-1)!, costs };
}

function distanceMatrix(rows: number, distance: RowDistance): Float64Array {
  const matrix = new Float64Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < a; b++) {
      const found = distance(a, b);
      if (!(found >= 0 && found < Infinity)) {
        throw new RangeError(
          `distances must be finite and >= 0, got ${String(found)} between rows ${String(b)} and ${String(a)}`,
        );
      }
      matrix[a * rows + b] = found;
      matrix[b * rows + a] = found;
    }
  }
  return matrix;
}

/** BUILD: each further medoid is the row that lowers the cost most, the lowest where two do. */
function buildMedoids(rows: number, matrix: Float64Array, k: number): Int32Array {
  const medoids = new Int32Array(k);
  const least = new Float64Array(rows).fill(Infinity);
  for (let m = 0; m < k; m++) {
    let best = -1;
    let most = m === 0 ? -Infinity : 0;
    for (let candidate = 0; candidate < rows; candidate++) {
      const gain = gainOf(matrix, rows, candidate, m === 0 ? null : least);
      if (gain <= most) continue;
      most = gain;
      best = candidate;
    }
    if (best < 0) {
      throw new RangeError(
        `k must be at most ${String(m)}, the number of distinct rows, got ${String(k)}`,
      );
    }
    medoids[m] = best;
    for (let row = 0; row < rows; row++) {
      least[row] = Math.min(least[row]!, matrix[best * rows + row]!);
    }
  }
  return medoids;
}

/** How much a further medoid would lower the cost; for the first one, minus the cost it leaves. */
function gainOf(
  matrix: Float64Array,
  rows: number,
  candidate: number,
  least: Float64Array | null,
): number {
  let gain = 0;
  for (let row = 0, at = candidate * rows; row < rows; row++, at++) {
    const distance = matrix[at]!;
    if (!least) gain -= distance;
    else if (distance < least[row]!) gain += least[row]! - distance;
  }
  return gain;
}

interface SwapState {
  medoids: Int32Array;
  nearest: Int32Array;
  cost: () => number;
  /** The medoid that the candidate had best replace, and what that would gain. */
  bestSwap: (candidate: number) => { medoid: number; gain: number };
  swap: (medoid: number, row: number) => void;
}

/** Nearest and second nearest medoid of every row, kept up to date. */
function createState(rows: number, matrix: Float64Array, medoids: Int32Array): SwapState {
  const k = medoids.length;
  const nearest = new Int32Array(rows);
  const first = new Float64Array(rows);
  const second = new Float64Array(rows);
  /** What taking the medoid away would cost. */
  const removal = new Float64Array(k);
  const change = new Float64Array(k);

  const refresh = (): void => {
    removal.fill(0);
    for (let row = 0; row < rows; row++) {
      let [one, two, at] = [Infinity, Infinity, 0];
      for (let m = 0; m < k; m++) {
        const distance = matrix[medoids[m]! * rows + row]!;
        if (distance < one) [one, two, at] = [distance, one, m];
        else if (distance < two) two = distance;
      }
      nearest[row] = at;
      first[row] = one;
      second[row] = two;
      removal[at]! += two - one;
    }
  };
  refresh();
  return {
    medoids,
    nearest,
    cost: () => first.reduce((sum, distance) => sum + distance, 0),
    bestSwap: (candidate) => {
      change.set(removal);
      let shared = 0;
      for (let row = 0, at = candidate * rows; row < rows; row++, at++) {
        const distance = matrix[at]!;
        if (distance < first[row]!) {
          shared += distance - first[row]!;
          change[nearest[row]!]! += first[row]! - second[row]!;
        } else if (distance < second[row]!) {
          change[nearest[row]!]! += distance - second[row]!;
        }
      }
      let medoid = 0;
      for (let m = 1; m < k; m++) if (change[m]! < change[medoid]!) medoid = m;
      return { medoid, gain: -(change[medoid]! + shared) };
    },
    swap: (medoid, row) => {
      medoids[medoid] = row;
      refresh();
    },
  };
}
