import { MAX_TRIALS, type KMeansBlock } from './kmeans-block.js';
import { KMEANS_STEP } from './kmeans-steps.js';
import type { Team } from './team.js';

/**
 * Writes starting centres, k different rows of the points, to `block.centers`: each drawn with a probability
 * proportional to its squared distance to the nearest one before, the best of 2 + floor(ln k) draws taken.
 * Sources: Arthur and Vassilvitskii, k-means++ (2007); greedy trials as in scikit-learn. Cost: O(rows x k x ln k x columns).
 */
export function seedPlusPlus(block: KMeansBlock, team: Team, random: () => number): void {
  const { points, k, blocks, centers, trial, trialRows, nearestChosen } = block;
  const { rows, columns, values } = points;
  const trials = Math.min(MAX_TRIALS, 2 + Math.floor(Math.log(k)));
  const totals = new Float64Array(blocks);
  nearestChosen.fill(Infinity);
  for (let c = 0; c < k; c++) {
    const tried = c === 0 ? 1 : trials;
    for (let t = 0; t < tried; t++) {
      trialRows[t] = c === 0 ? Math.floor(random() * rows) : drawRow(block, totals, random());
    }
    trial[0] = tried;
    team.run(KMEANS_STEP.tryRows, blocks, rows * columns * tried);
    const taken = smallestPotential(block, tried);
    trial[1] = taken;
    for (let b = 0; b < blocks; b++) totals[b] = block.potential[b * MAX_TRIALS + taken]!;
    const from = trialRows[taken]! * columns;
    centers.set(values.subarray(from, from + columns), c * columns);
    if (c + 1 < k) team.run(KMEANS_STEP.takeRow, blocks, rows * columns);
  }
}

function smallestPotential({ blocks, potential }: KMeansBlock, tried: number): number {
  let taken = 0;
  let smallest = Infinity;
  for (let t = 0; t < tried; t++) {
    let sum = 0;
    for (let b = 0; b < blocks; b++) sum += potential[b * MAX_TRIALS + t]!;
    if (sum >= smallest) continue;
    smallest = sum;
    taken = t;
  }
  return taken;
}

/** The row at a share of the way through the squared distances; never one that is a centre already, but for rounding. */
function drawRow(block: KMeansBlock, totals: Float64Array, share: number): number {
  const { points, blocks, blockRows, nearestChosen } = block;
  let left = 0;
  for (let b = 0; b < blocks; b++) left += totals[b]!;
  left *= share;
  let b = 0;
  while (b + 1 < blocks && left >= totals[b]!) left -= totals[b++]!;
  const end = Math.min(points.rows, (b + 1) * blockRows);
  let last = b * blockRows;
  for (let row = last; row < end; row++) {
    const distance = nearestChosen[row]!;
    if (distance === 0) continue;
    last = row;
    if (left < distance) break;
    left -= distance;
  }
  return last;
}
