import { sigmoid } from './metrics.js';
import type { StandardisedRows } from './standardise.js';

/** Weights of one hidden layer and one output as views of a flat vector, in this order; gradients alike. */
export interface PerceptronWeights {
  flat: Float64Array;
  /** Row-major, shape [columns, hidden]. */
  hiddenWeights: Float64Array;
  hiddenBias: Float64Array;
  outputWeights: Float64Array;
  /** Shape [1]. */
  outputBias: Float64Array;
}

/** All zero. */
export function createPerceptronWeights(columns: number, hidden: number): PerceptronWeights {
  const flat = new Float64Array(columns * hidden + 2 * hidden + 1);
  const inner = columns * hidden;
  return {
    flat,
    hiddenWeights: flat.subarray(0, inner),
    hiddenBias: flat.subarray(inner, inner + hidden),
    outputWeights: flat.subarray(inner + hidden, inner + 2 * hidden),
    outputBias: flat.subarray(inner + 2 * hidden),
  };
}

/** What the network is to learn from. */
export interface PerceptronTask {
  data: StandardisedRows;
  labels: Uint8Array;
  /** Weight of rows with label 1; those with label 0 weigh 1. */
  positiveWeight: number;
  /** Mean weight of all rows: what a batch divides by, whichever rows it holds. */
  meanWeight: number;
  /** Factor on half the squared weights (without biases) in the loss. */
  l2: number;
}

/**
 * Loss of the rows order[start..end) and its gradient: mean over them of weighted log loss / meanWeight, plus
 * l2 / 2 x sum of squared weights. Overwrites `gradient`. At 0 the slope of a rectifier counts as 0.
 * Cost: O(packed entries of the rows x hidden).
 */
export function perceptronGradient(
  weights: PerceptronWeights,
  task: PerceptronTask,
  order: Int32Array,
  start: number,
  end: number,
  gradient: PerceptronWeights,
): number {
  const { data, labels, positiveWeight } = task;
  const { column, value, rowStart } = data;
  const { hiddenWeights, outputWeights, outputBias } = weights;
  const hidden = outputWeights.length;
  const base = baseOfUnits(weights, data);
  const units = new Float64Array(hidden);
  const share = 1 / ((end - start) * task.meanWeight);
  gradient.flat.fill(0);
  let loss = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    const margin =
      outputBias[0]! + driveUnits(hiddenWeights, data, row, base, units, outputWeights);
    const label = labels[row]!;
    const weight = share * (label ? positiveWeight : 1);
    const signed = label ? -margin : margin;
    loss += weight * (Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed))));
    const residual = weight * (sigmoid(margin) - label);
    gradient.outputBias[0]! += residual;
    for (let h = 0; h < hidden; h++) {
      const unit = units[h]!;
      if (unit > 0) gradient.outputWeights[h]! += residual * unit;
      units[h] = unit > 0 ? residual * outputWeights[h]! : 0;
      gradient.hiddenBias[h]! += units[h]!;
    }
    for (let at = rowStart[row]!; at < rowStart[row + 1]!; at++) {
      const first = column[at]! * hidden;
      const entry = value[at]!;
      for (let h = 0; h < hidden; h++) gradient.hiddenWeights[first + h]! += entry * units[h]!;
    }
  }
  takeOutShifts(gradient, data);
  return loss + addDecay(weights, gradient, task.l2);
}

/** Margins (log-odds) of all rows, shape [rows]. Cost: O(packed entries x hidden). */
export function perceptronMarginsAt(
  weights: Omit<PerceptronWeights, 'flat'>,
  data: StandardisedRows,
): Float64Array {
  const base = baseOfUnits(weights, data);
  const units = new Float64Array(base.length);
  const { hiddenWeights, outputWeights, outputBias } = weights;
  return Float64Array.from(
    { length: data.rows },
    (_, row) => outputBias[0]! + driveUnits(hiddenWeights, data, row, base, units, outputWeights),
  );
}

/** What every row starts from: biases less the shifts that packing added (see StandardisedRows). */
function baseOfUnits(
  { hiddenWeights, hiddenBias }: Omit<PerceptronWeights, 'flat'>,
  data: StandardisedRows,
): Float64Array {
  const base = Float64Array.from(hiddenBias);
  const hidden = base.length;
  for (let j = 0; j < data.columns; j++) {
    const shift = data.shift[j]!;
    if (shift === 0) continue;
    for (let h = 0; h < hidden; h++) base[h]! -= shift * hiddenWeights[j * hidden + h]!;
  }
  return base;
}

/** Fills `units` before their rectifiers and returns what they add to the margin after. */
function driveUnits(
  hiddenWeights: Float64Array,
  data: StandardisedRows,
  row: number,
  base: Float64Array,
  units: Float64Array,
  outputWeights: Float64Array,
): number {
  const { column, value, rowStart } = data;
  const hidden = units.length;
  units.set(base);
  const end = rowStart[row + 1]!;
  for (let at = rowStart[row]!; at < end; at++) {
    const first = column[at]! * hidden;
    const entry = value[at]!;
    for (let h = 0; h < hidden; h++) units[h]! += entry * hiddenWeights[first + h]!;
  }
  let sum = 0;
  for (let h = 0; h < hidden; h++) if (units[h]! > 0) sum += outputWeights[h]! * units[h]!;
  return sum;
}

/** From derivatives by the packed values to those by the standardised ones. */
function takeOutShifts({ hiddenWeights, hiddenBias }: PerceptronWeights, data: StandardisedRows) {
  const hidden = hiddenBias.length;
  for (let j = 0; j < data.columns; j++) {
    const shift = data.shift[j]!;
    if (shift === 0) continue;
    for (let h = 0; h < hidden; h++) hiddenWeights[j * hidden + h]! -= shift * hiddenBias[h]!;
  }
}

/** Adds the penalty's derivative and returns the penalty. */
function addDecay(weights: PerceptronWeights, gradient: PerceptronWeights, l2: number): number {
  let squares = 0;
  for (const layer of ['hiddenWeights', 'outputWeights'] as const) {
    const values = weights[layer];
    const slopes = gradient[layer];
    for (let i = 0; i < values.length; i++) {
      squares += values[i]! * values[i]!;
      slopes[i]! += l2 * values[i]!;
    }
  }
  return (l2 / 2) * squares;
}
