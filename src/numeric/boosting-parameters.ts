import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';

/** How a forest is boosted; every bound is checked by `fitBoosting`. */
export interface BoostingParameters {
  /** Trees at most, 1..100,000. */
  rounds: number;
  /** Share of each tree's step that is taken, > 0..1. */
  learningRate: number;
  /** Splits on the longest path, 1..30. */
  maxDepth: number;
  /** Leaves of a tree, 2..65,536; below 2^maxDepth the largest gains are split first. */
  maxLeaves: number;
  /** Smallest sum of hessians in a leaf, >= 0. */
  minChildWeight: number;
  /** Smallest number of (sampled) training rows in a leaf, >= 1. */
  minRowsInLeaf: number;
  /** L2 penalty on leaf values, >= 0. */
  l2: number;
  /** Smallest gain of a split, >= 0. */
  minGain: number;
  /** Share of the rows each tree sees, > 0..1, without replacement. */
  rowShare: number;
  /** Share of the columns each tree may split, > 0..1. */
  columnShare: number;
  /** Bins a column, 2..255, missing not counted. */
  maxBins: number;
  /** Rounds without a better validation log loss after which training stops; 0 = never. */
  earlyStoppingRounds: number;
  /** Factor on the weight of rows with label 1, > 0. */
  positiveWeight: number;
  /** Seed of sampling and of gradient rounding, integer 0..2^32-1. */
  seed: number;
  /**
   * For each column of the design matrix 1 where the margin may not fall as the column rises, -1 where it may
   * not rise, 0 where it is free; NaN has no place in the order. Not given: all are free.
   */
  monotone?: Int8Array | readonly number[];
}

/** Sound start for a few thousand to a few million rows. */
export const defaultBoostingParameters: BoostingParameters = {
  rounds: 200,
  learningRate: 0.1,
  maxDepth: 6,
  maxLeaves: 64,
  minChildWeight: 1,
  minRowsInLeaf: 1,
  l2: 1,
  minGain: 0,
  rowShare: 1,
  columnShare: 1,
  maxBins: 128,
  earlyStoppingRounds: 0,
  positiveWeight: 1,
  seed: 1,
};

const bounds: Record<Exclude<keyof BoostingParameters, 'monotone'>, Bound> = {
  rounds: { low: 1, high: 100_000, integer: true },
  learningRate: { low: 0, high: 1, open: true },
  maxDepth: { low: 1, high: 30, integer: true },
  maxLeaves: { low: 2, high: 65_536, integer: true },
  minChildWeight: { low: 0, high: Number.MAX_VALUE },
  minRowsInLeaf: { low: 1, high: Number.MAX_SAFE_INTEGER, integer: true },
  l2: { low: 0, high: Number.MAX_VALUE },
  minGain: { low: 0, high: Number.MAX_VALUE },
  rowShare: { low: 0, high: 1, open: true },
  columnShare: { low: 0, high: 1, open: true },
  maxBins: { low: 2, high: 255, integer: true },
  earlyStoppingRounds: { low: 0, high: 100_000, integer: true },
  positiveWeight: { low: 0, high: Number.MAX_VALUE, open: true },
  seed: seedBound,
};

/**
 * @param columns of the design matrix
 * @throws RangeError naming the first parameter outside its bounds, its value and the bounds
 */
export function checkBoostingParameters(parameters: BoostingParameters, columns: number): void {
  checkBounds(parameters, bounds);
  const { monotone } = parameters;
  if (!monotone) return;
  if (monotone.length !== columns) {
    throw new RangeError(
      `monotone must have ${String(columns)} columns, got ${String(monotone.length)}`,
    );
  }
  const bad = monotone.findIndex((direction) => ![-1, 0, 1].includes(direction));
  if (bad < 0) return;
  throw new RangeError(
    `monotone must be -1, 0 or 1, got ${String(monotone[bad])} in column ${String(bad)}`,
  );
}
