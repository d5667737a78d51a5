import { binMatrix, LARGEST_FLOAT32, type BinnedMatrix } from './binning.js';
import {
  appendTree,
  createForestBuilder,
  finishForest,
  sumCovers,
  type ForestBuilder,
} from './forest-builder.js';
import type { Forest } from './forest.js';
import { defaultLogisticParameters, fitLogistic, type LogisticFit } from './logistic.js';
import { rankCurve, type RankCurve } from './rank-curve.js';
import { fitStandardisation, standardise } from './standardise.js';
import type { DesignMatrix } from './table.js';

export interface AdditiveParameters {
  /** Inverse strength of the L2 penalty, > 0. */
  c: number;
  /** Weight of a positive row; a negative one weighs 1. */
  positiveWeight: number;
}

export interface AdditiveFit {
  /** One tree a column that varies, its curve as steps. */
  forest: Forest;
  /** Sum of |weight| over the terms of each design column, shape [columns]. */
  gain: Float64Array;
  /** Of the terms; a fit of the same rows may start from it. */
  terms: LogisticFit;
}

/** Steps of a curve at most. 32 ranked 0.0004 worse on CDNOW, 128 and 255 no better there and on Telco. */
const maxSteps = 64;

/** Knots of a curve at most, and the terms that all curves together should not exceed by them. */
const mostKnots = 4;
const mostTerms = 100;

/**
 * Generalised additive model (Hastie and Tibshirani 1990): logistic regression in which a column counts by the rank of its
 * values, see `rankCurve`, so that no outlier pulls and the curve may bend. As a curve is flat within a bin, the model
 * is a forest of one tree a column: what reads forests serves and explains it exactly.
 * @param labels 0 or 1, shape [rows], both must occur
 * @throws RangeError as `fitLogistic`; for an infinite value (names column and row)
 * Cost: sorting each column, then `fitLogistic` with 1 to 6 columns for each that varies.
 */
export function fitAdditive(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: AdditiveParameters,
  start?: LogisticFit,
): AdditiveFit {
  const data = binMatrix(x, maxSteps);
  const counts = countBins(data);
  const curves = curvesOf(data, counts);
  const matrix = termsOf(data, curves);
  const standardisation = fitStandardisation(matrix, 0);
  const fit = fitLogistic(
    standardise(matrix, standardisation),
    labels,
    { ...defaultLogisticParameters, ...parameters },
    start ? { start } : {},
  );
  const { mean, scale } = standardisation;
  const slopes = fit.weights.map((weight, term) => weight / scale[term]!);
  const baseValue = slopes.reduce((sum, slope, term) => sum - slope * mean[term]!, fit.intercept);
  const gain = new Float64Array(x.columns);
  let term = 0;
  curves.forEach(({ width }, column) => {
    for (let k = 0; k < width; k++) gain[data.source[column]!]! += Math.abs(fit.weights[term++]!);
  });
  return { forest: growCurves(x, data, curves, counts, slopes, baseValue), gain, terms: fit };
}

/** Rows of each bin of each binned column, that of NaN last. */
function countBins({ bins, columns, cellStart }: BinnedMatrix): Uint32Array[] {
  return Array.from({ length: columns }, (_, column) => {
    const counts = new Uint32Array(cellStart[column + 1]! - cellStart[column]!);
    for (const bin of bins[column]!) counts[bin]!++;
    return counts;
  });
}

function curvesOf(data: BinnedMatrix, counts: readonly Uint32Array[]): RankCurve[] {
  const bending = data.binCount.reduce((sum, bins) => sum + (bins > 2 ? 1 : 0), 0);
  const knots = Math.max(0, Math.min(mostKnots, Math.floor(mostTerms / Math.max(1, bending)) - 1));
  return counts.map((of, column) => {
    const bins = data.binCount[column]!;
    return rankCurve(of.subarray(0, bins), of[bins] ?? 0, knots);
  });
}

/** The terms of all curves side by side, row by row. */
function termsOf({ rows, bins }: BinnedMatrix, curves: readonly RankCurve[]): DesignMatrix {
  const columns = curves.reduce((sum, { width }) => sum + width, 0);
  const values = new Float32Array(rows * columns);
  let first = 0;
  curves.forEach(({ width, terms }, column) => {
    const binOf = bins[column]!;
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < width; k++)
        values[row * columns + first + k] = terms[binOf[row]! * width + k]!;
    first += width;
  });
  return { rows, columns, values };
}

/** @param slopes of each term as it stands */
function growCurves(
  x: DesignMatrix,
  data: BinnedMatrix,
  curves: readonly RankCurve[],
  counts: readonly Uint32Array[],
  slopes: Float64Array,
  intercept: number,
): Forest {
  const builder = createForestBuilder();
  let baseValue = intercept;
  let first = 0;
  curves.forEach((curve, column) => {
    const { width, terms, middle } = curve;
    const heights = Float64Array.from(counts[column]!, (_, bin) => {
      let height = 0;
      for (let k = 0; k < width; k++) height += slopes[first + k]! * terms[bin * width + k]!;
      return height;
    });
    first += width;
    // Measured from the middle, so that leaves and the rounding of their float32 stay small.
    baseValue += heights[middle]!;
    const tree = createCurveTree(2 * heights.length - 1);
    fillCurveTree(tree, curve, data, column);
    appendCurve(
      builder,
      tree,
      heights.map((height) => height - heights[middle]!),
      counts[column]!,
    );
  });
  if (curves.length === 0)
    appendCurve(builder, leafAlone(), new Float64Array(1), Uint32Array.of(x.rows));
  return finishForest(builder, builder.treeStart.length - 1, Math.fround(baseValue), x.columns)
    .forest;
}

type CurveTree = ReturnType<typeof createCurveTree>;

/** An empty tree; leaves know their bin. */
function createCurveTree(nodes: number) {
  return {
    nodeCount: 0,
    feature: new Int32Array(nodes).fill(-1),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    gain: new Float64Array(nodes),
    rowStart: new Int32Array(nodes),
    rowEnd: new Int32Array(nodes),
    binOf: new Int32Array(nodes).fill(-1),
  };
}

function leafAlone(): CurveTree {
  const tree = createCurveTree(1);
  tree.binOf[tree.nodeCount++] = 0;
  return tree;
}

/** Halves the bins until each has a leaf; NaN goes to its own leaf where there is one, else to the middle bin's. */
function fillCurveTree(
  tree: CurveTree,
  { bins, middle }: RankCurve,
  { source, cellStart, edges, hasMissing }: BinnedMatrix,
  column: number,
): void {
  const split = (threshold: number, missingLeft: boolean): number => {
    const node = tree.nodeCount++;
    tree.feature[node] = source[column]!;
    tree.threshold[node] = threshold;
    tree.missingLeft[node] = missingLeft ? 1 : 0;
    return node;
  };
  const leaf = (bin: number): number => {
    tree.binOf[tree.nodeCount] = bin;
    return tree.nodeCount++;
  };
  const halve = (from: number, until: number): number => {
    if (until - from === 1) return leaf(from);
    const border = (from + until) >> 1;
    const node = split(edges[cellStart[column]! + border - 1]!, middle < border);
    tree.left[node] = halve(from, border);
    tree.right[node] = halve(border, until);
    return node;
  };
  if (hasMissing[column] !== 1) {
    halve(0, bins);
    return;
  }
  const root = split(LARGEST_FLOAT32, false);
  tree.left[root] = halve(0, bins);
  tree.right[root] = leaf(bins);
}

function appendCurve(
  builder: ForestBuilder,
  tree: CurveTree,
  heights: Float64Array,
  counts: Uint32Array,
): void {
  const root = appendTree(builder, tree);
  tree.binOf.forEach((bin, node) => {
    if (bin < 0) return;
    builder.nodes.value[root + node] = Math.fround(heights[bin]!);
    builder.nodes.cover[root + node] = counts[bin]!;
  });
  sumCovers(builder);
}
