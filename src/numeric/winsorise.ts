import type { Fence } from './outlier-fence.js';

/** No bounds: those of float32, so that an infinite number becomes a finite one. */
export const openFence: Fence = { low: -3.4028234663852886e38, high: 3.4028234663852886e38 };

/**
 * Bounds for cutting the given share off either end: the value with ceil(share x n) values below it, and its mirror, so
 * that even a small table loses its one giant, but not one of fewer than ten values; half as many, again and again, while
 * nothing but one value would remain. The bounds are values that occur, so an outlier leaves no trace in them.
 * `openFence` for a share of 0, or where nothing can be cut.
 * @param sorted ascending, shape [n], without NaN
 * @param share 0..0.25
 * Source: Tukey, The future of data analysis (1962). Cost: O(log n).
 */
export function winsorFence(sorted: Float64Array, share: number): Fence {
  if (!(share >= 0 && share <= 0.25)) throw new RangeError(`share must be 0..0.25, got ${share}`);
  const last = sorted.length - 1;
  const most = Math.floor(Math.max(share, 0.1) * sorted.length);
  let cut = Math.min(Math.ceil(share * sorted.length), most);
  for (; cut > 0; cut = Math.floor(cut / 2)) {
    const low = sorted[cut]!;
    const high = sorted[last - cut]!;
    if (low < high) return { low, high };
  }
  return openFence;
}
