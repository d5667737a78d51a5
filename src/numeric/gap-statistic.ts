import { clusterScores } from './cluster-scores.js';
import type { PointMatrix } from './clustering.js';
import { randomStream } from './random.js';

/** How points are grouped for the statistic: the same procedure for the data and for each reference set. */
export type FitLabels = (
  points: PointMatrix,
  k: number,
  seed: number,
) => Int32Array | Promise<Int32Array>;

export interface GapOptions {
  /** Reference sets, B; 10 is usual. */
  references: number;
  seed: number;
  /**
   * Row-major orthonormal principal axes, shape [columns, columns]: reference points lie uniformly in the box of the data
   * along them. Null: along the features.
   */
  axes: Float64Array | null;
  /** Called after each set, with the share done. */
  onProgress?: (share: number) => void;
}

export interface Gap {
  k: number;
  /** Mean of log W over the reference sets minus log W of the points; -Infinity..Infinity, NaN where W is 0 in a reference. */
  gap: number;
  /** Standard deviation over the reference sets x sqrt(1 + 1 / B). */
  standardError: number;
}

/**
 * Gap statistic for each k: how much tighter the points are grouped than points without groups would be. W is the sum
 * of squared distances to the means of the groups; k = 1 is allowed and needs no fit.
 * @param ks ascending
 * Source: Tibshirani, Walther, Hastie, J. R. Statist. Soc. B 63 (2001). Cost: (references + 1) fits a k.
 */
export async function gapStatistics(
  points: PointMatrix,
  ks: readonly number[],
  fit: FitLabels,
  { references, seed, axes, onProgress }: GapOptions,
): Promise<Gap[]> {
  const own = await logDispersions(points, ks, fit, seed);
  onProgress?.(1 / (references + 1));
  const sums = new Float64Array(ks.length);
  const squares = new Float64Array(ks.length);
  const draw = referenceBox(points, axes);
  for (let set = 1; set <= references; set++) {
    const random = randomStream(seed + 0x9e3779b1 * set);
    const logs = await logDispersions(draw(random), ks, fit, seed + set);
    logs.forEach((log, i) => {
      // Differences to the own value, so that the sum of squares loses nothing.
      sums[i]! += log - own[i]!;
      squares[i]! += (log - own[i]!) ** 2;
    });
    onProgress?.((set + 1) / (references + 1));
  }
  return ks.map((k, i) => {
    const gap = sums[i]! / references;
    const variance = Math.max(0, squares[i]! / references - gap * gap);
    return { k, gap, standardError: Math.sqrt(variance * (1 + 1 / references)) };
  });
}

/**
 * The smallest k whose gap is at least the next one's less its standard error; null where none is. `gaps` are of
 * consecutive k, ascending.
 */
export function smallestSufficientK(gaps: readonly Gap[]): number | null {
  const found = gaps.find((gap, i) => {
    const next = gaps[i + 1];
    return next !== undefined && gap.gap >= next.gap - next.standardError;
  });
  return found?.k ?? null;
}

async function logDispersions(
  points: PointMatrix,
  ks: readonly number[],
  fit: FitLabels,
  seed: number,
): Promise<Float64Array> {
  const logs = new Float64Array(ks.length);
  for (const [i, k] of ks.entries()) {
    const labels = k === 1 ? new Int32Array(points.rows) : await fit(points, k, seed);
    logs[i] = Math.log(clusterScores(points, labels, k).inertia);
  }
  return logs;
}

/** Draws as many points as there are, uniformly in the box that the data fill along the axes. */
function referenceBox(
  { rows, columns, values }: PointMatrix,
  axes: Float64Array | null,
): (random: () => number) => PointMatrix {
  const low = new Float64Array(columns).fill(Infinity);
  const high = new Float64Array(columns).fill(-Infinity);
  const turned = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    toAxes(axes, values, row * columns, turned);
    for (let j = 0; j < columns; j++) {
      low[j] = Math.min(low[j]!, turned[j]!);
      high[j] = Math.max(high[j]!, turned[j]!);
    }
  }
  return (random) => {
    const drawn = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) turned[j] = low[j]! + (high[j]! - low[j]!) * random();
      fromAxes(axes, turned, drawn, row * columns);
    }
    return { rows, columns, values: drawn };
  };
}

function toAxes(
  axes: Float64Array | null,
  values: Float64Array,
  from: number,
  turned: Float64Array,
): void {
  const columns = turned.length;
  for (let a = 0; a < columns; a++) {
    if (!axes) turned[a] = values[from + a]!;
    else {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += axes[a * columns + j]! * values[from + j]!;
      turned[a] = sum;
    }
  }
}

function fromAxes(
  axes: Float64Array | null,
  turned: Float64Array,
  values: Float64Array,
  to: number,
): void {
  const columns = turned.length;
  for (let j = 0; j < columns; j++) {
    if (!axes) values[to + j] = turned[j]!;
    else {
      let sum = 0;
      for (let a = 0; a < columns; a++) sum += axes[a * columns + j]! * turned[a]!;
      values[to + j] = sum;
    }
  }
}
