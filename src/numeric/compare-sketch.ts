import { chiSquareTest } from './chi-square.js';
import type { CategorySketch, NumberSketch } from './distribution-sketch.js';
import { jensenShannonDivergence } from './drift-bins.js';
import { kolmogorovSmirnovPValue } from './kolmogorov-smirnov.js';
import { populationStabilityIndex } from './population-stability.js';
import {
  windowOf,
  type CategoryWindow,
  type CategoryWindowFacts,
  type NumberWindow,
} from './sketch-window.js';

/** A bin of both windows. */
export interface SketchBin {
  label: string;
  /** Lower bound, which belongs to the bin; null where it is open, and for categories. */
  low: number | null;
  /** Upper bound, which does not. */
  high: number | null;
  /** Shares of the rows with a value, 0..1. */
  reference: number;
  current: number;
}

/** How a window differs from a sketch. Rows without a value count in the missing shares alone. */
export interface SketchComparison {
  referenceRows: number;
  currentRows: number;
  /** Population stability index; 0 where a window has no value. */
  psi: number;
  /** Natural logarithm, 0..ln 2; 0 where a window has no value. */
  jensenShannon: number;
  /** 0..1; null for categories, or where a window has no value. Too small by `ksErrorBound` at most. */
  ks: number | null;
  ksPValue: number | null;
  ksErrorBound: number;
  /** Of the 2 x bins table; null with fewer than two filled bins. */
  chiSquare: number | null;
  chiSquarePValue: number | null;
  chiSquareDegrees: number;
  /** Shares of the rows, 0..1; 0 of an empty window. */
  missingReference: number;
  missingCurrent: number;
  /** Null for categories, or without a value. */
  meanReference: number | null;
  meanCurrent: number | null;
  /** Sample standard deviations (n - 1). */
  deviationReference: number | null;
  deviationCurrent: number | null;
  histogram: SketchBin[];
}

/** Compares what a window has counted so far with its sketch. Cost: O(sketch). */
export function compareToSketch(window: NumberWindow | CategoryWindow): SketchComparison {
  return window.kind === 'NUMBER' ? compareNumbers(window) : compareCategories(window);
}

/** Compares a whole column with a sketch. */
export function compareValues(
  sketch: NumberSketch,
  values: Float32Array | Float64Array,
): SketchComparison {
  const window = windowOf(sketch);
  window.add(values);
  return compareToSketch(window);
}

function compareNumbers({ sketch, facts }: NumberWindow): SketchComparison {
  const current = facts();
  const reference = referencePlaces(sketch);
  const bins = binsOf(sketch, reference, current.places);
  const values = {
    reference: sketch.rows - sketch.missing,
    current: current.rows - current.missing,
  };
  const comparable = values.reference > 0 && values.current > 0;
  const ks = comparable ? largestDistance(reference, current.places, values) : null;
  return {
    ...shared(sketch, current, bins),
    ks,
    ksPValue: ks === null ? null : kolmogorovSmirnovPValue(ks, values.reference, values.current),
    ksErrorBound: sketch.ksErrorBound,
    meanReference: sketch.mean,
    meanCurrent: current.mean,
    deviationReference: sketch.deviation,
    deviationCurrent: current.deviation,
    histogram: histogramOf(rangesOf(sketch.edges), bins),
  };
}

interface Bins {
  reference: Float64Array;
  current: Float64Array;
}

interface Rows {
  rows: number;
  missing: number;
}

function shared(reference: Rows, current: Rows, bins: Bins) {
  const comparable = reference.rows > reference.missing && current.rows > current.missing;
  const chi = comparable
    ? chiSquareTest({
        rows: 2,
        columns: bins.reference.length,
        counts: Float64Array.of(...bins.reference, ...bins.current),
      })
    : null;
  const told = chi !== null && chi.degreesOfFreedom > 0;
  return {
    referenceRows: reference.rows,
    currentRows: current.rows,
    psi: comparable ? populationStabilityIndex(bins.reference, bins.current) : 0,
    jensenShannon: comparable ? jensenShannonDivergence(bins.reference, bins.current) : 0,
    chiSquare: told ? chi.statistic : null,
    chiSquarePValue: told ? chi.pValue : null,
    chiSquareDegrees: chi?.degreesOfFreedom ?? 0,
    missingReference: missingShare(reference),
    missingCurrent: missingShare(current),
  };
}

function missingShare({ rows, missing }: Rows): number {
  return rows === 0 ? 0 : missing / rows;
}

/** The sketch in the places that a window counts into. */
function referencePlaces({ knots, equal, between }: NumberSketch): Float64Array {
  const places = new Float64Array(2 * knots.length + 1);
  for (let i = 0; i < knots.length; i++) {
    places[2 * i] = between?.[i] ?? 0;
    places[2 * i + 1] = equal[i]!;
  }
  return places;
}

/** An edge belongs to the bin above it. */
function binsOf(
  { edges, knots }: NumberSketch,
  reference: Float64Array,
  current: Float64Array,
): Bins {
  const bins = {
    reference: new Float64Array(edges.length + 1),
    current: new Float64Array(edges.length + 1),
  };
  let bin = 0;
  for (let place = 0; place < reference.length; place++) {
    if (place % 2 === 1 && knots[(place - 1) / 2] === edges[bin]) bin++;
    bins.reference[bin]! += reference[place]!;
    bins.current[bin]! += current[place]!;
  }
  return bins;
}

/** At the knots and just below them, where the sketch is exact. */
function largestDistance(
  reference: Float64Array,
  current: Float64Array,
  values: { reference: number; current: number },
): number {
  let [left, right, largest] = [0, 0, 0];
  for (let place = 0; place < reference.length; place++) {
    left += reference[place]!;
    right += current[place]!;
    largest = Math.max(largest, Math.abs(left * values.current - right * values.reference));
  }
  return largest / (values.reference * values.current);
}

function rangesOf(edges: readonly number[]): Pick<SketchBin, 'label' | 'low' | 'high'>[] {
  return Array.from({ length: edges.length + 1 }, (_, bin) => {
    const low = edges[bin - 1] ?? null;
    const high = edges[bin] ?? null;
    return { label: rangeLabel(low, high), low, high };
  });
}

function rangeLabel(low: number | null, high: number | null): string {
  if (low === null) return high === null ? 'all' : `< ${short(high)}`;
  return high === null ? `>= ${short(low)}` : `${short(low)} to ${short(high)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function histogramOf(
  names: readonly Pick<SketchBin, 'label' | 'low' | 'high'>[],
  { reference, current }: Bins,
): SketchBin[] {
  const sums = [reference, current].map((counts) => counts.reduce((sum, value) => sum + value, 0));
  const share = (count: number, sum: number | undefined): number => (sum ? count / sum : 0);
  return names.map((name, bin) => ({
    ...name,
    reference: share(reference[bin]!, sums[0]),
    current: share(current[bin]!, sums[1]),
  }));
}

/** Name of the bin of what is not told apart. */
const OTHER = 'other';

function compareCategories({ sketch, facts }: CategoryWindow): SketchComparison {
  const current = facts();
  const { labels, bins } = categoryBins(sketch, current);
  return {
    ...shared(sketch, current, bins),
    ks: null,
    ksPValue: null,
    ksErrorBound: 0,
    meanReference: null,
    meanCurrent: null,
    deviationReference: null,
    deviationCurrent: null,
    histogram: histogramOf(
      labels.map((label) => ({ label, low: null, high: null })),
      bins,
    ),
  };
}

/**
 * A category never seen is a bin of its own. Where the sketch has rows of categories it does not name, a label it does
 * not name may be one of them: then all of those are one bin.
 */
function categoryBins(
  { categories, counts, other }: CategorySketch,
  current: CategoryWindowFacts,
): { labels: string[]; bins: Bins } {
  const unseen = [...current.unseen].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const apart = other === 0 ? unseen : [];
  const rest =
    (other === 0 ? 0 : unseen.reduce((sum, [, count]) => sum + count, 0)) + current.other;
  const joint = other > 0 || rest > 0;
  return {
    labels: [...categories, ...apart.map(([label]) => label), ...(joint ? [OTHER] : [])],
    bins: {
      reference: Float64Array.of(...counts, ...apart.map(() => 0), ...(joint ? [other] : [])),
      current: Float64Array.of(
        ...current.counts,
        ...apart.map(([, count]) => count),
        ...(joint ? [rest] : []),
      ),
    },
  };
}
