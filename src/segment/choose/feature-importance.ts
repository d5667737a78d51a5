import { anovaF } from '../../numeric/anova.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { ClusterFeatureImportance } from '../segmentation.js';

/**
 * How much each number of the table separates the segments: F and p of a one-way analysis of variance over the known
 * values, rank 1 the largest F. The segments were made from these very numbers, so p tells features apart and proves
 * nothing. F is 0 and p is 1 where nothing can be told (a constant, values in one segment only), the largest double where
 * nobody differs from the mean of the segment.
 * @param segmentOf 0..segments-1, negative = none, shape [rows] @throws RangeError for more than 256 segments
 */
export function featureImportance(
  table: FeatureTable,
  segmentOf: Int32Array,
  segments: number,
): ClusterFeatureImportance[] {
  if (segments > 256) throw new RangeError(`segments must be 256 at most, got ${segments}`);
  const width = table.numericNames.length;
  const groups = Uint8Array.from(segmentOf, (segment) => Math.max(0, segment));
  const found = table.numericNames.map((feature, j) => {
    const values = Float64Array.from(segmentOf, (segment, row) =>
      segment < 0 ? NaN : (table.numeric[row * width + j] ?? NaN),
    );
    return { feature, ...separation(values, groups) };
  });
  return found
    .sort((a, b) => b.f - a.f)
    .map((each, i) => ({ ...each, f: Math.min(each.f, Number.MAX_VALUE), rank: i + 1 }));
}

function separation(values: Float64Array, groups: Uint8Array): { f: number; p: number } {
  const known = new Map<number, number>();
  values.forEach((value, row) => {
    const group = groups[row] ?? 0;
    if (!Number.isNaN(value)) known.set(group, (known.get(group) ?? 0) + 1);
  });
  const rows = [...known.values()].reduce((sum, count) => sum + count, 0);
  if (known.size < 2 || rows <= known.size) return { f: 0, p: 1 };
  const { f, pValue } = anovaF(values, groups);
  return Number.isNaN(f) ? { f: 0, p: 1 } : { f, p: pValue };
}
