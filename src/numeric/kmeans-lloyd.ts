import type { KMeansBlock } from './kmeans-block.js';
import { KMEANS_STEP } from './kmeans-steps.js';
import type { Team } from './team.js';

/** When Lloyd's iterations end. */
export interface LloydLimits {
  maxIterations: number;
  /** They end when the squared moves of all centres sum to no more than this. */
  tolerance: number;
}

/** The list of rows to look at covers about this many moves like the last one. */
const MOVES_AHEAD = 8;

/** Rounds in which groups that the last look left empty are filled, at most; one is rare already. */
const LAST_FILLS = 100;

/**
 * Lloyd's iterations from `block.centers`, every one with the labels that looking at all distances would give. Leaves
 * centres, and labels that are those of the nearest centre; no group is empty: one that loses its last row gets the row
 * farthest from its own mean. Returns the number of iterations, counted as scikit-learn counts them.
 */
export function runLloyd(block: KMeansBlock, team: Team, limits: LloydLimits): number {
  const { k, blocks, centers, allowance, horizon, sizes, points } = block;
  const totals = new Float64Array(centers.length);
  allowance.fill(0);
  horizon.fill(-1);
  sizes.fill(0);
  team.run(KMEANS_STEP.assignAll, blocks, points.values.length * k);
  collectGains(block, totals);
  let iterations = 1;
  for (; ; iterations++) {
    const shift = moveCenters(block, team, totals);
    if (iterations === limits.maxIterations || shift <= limits.tolerance) break;
    assignAgain(block, team);
    if (collectGains(block, totals) === 0) return iterations + 1;
  }
  for (let fill = 0; fill < LAST_FILLS; fill++) {
    assignAgain(block, team);
    collectGains(block, totals);
    if (!sizes.includes(0)) break;
    moveCenters(block, team, totals);
  }
  return iterations;
}

/**
 * Looks again at every row that may have another nearest centre: at those of the list while the centres are within its
 * horizon and it is short, at all of them otherwise.
 */
function assignAgain(block: KMeansBlock, team: Team): void {
  const { k, blocks, points, allowance, horizon, move, listedRows } = block;
  const listed = listedRows.reduce((sum, rows) => sum + rows, 0);
  const isValid = allowance.every((used, c) => used <= horizon[c]!);
  if (isValid && 2 * listed < points.rows) {
    team.run(KMEANS_STEP.assignListed, blocks, listed * points.columns);
    return;
  }
  for (let c = 0; c < k; c++) horizon[c] = allowance[c]! + MOVES_AHEAD * move[c]!;
  team.run(KMEANS_STEP.assignSome, blocks, points.values.length);
}

/** Sum of squared distances of all rows to the centre of their group. */
export function measureInertia(block: KMeansBlock, team: Team): number {
  team.run(KMEANS_STEP.measure, block.blocks, block.points.values.length);
  return block.inertia.reduce((sum, inertia) => sum + inertia, 0);
}

/** Adds what the blocks gained to the totals, in their order; how many rows changed their group. */
function collectGains(block: KMeansBlock, totals: Float64Array): number {
  const { k, blocks, changed, gains, sizeGains, sizes } = block;
  let rows = 0;
  for (let b = 0; b < blocks; b++) {
    if (changed[b] === 0) continue;
    rows += changed[b]!;
    for (let c = 0; c < k; c++) sizes[c]! += sizeGains[b * k + c]!;
    const from = b * totals.length;
    for (let at = 0; at < totals.length; at++) totals[at]! += gains[from + at]!;
  }
  return rows;
}

/** Centres become the means of their rows; returns the sum of their squared moves. */
function moveCenters(block: KMeansBlock, team: Team, totals: Float64Array): number {
  const { k, centers, sizes, allowance, move } = block;
  const columns = block.points.columns;
  const before = centers.slice();
  for (let c = 0; c < k; c++) takeMean(block, totals, c);
  for (let c = 0; c < k; c++) if (sizes[c] === 0) fillGroup(block, team, totals, c);
  const moves = new Float64Array(k);
  let shift = 0;
  for (let at = 0; at < centers.length; at++) {
    const difference = centers[at]! - before[at]!;
    moves[Math.floor(at / columns)]! += difference * difference;
  }
  for (let c = 0; c < k; c++) {
    shift += moves[c]!;
    moves[c] = Math.sqrt(moves[c]!);
  }
  for (let c = 0; c < k; c++) {
    let others = 0;
    for (let other = 0; other < k; other++) {
      if (other !== c && moves[other]! > others) others = moves[other]!;
    }
    move[c] = moves[c]! + others;
    // Rounded up: a bound that is too small by one bit could hide a row.
    allowance[c] = (allowance[c]! + move[c]!) * (1 + 1e-14);
  }
  return shift;
}

function takeMean({ centers, sizes, points }: KMeansBlock, totals: Float64Array, c: number): void {
  const { columns } = points;
  const size = sizes[c]!;
  if (size === 0) return;
  for (let at = c * columns; at < (c + 1) * columns; at++) centers[at] = totals[at]! / size;
}

/** The row farthest from its mean, of a group that keeps others, becomes the empty group. */
function fillGroup(block: KMeansBlock, team: Team, totals: Float64Array, empty: number): void {
  const { points, blocks, labels, slack, sizes, farthestDistance, farthestRow } = block;
  const { columns, values } = points;
  team.run(KMEANS_STEP.measure, blocks, values.length);
  let row = -1;
  let largest = -1;
  for (let b = 0; b < blocks; b++) {
    if (farthestDistance[b]! <= largest) continue;
    largest = farthestDistance[b]!;
    row = farthestRow[b]!;
  }
  if (row < 0) return; // every other group is one row: fewer rows than groups
  const from = labels[row]!;
  for (let j = 0; j < columns; j++) {
    const value = values[row * columns + j]!;
    totals[from * columns + j]! -= value;
    totals[empty * columns + j] = value;
  }
  sizes[from]!--;
  sizes[empty] = 1;
  labels[row] = empty;
  slack[row] = -Infinity;
  block.horizon.fill(-1); // the row may not be in the list
  takeMean(block, totals, from);
  takeMean(block, totals, empty);
}
