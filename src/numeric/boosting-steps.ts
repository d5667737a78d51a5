import { createColumnBinner, layOutBins, packWords, type BinnedMatrix } from './binning.js';
import { BLOCK_ROWS, growLimits, SCALAR, slicesOf, type BoostingBlock } from './boosting-block.js';
import { createLogLossGradients, packGradients, toUnits } from './gradients.js';
import { createGrowthTasks, type GrowLimits, type GrowthTasks } from './growth.js';
import type { DoTask } from './team.js';

/** The steps of a fit that its threads share. */
export const STEP = {
  /** Bins a group of columns. */
  bin: 0,
  /** Packs a block of rows into words. */
  words: 1,
  /** Margins and gradients of a block of rows. */
  gradients: 2,
  /** Packed gradients of a block of rows. */
  pack: 3,
  partition: 4,
  build: 5,
  find: 6,
  /** Tells a slice of the tree's rows their leaves. */
  assign: 7,
  /** Sums up the leaves over a slice of all rows. */
  sum: 8,
} as const;

/** Groups of columns at most. */
const COLUMN_GROUPS = 1024;

export function columnGroups(columns: number): number {
  return Math.min(columns, COLUMN_GROUPS);
}

/** Limits of growth, with the directions of the binned columns; null when none has any. */
export function binnedLimits(block: BoostingBlock, data: BinnedMatrix): GrowLimits {
  const { monotone } = block.parameters;
  const directions = Int8Array.from(data.source, (column) => monotone?.[column] ?? 0);
  return {
    ...growLimits(block.parameters),
    monotone: directions.some((direction) => direction !== 0) ? directions : null,
  };
}

/** What one thread of a fit does. */
export function createBoostingWork(block: BoostingBlock): DoTask {
  let binColumn: ((column: number) => void) | null = null;
  let afterBinning: { data: BinnedMatrix; growth: GrowthTasks } | null = null;
  const binned = (): { data: BinnedMatrix; growth: GrowthTasks } => {
    binColumn = null; // its buffers are as long as the table
    if (afterBinning) return afterBinning;
    const data = layOutBins(block.store);
    const growth = createGrowthTasks(data, block.growth, binnedLimits(block, data));
    return (afterBinning = { data, growth });
  };
  const gradientsOf = createGradientStep(block);
  return (step, task) => {
    const from = task * BLOCK_ROWS;
    const to = Math.min(block.rows, from + BLOCK_ROWS);
    switch (step) {
      case STEP.bin: {
        binColumn ??= createColumnBinner(block.store);
        const { columns } = block.store;
        for (let c = task; c < columns; c += columnGroups(columns)) binColumn(c);
        break;
      }
      case STEP.words:
        packWords(binned().data, from, to);
        break;
      case STEP.gradients:
        gradientsOf(task, from, to);
        break;
      case STEP.pack:
        pack(block, task, from, to);
        break;
      case STEP.partition:
        binned().growth.partition(task);
        break;
      case STEP.build:
        binned().growth.build(task);
        break;
      case STEP.find:
        binned().growth.find(task);
        break;
      case STEP.assign:
        assignLeaves(block, task);
        break;
      case STEP.sum:
        sumLeaves(block, binned().data, task);
        break;
    }
  };
}

/** Adds the last tree to the margins, then their gradients and sums. */
function createGradientStep(
  block: BoostingBlock,
): (task: number, from: number, to: number) => void {
  const { margins, labels, weights, gradients, hessians, leafOf, leafValue, scalars } = block;
  const compute = createLogLossGradients();
  return (task, from, to) => {
    if (scalars[SCALAR.leaves]! > 0) {
      for (let i = from; i < to; i++) margins[i]! += leafValue[leafOf[i]!]!;
    }
    const sums = compute(margins, labels, weights, gradients, hessians, from, to);
    block.blockSums[3 * task] = sums.gradient;
    block.blockSums[3 * task + 1] = sums.hessian;
  };
}

function pack(block: BoostingBlock, task: number, from: number, to: number): void {
  const { gradients, hessians, scalars, weights, inTree } = block;
  const { packed } = block.growth;
  const scale = {
    gradientStep: scalars[SCALAR.gradientStep]!,
    hessianStep: scalars[SCALAR.hessianStep]!,
  };
  // Multiplied as murmur3 does, so that neighbouring blocks do not round alike.
  const seed = Math.imul(scalars[SCALAR.seed]! ^ Math.imul(task + 1, 0x9e3779b1), 0x85ebca6b);
  packGradients(gradients, hessians, scale, packed, seed ^ (seed >>> 15), from, to);
  let total = 0;
  const isSampled = inTree.length > 0;
  for (let i = from; i < to; i++) {
    if (weights[i]! > 0 && (!isSampled || inTree[i] === 1)) total += packed[i]!;
  }
  block.blockSums[3 * task + 2] = total;
}

function assignLeaves(block: BoostingBlock, slice: number): void {
  const { leafOf, leafStart, scalars } = block;
  const { rows } = block.growth;
  const leaves = scalars[SCALAR.leaves]!;
  const slices = slicesOf(block.threads);
  const count = leafStart[leaves]!;
  const from = Math.floor((count * slice) / slices);
  const to = Math.floor((count * (slice + 1)) / slices);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const end = Math.min(to, leafStart[leaf + 1]!);
    for (let i = Math.max(from, leafStart[leaf]!); i < end; i++) leafOf[rows[i]!] = leaf;
  }
}

/** Gradient, hessian and cover of each leaf; rows that the tree has not seen count as cover alone. */
function sumLeaves(block: BoostingBlock, data: BinnedMatrix, slice: number): void {
  const { gradients, hessians, weights, coverWeights, inTree, leafOf, scalars } = block;
  const leaves = scalars[SCALAR.leaves]!;
  const gradientUnits = scalars[SCALAR.gradientUnits]!;
  const hessianUnits = scalars[SCALAR.hessianUnits]!;
  const coverUnits = scalars[SCALAR.coverUnits]!;
  const slices = slicesOf(block.threads);
  const to = Math.floor((block.rows * (slice + 1)) / slices);
  const sums = block.leafSums.subarray(3 * leaves * slice, 3 * leaves * (slice + 1)).fill(0);
  const isSampled = inTree.length > 0;
  for (let i = Math.floor((block.rows * slice) / slices); i < to; i++) {
    if (weights[i] === 0) continue;
    if (isSampled && inTree[i] === 0) leafOf[i] = leafOfRow(block, data, i);
    const at = 3 * leafOf[i]!;
    if (!isSampled || inTree[i] === 1) {
      sums[at]! += toUnits(gradients[i]!, gradientUnits);
      sums[at + 1]! += toUnits(hessians[i]!, hessianUnits);
    }
    sums[at + 2]! += coverWeights ? toUnits(coverWeights[i]!, coverUnits) : 1;
  }
}

function leafOfRow(block: BoostingBlock, data: BinnedMatrix, row: number): number {
  const { feature, column, low, high, left, right } = block.tree;
  let node = 0;
  while (feature[node]! >= 0) {
    const bin = data.bins[column[node]!]![row]!;
    node = bin <= low[node]! || bin > high[node]! ? left[node]! : right[node]!;
  }
  return block.nodeLeaf[node]!;
}
