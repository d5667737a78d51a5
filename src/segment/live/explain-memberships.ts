import { membershipReasons, strongestReasons } from '../../numeric/clusterer-reasons.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { ServedSegmentation } from '../segmentation.js';
import type { MembershipReason } from './membership.js';

/**
 * Of each row, why it is in the given segment and not in the most probable of the others, the strongest reason first;
 * nothing where there is no other.
 * @param segments numbers, shape [rows]
 */
export function explainMemberships(
  { clusterer, report }: Pick<ServedSegmentation, 'clusterer' | 'report'>,
  table: FeatureTable,
  segments: readonly number[],
): MembershipReason[][] {
  if (table.rows === 0) return [];
  const keys = new Map(report.segments.map(({ number, key }) => [number, key]));
  const reasons = membershipReasons(clusterer, table, { segment: Int32Array.from(segments) });
  return strongestReasons(reasons).map((all, row) => {
    const insteadOf = keys.get(reasons.runnerUp[row] ?? -1);
    return insteadOf === undefined ? [] : all.map((reason) => ({ ...reason, insteadOf }));
  });
}
