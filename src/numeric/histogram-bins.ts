/**
 * Counts in `bins` bins of equal width from the least to the greatest value; bin i holds
 * `edges[i] <= value < edges[i + 1]`, the last one its upper edge too. One bin where all are equal, none
 * without a value. NaN is missing.
 * @param values shape [n], finite or NaN @param bins 1 or more
 * The caller sets the number of bins, so that plots can share it; `equalWidthHistogram` finds one. Cost: O(n).
 */
export function binCounts(
  values: Float64Array,
  bins: number,
): { missing: number; edges: Float64Array; counts: Uint32Array } {
  let missing = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (Number.isNaN(value)) missing++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (missing === values.length)
    return { missing, edges: new Float64Array(0), counts: new Uint32Array(0) };
  const size = min === max ? 1 : bins;
  const width = max / size - min / size; // the difference itself may overflow
  const edges = Float64Array.from({ length: size + 1 }, (_, i) => Math.min(max, min + width * i));
  edges[size] = max;
  const counts = new Uint32Array(size);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    // neighbours among the floats may be nearer than a width can tell
    let bin = width > 0 ? Math.min(size - 1, Math.floor((value - min) / width)) : 0;
    // the division may round over an edge
    while (bin > 0 && value < edges[bin]!) bin--;
    while (bin < size - 1 && value >= edges[bin + 1]!) bin++;
    counts[bin]!++;
  }
  return { missing, edges, counts };
}
