import { upperF } from './special-functions.js';

export interface Anova {
  /** Variance between the groups over variance inside them, >= 0; Infinity where only the groups differ, NaN where nothing does. */
  f: number;
  /** Chance of an F as large if the groups had one mean; NaN where `f` is. */
  pValue: number;
  /** Rows with a known value. */
  rows: number;
}

/**
 * One-way analysis of variance: do the groups of `values` differ in their mean? NaN is missing: such rows do
 * not count. @param values shape [rows] @param groups group of each row, 0..255, shape [rows]
 * @throws RangeError if lengths differ, fewer than 2 groups have a value, or no group has two
 * Source: Fisher (1925); scikit-learn calls it f_classif. Cost: O(rows), two passes.
 */
export function anovaF(values: ArrayLike<number>, groups: Uint8Array): Anova {
  if (values.length !== groups.length)
    throw new RangeError(
      `values and groups must have equal lengths, got ${values.length} and ${groups.length}`,
    );
  const counts = new Float64Array(256);
  const means = new Float64Array(256);
  for (let i = 0; i < groups.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    counts[groups[i]!]!++;
    means[groups[i]!]! += values[i]!;
  }
  const total = means.reduce((sum, value) => sum + value, 0);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const groupCount = counts.reduce((found, count) => found + (count > 0 ? 1 : 0), 0);
  if (groupCount < 2) throw new RangeError(`groups with a value must be >= 2, got ${groupCount}`);
  if (rows <= groupCount)
    throw new RangeError(`rows must be more than the ${groupCount} groups, got ${rows}`);
  for (let g = 0; g < 256; g++) means[g]! /= counts[g]! || 1;
  const mean = total / rows;
  let within = 0;
  for (let i = 0; i < groups.length; i++)
    if (!Number.isNaN(values[i]!)) within += (values[i]! - means[groups[i]!]!) ** 2;
  const between = counts.reduce((sum, count, g) => sum + count * (means[g]! - mean) ** 2, 0);
  const rounding = rows * (1e-14 * mean) ** 2;
  if (within <= rounding && between <= rounding) return { f: NaN, pValue: NaN, rows };
  const inside = within <= rounding ? 0 : within / (rows - groupCount);
  const f = between / (groupCount - 1) / inside;
  return { f, pValue: upperF(f, groupCount - 1, rows - groupCount), rows };
}
