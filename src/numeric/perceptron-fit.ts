import { checkLabels, requireBothClasses } from './labelled-rows.js';
import { weightedLogLossOfMargins } from './metrics.js';
import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';
import {
  createPerceptronWeights,
  perceptronGradient,
  perceptronMarginsAt,
  type PerceptronTask,
  type PerceptronWeights,
} from './perceptron-fit-gradient.js';
import { normalVariate } from './random-variates.js';
import { randomStream } from './random.js';
import { checkStandardised, type StandardisedRows } from './standardise.js';

/** How a perceptron is trained; every bound is checked by `fitPerceptron`. */
export interface PerceptronParameters {
  /** Units of the one hidden layer, 4..64. */
  hidden: number;
  /** Step size of Adam, > 0..1. */
  learningRate: number;
  /** Rows of a step, 1..65,536. */
  batchRows: number;
  /** Passes over the rows at most, 1..10,000. */
  epochs: number;
  /** Epochs without a better validation log loss after which training stops; 0 = never. */
  patience: number;
  /** Factor on half the squared weights in the mean loss, >= 0. */
  l2: number;
  /** Weight of rows with label 1, > 0; those with label 0 weigh 1. */
  positiveWeight: number;
  /** Seed of first weights and of the order of rows, integer 0..2^32-1. */
  seed: number;
}

/** Sound start for a few thousand rows. */
export const defaultPerceptronParameters: PerceptronParameters = {
  hidden: 16,
  learningRate: 0.003,
  batchRows: 64,
  epochs: 100,
  patience: 8,
  l2: 0.001,
  positiveWeight: 1,
  seed: 1,
};

const bounds: Record<keyof PerceptronParameters, Bound> = {
  hidden: { low: 4, high: 64, integer: true },
  learningRate: { low: 0, high: 1, open: true },
  batchRows: { low: 1, high: 65_536, integer: true },
  epochs: { low: 1, high: 10_000, integer: true },
  patience: { low: 0, high: 10_000, integer: true },
  l2: { low: 0, high: 1e6 },
  positiveWeight: { low: 0, high: 1e9, open: true },
  seed: seedBound,
};

/** What else training may look at. */
export interface PerceptronOptions {
  /** Rows that only decide when to stop, standardised as the training rows are; never the test part. */
  validation?: { data: StandardisedRows; labels: Uint8Array };
  /** Called after each epoch (1-based); returning false ends training. */
  onEpoch?: (epoch: number, validationLogLoss: number | null) => boolean | void;
}

/** A trained network: margin = outputBias + sum over units of outputWeights * max(0, z . hiddenWeights + hiddenBias). */
export interface PerceptronFit {
  /** Of standardised columns z; row-major, shape [columns, hidden]. */
  hiddenWeights: Float64Array;
  hiddenBias: Float64Array;
  outputWeights: Float64Array;
  outputBias: number;
  /** Mean log loss on the validation part after each epoch, weighted as in training; empty without one. */
  validationLogLoss: Float64Array;
  /** Epochs behind the weights: that of the lowest validation log loss, all of them without a validation part. */
  epochs: number;
}

/**
 * Multilayer perceptron with one hidden layer of rectifiers, trained on the weighted log loss plus l2 / 2 * ||weights||^2
 * by Adam (Kingma and Ba, 2015; beta 0.9 and 0.999, epsilon 1e-8) in batches of rows shuffled anew each epoch.
 * First weights are normal with variance 2 / inputs (He et al., 2015), biases 0, the output's bias the log-odds
 * of the weighted share of positives. The same input and seed give the same weights, bit for bit.
 * @param labels 0 or 1, shape [rows], both must occur
 * @throws RangeError for a parameter out of bounds, lengths that differ, one class only, a value that is not finite,
 * or a validation part without rows or with other columns. Constant and all-missing columns are 0 and change nothing.
 * Cost: about 4 * epochs * packed entries * hidden additions.
 */
export function fitPerceptron(
  train: StandardisedRows,
  labels: Uint8Array,
  parameters: PerceptronParameters,
  options: PerceptronOptions = {},
): PerceptronFit {
  checkBounds(parameters, bounds);
  checkTraining(train, labels);
  if (options.validation) checkValidation(train, options.validation);
  const random = randomStream(parameters.seed);
  const task = taskOf(train, labels, parameters);
  const weights = firstWeights(task, parameters.hidden, random);
  const adam = createAdam(weights.flat.length, parameters.learningRate);
  const gradient = createPerceptronWeights(train.columns, parameters.hidden);
  const order = Int32Array.from({ length: train.rows }, (_, row) => row);
  const watch = createWatch(weights, task, options.validation);
  for (let epoch = 1; epoch <= parameters.epochs; epoch++) {
    shuffle(order, random);
    for (let start = 0; start < train.rows; start += parameters.batchRows) {
      const end = Math.min(train.rows, start + parameters.batchRows);
      perceptronGradient(weights, task, order, start, end, gradient);
      adam(weights.flat, gradient.flat);
    }
    const loss = watch.afterEpoch();
    if (options.onEpoch?.(epoch, loss) === false || watch.isOver(parameters.patience)) break;
  }
  return watch.finish();
}

/** Margins (log-odds) of standardised rows, shape [rows]. Cost: O(packed entries x hidden). */
export function marginsOfPerceptron(
  fit: Pick<PerceptronFit, 'hiddenWeights' | 'hiddenBias' | 'outputWeights' | 'outputBias'>,
  data: StandardisedRows,
): Float64Array {
  return perceptronMarginsAt({ ...fit, outputBias: Float64Array.of(fit.outputBias) }, data);
}

function checkTraining(train: StandardisedRows, labels: Uint8Array): void {
  checkLabels('training', train.rows, labels);
  requireBothClasses(labels);
  checkStandardised(train);
}

function checkValidation(
  train: StandardisedRows,
  { data, labels }: NonNullable<PerceptronOptions['validation']>,
): void {
  checkLabels('validation', data.rows, labels);
  if (data.rows === 0) throw new RangeError('validation must have at least 1 row, got 0');
  if (data.columns !== train.columns) {
    throw new RangeError(
      `validation must have ${String(train.columns)} columns, got ${String(data.columns)}`,
    );
  }
  checkStandardised(data);
}

function taskOf(
  data: StandardisedRows,
  labels: Uint8Array,
  { positiveWeight, l2 }: PerceptronParameters,
): PerceptronTask {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const meanWeight = (labels.length - positives + positiveWeight * positives) / labels.length;
  return { data, labels, positiveWeight, meanWeight, l2 };
}

function firstWeights(
  { data, labels, positiveWeight }: PerceptronTask,
  hidden: number,
  random: () => number,
): PerceptronWeights {
  const weights = createPerceptronWeights(data.columns, hidden);
  const { hiddenWeights, outputWeights, outputBias } = weights;
  const inner = Math.sqrt(2 / Math.max(1, data.columns));
  const outer = Math.sqrt(2 / hidden);
  for (let i = 0; i < hiddenWeights.length; i++) hiddenWeights[i] = normalVariate(random, 0, inner);
  for (let h = 0; h < hidden; h++) outputWeights[h] = normalVariate(random, 0, outer);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  outputBias[0] = Math.log((positiveWeight * positives) / (labels.length - positives));
  return weights;
}

/** One step of Adam on flat weights; keeps its moments. */
function createAdam(
  size: number,
  learningRate: number,
): (weights: Float64Array, gradient: Float64Array) => void {
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  let meanLeft = 1;
  let squareLeft = 1;
  return (weights, gradient) => {
    meanLeft *= 0.9;
    squareLeft *= 0.999;
    const step = learningRate / (1 - meanLeft);
    const unbias = 1 / (1 - squareLeft);
    for (let i = 0; i < size; i++) {
      const slope = gradient[i]!;
      const m = (mean[i] = 0.9 * mean[i]! + 0.1 * slope);
      const v = (square[i] = 0.999 * square[i]! + 0.001 * slope * slope);
      weights[i]! -= (step * m) / (Math.sqrt(v * unbias) + 1e-8);
    }
  };
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    const row = order[i]!;
    order[i] = order[other]!;
    order[other] = row;
  }
}

interface Watch {
  /** The validation log loss now, or null without validation rows. */
  afterEpoch: () => number | null;
  isOver: (patience: number) => boolean;
  /** The weights of the best epoch. */
  finish: () => PerceptronFit;
}

/** Follows the validation log loss and keeps the weights of its lowest point. */
function createWatch(
  weights: PerceptronWeights,
  task: PerceptronTask,
  validation: PerceptronOptions['validation'],
): Watch {
  const best = Float64Array.from(weights.flat);
  const losses: number[] = [];
  let lowest = Infinity;
  let bestEpoch = 0;
  let epochs = 0;
  return {
    afterEpoch: () => {
      epochs++;
      if (!validation) return null;
      const margins = perceptronMarginsAt(weights, validation.data);
      const loss = weightedLogLossOfMargins(validation.labels, margins, task.positiveWeight);
      losses.push(loss);
      if (loss < lowest || bestEpoch === 0) {
        lowest = loss;
        bestEpoch = epochs;
        best.set(weights.flat);
      }
      return loss;
    },
    isOver: (patience) =>
      validation !== undefined && patience > 0 && epochs - bestEpoch >= patience,
    finish: () => {
      if (validation) weights.flat.set(best);
      return {
        hiddenWeights: weights.hiddenWeights.slice(),
        hiddenBias: weights.hiddenBias.slice(),
        outputWeights: weights.outputWeights.slice(),
        outputBias: weights.outputBias[0]!,
        validationLogLoss: Float64Array.from(losses),
        epochs: validation ? bestEpoch : epochs,
      };
    },
  };
}
