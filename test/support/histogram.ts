import type { BinnedMatrix } from '../../src/numeric/binning.js';

/** A zeroed histogram of all columns, with the cell for the padding. */
export function createHistogram(data: BinnedMatrix): Float64Array {
  return new Float64Array((data.cellStart[data.columns] ?? 0) + 1);
}
