import { choleskyFactor } from './cholesky.js';
import type { PointMatrix } from './clustering.js';

/** Shape of the covariances: any, or axes only. */
export type MixtureCovariance = 'full' | 'diagonal';

/** Components of a Gaussian mixture, as MixtureClusterer holds them. */
export interface GaussianComponents {
  k: number;
  columns: number;
  covariance: MixtureCovariance;
  /** Shape [k], sum 1. */
  weights: Float64Array;
  /** Row-major, shape [k, columns]. */
  means: Float64Array;
  /** Inverse of the lower Cholesky factor of each covariance: row-major, shape [k, columns, columns]. */
  whitening: Float64Array;
  /** Shape [k]: log of the determinant of each covariance. */
  logDeterminants: Float64Array;
}

/** A component this far below a row's likeliest, in natural log, has no share of it: e^-50 is lost in the rounding of 1. */
const NEGLIGIBLE = 50;

/** Room for the components of a mixture, all zero. */
export function createComponents(
  k: number,
  columns: number,
  covariance: MixtureCovariance,
): GaussianComponents {
  return {
    k,
    columns,
    covariance,
    weights: new Float64Array(k),
    means: new Float64Array(k * columns),
    whitening: new Float64Array(k * columns * columns),
    logDeterminants: new Float64Array(k),
  };
}

/**
 * Expectation: `responsibility`, row-major, shape [rows, k], becomes the probability of each component given the row,
 * by log-sum-exp, 0 below e^-50 of the likeliest; returns the log-likelihood of all rows, natural log. Cost: O(rows x k x columns²), diagonal
 * O(rows x k x columns).
 */
export function writeResponsibilities(
  points: PointMatrix,
  components: GaussianComponents,
  responsibility: Float64Array,
): number {
  const { rows, columns, values } = points;
  const { k } = components;
  const constant = logConstants(components);
  const measure =
    components.covariance === 'full' ? squaredMahalanobis : squaredMahalanobisDiagonal;
  let logLikelihood = 0;
  for (let row = 0; row < rows; row++) {
    const at = row * k;
    let largest = -Infinity;
    for (let c = 0; c < k; c++) {
      // what cannot come within NEGLIGIBLE of the likeliest so far need not be measured to the end
      const most = 2 * (constant[c]! - largest + NEGLIGIBLE);
      const joint = constant[c]! - 0.5 * measure(components, c, values, row * columns, most);
      responsibility[at + c] = joint;
      if (joint > largest) largest = joint;
    }
    let sum = 0;
    for (let c = at; c < at + k; c++) {
      const below = responsibility[c]! - largest;
      const share = below < -NEGLIGIBLE ? 0 : Math.exp(below);
      responsibility[c] = share;
      sum += share;
    }
    for (let c = at; c < at + k; c++) if (responsibility[c] !== 0) responsibility[c]! /= sum;
    logLikelihood += largest + Math.log(sum);
  }
  return logLikelihood;
}

/** log weight - (columns x log 2 pi + log determinant) / 2 of each component. */
function logConstants({ k, columns, weights, logDeterminants }: GaussianComponents): Float64Array {
  return Float64Array.from(
    { length: k },
    (_, c) => Math.log(weights[c]!) - 0.5 * (columns * Math.log(2 * Math.PI) + logDeterminants[c]!),
  );
}

/** Ends early above `most`: what it returns then is above it, and too small. */
function squaredMahalanobis(
  { columns, means, whitening }: GaussianComponents,
  component: number,
  values: Float64Array,
  from: number,
  most: number,
): number {
  const mean = component * columns;
  let at = mean * columns;
  let sum = 0;
  for (let i = 0; i < columns && sum <= most; i++, at += columns) {
    let whitened = 0;
    for (let j = 0; j <= i; j++) {
      whitened += whitening[at + j]! * (values[from + j]! - means[mean + j]!);
    }
    sum += whitened * whitened;
  }
  return sum;
}

function squaredMahalanobisDiagonal(
  { columns, means, whitening }: GaussianComponents,
  component: number,
  values: Float64Array,
  from: number,
  most: number,
): number {
  const mean = component * columns;
  const start = mean * columns;
  let sum = 0;
  for (let i = 0; i < columns && sum <= most; i++) {
    const difference = values[from + i]! - means[mean + i]!;
    const whitened = whitening[start + i * (columns + 1)]! * difference;
    sum += whitened * whitened;
  }
  return sum;
}

/**
 * Maximisation: the components that fit `responsibility` best, `regularisation` added to every variance.
 * @throws RangeError when a covariance is not positive definite all the same (names component and regularisation)
 * Cost: as `writeResponsibilities`; rows that a component is not responsible for cost nothing.
 */
export function fitComponents(
  points: PointMatrix,
  components: GaussianComponents,
  responsibility: Float64Array,
  regularisation: number,
): void {
  const { rows } = points;
  const { k, weights } = components;
  weights.fill(10 * Number.EPSILON); // as scikit-learn: an empty component divides by it, not by zero
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < k; c++) weights[c]! += responsibility[row * k + c]!;
  }
  setMeans(points, components, responsibility);
  const covariances = covariancesOf(points, components, responsibility, regularisation);
  for (let c = 0; c < k; c++) setWhitening(components, c, covariances, regularisation);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (let c = 0; c < k; c++) weights[c]! /= total;
}

function setMeans(
  { rows, columns, values }: PointMatrix,
  { k, weights, means }: GaussianComponents,
  responsibility: Float64Array,
): void {
  means.fill(0);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < k; c++) {
      const share = responsibility[row * k + c]!;
      if (share === 0) continue;
      for (let j = 0; j < columns; j++) {
        means[c * columns + j]! += share * values[row * columns + j]!;
      }
    }
  }
  for (let at = 0; at < means.length; at++) means[at]! /= weights[Math.floor(at / columns)]!;
}

/** Lower triangles, shape [k, columns, columns]; about the new means, so that nothing cancels. `weights` are sums yet. */
function covariancesOf(
  { rows, columns, values }: PointMatrix,
  { k, weights, means, covariance }: GaussianComponents,
  responsibility: Float64Array,
  regularisation: number,
): Float64Array {
  const sums = new Float64Array(k * columns * columns);
  const difference = new Float64Array(columns);
  const isFull = covariance === 'full';
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < k; c++) {
      const share = responsibility[row * k + c]!;
      if (share === 0) continue;
      let at = c * columns * columns;
      for (let i = 0; i < columns; i++, at += columns) {
        const own = values[row * columns + i]! - means[c * columns + i]!;
        difference[i] = own;
        for (let j = isFull ? 0 : i; j <= i; j++) sums[at + j]! += share * own * difference[j]!;
      }
    }
  }
  for (let c = 0; c < k; c++) {
    const start = c * columns * columns;
    for (let at = start; at < start + columns * columns; at++) sums[at]! /= weights[c]!;
    for (let i = 0; i < columns; i++) sums[start + i * (columns + 1)]! += regularisation;
  }
  return sums;
}

/** Whether a pivot is what rounding leaves of its variance: true for collinear columns, whatever their sign came to. */
function isSingular(factor: Float64Array, columns: number): boolean {
  for (let i = 0; i < columns; i++) {
    let variance = 0;
    for (let j = 0; j <= i; j++) variance += factor[i * columns + j]! ** 2;
    if (factor[i * columns + i]! ** 2 < 1e-14 * variance) return true;
  }
  return false;
}

function setWhitening(
  { columns, whitening, logDeterminants }: GaussianComponents,
  component: number,
  covariances: Float64Array,
  regularisation: number,
): void {
  const size = columns * columns;
  const factor = covariances.subarray(component * size, (component + 1) * size);
  if (!choleskyFactor(factor, columns) || isSingular(factor, columns)) {
    throw new RangeError(
      `the covariance of component ${String(component)} is not positive definite with ${String(regularisation)} added to its variances: scale the columns, take fewer components or a larger regularisation`,
    );
  }
  const inverse = whitening.subarray(component * size, (component + 1) * size);
  let logDeterminant = 0;
  for (let i = 0; i < columns; i++) {
    const pivot = factor[i * columns + i]!;
    logDeterminant += 2 * Math.log(pivot);
    inverse[i * columns + i] = 1 / pivot;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let m = j; m < i; m++) sum += factor[i * columns + m]! * inverse[m * columns + j]!;
      inverse[i * columns + j] = -sum / pivot;
    }
  }
  logDeterminants[component] = logDeterminant;
}
