import type { Clustering, PointMatrix } from './clustering.js';
import {
  createComponents,
  fitComponents,
  writeResponsibilities,
  type GaussianComponents,
  type MixtureCovariance,
} from './gaussian-components.js';
import { checkBounds, type Bound } from './parameter-bounds.js';
import { checkDistinct, checkK, checkPoints, inertiaOf } from './point-checks.js';

/** How a mixture is fitted; bounds are checked by `fitGaussianMixture`. */
export interface MixtureOptions {
  covariance: MixtureCovariance;
  /** Added to every variance, 1e-12..1e6: a component on equal rows keeps this variance. */
  regularisation: number;
  /** The fit ends when the mean log-likelihood of a row changes by less, 0..1. */
  tolerance: number;
  /** 1..10,000. */
  maxIterations: number;
}

/** Those of scikit-learn. */
export const defaultMixtureOptions: MixtureOptions = {
  covariance: 'full',
  regularisation: 1e-6,
  tolerance: 1e-3,
  maxIterations: 100,
};

const bounds: Record<Exclude<keyof MixtureOptions, 'covariance'>, Bound> = {
  regularisation: { low: 1e-12, high: 1e6 },
  tolerance: { low: 0, high: 1 },
  maxIterations: { low: 1, high: 10_000, integer: true },
};

/**
 * A fitted mixture. As a clustering: each row in its most probable component (the lower number where two are equal),
 * `centers` are the means of the components; a component may be the most probable of no row.
 */
export interface MixtureFit extends Clustering, GaussianComponents {
  /** -2 x log-likelihood + parameters x log(rows): smaller is better. */
  bic: number;
  /** -2 x log-likelihood + 2 x parameters. */
  aic: number;
  /** Of all rows together, natural log, by the components as they are. */
  logLikelihood: number;
  iterations: number;
  /** False: `maxIterations` came first. */
  converged: boolean;
  /**
   * Components with a column whose variance, the others given, is below ten times the regularisation: they lie on equal
   * or collinear rows, and the likelihood that they add says little.
   */
  collapsed: Int32Array;
}

/**
 * Gaussian mixture by expectation maximisation from a first grouping of the rows, which is each row's whole
 * responsibility at the start (as scikit-learn's GaussianMixture with k-means labels; the same start gives the same
 * fit). A component that collapses onto equal rows keeps the variance of the regularisation, and its likelihood grows
 * without meaning: compare BIC with a larger regularisation where columns are discrete.
 * @param startLabels shape [rows], 0..k-1, each at least once; of k-means, say
 * @throws RangeError for points that are not finite, fewer rows or distinct rows than `k`, an option out of bounds,
 * labels that leave a component empty, a covariance that is not positive definite, or a component that dies out
 * Source: Dempster, Laird, Rubin (1977). Cost: O(iterations x rows x k x columns²), memory O(rows x k).
 */
export function fitGaussianMixture(
  points: PointMatrix,
  k: number,
  startLabels: Int32Array,
  options: MixtureOptions = defaultMixtureOptions,
): MixtureFit {
  checkPoints(points, 1);
  checkK(k, points.rows);
  checkBounds(options, bounds);
  checkDistinct(points, k);
  const responsibility = startResponsibilities(points.rows, k, startLabels);
  const components = createComponents(k, points.columns, options.covariance);
  fitComponents(points, components, responsibility, options.regularisation);
  const { iterations, converged } = iterate(points, components, responsibility, options);
  checkAlive(components, points.rows);
  const logLikelihood = writeResponsibilities(points, components, responsibility);
  const labels = mostProbable(responsibility, points.rows, k);
  const parameters = parameterCount(components);
  return {
    ...components,
    labels,
    centers: components.means,
    inertia: inertiaOf(points, labels, components.means),
    bic: -2 * logLikelihood + parameters * Math.log(points.rows),
    aic: -2 * logLikelihood + 2 * parameters,
    logLikelihood,
    iterations,
    converged,
    collapsed: collapsedOf(components, options.regularisation),
  };
}

/** The pivots of the Cholesky factors are the conditional variances. */
function collapsedOf(
  { k, columns, whitening }: GaussianComponents,
  regularisation: number,
): Int32Array {
  const isCollapsed = (component: number): boolean => {
    for (let i = 0; i < columns; i++) {
      const reciprocal = whitening[component * columns * columns + i * (columns + 1)]!;
      if (1 / reciprocal ** 2 < 10 * regularisation) return true;
    }
    return false;
  };
  return Int32Array.from({ length: k }, (_, component) => component).filter(isCollapsed);
}

function iterate(
  points: PointMatrix,
  components: GaussianComponents,
  responsibility: Float64Array,
  options: MixtureOptions,
): { iterations: number; converged: boolean } {
  let previous = -Infinity;
  for (let iterations = 1; iterations <= options.maxIterations; iterations++) {
    const bound = writeResponsibilities(points, components, responsibility) / points.rows;
    fitComponents(points, components, responsibility, options.regularisation);
    if (Math.abs(bound - previous) < options.tolerance) return { iterations, converged: true };
    previous = bound;
  }
  return { iterations: options.maxIterations, converged: false };
}

function startResponsibilities(rows: number, k: number, labels: Int32Array): Float64Array {
  if (labels.length !== rows) {
    throw new RangeError(
      `start labels must have ${String(rows)} rows, got ${String(labels.length)}`,
    );
  }
  const responsibility = new Float64Array(rows * k);
  const seen = new Uint8Array(k);
  labels.forEach((label, row) => {
    if (!(label >= 0 && label < k)) {
      throw new RangeError(
        `start labels must be 0..${String(k - 1)}, got ${String(label)} in row ${String(row)}`,
      );
    }
    responsibility[row * k + label] = 1;
    seen[label] = 1;
  });
  const empty = seen.indexOf(0);
  if (empty >= 0) throw new RangeError(`start labels leave component ${String(empty)} empty`);
  return responsibility;
}

/** A component with less than half a row says nothing of the data; its mean is noise. */
function checkAlive({ weights, k }: GaussianComponents, rows: number): void {
  const dead = weights.findIndex((weight) => weight * rows < 0.5);
  if (dead < 0) return;
  throw new RangeError(
    `component ${String(dead)} of ${String(k)} died out: it holds ${(weights[dead]! * rows).toPrecision(2)} of ${String(rows)} rows, at least 0.5 are needed; take fewer components`,
  );
}

function mostProbable(responsibility: Float64Array, rows: number, k: number): Int32Array {
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let c = 1; c < k; c++) {
      if (responsibility[row * k + c]! > responsibility[row * k + best]!) best = c;
    }
    labels[row] = best;
  }
  return labels;
}

/** Free parameters: of weights, means and covariances. */
function parameterCount({ k, columns, covariance }: GaussianComponents): number {
  const each = covariance === 'full' ? (columns * (columns + 1)) / 2 : columns;
  return k - 1 + k * columns + k * each;
}
