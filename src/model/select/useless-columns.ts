import type { FeatureTable } from '../../numeric/table.js';
import { withoutColumns } from '../model-inputs.js';
import type { LeftOutFeature } from '../selection.js';
import { constantFeatures } from '../train/check-input.js';

/**
 * The table without the columns that cannot be ranked: one value (or missing) everywhere, or a number that
 * float32 cannot hold. Cost: O(rows x columns).
 */
export function withoutUseless(table: FeatureTable): {
  table: FeatureTable;
  leftOut: LeftOutFeature[];
} {
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  const leftOut: LeftOutFeature[] = [...constantFeatures(table, rows)];
  const width = table.numericNames.length;
  const infinite = new Set<string>();
  table.numeric.forEach((value, at) => {
    if (value === Infinity || value === -Infinity)
      infinite.add(table.numericNames[at % width] ?? '');
  });
  for (const feature of infinite)
    if (!leftOut.some((other) => other.feature === feature))
      leftOut.push({ feature, reason: 'INFINITE' });
  return { table: withoutColumns(table, new Set(leftOut.map(({ feature }) => feature))), leftOut };
}
