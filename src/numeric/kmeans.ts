import { ownMemory, type Allocate } from './buffers.js';
import { pickPoints, type Clustering, type PointMatrix } from './clustering.js';
import { allocateKMeans, type KMeansBlock } from './kmeans-block.js';
import { measureInertia, runLloyd, type LloydLimits } from './kmeans-lloyd.js';
import { seedPlusPlus } from './kmeans-plus-plus.js';
import { swapCenter } from './kmeans-swap.js';
import { createKMeansWork } from './kmeans-steps.js';
import { checkDistinct, checkK, checkPoints, countDistinctRows } from './point-checks.js';
import { randomStream, sampleAscending } from './random.js';
import { workAlone, type DoTask, type Team } from './team.js';

export interface KMeansOptions {
  /** 0..2^32-1; the same seed gives the same result to the bit. */
  seed: number;
  /** Starts tried, the one of lowest inertia kept; 1 or more. Where several, twice as many swaps of a centre are tried on it. */
  restarts: number;
  /** 300 unless given. */
  maxIterations?: number;
  /**
   * An iteration whose squared moves sum to no more than this share of the mean variance of the columns is the last;
   * 1e-4 unless given, 0 to go on until no row changes its group.
   */
  tolerance?: number;
  /** Row-major, shape [k, columns]: the one start, instead of seeding. */
  starts?: Float64Array;
}

/** A clustering whose labels are those of the nearest centre, the lower number of two. */
export interface KMeansFit extends Clustering {
  /** Of the run that was kept, on all rows. */
  iterations: number;
  /** The start that was kept, 0-based. */
  restart: number;
  /** Rows among which the starts were tried where that was a sample; null: all. */
  sampledRows: number | null;
}

/** Everything one k-means needs, to be shared between threads. */
export interface KMeansPlan {
  k: number;
  whole: KMeansBlock;
  /** Where the starts compete; null: on all rows. */
  sample: KMeansBlock | null;
  seed: number;
  restarts: number;
  limits: LloydLimits;
  starts: Float64Array | null;
}

/** Rows of the sample on which starts compete; tables of more than four times as many rows are sampled. */
export const STARTING_ROWS = 65_536;
/** Swaps tried for each start, where there are several. */
const SWAPS_PER_START = 2;
/** A swap that gains less than a hundred-thousandth gains nothing. */
const LEAST_GAIN = 1 - 1e-5;
/** Steps on the sample have numbers above those on all rows. */
const SAMPLE_STEPS = 16;

/**
 * k-means by Lloyd's iterations from k-means++ starts; exact: what is left out by bounds (Hamerly) could not have changed
 * anything. On more than 262,144 rows the starts are seeded and run to their end on a random sample of 65,536, and the
 * best of them is then run on all rows. No group is empty. As with scikit-learn, centres are the means of the rows of the
 * iteration before, so they are within the tolerance of those of their rows.
 * @throws RangeError as `checkKMeans`
 * Sources: Lloyd (1982); Arthur and Vassilvitskii (2007); Hamerly (2010). Cost: about O(rows x k x columns) for each of
 * the first few iterations, O(rows) for the others; 16 bytes a row beside the points.
 */
export function fitKMeans(points: PointMatrix, k: number, options: KMeansOptions): KMeansFit {
  const plan = planKMeans(points, k, options, ownMemory);
  return runKMeans(plan, workAlone(createPlanWork(plan)));
}

/**
 * @throws RangeError for points that are not finite or have no column, k outside 1..rows, fewer distinct rows than k
 * (says how many), starts of another shape or not finite, restarts or maxIterations below 1, a negative tolerance
 */
function checkKMeans(points: PointMatrix, k: number, options: KMeansOptions): void {
  checkPoints(points, 1);
  checkK(k, points.rows);
  const { restarts, maxIterations = 300, tolerance = 1e-4, starts } = options;
  checkCount('restarts', restarts);
  checkCount('maxIterations', maxIterations);
  if (!(tolerance >= 0)) throw new RangeError(`tolerance must be at least 0, got ${tolerance}`);
  if (starts) checkPoints({ rows: k, columns: points.columns, values: starts }, 1);
  checkDistinct(points, k);
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`${name} must be an integer of at least 1, got ${value}`);
}

/** The memory of one k-means; the points are used as they are. @throws RangeError as `checkKMeans` */
export function planKMeans(
  points: PointMatrix,
  k: number,
  options: KMeansOptions,
  allocate: Allocate,
): KMeansPlan {
  checkKMeans(points, k, options);
  const { seed, maxIterations = 300, tolerance = 1e-4, starts = null } = options;
  const sample = starts ? null : startingSample(points, k, seed, allocate);
  return {
    k,
    whole: allocateKMeans(points, k, starts === null && sample === null, allocate),
    sample: sample && allocateKMeans(sample, k, true, allocate),
    seed,
    restarts: starts ? 1 : options.restarts,
    limits: { maxIterations, tolerance: tolerance * meanVariance(points) },
    starts,
  };
}

/** Null where the table is small, or the sample has too few distinct rows. */
function startingSample(
  points: PointMatrix,
  k: number,
  seed: number,
  allocate: Allocate,
): PointMatrix | null {
  if (points.rows <= 4 * STARTING_ROWS || 4 * k > STARTING_ROWS) return null;
  const chosen = sampleAscending(points.rows, STARTING_ROWS, randomStream(seed));
  const { values, ...shape } = pickPoints(points, chosen);
  const shared = new Float64Array(allocate(values.byteLength));
  shared.set(values);
  const sample = { ...shape, values: shared };
  return countDistinctRows(sample, k) < k ? null : sample;
}

/** Mean over the columns of the population variance. */
function meanVariance({ rows, columns, values }: PointMatrix): number {
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let at = 0; at < values.length; at += columns) {
    for (let j = 0; j < columns; j++) {
      const value = values[at + j]! - values[j]!; // from the first row, so that a large mean cancels nothing
      sums[j]! += value;
      squares[j]! += value * value;
    }
  }
  let total = 0;
  for (let j = 0; j < columns; j++) total += squares[j]! / rows - (sums[j]! / rows) ** 2;
  return Math.max(0, total / columns);
}

/** The tasks of a plan, for one thread. */
export function createPlanWork({ whole, sample }: KMeansPlan): DoTask {
  const onAll = createKMeansWork(whole);
  const onSample = sample && createKMeansWork(sample);
  return (step, task) => {
    if (step < SAMPLE_STEPS) onAll(step, task);
    else onSample?.(step - SAMPLE_STEPS, task);
  };
}

/** The leader's part. @throws Error when another thread has failed */
export function runKMeans(plan: KMeansPlan, team: Team): KMeansFit {
  const { whole, sample, starts, limits } = plan;
  if (starts) {
    whole.centers.set(starts);
    return fitOf(whole, team, { iterations: runLloyd(whole, team, limits), restart: 0 }, null);
  }
  if (!sample) return bestStart(plan, whole, team);
  const onSample: Team = {
    threads: team.threads,
    run: (step, tasks, cost) => {
      team.run(step + SAMPLE_STEPS, tasks, cost);
    },
  };
  const { centers, restart } = bestStart(plan, sample, onSample);
  whole.centers.set(centers);
  const iterations = runLloyd(whole, team, limits);
  return fitOf(whole, team, { iterations, restart }, sample.points.rows);
}

/** The best of all starts, and of twice as many swaps of its centres where there are several. */
function bestStart({ k, seed, restarts, limits }: KMeansPlan, block: KMeansBlock, team: Team) {
  const end = (restart: number): KMeansFit => {
    const iterations = runLloyd(block, team, limits);
    return fitOf(block, team, { iterations, restart }, null);
  };
  const begin = (restart: number): KMeansFit => {
    seedPlusPlus(block, team, randomStream(seed + Math.imul(restart + 1, 0x9e3779b1)));
    return end(restart);
  };
  let best = begin(0);
  for (let restart = 1; restart < restarts; restart++) {
    const fit = begin(restart);
    if (fit.inertia < best.inertia) best = fit;
  }
  if (restarts === 1 || k === 1) return best;
  const random = randomStream(seed);
  for (let swap = 0, turn = 0; swap < SWAPS_PER_START * restarts; swap++, turn++) {
    block.centers.set(swapCenter(block.points, best, turn, random));
    const fit = end(best.restart);
    if (fit.inertia >= best.inertia * LEAST_GAIN) continue;
    best = fit;
    turn = -1; // the groups are others now
  }
  return best;
}

function fitOf(
  block: KMeansBlock,
  team: Team,
  run: Pick<KMeansFit, 'iterations' | 'restart'>,
  sampledRows: number | null,
): KMeansFit {
  return snapshot(block, measureInertia(block, team), run, sampledRows);
}

/** Copies: the block may be shared, and the next start overwrites it. */
function snapshot(
  { k, labels, centers }: KMeansBlock,
  inertia: number,
  run: Pick<KMeansFit, 'iterations' | 'restart'>,
  sampledRows: number | null,
): KMeansFit {
  return {
    k,
    labels: labels.slice(),
    centers: centers.slice(),
    inertia,
    bic: null,
    ...run,
    sampledRows,
  };
}
