import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';

/** How a decision forest is grown; every bound is checked by `fitRandomForest`. */
export interface RandomForestParameters {
  /** 1..10,000. */
  trees: number;
  /** Splits on the longest path, 1..60. */
  maxDepth: number;
  /** Smallest number of drawn rows in a leaf, >= 1; a row drawn twice counts twice. */
  minRowsInLeaf: number;
  /** Share of the columns that each node may split, > 0..1, or the square root of their number. */
  columnShare: number | 'sqrt';
  /** Rows drawn for each tree as a share of all, > 0..1. */
  rowShare: number;
  /** Rows are drawn with replacement (Breiman's bootstrap) or without. */
  bootstrap: boolean;
  /** What a split lowers. */
  criterion: 'gini' | 'entropy';
  /** One threshold at random a column instead of the best (extremely randomised trees). */
  extraRandom: boolean;
  /** Bins a column, 2..255, missing not counted. */
  maxBins: number;
  /** Factor on the weight of rows with label 1, > 0. */
  positiveWeight: number;
  /** Seed of rows, columns and thresholds, integer 0..2^32-1. */
  seed: number;
}

/**
 * Sound start for a few thousand to a few hundred thousand rows. Shallower than the literature's: on customer tables
 * full trees rank no better, and exact contributions cost leaves x depth a row.
 */
export const defaultRandomForestParameters: RandomForestParameters = {
  trees: 200,
  maxDepth: 8,
  minRowsInLeaf: 20,
  columnShare: 'sqrt',
  rowShare: 1,
  bootstrap: true,
  criterion: 'gini',
  extraRandom: false,
  maxBins: 128,
  positiveWeight: 1,
  seed: 1,
};

const share: Bound = { low: 0, high: 1, open: true };

const bounds: Record<
  Exclude<keyof RandomForestParameters, 'columnShare' | 'bootstrap' | 'criterion' | 'extraRandom'>,
  Bound
> = {
  trees: { low: 1, high: 10_000, integer: true },
  maxDepth: { low: 1, high: 60, integer: true },
  minRowsInLeaf: { low: 1, high: Number.MAX_SAFE_INTEGER, integer: true },
  rowShare: share,
  maxBins: { low: 2, high: 255, integer: true },
  positiveWeight: { low: 0, high: 1e9, open: true },
  seed: seedBound,
};

/** @throws RangeError naming the first parameter outside its bounds, its value and the bounds */
export function checkRandomForestParameters(parameters: RandomForestParameters): void {
  checkBounds(parameters, bounds);
  const { columnShare } = parameters;
  if (columnShare !== 'sqrt') checkBounds({ columnShare }, { columnShare: share });
}

/** Columns that a node draws, 1..columns (0 without columns). */
export function columnsOfNode(parameters: RandomForestParameters, columns: number): number {
  const { columnShare } = parameters;
  // scikit-learn's rounding for the square root: downwards.
  const wanted =
    columnShare === 'sqrt' ? Math.floor(Math.sqrt(columns)) : Math.round(columns * columnShare);
  return Math.min(columns, Math.max(1, wanted));
}
