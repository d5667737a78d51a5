import { AppError } from '../kernel/error.js';
import type { ServedModel } from '../model/serving.js';
import { modelOrElse, type ModelOrElseDeps } from './degrade-answers.js';
import { emptyRow, overridden, type Override } from './override-inputs.js';
import type { InputRow } from './prediction.js';

export const MAX_SCORED_ROWS = 1_000;

/** A row that belongs to nobody, scored. */
export interface ScoredInputs {
  probability: number;
  source: 'MODEL' | 'RULES';
  inputs: InputRow;
}

/**
 * Scores rows that belong to nobody, all as one batch; nothing is stored. An input that is left out is
 * missing. While the model cannot answer, rules do.
 * @throws AppError TOO_LARGE above 1,000 rows; INVALID for an input that the model does not take; UNAVAILABLE or
 *   DEADLINE_EXCEEDED when the model fails and no rule answers
 */
export async function scoreRows(
  deps: ModelOrElseDeps,
  served: ServedModel,
  rows: readonly (readonly Override[])[],
  run: { asOf: Date; signal: AbortSignal },
): Promise<ScoredInputs[]> {
  if (rows.length > MAX_SCORED_ROWS)
    throw new AppError('TOO_LARGE', `rows must be at most ${MAX_SCORED_ROWS}, got ${rows.length}`);
  if (rows.length === 0) return [];
  const empty = emptyRow(served.inputs);
  const asked = rows.map((row) => ({
    userId: 0,
    imagined: true,
    inputs: overridden(empty, row, served.inputs, served.features),
  }));
  const said = await modelOrElse(deps, served, asked, run);
  return asked.map(({ inputs }, index) => {
    const answer = said[index];
    if (answer?.by === 'MODEL' || answer?.by === 'RULES')
      return { probability: answer.probability, source: answer.by, inputs };
    throw answer?.by === 'NOBODY'
      ? answer.error
      : new AppError('INTERNAL', `row ${index} was not scored`);
  });
}
