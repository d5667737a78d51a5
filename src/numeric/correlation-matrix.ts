import { pearsonCorrelation } from './correlation.js';

/**
 * Pearson's r of every pair of columns, pairwise complete (NaN is missing): row-major, shape
 * [columns, columns], symmetric, 1 on the diagonal of columns that vary. NaN where a side is constant, or
 * fewer than 3 pairs are known. `pairs` has the number of pairs behind each.
 * @param columns shape [columns][rows], equal lengths @throws RangeError if lengths differ
 * Cost: O(columns^2 x rows).
 */
export function correlationMatrix(columns: readonly Float64Array[]): {
  r: Float64Array;
  pairs: Float64Array;
} {
  const size = columns.length;
  const r = new Float64Array(size * size).fill(NaN);
  const pairs = new Float64Array(size * size);
  for (let a = 0; a < size; a++)
    for (let b = a; b < size; b++) {
      const known = knownPairs(columns[a]!, columns[b]!);
      pairs[a * size + b] = pairs[b * size + a] = known;
      if (known < 3) continue;
      const { r: value } = pearsonCorrelation(columns[a]!, columns[b]!);
      r[a * size + b] = r[b * size + a] = a === b && !Number.isNaN(value) ? 1 : value;
    }
  return { r, pairs };
}

function knownPairs(x: Float64Array, y: Float64Array): number {
  if (x.length !== y.length)
    throw new RangeError(`columns must have equal lengths, got ${x.length} and ${y.length}`);
  let known = 0;
  for (let i = 0; i < x.length; i++) if (!Number.isNaN(x[i]! * y[i]!)) known++;
  return known;
}
