import { AppError } from '../kernel/error.js';
import { encodeId } from '../kernel/id.js';
import type { FeatureTable } from '../numeric/table.js';

/**
 * Rows of customers who are grouped: those who agreed to profiling and have a value of at least one input. Who has none
 * is in no segment: nothing is known that a persona could be read from. Cost: O(rows x inputs).
 * @param consent 1 = agreed to profiling, 0 or NaN = not, or no customer; null: nobody was asked
 */
export function groupableRows(
  { rows, numericNames, numeric, categoricalNames, categorical }: FeatureTable,
  consent: Float64Array | null,
): number[] {
  const width = numericNames.length;
  const high = categoricalNames.length;
  const kept: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    if (consent && consent[row] !== 1) continue;
    let known = false;
    for (let j = row * width; j < (row + 1) * width && !known; j += 1)
      known = !Number.isNaN(numeric[j] ?? NaN);
    for (let j = row * high; j < (row + 1) * high && !known; j += 1) known = categorical[j] !== '';
    if (known) kept.push(row);
  }
  return kept;
}

/**
 * Refuses numbers that have no place on a scale. Cost: O(kept x inputs).
 * @param kept rows looked at
 * @param userIds of every row, for the message
 * @throws AppError INVALID naming the feature and the customer
 */
export function checkFinite(
  { numericNames, numeric }: Pick<FeatureTable, 'numericNames' | 'numeric'>,
  kept: readonly number[],
  userIds: Float64Array,
): void {
  const width = numericNames.length;
  for (const row of kept) {
    for (let j = 0; j < width; j += 1) {
      const value = numeric[row * width + j] ?? NaN;
      if (Number.isFinite(value) || Number.isNaN(value)) continue;
      const who = encodeId('User', userIds[row] ?? NaN);
      throw new AppError(
        'INVALID',
        `${numericNames[j] ?? ''} must be finite or missing, got ${value} for ${who}`,
      );
    }
  }
}
