import { pearsonCorrelation } from './correlation.js';

/**
 * Pearson's r of column `row` with every column from it on, pairwise complete (NaN is missing), shape
 * [columns]; entries before `row` are NaN. 1 with itself where it varies; NaN where a side is constant, or
 * fewer than 3 pairs are known. `pairs` has the number of pairs behind each.
 * @param columns shape [columns][rows], equal lengths @throws RangeError if lengths differ
 * Cost: O(columns x rows).
 */
export function correlationRow(
  columns: readonly Float64Array[],
  row: number,
): { r: Float64Array; pairs: Float64Array } {
  const r = new Float64Array(columns.length).fill(NaN);
  const pairs = new Float64Array(columns.length);
  for (let other = row; other < columns.length; other++) {
    pairs[other] = knownPairs(columns[row]!, columns[other]!);
    if (pairs[other]! < 3) continue;
    const { r: value } = pearsonCorrelation(columns[row]!, columns[other]!);
    r[other] = other === row && !Number.isNaN(value) ? 1 : value;
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
