import type { Allocate } from './buffers.js';
import type { PointMatrix } from './clustering.js';
import { MAX_TASKS } from './team.js';

/** Candidates of one greedy step of the seeding, and starting centres tried in it, at most. */
export const MAX_TRIALS = 16;

/**
 * What the threads of one k-means work on. A task is one block of neighbouring rows; what it adds up goes to places of
 * its own, which the leader sums in the order of the blocks: the blocks depend on the number of rows alone, so the
 * result is the same to the bit for any number of threads.
 */
export interface KMeansBlock {
  points: PointMatrix;
  k: number;
  blockRows: number;
  blocks: number;
  /** Shape [rows]: the group of each row. */
  labels: Int32Array;
  /**
   * Shape [rows]: (distance to the second nearest centre) - (distance to the nearest) + `allowance` of the row's group,
   * as of the row's last look at all centres, rounded down. The nearest centre is still the same while this is larger
   * than the `allowance` of now.
   */
  slack: Float32Array;
  /** Row-major, shape [k, columns]. */
  centers: Float64Array;
  /** Shape [k]: sum over the iterations of the group's own move and the largest move of another centre. */
  allowance: Float64Array;
  /** Shape [k]: what the last move of the centres added to `allowance`. */
  move: Float64Array;
  /** Shape [k]: rows whose slack is beyond it are not listed; no smaller than `allowance` while the list is used. */
  horizon: Float64Array;
  /** Shape [rows]: at the place of each block its listed rows, ascending; `listedRows` of each block. */
  listed: Int32Array;
  listedRows: Int32Array;
  /** Shape [k]: rows of each group. */
  sizes: Int32Array;
  /** Per block, shape [blocks, k, columns] and [blocks, k]: what came to each group, less what left it. */
  gains: Float64Array;
  sizeGains: Int32Array;
  /** Per block: rows that changed their group. */
  changed: Int32Array;
  /** Per block: sum of squared distances to the own centre, and the row farthest from it whose group is not that row alone. */
  inertia: Float64Array;
  farthestRow: Int32Array;
  farthestDistance: Float64Array;
  /** Shape [rows], squared distance to the nearest of the centres chosen so far; empty where nothing is seeded. */
  nearestChosen: Float64Array;
  /** Rows that may become the next centre; `trial[0]` is how many, `trial[1]` which of them was taken. */
  trial: Int32Array;
  trialRows: Int32Array;
  /** Per block, shape [blocks, MAX_TRIALS]: sum of `nearestChosen` if that row were taken. */
  potential: Float64Array;
}

/** Rows of a block at least: about what a thread does in 10 microseconds when nothing changes. */
const LEAST_BLOCK_ROWS = 8192;

/** @param seeded whether starting centres are to be chosen among the points */
export function allocateKMeans(
  points: PointMatrix,
  k: number,
  seeded: boolean,
  allocate: Allocate,
): KMeansBlock {
  const { rows, columns } = points;
  const blockRows = Math.max(LEAST_BLOCK_ROWS, Math.ceil(rows / MAX_TASKS));
  const blocks = Math.ceil(rows / blockRows);
  const doubles = (length: number): Float64Array => new Float64Array(allocate(8 * length));
  const integers = (length: number): Int32Array => new Int32Array(allocate(4 * length));
  return {
    points,
    k,
    blockRows,
    blocks,
    labels: integers(rows),
    slack: new Float32Array(allocate(4 * rows)),
    centers: doubles(k * columns),
    allowance: doubles(k),
    move: doubles(k),
    horizon: doubles(k),
    listed: integers(rows),
    listedRows: integers(blocks),
    sizes: integers(k),
    gains: doubles(blocks * k * columns),
    sizeGains: integers(blocks * k),
    changed: integers(blocks),
    inertia: doubles(blocks),
    farthestRow: integers(blocks),
    farthestDistance: doubles(blocks),
    nearestChosen: doubles(seeded ? rows : 0),
    trial: integers(2),
    trialRows: integers(MAX_TRIALS),
    potential: doubles(blocks * MAX_TRIALS),
  };
}
