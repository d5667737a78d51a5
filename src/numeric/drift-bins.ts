import { countBins, valueGuide, type ValueGuide } from './value-guide.js';

/** Bins of a reference window between its deciles. */
const BINS = 10;

/**
 * The deciles of a reference window, equal ones merged, ascending, up to 9: the edges that the stability index counts
 * between. numpy's linear quantiles to the last bit, since a value may equal an edge. None of an empty window.
 * @param sorted ascending, without NaN
 */
export function decileEdges(sorted: Float32Array | Float64Array): Float64Array {
  if (sorted.length === 0) return new Float64Array(0);
  const edges: number[] = [];
  for (let tenth = 1; tenth < BINS; tenth++) {
    const place = (tenth / BINS) * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below]!;
    const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
    const part = place - below;
    // numpy goes from the nearer end
    const edge = part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
    if (edges.length === 0 || edge > edges.at(-1)!) edges.push(edge);
  }
  return Float64Array.from(edges);
}

/** A window in bins; who has no value is apart. */
export interface BinnedWindow {
  /** Shape [edges + 1]. */
  counts: Float64Array;
  missing: number;
}

/** What counts windows into the bins between the edges: bin of x = number of edges <= x. Not finite is missing. */
export function driftBins(edges: Float64Array): {
  count(values: Float32Array | Float64Array): BinnedWindow;
} {
  const guide: ValueGuide = valueGuide(edges);
  return {
    count(values) {
      const counts = new Float64Array(edges.length + 2);
      countBins(guide, values, counts);
      return { counts: counts.slice(0, -1), missing: counts.at(-1)! };
    },
  };
}

/**
 * Jensen-Shannon divergence of two windows counted into the same bins, natural logarithm, 0..ln 2; shares below
 * `epsilon` count as `epsilon`, as in `populationStabilityIndex`. Symmetric.
 * @param expected shape [bins], sum > 0 @param actual shape [bins], sum > 0
 * @throws RangeError if lengths differ or a window is empty. Source: Lin (1991).
 */
export function jensenShannonDivergence(
  expected: Float64Array,
  actual: Float64Array,
  epsilon = 1e-6,
): number {
  if (expected.length !== actual.length)
    throw new RangeError(
      `expected and actual must have equal lengths, got ${expected.length} and ${actual.length}`,
    );
  const expectedSum = expected.reduce((sum, value) => sum + value, 0);
  const actualSum = actual.reduce((sum, value) => sum + value, 0);
  if (!(expectedSum > 0 && actualSum > 0))
    throw new RangeError(`both windows must hold rows, got ${expectedSum} and ${actualSum}`);
  let divergence = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = Math.max(expected[i]! / expectedSum, epsilon);
    const a = Math.max(actual[i]! / actualSum, epsilon);
    const middle = (e + a) / 2;
    divergence += (e * Math.log(e / middle) + a * Math.log(a / middle)) / 2;
  }
  return Math.max(0, divergence);
}
