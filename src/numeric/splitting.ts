import type { BinnedMatrix } from './binning.js';
import { GRADIENT_UNIT, type PackedScale } from './gradients.js';

/** What a split must satisfy. */
export interface SplitLimits {
  /** Added to the hessian of a child in its score; >= 0. */
  l2: number;
  /** Smallest gain worth a split; >= 0. */
  minGain: number;
  /** Smallest sum of hessians in a child. */
  minChildWeight: number;
  /** Smallest number of rows in a child, >= 1. */
  minRowsInLeaf: number;
  /**
   * For each binned column 1 where margins may not fall as it rises, -1 where they may not rise, 0
   * where they are free; null = all are free.
   */
  monotone: Int8Array | null;
}

/** The rows of a node, and their packed sums as two integers (in steps). */
export interface NodeSums {
  rows: Int32Array;
  start: number;
  end: number;
  gradient: number;
  hessian: number;
  /** Bounds of the leaf values below, in gradient steps a hessian step; read where something is monotone. */
  lower: number;
  upper: number;
}

/** Rows whose bin is <= `bin` go left; rows of the missing bin go left iff `missingLeft`. */
export interface Split {
  /** Binned column. */
  column: number;
  bin: number;
  /** The better side; where no row of the node is missing, the side with the larger hessian. */
  missingLeft: boolean;
  /** Reduction of the regularised loss, times 2. */
  gain: number;
  leftGradient: number;
  leftHessian: number;
}

interface Candidate {
  /** Sum of gradient^2 / (hessian + l2) of both children, in steps; -1 = none. */
  score: number;
  bin: number;
  missingLeft: boolean;
  leftGradient: number;
  leftHessian: number;
}

/** -gradient / hessian (with l2 in it) within the bounds of the node. */
export function boundedValue(
  gradient: number,
  hessian: number,
  lower: number,
  upper: number,
): number {
  const value = hessian > 0 ? -gradient / hessian : 0;
  return value < lower ? lower : value > upper ? upper : value;
}

/** What a leaf takes off the loss, times 2; gradient^2 / hessian where no bound is in the way. */
function boundedScore(gradient: number, hessian: number, lower: number, upper: number): number {
  const value = boundedValue(gradient, hessian, lower, upper);
  return -value * (2 * gradient + hessian * value);
}

/**
 * The best split of a node over the listed columns, or null when none gains more than `minGain`.
 * Gain = GL^2/(HL+l2) + GR^2/(HR+l2) - G^2/(H+l2) (Chen and Guestrin, XGBoost, 2016, equation 7, without
 * the half). Ties go to the lower column, then the lower bin. Missing rows are tried on both sides.
 * Under a monotone column leaf values are held within the bounds of the node, and a split whose children
 * would be the wrong way round is none (the "basic" method of XGBoost and LightGBM).
 * Cost: O(cells of the columns); row counts are looked up only for a column that would win.
 */
export function findSplit(
  histogram: Float64Array,
  data: BinnedMatrix,
  columns: Int32Array,
  node: NodeSums,
  limits: SplitLimits,
  scale: PackedScale,
): Split | null {
  const l2 = limits.l2 / scale.hessianStep;
  // At least one step on each side: an empty child, or one that rounds to nothing, is no child.
  const minHessian = Math.max(1, limits.minChildWeight / scale.hessianStep);
  const parentScore = limits.monotone
    ? boundedScore(node.gradient, node.hessian + l2, node.lower, node.upper)
    : (node.gradient * node.gradient) / (node.hessian + l2);
  const gainStep = (scale.gradientStep * scale.gradientStep) / scale.hessianStep;
  let bestScore = parentScore + limits.minGain / gainStep;
  let best: Split | null = null;
  const candidate = emptyCandidate();
  for (let k = 0; k < columns.length; k++) {
    const column = columns[k]!;
    const scan = limits.monotone ? scanBounded : scanColumn;
    scan(histogram, data, column, node, l2, minHessian, limits, candidate);
    if (!(candidate.score > bestScore)) continue;
    if (limits.minRowsInLeaf > 1 && !hasEnoughRows(data, column, node, candidate, limits)) {
      const counts = countBins(data, column, node);
      scanBounded(histogram, data, column, node, l2, minHessian, limits, candidate, counts);
      if (!(candidate.score > bestScore)) continue;
    }
    bestScore = candidate.score;
    const { bin, missingLeft, leftGradient, leftHessian } = candidate;
    const gain = (bestScore - parentScore) * gainStep;
    best = { column, bin, missingLeft, gain, leftGradient, leftHessian };
  }
  return best;
}

function emptyCandidate(): Candidate {
  return { score: -1, bin: 0, missingLeft: false, leftGradient: 0, leftHessian: 0 };
}

/** The best bin of one column without regard to row counts, into `out`. */
function scanColumn(
  histogram: Float64Array,
  data: BinnedMatrix,
  column: number,
  { gradient, hessian }: NodeSums,
  l2: number,
  minHessian: number,
  _limits: SplitLimits,
  out: Candidate,
): void {
  const start = data.cellStart[column]!;
  const bins = data.binCount[column]!;
  const missing = data.hasMissing[column] === 1 ? histogram[start + bins]! : 0;
  const missingGradient = Math.floor(missing / GRADIENT_UNIT);
  const missingHessian = missing - missingGradient * GRADIENT_UNIT;
  // The last bin is a split only when something, the missing rows, is left for the right side.
  const end = start + (missing === 0 ? bins - 1 : bins);
  let sum = 0;
  let bestScore = -1;
  let bestAt = start;
  let bestLeft = 0;
  let bestMissingLeft = false;
  for (let at = start; at < end; at++) {
    const cell = histogram[at]!;
    if (cell === 0) continue;
    sum += cell;
    let leftGradient = Math.floor(sum / GRADIENT_UNIT);
    let leftHessian = sum - leftGradient * GRADIENT_UNIT;
    let rightHessian = hessian - leftHessian;
    if (leftHessian >= minHessian && rightHessian >= minHessian) {
      const rightGradient = gradient - leftGradient;
      const left = leftHessian + l2;
      const right = rightHessian + l2;
      const score = leftGradient * leftGradient * right + rightGradient * rightGradient * left;
      // Divided only where it wins: this runs for every cell of every node.
      if (score > bestScore * left * right) {
        bestScore = score / (left * right);
        bestAt = at;
        bestLeft = sum;
        bestMissingLeft = false;
      }
    }
    if (missing === 0) {
      if (rightHessian < minHessian) break;
      continue;
    }
    leftGradient += missingGradient;
    leftHessian += missingHessian;
    rightHessian = hessian - leftHessian;
    if (leftHessian >= minHessian && rightHessian >= minHessian) {
      const rightGradient = gradient - leftGradient;
      const left = leftHessian + l2;
      const right = rightHessian + l2;
      const score = leftGradient * leftGradient * right + rightGradient * rightGradient * left;
      // Divided only where it wins: this runs for every cell of every node.
      if (score > bestScore * left * right) {
        bestScore = score / (left * right);
        bestAt = at;
        bestLeft = sum + missing;
        bestMissingLeft = true;
      }
    }
  }
  out.score = bestScore;
  out.bin = bestAt - start;
  out.leftGradient = Math.floor(bestLeft / GRADIENT_UNIT);
  out.leftHessian = bestLeft - out.leftGradient * GRADIENT_UNIT;
  out.missingLeft = missing === 0 ? out.leftHessian * 2 >= hessian : bestMissingLeft;
}

/** Whether both children get minRowsInLeaf rows; stops counting as soon as they do. */
function hasEnoughRows(
  data: BinnedMatrix,
  column: number,
  node: NodeSums,
  split: Candidate,
  limits: SplitLimits,
): boolean {
  const bins = data.bins[column]!;
  const missingBin = data.binCount[column]!;
  const needed = limits.minRowsInLeaf;
  let left = 0;
  let right = 0;
  for (let i = node.start; i < node.end; i++) {
    const bin = bins[node.rows[i]!]!;
    if (bin === missingBin ? split.missingLeft : bin <= split.bin) left++;
    else right++;
    if (left >= needed && right >= needed) return true;
  }
  return false;
}

/** Rows of the node in each bin of a column, the missing bin last. */
function countBins(data: BinnedMatrix, column: number, node: NodeSums): Int32Array {
  const counts = new Int32Array(data.binCount[column]! + 1);
  const bins = data.bins[column]!;
  for (let i = node.start; i < node.end; i++) counts[bins[node.rows[i]!]!]!++;
  return counts;
}

/**
 * The best bin of one column within the bounds of the node, in the direction of the column and, given
 * counts, under the row limit; slower than `scanColumn`, and needed seldom or by few models.
 */
function scanBounded(
  histogram: Float64Array,
  data: BinnedMatrix,
  column: number,
  node: NodeSums,
  l2: number,
  minHessian: number,
  limits: SplitLimits,
  out: Candidate,
  counts: Int32Array | null = null,
): void {
  const start = data.cellStart[column]!;
  const bins = data.binCount[column]!;
  const missing = data.hasMissing[column] === 1 ? histogram[start + bins]! : 0;
  const direction = limits.monotone?.[column] ?? 0;
  const lower = limits.monotone ? node.lower : -Infinity;
  const upper = limits.monotone ? node.upper : Infinity;
  const rows = node.end - node.start;
  const hasMissing = counts ? counts[bins]! > 0 : missing !== 0;
  out.score = -1;
  for (let side = hasMissing ? 0 : 1; side < 2; side++) {
    const missingLeft = side === 0;
    let sum = missingLeft ? missing : 0;
    let count = missingLeft && counts ? counts[bins]! : 0;
    for (let bin = 0; bin < bins; bin++) {
      sum += histogram[start + bin]!;
      if (counts) {
        count += counts[bin]!;
        if (count < limits.minRowsInLeaf || rows - count < limits.minRowsInLeaf) continue;
      }
      const leftGradient = Math.floor(sum / GRADIENT_UNIT);
      const leftHessian = sum - leftGradient * GRADIENT_UNIT;
      const rightHessian = node.hessian - leftHessian;
      if (leftHessian < minHessian || rightHessian < minHessian) continue;
      const rightGradient = node.gradient - leftGradient;
      // No number goes right of the last bin: nothing there to be in order.
      if (direction !== 0 && bin < bins - 1) {
        const left = boundedValue(leftGradient, leftHessian + l2, lower, upper);
        const right = boundedValue(rightGradient, rightHessian + l2, lower, upper);
        if (direction > 0 ? left > right : left < right) continue;
      }
      const score =
        boundedScore(leftGradient, leftHessian + l2, lower, upper) +
        boundedScore(rightGradient, rightHessian + l2, lower, upper);
      if (score > out.score) {
        out.score = score;
        out.bin = bin;
        out.missingLeft = hasMissing ? missingLeft : leftHessian * 2 >= node.hessian;
        out.leftGradient = leftGradient;
        out.leftHessian = leftHessian;
      }
    }
  }
}
