import { choleskyFactor, choleskySolve } from './cholesky.js';
import { checkLabels, requireBothClasses } from './labelled-rows.js';
import { checkStandardised, type StandardisedRows } from './standardise.js';

export interface LogisticParameters {
  /** Inverse strength of the L2 penalty, > 0. */
  c: number;
  /** Weight of a positive row; a negative one weighs 1. */
  positiveWeight: number;
  maxIterations: number;
}

export const defaultLogisticParameters: LogisticParameters = {
  c: 1,
  positiveWeight: 1,
  maxIterations: 100,
};

export interface LogisticFit {
  /** One weight a standardised column; 0 for a constant column. */
  weights: Float64Array;
  intercept: number;
  objective: number;
  /** Largest absolute partial derivative at the end. */
  largestGradient: number;
  iterations: number;
}

export interface LogisticOptions {
  /** Row weights, finite and >= 0, shape [rows]; all 1 if absent. */
  weights?: Float64Array;
  /** A fit of the same columns to start from, e.g. of a neighbouring `c`. */
  start?: Pick<LogisticFit, 'weights' | 'intercept'>;
}

/**
 * L2-penalised logistic regression: minimises 0.5 ||w||^2 + c * sum of weighted log losses by Newton's
 * method with step halving; the intercept is not penalised, so the minimum is unique and exists even for
 * separable classes. Stops when no partial derivative exceeds 1e-11 x (c x total weight), or when float64
 * can lower the objective no further.
 * @param labels 0 or 1, shape [rows], both must occur
 * @throws RangeError if lengths differ, a class is missing, c or positiveWeight is not positive, or a value is
 * not finite
 * Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), 4.4.1.
 * Cost per iteration: the sum of squared row lengths (zeros of one-hot columns cost nothing) + columns^3 / 6.
 */
export function fitLogistic(
  data: StandardisedRows,
  labels: Uint8Array,
  parameters: LogisticParameters,
  options: LogisticOptions = {},
): LogisticFit {
  const rowWeights = weightsOfRows(data, labels, parameters, options.weights);
  const size = data.columns + 1;
  const totalWeight = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const tolerance = 1e-11 * totalWeight;
  let beta = startingPoint(data, labels, rowWeights, options.start);
  const margins = new Float64Array(data.rows);
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  let objective = objectiveAt(beta, data, labels, rowWeights, margins);
  let iterations = 0;
  for (;;) {
    differentiate(beta, data, labels, rowWeights, margins, gradient, hessian);
    if (largest(gradient) <= tolerance || iterations === parameters.maxIterations) break;
    iterations++;
    const step = Float64Array.from(gradient);
    if (!choleskyFactor(hessian, size)) break;
    choleskySolve(hessian, size, step);
    const next = descend(beta, step, objective, data, labels, rowWeights, margins);
    if (!next) break;
    ({ beta, objective } = next);
  }
  return {
    weights: beta.subarray(0, data.columns),
    intercept: beta[data.columns]!,
    objective,
    largestGradient: largest(gradient),
    iterations,
  };
}

/** Margins (log-odds) of standardised rows, shape [rows]. Cost: O(packed entries). */
export function marginsOf(fit: LogisticFit, data: StandardisedRows): Float64Array {
  const beta = new Float64Array(data.columns + 1);
  beta.set(fit.weights);
  beta[data.columns] = fit.intercept;
  return fillMargins(beta, data, new Float64Array(data.rows));
}

/**
 * Row weight x class weight x c: the penalty's own weight is 1.
 * @throws RangeError as `fitLogistic` says
 */
export function weightsOfRows(
  data: StandardisedRows,
  labels: Uint8Array,
  parameters: Pick<LogisticParameters, 'c' | 'positiveWeight'>,
  weights: Float64Array | undefined,
): Float64Array {
  for (const name of ['c', 'positiveWeight'] as const) {
    const value = parameters[name];
    if (!(value > 0 && value < Infinity))
      throw new RangeError(`${name} must be > 0 and finite, got ${String(value)}`);
  }
  checkLabels('training', data.rows, labels);
  requireBothClasses(labels);
  checkRowWeights(data.rows, weights);
  checkStandardised(data);
  return Float64Array.from(
    labels,
    (label, i) => parameters.c * (weights?.[i] ?? 1) * (label ? parameters.positiveWeight : 1),
  );
}

function checkRowWeights(rows: number, weights: Float64Array | undefined): void {
  if (!weights) return;
  if (weights.length !== rows)
    throw new RangeError(`weights must have ${String(rows)} rows, got ${String(weights.length)}`);
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0)
    throw new RangeError(
      `weights must be finite and >= 0, got ${String(weights[bad])} in row ${String(bad)}`,
    );
}

/** The given start, or weights 0 and the log-odds of the weighted share of positives; the intercept comes last. */
export function startingPoint(
  data: StandardisedRows,
  labels: Uint8Array,
  rowWeights: Float64Array,
  start: LogisticOptions['start'],
): Float64Array {
  const beta = new Float64Array(data.columns + 1);
  if (start) {
    if (start.weights.length !== data.columns)
      throw new RangeError(
        `start must have ${String(data.columns)} weights, got ${String(start.weights.length)}`,
      );
    beta.set(start.weights);
    beta[data.columns] = start.intercept;
    return beta;
  }
  let positive = 0;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    total += rowWeights[i]!;
    if (labels[i]) positive += rowWeights[i]!;
  }
  if (!(positive > 0 && positive < total))
    throw new RangeError('labels must hold both 0 and 1 with a weight above 0');
  beta[data.columns] = Math.log(positive / (total - positive));
  return beta;
}

/** Fills `margins` at `beta` and returns the objective. */
function objectiveAt(
  beta: Float64Array,
  data: StandardisedRows,
  labels: Uint8Array,
  rowWeights: Float64Array,
  margins: Float64Array,
): number {
  fillMargins(beta, data, margins);
  let objective = 0;
  for (let j = 0; j < data.columns; j++) objective += (beta[j]! * beta[j]!) / 2;
  for (let i = 0; i < data.rows; i++) {
    const signed = labels[i] ? -margins[i]! : margins[i]!;
    objective += rowWeights[i]! * (Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed))));
  }
  return objective;
}

/** Margins at `beta` (intercept last) into `margins`, which is returned. Cost: O(packed entries). */
export function fillMargins(
  beta: Float64Array,
  data: StandardisedRows,
  margins: Float64Array,
): Float64Array {
  let constant = beta[data.columns]!;
  for (let j = 0; j < data.columns; j++) constant -= beta[j]! * data.shift[j]!;
  for (let i = 0; i < data.rows; i++) {
    let margin = constant;
    const end = data.rowStart[i + 1]!;
    for (let at = data.rowStart[i]!; at < end; at++)
      margin += beta[data.column[at]!]! * data.value[at]!;
    margins[i] = margin;
  }
  return margins;
}

/**
 * Gradient and lower Hessian from the margins. Sums run over the packed values v = z + shift; the
 * shifts are taken out at the end: Z'WZ = V'WV - shift (V'W1)' - (V'W1) shift' + (1'W1) shift shift'.
 */
function differentiate(
  beta: Float64Array,
  data: StandardisedRows,
  labels: Uint8Array,
  rowWeights: Float64Array,
  margins: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const { columns, column, value, shift, rowStart } = data;
  const size = columns + 1;
  gradient.fill(0);
  hessian.fill(0);
  for (let i = 0; i < data.rows; i++) {
    const probability = 1 / (1 + Math.exp(-margins[i]!));
    const residual = rowWeights[i]! * (probability - labels[i]!);
    const curvature = rowWeights[i]! * probability * (1 - probability);
    const end = rowStart[i + 1]!;
    gradient[columns]! += residual;
    hessian[columns * size + columns]! += curvature;
    for (let a = rowStart[i]!; a < end; a++) {
      const row = column[a]! * size;
      const weighted = curvature * value[a]!;
      gradient[column[a]!]! += residual * value[a]!;
      hessian[columns * size + column[a]!]! += weighted;
      for (let b = rowStart[i]!; b <= a; b++) hessian[row + column[b]!]! += weighted * value[b]!;
    }
  }
  const total = hessian[columns * size + columns]!;
  const last = columns * size;
  for (let j = 0; j < columns; j++) {
    gradient[j]! += beta[j]! - gradient[columns]! * shift[j]!;
    for (let k = 0; k <= j; k++)
      hessian[j * size + k]! +=
        shift[j]! * (total * shift[k]! - hessian[last + k]!) - hessian[last + j]! * shift[k]!;
    hessian[j * size + j]! += 1;
  }
  for (let j = 0; j < columns; j++) hessian[last + j]! -= total * shift[j]!;
}

/** Halves the Newton step until the objective falls; null if it cannot fall any more. */
function descend(
  beta: Float64Array,
  step: Float64Array,
  objective: number,
  data: StandardisedRows,
  labels: Uint8Array,
  rowWeights: Float64Array,
  margins: Float64Array,
): { beta: Float64Array; objective: number } | null {
  for (let share = 1; share > 1e-6; share /= 2) {
    const next = beta.map((value, j) => value - share * step[j]!);
    const nextObjective = objectiveAt(next, data, labels, rowWeights, margins);
    if (nextObjective < objective) return { beta: next, objective: nextObjective };
  }
  objectiveAt(beta, data, labels, rowWeights, margins);
  return null;
}

function largest(values: Float64Array): number {
  return values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
}
