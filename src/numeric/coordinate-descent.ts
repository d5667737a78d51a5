import { choleskyFactor, choleskySolve } from './cholesky.js';

/** ridge / 2 * sum of w^2 + lasso * sum of |w| over all coordinates but the last, the intercept. */
export interface ElasticPenalty {
  ridge: number;
  lasso: number;
}

const MAX_SWEEPS = 1000;
/** Sweeps after which Newton steps on the coordinates that are not 0 are tried: correlated columns make sweeps slow. */
const SWEEPS_OF_PATIENCE = 20;
/** Newton steps in a row, each of which sets a coordinate to 0. */
const MOST_WALKS = 50;

/**
 * Minimises gradient . (w - start) + (w - start)' hessian (w - start) / 2 + penalty(w) by cyclic coordinate descent with
 * soft thresholds (Friedman, Hastie, Tibshirani, Regularization Paths for Generalized Linear Models via Coordinate
 * Descent, 2010): after each full sweep only the coordinates that are not 0 are swept until they rest. Zeros are exact.
 * @param hessian symmetric, positive semi-definite, both triangles, row-major, shape [n, n]
 * @param tolerance stops when no coordinate of a full sweep moves by more than this / its curvature
 * Cost: O(n^2) a sweep.
 */
export function minimiseElasticQuadratic(
  hessian: Float64Array,
  gradient: Float64Array,
  start: Float64Array,
  penalty: ElasticPenalty,
  tolerance: number,
): Float64Array {
  const n = start.length;
  const w = Float64Array.from(start);
  const slope = Float64Array.from(gradient);

  const move = (j: number, to: number): void => {
    const step = to - w[j]!;
    if (step === 0) return;
    w[j] = to;
    for (let k = 0, at = j * n; k < n; k++, at++) slope[k]! += step * hessian[at]!;
  };

  /** Largest move x curvature of one sweep. */
  const sweep = (all: boolean): number => {
    let largest = 0;
    for (let j = 0; j < n; j++) {
      if (!all && w[j] === 0) continue;
      const own = hessian[j * n + j]!;
      const isIntercept = j === n - 1;
      const curvature = own + (isIntercept ? 0 : penalty.ridge);
      if (!(curvature > 0)) continue;
      const pull = own * w[j]! - slope[j]!;
      const to = (isIntercept ? pull : softThreshold(pull, penalty.lasso)) / curvature;
      largest = Math.max(largest, Math.abs(to - w[j]!) * curvature);
      move(j, to);
    }
    return largest;
  };

  for (let sweeps = 1, all = true; sweeps <= MAX_SWEEPS; sweeps++) {
    const largest = sweep(all);
    if (largest <= tolerance) {
      if (all) break;
      all = true;
    } else all = false;
    if (sweeps % SWEEPS_OF_PATIENCE === 0) {
      for (let walks = 0; walks < MOST_WALKS; walks++) {
        const walk = walkOnSupport(hessian, slope, w, penalty);
        walk?.support.forEach((j, k) => {
          move(j, walk.to[k]!);
        });
        if (!walk?.hitZero) break;
      }
      all = true;
    }
  }
  return w;
}

/** `value` drawn towards 0 by `by`; 0 if it does not reach that far. */
function softThreshold(value: number, by: number): number {
  if (value > by) return value - by;
  if (value < -by) return value + by;
  return 0;
}

interface Walk {
  /** Coordinates that are not 0, and the intercept. */
  support: Int32Array;
  to: Float64Array;
  /** A coordinate became 0 before the minimum was reached. */
  hitZero: boolean;
}

/**
 * From w straight towards the minimum on the support, stopping where the first coordinate reaches 0: no sign changes, so
 * the penalty stays smooth on the way. Null if the curvature is beyond solving.
 */
function walkOnSupport(
  hessian: Float64Array,
  slope: Float64Array,
  w: Float64Array,
  penalty: ElasticPenalty,
): Walk | null {
  const n = w.length;
  const support = Int32Array.from(w.keys()).filter((j) => w[j] !== 0 || j === n - 1);
  const step = newtonStep(hessian, slope, w, support, penalty);
  if (!step) return null;
  let share = 1;
  let first = -1;
  support.forEach((j, a) => {
    const reach = w[j]! / step[a]!;
    if (j === n - 1 || !(reach > 0 && reach < share)) return;
    share = reach;
    first = a;
  });
  const to = step.map((change, a) => (a === first ? 0 : w[support[a]!]! - share * change));
  return { support, to, hitZero: first >= 0 };
}

function newtonStep(
  hessian: Float64Array,
  slope: Float64Array,
  w: Float64Array,
  support: Int32Array,
  { ridge, lasso }: ElasticPenalty,
): Float64Array | null {
  const n = w.length;
  const size = support.length;
  const matrix = new Float64Array(size * size);
  const step = new Float64Array(size);
  support.forEach((j, a) => {
    const penalised = j < n - 1;
    for (let b = 0; b <= a; b++) matrix[a * size + b] = hessian[j * n + support[b]!]!;
    const own = hessian[j * n + j]! + (penalised ? ridge : 0);
    // Columns that are sums of others make it singular; a share far below what matters does not.
    matrix[a * size + a] = own * (1 + 1e-10);
    step[a] = slope[j]! + (penalised ? ridge * w[j]! + lasso * Math.sign(w[j]!) : 0);
  });
  if (!choleskyFactor(matrix, size)) return null;
  choleskySolve(matrix, size, step);
  return step;
}
