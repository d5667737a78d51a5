import { MAX_TRIALS, type KMeansBlock } from './kmeans-block.js';
import type { DoTask } from './team.js';

/** Steps that the leader may ask of a team; a task is a block. */
export const KMEANS_STEP = {
  /** The first look at every row: its group, and what the groups gain. */
  assignAll: 0,
  /** A look at the rows whose slack is used up; lists those whose slack is not beyond the horizon. */
  assignSome: 1,
  /** The same among the listed rows. */
  assignListed: 5,
  /** Inertia and farthest row. */
  measure: 2,
  /** Sums of `nearestChosen` for each trial row. */
  tryRows: 3,
  /** `nearestChosen` with the trial row that was taken. */
  takeRow: 4,
} as const;

/** Share of the distances that their rounding may take: far above that of sums over thousands of columns. */
const ROUNDING = 1e-12;
/** A bit more than half a unit in the last place of float32. */
const FLOAT32_STEP = 1.2e-7;
const FLOAT32_MAX = 3.4e38;

/** The tasks on `block`, for one thread. */
export function createKMeansWork(block: KMeansBlock): DoTask {
  const best = new Float64Array(2 + block.k);
  return (step, task) => {
    const start = task * block.blockRows;
    const end = Math.min(block.points.rows, start + block.blockRows);
    switch (step) {
      case KMEANS_STEP.assignAll:
        assignAll(block, task, start, end, best);
        break;
      case KMEANS_STEP.assignSome:
        assignSome(block, task, start, end, best);
        break;
      case KMEANS_STEP.assignListed:
        assignListed(block, task, start, best);
        break;
      case KMEANS_STEP.measure:
        measure(block, task, start, end);
        break;
      case KMEANS_STEP.tryRows:
        tryRows(block, task, start, end);
        break;
      case KMEANS_STEP.takeRow:
        takeRow(block, start, end);
        break;
    }
  };
}

/** Squared distance between a row of `a` and a row of `b`, by their places. */
export function squaredDistanceAt(
  a: Float64Array,
  from: number,
  b: Float64Array,
  other: number,
  columns: number,
): number {
  let even = 0;
  let odd = 0;
  let j = 0;
  // Two sums: one addition need not wait for the other.
  for (; j + 3 < columns; j += 4) {
    const first = a[from + j]! - b[other + j]!;
    const second = a[from + j + 1]! - b[other + j + 1]!;
    const third = a[from + j + 2]! - b[other + j + 2]!;
    const fourth = a[from + j + 3]! - b[other + j + 3]!;
    even += first * first + third * third;
    odd += second * second + fourth * fourth;
  }
  for (; j < columns; j++) {
    const difference = a[from + j]! - b[other + j]!;
    even += difference * difference;
  }
  return even + odd;
}

/**
 * The nearest centre, the lower one of two. `best` gets the squared distances to it and to the second nearest, and at
 * 2..k+1 those to all centres. Eight columns of the row at a time are held in registers (twice as fast as one distance
 * after the other).
 */
function nearestTwo(block: KMeansBlock, at: number, best: Float64Array): number {
  const { points, k, centers } = block;
  const { columns, values } = points;
  if (columns < 8) return nearestTwoOfFew(block, at, best);
  for (let c = 0; c < k; c++) best[2 + c] = 0;
  let j = 0;
  for (; j + 7 < columns; j += 8) addStrip(values, at + j, centers, j, columns, k, best);
  for (; j < columns; j++) {
    const value = values[at + j]!;
    for (let c = 0, from = j; c < k; c++, from += columns) {
      const difference = value - centers[from]!;
      best[2 + c]! += difference * difference;
    }
  }
  let label = 0;
  let nearest = Infinity;
  let second = Infinity;
  for (let c = 0; c < k; c++) {
    const distance = best[2 + c]!;
    if (distance < nearest) {
      second = nearest;
      nearest = distance;
      label = c;
    } else if (distance < second) second = distance;
  }
  best[0] = nearest;
  best[1] = second;
  return label;
}

/** `nearestTwo` of few columns, the distances themselves not kept; the same sums in the same order. */
function nearestTwoOfFew(block: KMeansBlock, at: number, best: Float64Array): number {
  const { points, k, centers } = block;
  const { columns, values } = points;
  const x0 = values[at]!;
  const x1 = columns > 1 ? values[at + 1]! : 0;
  const x2 = columns > 2 ? values[at + 2]! : 0;
  const x3 = columns > 3 ? values[at + 3]! : 0;
  let label = 0;
  let nearest = Infinity;
  let second = Infinity;
  for (let c = 0, from = 0; c < k; c++, from += columns) {
    const d0 = x0 - centers[from]!;
    let distance = d0 * d0;
    if (columns > 1) {
      const d1 = x1 - centers[from + 1]!;
      distance += d1 * d1;
    }
    if (columns > 2) {
      const d2 = x2 - centers[from + 2]!;
      distance += d2 * d2;
    }
    if (columns > 3) {
      const d3 = x3 - centers[from + 3]!;
      distance += d3 * d3;
    }
    for (let j = 4; j < columns; j++) {
      const difference = values[at + j]! - centers[from + j]!;
      distance += difference * difference;
    }
    if (distance < nearest) {
      second = nearest;
      nearest = distance;
      label = c;
    } else if (distance < second) second = distance;
  }
  best[0] = nearest;
  best[1] = second;
  return label;
}

function addStrip(
  values: Float64Array,
  at: number,
  centers: Float64Array,
  first: number,
  columns: number,
  k: number,
  best: Float64Array,
): void {
  const x0 = values[at]!;
  const x1 = values[at + 1]!;
  const x2 = values[at + 2]!;
  const x3 = values[at + 3]!;
  const x4 = values[at + 4]!;
  const x5 = values[at + 5]!;
  const x6 = values[at + 6]!;
  const x7 = values[at + 7]!;
  for (let c = 0, from = first; c < k; c++, from += columns) {
    const d0 = x0 - centers[from]!;
    const d1 = x1 - centers[from + 1]!;
    const d2 = x2 - centers[from + 2]!;
    const d3 = x3 - centers[from + 3]!;
    const d4 = x4 - centers[from + 4]!;
    const d5 = x5 - centers[from + 5]!;
    const d6 = x6 - centers[from + 6]!;
    const d7 = x7 - centers[from + 7]!;
    best[2 + c]! +=
      d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3) + (d4 * d4 + d5 * d5 + (d6 * d6 + d7 * d7));
  }
}

/** How far the centres may move together before another one can be nearest; never too large. */
function slackOf(best: Float64Array, allowance: number): number {
  const nearest = Math.sqrt(best[0]!);
  const second = Math.sqrt(best[1]!);
  if (second === Infinity) return FLOAT32_MAX; // k = 1
  const slack = second - nearest - ROUNDING * (second + nearest) + allowance;
  return Math.min(slack - Math.abs(slack) * FLOAT32_STEP, FLOAT32_MAX);
}

function assignAll(
  block: KMeansBlock,
  task: number,
  start: number,
  end: number,
  best: Float64Array,
): void {
  const { points, k, labels, slack, allowance, gains, sizeGains } = block;
  const { columns, values } = points;
  const group = task * k;
  gains.fill(0, group * columns, (group + k) * columns);
  sizeGains.fill(0, group, group + k);
  for (let row = start, at = start * columns; row < end; row++, at += columns) {
    const label = nearestTwo(block, at, best);
    labels[row] = label;
    slack[row] = slackOf(best, allowance[label]!);
    sizeGains[group + label]!++;
    const to = (group + label) * columns;
    for (let j = 0; j < columns; j++) gains[to + j]! += values[at + j]!;
  }
  block.changed[task] = end - start;
}

/**
 * Hamerly's test with both of his bounds in one number: the upper one grows by the own centre's move and the lower one
 * shrinks by the largest move of another, so their difference is what is kept, and what it loses is the same for all
 * rows of a group. A row that passes costs 8 bytes to read and nothing to write.
 * Source: Hamerly, Making k-means even faster (2010).
 */
function assignSome(
  block: KMeansBlock,
  task: number,
  start: number,
  end: number,
  best: Float64Array,
): void {
  const { labels, slack, allowance, horizon, listed } = block;
  let to = start;
  block.changed[task] = 0;
  for (let row = start; row < end; row++) {
    const label = labels[row]!;
    const left = slack[row]!;
    if (left > horizon[label]!) continue;
    if (!(left > allowance[label]!)) lookAgain(block, task, row, best);
    listed[to++] = row;
  }
  block.listedRows[task] = to - start;
}

function assignListed(block: KMeansBlock, task: number, start: number, best: Float64Array): void {
  const { labels, slack, allowance, listed } = block;
  const end = start + block.listedRows[task]!;
  block.changed[task] = 0;
  for (let i = start; i < end; i++) {
    const row = listed[i]!;
    if (!(slack[row]! > allowance[labels[row]!]!)) lookAgain(block, task, row, best);
  }
}

/** All distances of one row, and what its groups gain where it changes. */
function lookAgain(block: KMeansBlock, task: number, row: number, best: Float64Array): void {
  const { points, k, labels, changed, gains, sizeGains } = block;
  const { columns, values } = points;
  const at = row * columns;
  const old = labels[row]!;
  const label = nearestTwo(block, at, best);
  block.slack[row] = slackOf(best, block.allowance[label]!);
  if (label === old) return;
  const group = task * k;
  if (changed[task] === 0) {
    gains.fill(0, group * columns, (group + k) * columns);
    sizeGains.fill(0, group, group + k);
  }
  changed[task]!++;
  labels[row] = label;
  sizeGains[group + old]!--;
  sizeGains[group + label]!++;
  const from = (group + old) * columns;
  const to = (group + label) * columns;
  for (let j = 0; j < columns; j++) {
    const value = values[at + j]!;
    gains[from + j]! -= value;
    gains[to + j]! += value;
  }
}

function measure(block: KMeansBlock, task: number, start: number, end: number): void {
  const { points, labels, centers, sizes } = block;
  const { columns, values } = points;
  let inertia = 0;
  let farthest = -1;
  let largest = -1;
  for (let row = start; row < end; row++) {
    const label = labels[row]!;
    const distance = squaredDistanceAt(values, row * columns, centers, label * columns, columns);
    inertia += distance;
    if (distance > largest && sizes[label]! > 1) {
      largest = distance;
      farthest = row;
    }
  }
  block.inertia[task] = inertia;
  block.farthestRow[task] = farthest;
  block.farthestDistance[task] = largest;
}

function tryRows(block: KMeansBlock, task: number, start: number, end: number): void {
  const { points, nearestChosen, trial, trialRows, potential } = block;
  const { columns, values } = points;
  const trials = trial[0]!;
  const sums = task * MAX_TRIALS;
  potential.fill(0, sums, sums + trials);
  for (let row = start, at = start * columns; row < end; row++, at += columns) {
    const nearest = nearestChosen[row]!;
    for (let t = 0; t < trials; t++) {
      const distance = squaredDistanceAt(values, at, values, trialRows[t]! * columns, columns);
      potential[sums + t]! += distance < nearest ? distance : nearest;
    }
  }
}

function takeRow(block: KMeansBlock, start: number, end: number): void {
  const { points, nearestChosen, trial, trialRows } = block;
  const { columns, values } = points;
  const taken = trialRows[trial[1]!]! * columns;
  for (let row = start, at = start * columns; row < end; row++, at += columns) {
    const distance = squaredDistanceAt(values, at, values, taken, columns);
    if (distance < nearestChosen[row]!) nearestChosen[row] = distance;
  }
}
