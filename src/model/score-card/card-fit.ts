import { choleskyFactor, choleskySolve } from '../../numeric/cholesky.js';
import { sigmoid } from '../../numeric/metrics.js';
import { RIDGE } from './card-bins.js';

const MOST_STEPS = 50;
const MOST_HALVINGS = 30;
const CONVERGED = 1e-9;

/** Base and points of every bin of every input. */
export interface CardPoints {
  base: number;
  points: number[][];
}

/**
 * Points whose answers come closest to given probabilities: the least mean cross entropy plus a ridge on the
 * points, by Newton's method with halved steps. Points of each input average to zero over the rows; a bin
 * without a row has 0, the average.
 * @param codes for each input the bin of each row, 0..sizes[i] - 1
 * @param sizes bins of each input, the missing one included
 * @param targets probabilities, 0..1, shape [rows]
 * Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015).
 */
export function fitPoints(
  codes: readonly Uint8Array[],
  sizes: readonly number[],
  targets: Float64Array,
): CardPoints {
  const starts: number[] = [];
  let columns = 1;
  for (const size of sizes) {
    starts.push(columns);
    columns += size;
  }
  const active = (row: number): number[] => [
    0,
    ...starts.map((start, input) => start + (codes[input]?.[row] ?? 0)),
  ];
  let weights = new Float64Array(columns);
  weights[0] = logitOfMean(targets);
  let loss = lossOf(weights, active, targets);
  for (let step = 0; step < MOST_STEPS; step++) {
    const move = newtonMove(weights, active, targets);
    let scale = 1;
    let next = weights;
    let nextLoss = Infinity;
    for (let halving = 0; halving < MOST_HALVINGS && !(nextLoss <= loss); halving++, scale /= 2) {
      next = weights.map((weight, column) => weight + scale * (move[column] ?? 0));
      nextLoss = lossOf(next, active, targets);
    }
    if (!(nextLoss <= loss)) break;
    const gained = loss - nextLoss;
    weights = next;
    loss = nextLoss;
    if (gained <= CONVERGED * Math.max(1, loss)) break;
  }
  return centred(weights, starts, sizes, codes);
}

function logitOfMean(targets: Float64Array): number {
  const mean = targets.reduce((sum, target) => sum + target, 0) / targets.length;
  const safe = Math.min(Math.max(mean, 1e-6), 1 - 1e-6);
  return Math.log(safe / (1 - safe));
}

type Active = (row: number) => number[];

function marginOf(weights: Float64Array, columns: readonly number[]): number {
  let margin = 0;
  for (const column of columns) margin += weights[column] ?? 0;
  return margin;
}

/** Summed cross entropy to soft targets, and the ridge. */
function lossOf(weights: Float64Array, active: Active, targets: Float64Array): number {
  let loss = 0;
  for (let row = 0; row < targets.length; row++) {
    const margin = marginOf(weights, active(row));
    const target = targets[row] ?? 0;
    loss += Math.max(margin, 0) - target * margin + Math.log1p(Math.exp(-Math.abs(margin)));
  }
  for (let column = 1; column < weights.length; column++)
    loss += (RIDGE / 2) * (weights[column] ?? 0) ** 2;
  return loss;
}

function newtonMove(weights: Float64Array, active: Active, targets: Float64Array): Float64Array {
  const n = weights.length;
  const hessian = new Float64Array(n * n);
  const right = new Float64Array(n);
  for (let row = 0; row < targets.length; row++) {
    const columns = active(row);
    const probability = sigmoid(marginOf(weights, columns));
    const curve = probability * (1 - probability);
    const pull = (targets[row] ?? 0) - probability;
    for (const [at, i] of columns.entries()) {
      right[i] = (right[i] ?? 0) + pull;
      for (let k = 0; k <= at; k++) {
        const j = columns[k] ?? 0; // ascending: the lower triangle
        hessian[i * n + j] = (hessian[i * n + j] ?? 0) + curve;
      }
    }
  }
  for (let i = 0; i < n; i++) {
    const ridge = i === 0 ? 1e-9 : RIDGE;
    hessian[i * n + i] = (hessian[i * n + i] ?? 0) + ridge;
    if (i > 0) right[i] = (right[i] ?? 0) - RIDGE * (weights[i] ?? 0);
  }
  if (!choleskyFactor(hessian, n)) return new Float64Array(n);
  choleskySolve(hessian, n, right);
  return right;
}

function centred(
  weights: Float64Array,
  starts: readonly number[],
  sizes: readonly number[],
  codes: readonly Uint8Array[],
): CardPoints {
  let base = weights[0] ?? 0;
  const points = sizes.map((size, input) => {
    const of = codes[input] ?? new Uint8Array(0);
    const counts = new Array<number>(size).fill(0);
    for (const code of of) counts[code] = (counts[code] ?? 0) + 1;
    const own = counts.map((_, bin) => weights[(starts[input] ?? 0) + bin] ?? 0);
    const mean =
      own.reduce((sum, each, bin) => sum + each * (counts[bin] ?? 0), 0) / Math.max(of.length, 1);
    base += mean;
    return own.map((each, bin) => (counts[bin] === 0 ? 0 : each - mean));
  });
  return { base, points };
}
