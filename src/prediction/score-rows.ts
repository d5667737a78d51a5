import { AppError } from '../kernel/error.js';
import type { ServedModel } from '../model/serving.js';
import type { Scorer } from '../scorer/ports.js';
import { tableOf } from './input-rows.js';
import { emptyRow, overridden, type Override } from './override-inputs.js';
import type { InputRow } from './prediction.js';

export const MAX_SCORED_ROWS = 1_000;

/**
 * Scores rows that belong to nobody, all as one batch; nothing is stored. An input that is left out is
 * missing.
 * @throws AppError TOO_LARGE above 1,000 rows; INVALID for an input that the model does not take
 */
export async function scoreRows(
  deps: { scorer: Pick<Scorer, 'score'> },
  served: ServedModel,
  rows: readonly (readonly Override[])[],
  signal: AbortSignal,
): Promise<{ probability: number; inputs: InputRow }[]> {
  if (rows.length > MAX_SCORED_ROWS)
    throw new AppError('TOO_LARGE', `rows must be at most ${MAX_SCORED_ROWS}, got ${rows.length}`);
  if (rows.length === 0) return [];
  const empty = emptyRow(served.inputs);
  const inputs = rows.map((row) => overridden(empty, row, served.inputs, served.features));
  const { probability } = await deps.scorer.score(
    served.version.artifactSha256,
    tableOf(served.inputs, inputs),
    { signal },
  );
  return inputs.map((row, index) => ({ probability: probability[index] ?? NaN, inputs: row }));
}
