import { binMatrix } from './binning.js';
import { checkBoostingParameters, type BoostingParameters } from './boosting-parameters.js';
import {
  appendTree,
  createForestBuilder,
  finishForest,
  sumCovers,
  type ForestBuilder,
} from './forest-builder.js';
import type { Forest } from './forest.js';
import { createLogLossGradients, MAX_ROWS, packGradients } from './gradients.js';
import { createGrower, type GrownTree } from './grower.js';
import { logLossOfMargins } from './metrics.js';
import { addTree, leafOf } from './predictor.js';
import { randomStream, sampleAscending } from './random.js';
import type { DesignMatrix } from './table.js';

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
  /** Mean log loss on the validation part after each round; empty without one. */
  validationLogLoss: Float64Array;
  /** Total split gain of each column of the design matrix in the kept trees, shape [columns]. */
  gain: Float64Array;
}

/**
 * Gradient boosting on the binary log loss with histogram trees (Friedman 2001; Chen and Guestrin
 * 2016; Ke et al. 2017). Newton leaf values -learningRate * G / (H + l2), from float32 gradients summed
 * in float64, rounded to float32. NaN is missing and goes to the better side of each split.
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
  checkBoostingParameters(parameters);
  checkInput(x, labels, options);
  const weights = trainingWeights(labels, options.weights, parameters.positiveWeight);
  const active = activeRows(weights);
  const baseValue = logOdds(labels, weights);
  const data = binMatrix(x, parameters.maxBins);
  const grow = createGrower(data, parameters);
  const computeGradients = createLogLossGradients();
  const random = randomStream(parameters.seed);
  const gradients = new Float32Array(x.rows);
  const hessians = new Float32Array(x.rows);
  const packed = new Float64Array(x.rows);
  const margins = new Float64Array(x.rows).fill(baseValue);
  const rows = new Int32Array(Math.max(1, Math.round(active.length * parameters.rowShare)));
  const isSampled = rows.length < active.length;
  const inTree = new Uint8Array(isSampled ? x.rows : 0);
  const columnCount = Math.min(
    data.columns,
    Math.max(1, Math.round(data.columns * parameters.columnShare)),
  );
  const builder = createForestBuilder();
  const watch = createWatch(options.validation, baseValue, parameters.earlyStoppingRounds);

  for (let round = 1; round <= parameters.rounds; round++) {
    const sums = computeGradients(margins, labels, weights, gradients, hessians);
    const scale = packGradients(gradients, hessians, sums, packed, random);
    if (isSampled) drawRows(active, rows, inTree, random);
    else rows.set(active);
    const columns = sampleAscending(data.columns, columnCount, random);
    const tree = grow(rows, columns, packed, scale);
    const isBarren = tree.nodeCount === 1 && !isSampled && columnCount === data.columns;
    if (isBarren && round > 1) break;
    const root = appendTree(builder, tree);
    setLeaves(builder, root, tree, rows, gradients, hessians, margins, parameters, options.weights);
    if (isSampled) addUnsampled(builder, root, x, active, inTree, margins, options.weights);
    sumCovers(builder);
    const loss = watch.afterTree(builder, root);
    if (options.onRound?.(round, loss) === false || watch.isOver() || isBarren) break;
  }
  const bestRound = watch.bestRound() ?? builder.treeStart.length - 1;
  const { forest, gain } = finishForest(builder, bestRound, baseValue, x.columns);
  return { forest, bestRound, validationLogLoss: watch.losses(), gain };
}

function checkInput(x: DesignMatrix, labels: Uint8Array, options: BoostingOptions): void {
  const { weights, validation } = options;
  if (x.rows > MAX_ROWS) {
    throw new RangeError(`rows must be <= ${String(MAX_ROWS)}, got ${String(x.rows)}`);
  }
  checkPart('training', x, labels);
  if (weights) {
    if (weights.length !== x.rows) {
      throw new RangeError(
        `weights must have ${String(x.rows)} rows, got ${String(weights.length)}`,
      );
    }
    const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
    if (bad >= 0) {
      throw new RangeError(
        `weights must be finite and >= 0, got ${String(weights[bad])} in row ${String(bad)}`,
      );
    }
  }
  if (validation) {
    checkPart('validation', validation.x, validation.labels);
    if (validation.x.rows === 0) throw new RangeError('validation must have at least 1 row, got 0');
    if (validation.x.columns !== x.columns) {
      throw new RangeError(
        `validation must have ${String(x.columns)} columns, got ${String(validation.x.columns)}`,
      );
    }
  }
}

function checkPart(part: string, x: DesignMatrix, labels: Uint8Array): void {
  if (x.values.length !== x.rows * x.columns) {
    throw new RangeError(
      `${part} values must have rows * columns = ${String(x.rows * x.columns)} numbers, got ${String(x.values.length)}`,
    );
  }
  if (labels.length !== x.rows) {
    throw new RangeError(
      `${part} labels must have ${String(x.rows)} rows, got ${String(labels.length)}`,
    );
  }
  const bad = labels.findIndex((label) => label > 1);
  if (bad >= 0) {
    throw new RangeError(
      `${part} labels must be 0 or 1, got ${String(labels[bad])} in row ${String(bad)}`,
    );
  }
}

/** Rows of positive weight, ascending. */
function activeRows(weights: Float32Array): Int32Array {
  return Int32Array.from(weights.keys()).filter((row) => weights[row]! > 0);
}

function trainingWeights(
  labels: Uint8Array,
  weights: Float64Array | undefined,
  positiveWeight: number,
): Float32Array {
  const result = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    result[i] = (weights ? weights[i]! : 1) * (labels[i] === 1 ? positiveWeight : 1);
    if (result[i] === Infinity) {
      throw new RangeError(`weight must fit float32, got one too large in row ${String(i)}`);
    }
  }
  return result;
}

/** Log-odds of the weighted share of positives, float32. */
function logOdds(labels: Uint8Array, weights: Float32Array): number {
  let positive = 0;
  let negative = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) positive += weights[i]!;
    else negative += weights[i]!;
  }
  if (!(positive > 0 && negative > 0)) {
    const found = positive > 0 ? 'only label 1' : negative > 0 ? 'only label 0' : 'no rows';
    throw new RangeError(`labels must hold both 0 and 1 (with positive weight), got ${found}`);
  }
  return Math.fround(Math.log(positive / negative));
}

function drawRows(
  active: Int32Array,
  rows: Int32Array,
  inTree: Uint8Array,
  random: () => number,
): void {
  inTree.fill(0);
  const chosen = sampleAscending(active.length, rows.length, random);
  for (let i = 0; i < rows.length; i++) {
    const row = active[chosen[i]!]!;
    rows[i] = row;
    inTree[row] = 1;
  }
}

/** Newton values of the leaves, their covers, and the margins of the rows in them. */
function setLeaves(
  builder: ForestBuilder,
  root: number,
  tree: GrownTree,
  rows: Int32Array,
  gradients: Float32Array,
  hessians: Float32Array,
  margins: Float64Array,
  parameters: BoostingParameters,
  weights: Float64Array | undefined,
): void {
  const { value, cover } = builder.nodes;
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.feature[node]! >= 0) continue;
    const start = tree.rowStart[node]!;
    const end = tree.rowEnd[node]!;
    let gradient = 0;
    let hessian = 0;
    for (let i = start; i < end; i++) {
      gradient += gradients[rows[i]!]!;
      hessian += hessians[rows[i]!]!;
    }
    const step = Math.fround((-parameters.learningRate * gradient) / (hessian + parameters.l2));
    for (let i = start; i < end; i++) margins[rows[i]!]! += step;
    value[root + node] = step;
    cover[root + node] = weights ? sumOf(weights, rows, start, end) : end - start;
  }
}

function sumOf(weights: Float64Array, rows: Int32Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += weights[rows[i]!]!;
  return sum;
}

/** Margins and covers of the rows that the tree did not sample. */
function addUnsampled(
  builder: ForestBuilder,
  root: number,
  x: DesignMatrix,
  active: Int32Array,
  inTree: Uint8Array,
  margins: Float64Array,
  weights: Float64Array | undefined,
): void {
  const { nodes } = builder;
  for (let i = 0; i < active.length; i++) {
    const row = active[i]!;
    if (inTree[row] === 1) continue;
    const leaf = leafOf(nodes, root, x, row);
    margins[row]! += nodes.value[leaf]!;
    nodes.cover[leaf]! += weights ? weights[row]! : 1;
  }
}

interface Watch {
  /** Adds the tree to the validation margins; the mean log loss, or null without validation rows. */
  afterTree: (builder: ForestBuilder, root: number) => number | null;
  isOver: () => boolean;
  /** null unless early stopping is on. */
  bestRound: () => number | null;
  losses: () => Float64Array;
}

/** Follows the log loss on the validation part and says when it has stopped falling. */
function createWatch(
  validation: BoostingOptions['validation'],
  baseValue: number,
  patience: number,
): Watch {
  if (!validation) {
    return {
      afterTree: () => null,
      isOver: () => false,
      bestRound: () => null,
      losses: () => new Float64Array(0),
    };
  }
  const { x, labels } = validation;
  const margins = new Float64Array(x.rows).fill(baseValue);
  const losses: number[] = [];
  let best = 0;
  return {
    afterTree: (builder, root) => {
      addTree(builder.nodes, root, x, margins);
      const loss = logLossOfMargins(labels, margins);
      losses.push(loss);
      if (losses.length === 1 || loss < losses[best]!) best = losses.length - 1;
      return loss;
    },
    isOver: () => patience > 0 && losses.length - 1 - best >= patience,
    bestRound: () => (patience > 0 ? best + 1 : null),
    losses: () => Float64Array.from(losses),
  };
}
