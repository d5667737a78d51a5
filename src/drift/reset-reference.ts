import type { RunningJob } from '../job/run-job.js';
import { AppError } from '../kernel/error.js';
import type { ServedModel } from '../model/serving.js';
import type { DriftJobInput } from './drift.messages.js';
import { keepReference, type ReferenceForDeps } from './reference-for.js';
import { windowRule } from './read-window.js';
import type { DriftReference } from './reference.js';

/**
 * The newer half of the last window becomes the reference (D5), or everybody as of its end: where it had no beginning, and where
 * next to nobody in it has a date. Audited with the row.
 */
export async function resetReference(
  deps: ReferenceForDeps,
  job: RunningJob,
  served: ServedModel,
  input: DriftJobInput,
): Promise<DriftReference> {
  const until = new Date(input.currentUntil);
  const from = input.currentFrom === null ? null : new Date(input.currentFrom);
  const half = { asOf: until, rule: windowRule(served, from, until) };
  const everybody = { asOf: until, rule: windowRule(served, null, until) };
  const made = await keepReference(deps, job, served, half, 'RESET').catch((error: unknown) => {
    if (from === null || !(error instanceof AppError) || error.code !== 'INVALID') throw error;
    return keepReference(deps, job, served, everybody, 'RESET');
  });
  return made.reference;
}
