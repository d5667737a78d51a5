import type { RunningJob } from '../job/run-job.js';
import type { Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { uuidv7 } from '../kernel/uuid.js';
import type { ServedModel } from '../model/serving.js';
import type { ReferenceSource } from './drift.js';
import type { DriftJobInput } from './drift.messages.js';
import { LEAST_ROWS } from './judge-drift.js';
import { keepRows } from './keep-rows.js';
import { readWindow, windowRule, type ReadWindowDeps, type Window } from './read-window.js';
import { sketchReference, type DriftReference, type ScoredTable } from './reference.js';
import type { LabelCount } from './window.js';

export interface ReferenceForDeps extends ReadWindowDeps {
  newestReference(modelVersionId: string): Promise<DriftReference | null>;
  writeReference(reference: DriftReference, model: string): Promise<void>;
  /** Labels known of a window, one a customer. */
  labelsOf(served: ServedModel, from: Date, until: Date): Promise<LabelCount>;
  /** All customers, and those up to an id. */
  userCounts(upTo: number): Promise<{ total: number; upTo: number }>;
  clock: Pick<Clock, 'now' | 'wall'>;
}

/**
 * What a check compares with: the window that was named, else what was kept for the version. A named window is kept where nothing
 * was and it holds everybody until its end: who was active in some days is no measure for the checks of every night, which
 * look at everybody. Null: nothing was kept, and none was named.
 */
export async function referenceFor(
  deps: ReferenceForDeps,
  job: RunningJob,
  served: ServedModel,
  input: DriftJobInput,
): Promise<{ reference: DriftReference } | null> {
  const kept = await deps.newestReference(served.version.id);
  if (input.referenceUntil === null) return kept && { reference: kept };
  const until = new Date(input.referenceUntil);
  const from = input.referenceFrom === null ? null : new Date(input.referenceFrom);
  const window = { asOf: until, rule: windowRule(served, from, until) };
  const { reference } = await makeReference(deps, job, served, window, 'WINDOW');
  if (!kept && from === null) await deps.writeReference(reference, served.model.name);
  return { reference };
}

/** Makes a reference from a window and keeps it. @throws AppError INVALID below 30 customers */
export async function keepReference(
  deps: ReferenceForDeps,
  job: RunningJob,
  served: ServedModel,
  window: Window,
  source: ReferenceSource,
): Promise<{ reference: DriftReference; rows: ScoredTable }> {
  const made = await makeReference(deps, job, served, window, source);
  await deps.writeReference(made.reference, served.model.name);
  return made;
}

async function makeReference(
  deps: ReferenceForDeps,
  job: RunningJob,
  served: ServedModel,
  window: Window,
  source: ReferenceSource,
): Promise<{ reference: DriftReference; rows: ScoredTable }> {
  const keeper = keepRows(served.inputs);
  const { total } = await deps.userCounts(0);
  let looked = 0;
  for await (const chunk of readWindow(deps, served, window, job.signal)) {
    keeper.add(chunk);
    looked += chunk.looked;
    const share = Math.min(1, looked / Math.max(1, total));
    job.report(0.02 + 0.28 * share, `reading the reference: ${keeper.rows()} customers`);
  }
  if (keeper.rows() < LEAST_ROWS)
    throw new AppError(
      'INVALID',
      `a reference must be made from at least ${LEAST_ROWS} customers, the window until ${window.asOf.toISOString()} holds ${keeper.rows()}`,
    );
  const rows = keeper.kept();
  const sketch = await sketchReference(rows, null, served.threshold, null);
  const from = window.rule?.from ?? served.version.dataFrom ?? new Date(window.asOf.getTime() - 1);
  const labels = await deps.labelsOf(served, from, window.asOf);
  const at = deps.clock.wall();
  const reference: DriftReference = {
    id: uuidv7(at),
    modelVersionId: served.version.id,
    source,
    rows: rows.table.rows,
    dataFrom: from < window.asOf ? from : new Date(window.asOf.getTime() - 1),
    dataUntil: window.asOf,
    sketch: { ...sketch, labels: labels.rows > 0 ? labels : null },
    createdAt: at,
    createdBy: job.createdBy,
  };
  return { reference, rows };
}
