import { normalQuantile } from './normal-quantile.js';

/** How a column counts in an additive model: a few terms, each one value a bin. */
export interface RankCurve {
  /** Bins of numbers, ascending; a bin for NaN comes after them where the column had any. */
  bins: number;
  width: number;
  /** Row-major, shape [bins (+ 1), width]. */
  terms: Float64Array;
  /** The bin that holds the median row; what a NaN is taken for. */
  middle: number;
}

/** Ranks are drawn in from 0 and 1 by this much, so that the farthest bins have a finite normal score. */
const extreme = 0.001;

/**
 * Terms of a column by the rank u of its bins' middles among its rows: the normal score of u, and max(0, u - k) for each
 * knot k, by which the curve may bend. Of two bins: 0 and 1. NaN: the terms of the middle bin, and an indicator.
 * @param counts rows of each bin of numbers, at least 1 bin; sum > 0
 * @param missing rows with NaN
 * @param knots at equal distances of rank, at most bins - 2 are used
 */
export function rankCurve(counts: ArrayLike<number>, missing: number, knots: number): RankCurve {
  const bins = counts.length;
  const known = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const used = Math.max(0, Math.min(knots, bins - 2));
  const shape = bins === 1 ? 0 : 1 + used;
  const width = shape + (missing > 0 ? 1 : 0);
  const terms = new Float64Array((bins + (missing > 0 ? 1 : 0)) * width);
  let below = 0;
  let middle = 0;
  for (let bin = 0; bin < bins; bin++) {
    const rank = (below + counts[bin]! / 2) / known;
    if (below < known / 2) middle = bin;
    below += counts[bin]!;
    if (shape > 0) {
      const bounded = Math.min(1 - extreme, Math.max(extreme, rank));
      terms[bin * width] = bins === 2 ? bin : normalQuantile(bounded);
    }
    for (let k = 1; k <= used; k++) terms[bin * width + k] = Math.max(0, rank - k / (used + 1));
  }
  if (missing > 0) {
    terms.copyWithin(bins * width, middle * width, middle * width + shape);
    terms[bins * width + shape] = 1;
  }
  return { bins, width, terms, middle };
}
