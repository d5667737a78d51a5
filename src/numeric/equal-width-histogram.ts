import { binCounts } from './histogram-bins.js';
import { quantileOfSorted } from './quantile.js';

/** Bins of equal width: bin `i` holds `edges[i] <= value < edges[i + 1]`, the last one its upper edge too. */
export interface EqualWidthHistogram {
  /** Ascending, shape [bins + 1]; both the value where all are equal. */
  edges: Float64Array;
  /** Shape [bins]; the sum is the number of values. */
  counts: Uint32Array;
}

/**
 * Histogram of ascending values by the rule of Freedman and Diaconis: bins 2 IQR / cbrt(n) wide, at most
 * `maxBins`; exactly `maxBins` where half of the values are equal, so that a tail stays visible.
 * No bins without a value.
 * @param sorted ascending, shape [n], each within -1e300..1e300
 * @param maxBins 1 or more
 * Source: Freedman and Diaconis, On the histogram as a density estimator (1981). Cost: O(n).
 */
export function equalWidthHistogram(sorted: Float64Array, maxBins = 30): EqualWidthHistogram {
  const n = sorted.length;
  if (n === 0) return { edges: new Float64Array(0), counts: new Uint32Array(0) };
  const min = sorted[0]!;
  const max = sorted[n - 1]!;
  if (min === max) return { edges: Float64Array.of(min, max), counts: Uint32Array.of(n) };
  const spread = quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25);
  const wanted = Math.ceil(((max - min) * Math.cbrt(n)) / (2 * spread));
  const bins = wanted >= 1 && wanted <= maxBins ? wanted : maxBins;
  const { edges, counts } = binCounts(sorted, bins);
  return { edges, counts };
}
