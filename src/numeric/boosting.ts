import { layOutBins, type BinnedMatrix } from './binning.js';
import {
  blocksOf,
  createBoostingBlock,
  SCALAR,
  slicesOf,
  type BoostingBlock,
} from './boosting-block.js';
import { checkBoostingInput, logOdds, trainingWeights } from './boosting-input.js';
import { checkBoostingParameters, type BoostingParameters } from './boosting-parameters.js';
import { binnedLimits, columnGroups, createBoostingWork, STEP } from './boosting-steps.js';
import { createWatch } from './boosting-watch.js';
import { ownMemory, type Allocate } from './buffers.js';
import {
  appendTree,
  createForestBuilder,
  finishForest,
  sumCovers,
  type ForestBuilder,
} from './forest-builder.js';
import type { Forest } from './forest.js';
import { exactUnits, packedScale } from './gradients.js';
import { createGrower } from './grower.js';
import type { GrowingTree } from './grown-tree.js';
import { randomStream, sampleAscending } from './random.js';
import { boundedValue } from './splitting.js';
import type { DesignMatrix } from './table.js';
import { workAlone, type Team } from './team.js';

export { defaultBoostingParameters, type BoostingParameters } from './boosting-parameters.js';

/** What else training may look at. */
export interface BoostingOptions {
  /** Weight of each row, finite, >= 0; a row of weight 0 is as if it were not there. */
  weights?: Float64Array;
  /** Rows that only decide when to stop; never the test part. */
  validation?: { x: DesignMatrix; labels: Uint8Array };
  /** Called after each round (1-based); returning false ends training with the trees so far. */
  onRound?: (round: number, validationLogLoss: number | null) => boolean | void;
}

/** A trained forest. */
export interface BoostingFit {
  forest: Forest;
  /** Trees kept: the round of the lowest validation log loss when early stopping is on, else all. */
  bestRound: number;
  /** Mean log loss on the validation part after each round, positive rows weighted as in training; empty without one. */
  validationLogLoss: Float64Array;
  /** Total split gain of each column of the design matrix in the kept trees, shape [columns]. */
  gain: Float64Array;
}

/**
 * Gradient boosting on the binary log loss with histogram trees (Friedman 2001; Chen and Guestrin
 * 2016; Ke et al. 2017). Newton leaf values -learningRate * G / (H + l2), from float32 gradients summed
 * exactly, rounded to float32. NaN is missing and goes to the better side of each split.
 * `cover` counts all training rows, each by its weight (positiveWeight is not in it), also those
 * that a tree did not sample. The same input and seed give the same forest, bit for bit.
 * Training ends early when a tree over all rows and columns finds nothing to split.
 * @param labels 0 or 1, shape [rows]
 * @throws RangeError for a parameter out of bounds, lengths that differ, labels other than 0 and 1, one
 * class only, an infinite value (names column and row), or more than 2^24 rows
 * Cost: about rounds * rows * columns * depth / 3 additions.
 */
export function fitBoosting(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: BoostingParameters,
  options: BoostingOptions = {},
): BoostingFit {
  const block = prepareBoosting(x, labels, parameters, options, 1, ownMemory);
  return boost(block, workAlone(createBoostingWork(block)), options);
}

/**
 * Checks the input of a fit and makes the memory that its threads share.
 * @param x its values must lie in memory of the kind that `allocate` gives
 * @throws RangeError as `fitBoosting`, but for infinite values, which binning finds
 */
export function prepareBoosting(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: BoostingParameters,
  options: Pick<BoostingOptions, 'weights' | 'validation'>,
  threads: number,
  allocate: Allocate,
): BoostingBlock {
  checkBoostingParameters(parameters, x.columns);
  checkBoostingInput(x, labels, options);
  const weights = trainingWeights(labels, options.weights, parameters.positiveWeight);
  const baseValue = logOdds(labels, weights);
  const coverWeights = options.weights ?? null;
  const block = createBoostingBlock(
    x,
    labels,
    weights,
    coverWeights,
    parameters,
    threads,
    allocate,
  );
  block.margins.fill(baseValue);
  block.scalars[SCALAR.coverUnits] = coverWeights
    ? exactUnits(coverWeights.reduce((sum, weight) => sum + weight, 0))
    : 1;
  return block;
}

/** Trains on a prepared block: what the leader of a team does. The block cannot be used again. */
export function boost(
  block: BoostingBlock,
  team: Team,
  { validation, onRound }: Pick<BoostingOptions, 'validation' | 'onRound'>,
): BoostingFit {
  const { parameters, labels, weights, growth } = block;
  const data = bin(block, team);
  const kinds = { partition: STEP.partition, build: STEP.build, find: STEP.find };
  const run = (kind: keyof typeof kinds, tasks: number, cost: number): void => {
    team.run(kinds[kind], tasks, cost);
  };
  const limits = binnedLimits(block, data);
  const grow = createGrower(data, growth, limits, team.threads, run, block.tree);
  const random = randomStream(parameters.seed);
  const baseValue = logOdds(labels, weights);
  const active = activeRows(weights);
  const rowCount = Math.max(1, Math.round(active.length * parameters.rowShare));
  const isSampled = block.inTree.length > 0;
  const columnCount = Math.min(
    data.columns,
    Math.max(1, Math.round(data.columns * parameters.columnShare)),
  );
  const builder = createForestBuilder();
  const watch = createWatch(
    validation,
    baseValue,
    parameters.earlyStoppingRounds,
    parameters.positiveWeight,
  );

  for (let round = 1; round <= parameters.rounds; round++) {
    const scale = computeGradients(block, team);
    block.scalars[SCALAR.seed] = (random() * 4294967296) | 0;
    if (isSampled) drawRows(active, growth.rows, rowCount, block.inTree, random);
    else growth.rows.set(active);
    growth.columns.set(sampleAscending(data.columns, columnCount, random));
    const total = packAll(block, team);
    const tree = grow(rowCount, columnCount, scale, total);
    const isBarren =
      tree.nodeCount === 1 && rowCount === active.length && columnCount === data.columns;
    if (isBarren && round > 1) break;
    const root = appendTree(builder, tree);
    setLeaves(block, team, tree, builder, root);
    sumCovers(builder);
    const loss = watch.afterTree(builder, root);
    if (onRound?.(round, loss) === false || watch.isOver() || isBarren) break;
  }
  const bestRound = watch.bestRound() ?? builder.treeStart.length - 1;
  const { forest, gain } = finishForest(builder, bestRound, baseValue, block.store.columns);
  return { forest, bestRound, validationLogLoss: watch.losses(), gain };
}

function bin(block: BoostingBlock, team: Team): BinnedMatrix {
  const { rows, store } = block;
  team.run(STEP.bin, columnGroups(store.columns), 20 * rows * store.columns);
  const data = layOutBins(store);
  team.run(STEP.words, blocksOf(rows), rows * data.columns);
  return data;
}

/** Rows of positive weight, ascending. */
function activeRows(weights: Float32Array): Int32Array {
  const rows = new Int32Array(weights.length);
  let count = 0;
  for (let row = 0; row < weights.length; row++) if (weights[row]! > 0) rows[count++] = row;
  return rows.subarray(0, count);
}

function drawRows(
  active: Int32Array,
  rows: Int32Array,
  count: number,
  inTree: Uint8Array,
  random: () => number,
): void {
  inTree.fill(0);
  const chosen = sampleAscending(active.length, count, random);
  for (let i = 0; i < count; i++) {
    const row = active[chosen[i]!]!;
    rows[i] = row;
    inTree[row] = 1;
  }
}

/** Gradients of all rows; the steps in which they are packed. */
function computeGradients(
  block: BoostingBlock,
  team: Team,
): { gradientStep: number; hessianStep: number } {
  const { rows, blockSums, scalars } = block;
  const blocks = blocksOf(rows);
  team.run(STEP.gradients, blocks, 10 * rows);
  const sums = { gradient: 0, hessian: 0 };
  for (let i = 0; i < blocks; i++) {
    sums.gradient += blockSums[3 * i]!;
    sums.hessian += blockSums[3 * i + 1]!;
  }
  const scale = packedScale(sums, rows);
  scalars[SCALAR.gradientStep] = scale.gradientStep;
  scalars[SCALAR.hessianStep] = scale.hessianStep;
  scalars[SCALAR.gradientUnits] = exactUnits(sums.gradient);
  scalars[SCALAR.hessianUnits] = exactUnits(sums.hessian);
  return scale;
}

/** Packs the gradients of all rows; their sum over the rows of the tree. */
function packAll(block: BoostingBlock, team: Team): number {
  const blocks = blocksOf(block.rows);
  team.run(STEP.pack, blocks, 5 * block.rows);
  let total = 0;
  for (let i = 0; i < blocks; i++) total += block.blockSums[3 * i + 2]!;
  return total;
}

/** Newton values of the leaves within their bounds, and their covers. */
function setLeaves(
  block: BoostingBlock,
  team: Team,
  tree: GrowingTree,
  builder: ForestBuilder,
  root: number,
): void {
  const { leafStart, leafValue, nodeLeaf, leafSums, scalars, rows, parameters } = block;
  const nodes = Int32Array.from({ length: tree.nodeCount }, (_, node) => node)
    .filter((node) => tree.feature[node]! < 0)
    .sort((a, b) => tree.rowStart[a]! - tree.rowStart[b]!);
  nodes.forEach((node, leaf) => {
    nodeLeaf[node] = leaf;
    leafStart[leaf] = tree.rowStart[node]!;
    leafStart[leaf + 1] = tree.rowEnd[node]!;
  });
  scalars[SCALAR.leaves] = nodes.length;
  const slices = slicesOf(block.threads);
  team.run(STEP.assign, slices, 3 * rows);
  team.run(STEP.sum, slices, 5 * rows);
  const ratio = scalars[SCALAR.gradientStep]! / scalars[SCALAR.hessianStep]!;
  nodes.forEach((node, leaf) => {
    const sums = [0, 0, 0];
    for (let slice = 0; slice < slices; slice++) {
      for (let k = 0; k < 3; k++) sums[k]! += leafSums[3 * (nodes.length * slice + leaf) + k]!;
    }
    const gradient = sums[0]! / scalars[SCALAR.gradientUnits]!;
    const hessian = sums[1]! / scalars[SCALAR.hessianUnits]! + parameters.l2;
    const lower = tree.lower[node]! * ratio;
    const upper = tree.upper[node]! * ratio;
    const value = parameters.learningRate * boundedValue(gradient, hessian, lower, upper);
    leafValue[leaf] = Math.fround(value);
    builder.nodes.value[root + node] = leafValue[leaf]!;
    builder.nodes.cover[root + node] = sums[2]! / scalars[SCALAR.coverUnits]!;
  });
}
