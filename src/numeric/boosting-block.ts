import { createBinStore, type BinStore } from './binning.js';
import type { BoostingParameters } from './boosting-parameters.js';
import type { Allocate } from './buffers.js';
import { createTree, type GrowingTree } from './grown-tree.js';
import { createGrowth, mostLeaves, type GrowLimits, type Growth } from './growth.js';
import type { DesignMatrix } from './table.js';

/**
 * Everything that the threads of one fit work on. Plain objects and typed arrays, so that it can be handed
 * to a thread; on shared memory all of them see the same numbers.
 */
export interface BoostingBlock {
  parameters: BoostingParameters;
  threads: number;
  rows: number;
  store: BinStore;
  labels: Uint8Array;
  /** positiveWeight is in it. */
  weights: Float32Array;
  /** What covers count; null = 1 for every row. */
  coverWeights: Float64Array | null;
  /** Log-odds before the last tree; its leaf is added when the next gradients are computed. */
  margins: Float64Array;
  gradients: Float32Array;
  hessians: Float32Array;
  /** 1 for the rows of the tree; empty when every tree sees all rows. */
  inTree: Uint8Array;
  /** Leaf of each row in the last tree, counted in the order of their rows. */
  leafOf: Uint16Array;
  growth: Growth;
  tree: GrowingTree;
  /** First row position of each leaf, and the end of the last. */
  leafStart: Int32Array;
  leafValue: Float64Array;
  /** Leaf of each node of the tree that is one. */
  nodeLeaf: Int32Array;
  /** Sums of |gradient|, hessian and packed gradients of each block of rows. */
  blockSums: Float64Array;
  /** Sums of gradient, hessian and cover (in units) of each leaf in each slice of rows. */
  leafSums: Float64Array;
  scalars: Float64Array;
}

/** Places in `scalars`. */
export const SCALAR = {
  gradientUnits: 0,
  hessianUnits: 1,
  coverUnits: 2,
  gradientStep: 3,
  hessianStep: 4,
  seed: 5,
  leaves: 6,
  length: 8,
} as const;

/** Rows of a block: sums over all rows are sums of blocks, whoever adds them up. */
export const BLOCK_ROWS = 16_384;

export function blocksOf(rows: number): number {
  return Math.max(1, Math.ceil(rows / BLOCK_ROWS));
}

/** Slices in which leaves are summed up. */
export function slicesOf(threads: number): number {
  return threads === 1 ? 1 : 2 * threads;
}

/** Limits of growth, without the directions, which are those of binned columns. */
export function growLimits(parameters: BoostingParameters): GrowLimits {
  return { ...parameters, monotone: null };
}

/** @param x its values must lie in memory of the kind that `allocate` gives */
export function createBoostingBlock(
  x: DesignMatrix,
  labels: Uint8Array,
  weights: Float32Array,
  coverWeights: Float64Array | null,
  parameters: BoostingParameters,
  threads: number,
  allocate: Allocate,
): BoostingBlock {
  const { rows, columns } = x;
  const limits = growLimits(parameters);
  const most = mostLeaves(limits, rows);
  const cells = columns * (Math.min(parameters.maxBins, Math.max(1, rows)) + 1);
  const doubles = (length: number): Float64Array => new Float64Array(allocate(8 * length));
  const floats = (length: number): Float32Array => new Float32Array(allocate(4 * length));
  const bytes = (length: number): Uint8Array => new Uint8Array(allocate(length));
  const copyOf = <T extends Float32Array | Float64Array | Uint8Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  return {
    parameters,
    threads,
    rows,
    store: createBinStore(x, parameters.maxBins, allocate),
    labels: copyOf(labels, bytes(rows)),
    weights: copyOf(weights, floats(rows)),
    coverWeights: coverWeights && copyOf(coverWeights, doubles(rows)),
    margins: doubles(rows),
    gradients: floats(rows),
    hessians: floats(rows),
    inTree: bytes(parameters.rowShare < 1 ? rows : 0),
    leafOf: new Uint16Array(allocate(2 * rows)),
    growth: createGrowth(rows, columns, cells, limits, threads, allocate),
    tree: createTree(most, allocate),
    leafStart: new Int32Array(allocate(4 * (most + 1))),
    leafValue: doubles(most),
    nodeLeaf: new Int32Array(allocate(4 * (2 * most - 1))),
    blockSums: doubles(3 * blocksOf(rows)),
    leafSums: doubles(3 * most * slicesOf(threads)),
    scalars: doubles(SCALAR.length),
  };
}
