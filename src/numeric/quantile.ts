/**
 * Quantile of ascending values, interpolated linearly between the two nearest ranks; NaN without a value.
 * @param sorted ascending, shape [n], without NaN
 * @param fraction 0..1
 * Source: Hyndman and Fan, Sample Quantiles in Statistical Packages (1996), definition 7; numpy's default.
 */
export function quantileOfSorted(sorted: Float64Array, fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? NaN;
  const high = sorted[Math.ceil(place)] ?? NaN;
  // equal neighbours need no arithmetic, which could leave their value
  return low === high ? low : low + (high - low) * (place - below);
}
