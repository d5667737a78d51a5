import { quantileOfSorted } from '../numeric/quantile.js';

/**
 * Bounds that part values into `quantiles` buckets of equal size, as nearly as ties allow: each bound is the
 * least value at or above its quantile (interpolated, Hyndman and Fan 1996, definition 7), so that
 * `value < bound` parts the same values. Where ties would make two bounds equal, or leave the lowest bucket
 * empty, a bound moves to the next value. Strictly ascending; null with fewer distinct values than buckets.
 * Cost: one sort.
 */
export function quantileBounds(values: Float64Array, quantiles: number): number[] | null {
  const sorted = values.toSorted();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const wanted = quantiles - 1;
  if (distinct.length < quantiles) return null;
  const places: number[] = [];
  for (let i = 1; i <= wanted; i += 1) {
    const cut = quantileOfSorted(sorted, i / quantiles);
    let place = (places.at(-1) ?? 0) + 1;
    while (place < distinct.length - 1 && (distinct[place] ?? 0) < cut) place += 1;
    // room for the bounds that follow
    places.push(Math.min(place, distinct.length - 1 - (wanted - i)));
  }
  return places.map((place) => distinct[place] ?? 0);
}
