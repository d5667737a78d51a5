import { minimiseElasticQuadratic, type ElasticPenalty } from './coordinate-descent.js';
import {
  fillMargins,
  startingPoint,
  weightsOfRows,
  type LogisticFit,
  type LogisticOptions,
} from './logistic.js';
import { checkBounds, type Bound } from './parameter-bounds.js';
import type { StandardisedRows } from './standardise.js';

export interface LogisticL1Parameters {
  /** Inverse strength of the penalty, > 0. */
  c: number;
  /** Share of the L1 penalty, 0 (ridge) to 1 (lasso). */
  l1Ratio: number;
  /** Weight of a positive row, > 0; a negative one weighs 1. */
  positiveWeight: number;
  /** Newton steps at most, 1..10,000. */
  maxIterations: number;
}

export const defaultLogisticL1Parameters: LogisticL1Parameters = {
  c: 1,
  l1Ratio: 1,
  positiveWeight: 1,
  maxIterations: 200,
};

/** A fit whose `largestGradient` is the largest violation of the optimality conditions. */
export interface LogisticL1Fit extends LogisticFit {
  /** Columns whose weight is not exactly 0. */
  nonZero: number;
}

const bounds: Record<keyof LogisticL1Parameters, Bound> = {
  c: { low: 0, high: 1e12, open: true },
  l1Ratio: { low: 0, high: 1 },
  positiveWeight: { low: 0, high: 1e9, open: true },
  maxIterations: { low: 1, high: 10_000, integer: true },
};

/** Columns that may join in one step: those that violate their condition most. */
const MOST_JOINING = 200;

/**
 * Elastic-net logistic regression: minimises (1 - l1Ratio) / 2 * ||w||^2 + l1Ratio * ||w||_1 + c * sum of weighted log losses;
 * the intercept is not penalised. `fitLogistic` with some weights exactly 0; with l1Ratio 0 it has the same minimum.
 * Each step minimises the quadratic approximation over the active columns (weights that are not 0, and those that
 * violate their condition) by coordinate descent, then halves the step until the objective falls enough (Armijo).
 * Stops when no optimality condition is violated by more than 1e-9 x (c x total weight), or when float64 can
 * lower the objective no further.
 * @param labels 0 or 1, shape [rows], both must occur
 * @param options.start a fit of the same columns to start from, e.g. of a neighbouring `c`
 * @throws RangeError for a parameter out of bounds, lengths that differ, one class only, or a value that is not finite
 * Source: Yuan, Ho, Lin, An Improved GLMNET for L1-regularized Logistic Regression (2012).
 * Cost per step: the sum of squared row lengths in the active columns + active^2 a sweep.
 */
export function fitLogisticL1(
  data: StandardisedRows,
  labels: Uint8Array,
  parameters: LogisticL1Parameters,
  options: LogisticOptions = {},
): LogisticL1Fit {
  checkBounds(parameters, bounds);
  const rowWeights = weightsOfRows(data, labels, parameters, options.weights);
  const penalty = { ridge: 1 - parameters.l1Ratio, lasso: parameters.l1Ratio };
  const tolerance = 1e-9 * rowWeights.reduce((sum, weight) => sum + weight, 0);
  const beta = startingPoint(data, labels, rowWeights, options.start);
  const state = createState(data, labels, rowWeights);
  let objective = fillState(state, beta, penalty);
  let iterations = 0;
  let violation = Infinity;
  for (;;) {
    const violations = violationsAt(state.gradient, beta, penalty);
    violation = violations.reduce((top, value) => Math.max(top, value), 0);
    if (violation <= tolerance || iterations === parameters.maxIterations) break;
    iterations++;
    const active = activeColumns(beta, violations, tolerance);
    const target = minimiseElasticQuadratic(
      activeHessian(state, active),
      Float64Array.from(active, (j) => state.gradient[j]!),
      Float64Array.from(active, (j) => beta[j]!),
      penalty,
      Math.max(0.1 * tolerance, 1e-4 * violation),
    );
    const next = descend(state, beta, active, target, penalty, objective);
    if (next === null) break;
    objective = next;
  }
  const weights = beta.slice(0, data.columns);
  return {
    weights,
    intercept: beta[data.columns]!,
    objective,
    largestGradient: violation,
    iterations,
    nonZero: weights.reduce((count, weight) => count + (weight === 0 ? 0 : 1), 0),
  };
}

/** Margins and what follows from them at the present weights; the intercept is the last column. */
interface State {
  data: StandardisedRows;
  labels: Uint8Array;
  rowWeights: Float64Array;
  margins: Float64Array;
  curvatures: Float64Array;
  /** Of the log losses alone, without the penalty; shape [columns + 1]. */
  gradient: Float64Array;
}

function createState(data: StandardisedRows, labels: Uint8Array, rowWeights: Float64Array): State {
  return {
    data,
    labels,
    rowWeights,
    margins: new Float64Array(data.rows),
    curvatures: new Float64Array(data.rows),
    gradient: new Float64Array(data.columns + 1),
  };
}

/** Brings the state to `beta` and returns the objective there. */
function fillState(state: State, beta: Float64Array, penalty: ElasticPenalty): number {
  const { data, labels, rowWeights, margins, curvatures, gradient } = state;
  fillMargins(beta, data, margins);
  gradient.fill(0);
  let total = 0;
  for (let i = 0; i < data.rows; i++) {
    const probability = 1 / (1 + Math.exp(-margins[i]!));
    const residual = rowWeights[i]! * (probability - labels[i]!);
    curvatures[i] = rowWeights[i]! * probability * (1 - probability);
    total += residual;
    const end = data.rowStart[i + 1]!;
    for (let at = data.rowStart[i]!; at < end; at++)
      gradient[data.column[at]!]! += residual * data.value[at]!;
  }
  for (let j = 0; j < data.columns; j++) gradient[j]! -= total * data.shift[j]!;
  gradient[data.columns] = total;
  return lossAt(state, margins) + penaltyAt(beta, penalty);
}

function lossAt({ labels, rowWeights }: State, margins: Float64Array): number {
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const signed = labels[i] ? -margins[i]! : margins[i]!;
    loss += rowWeights[i]! * (Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed))));
  }
  return loss;
}

function penaltyAt(beta: Float64Array, { ridge, lasso }: ElasticPenalty): number {
  let sum = 0;
  for (let j = 0; j < beta.length - 1; j++)
    sum += (ridge / 2) * beta[j]! * beta[j]! + lasso * Math.abs(beta[j]!);
  return sum;
}

/** How far each coordinate is from its Karush-Kuhn-Tucker condition, >= 0. */
function violationsAt(
  gradient: Float64Array,
  beta: Float64Array,
  { ridge, lasso }: ElasticPenalty,
): Float64Array {
  return gradient.map((loss, j) => {
    if (j === beta.length - 1) return Math.abs(loss);
    const slope = loss + ridge * beta[j]!;
    if (beta[j] === 0) return Math.max(0, Math.abs(slope) - lasso);
    return Math.abs(slope + lasso * Math.sign(beta[j]!));
  });
}

/** Columns to work on, ascending, the intercept last. */
function activeColumns(
  beta: Float64Array,
  violations: Float64Array,
  tolerance: number,
): Int32Array {
  const last = beta.length - 1;
  const columns = Int32Array.from(beta.keys());
  const joining = columns
    .filter((j) => j < last && beta[j] === 0 && violations[j]! > tolerance / 2)
    .sort((a, b) => violations[b]! - violations[a]! || a - b)
    .subarray(0, MOST_JOINING);
  const joins = new Set(joining);
  return columns.filter((j) => j === last || beta[j] !== 0 || joins.has(j));
}

/** Second derivatives of the log losses in the active coordinates, both triangles; see `differentiate` of fitLogistic. */
function activeHessian(state: State, active: Int32Array): Float64Array {
  const { data, curvatures } = state;
  const { column, value, shift, rowStart } = data;
  const size = active.length;
  const last = size - 1;
  const position = new Int32Array(data.columns).fill(-1);
  for (let k = 0; k < last; k++) position[active[k]!] = k;
  const hessian = new Float64Array(size * size);
  const places = new Int32Array(size);
  const values = new Float64Array(size);
  for (let i = 0; i < data.rows; i++) {
    let count = 0;
    const end = rowStart[i + 1]!;
    for (let at = rowStart[i]!; at < end; at++) {
      const place = position[column[at]!]!;
      if (place < 0) continue;
      places[count] = place;
      values[count++] = value[at]!;
    }
    places[count] = last;
    values[count++] = 1;
    for (let a = 0; a < count; a++) {
      const weighted = curvatures[i]! * values[a]!;
      const row = places[a]! * size;
      for (let b = 0; b <= a; b++) hessian[row + places[b]!]! += weighted * values[b]!;
    }
  }
  const total = hessian[last * size + last]!;
  for (let a = 0; a < last; a++) {
    const shiftA = shift[active[a]!]!;
    for (let b = 0; b <= a; b++) {
      const shiftB = shift[active[b]!]!;
      hessian[a * size + b]! +=
        shiftA * (total * shiftB - hessian[last * size + b]!) - hessian[last * size + a]! * shiftB;
    }
  }
  for (let a = 0; a < last; a++) hessian[last * size + a]! -= total * shift[active[a]!]!;
  for (let a = 0; a < size; a++)
    for (let b = 0; b < a; b++) hessian[b * size + a] = hessian[a * size + b]!;
  return hessian;
}

/**
 * Moves `beta` and the state towards `target` by the first of 1, 1/2, 1/4, ... that lowers the objective by 1 % of what the
 * slope promises. The new objective, or null (both as before) if none does.
 */
function descend(
  state: State,
  beta: Float64Array,
  active: Int32Array,
  target: Float64Array,
  penalty: ElasticPenalty,
  objective: number,
): number | null {
  const { data, gradient, margins } = state;
  const direction = new Float64Array(beta.length);
  active.forEach((j, k) => (direction[j] = target[k]! - beta[j]!));
  const goal = Float64Array.from(beta);
  active.forEach((j, k) => (goal[j] = target[k]!));
  const promised = active.reduce(
    (sum, j) => sum + gradient[j]! * direction[j]!,
    penaltyAt(goal, penalty) - penaltyAt(beta, penalty),
  );
  const slopes = fillMargins(direction, data, new Float64Array(data.rows));
  const next = new Float64Array(beta.length);
  const moved = new Float64Array(data.rows);
  for (let share = 1; share > 1e-6; share /= 2) {
    // The whole step takes the target itself, so that zeros stay exact.
    for (let j = 0; j < beta.length; j++)
      next[j] = share === 1 ? goal[j]! : beta[j]! + share * direction[j]!;
    for (let i = 0; i < data.rows; i++) moved[i] = margins[i]! + share * slopes[i]!;
    const value = lossAt(state, moved) + penaltyAt(next, penalty);
    if (value < objective && value <= objective + 0.01 * share * promised) {
      beta.set(next);
      return fillState(state, beta, penalty);
    }
  }
  return null;
}
