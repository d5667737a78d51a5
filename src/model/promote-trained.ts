import type { ReadFeatures } from '../feature/read-features.js';
import { logLossOfMargins } from '../numeric/metrics.js';
import type { Scorer } from '../scorer/ports.js';
import { readAsOf } from './build-training-table.js';
import { labelsAt, type Labels } from './labels.js';
import type { Model, ModelVersion } from './model.js';
import type { TrainJobInput } from './model.messages.js';
import { violatedRules } from './promotion-gate.js';
import { scoreTable } from './score-table.js';
import type { ServedModel } from './serving.js';
import { isTestRow } from './train/training.js';

export interface PromoteTrainedDeps {
  readFeatures: ReadFeatures;
  scorer: Pick<Scorer, 'score'>;
  /** Runs `work` with the present production version, loaded; null when there is none. */
  useProduction<T>(model: Model, work: (present: ServedModel) => Promise<T>): Promise<T | null>;
  promote(versionId: string, actor: string, comment: string): Promise<void>;
}

/** A version that was just trained. */
export interface Trained {
  version: ModelVersion;
  labels: Labels;
  /** Its margins of all labelled rows. */
  margins: Float64Array;
}

/**
 * Puts a version that was just trained into production as the job asked: YES always, IF_BETTER when there is
 * none or when it has the lower log loss on the same test rows: the newest of them, where there are enough that the present
 * version cannot have learnt from. A version that is there already stays. With IF_BETTER a
 * version that violates a business rule with a veto stays a candidate; with YES `promote` refuses it.
 * @throws AppError CONFLICT from `promote`, naming the rules
 */
export async function promoteTrained(
  deps: PromoteTrainedDeps,
  model: Model,
  trained: Trained,
  wish: TrainJobInput['promote'],
  actor: string,
): Promise<void> {
  const { version } = trained;
  if (wish === 'NO' || version.stage === 'PRODUCTION') return;
  if (wish === 'YES') return deps.promote(version.id, actor, 'asked for with the training');
  if (violatedRules(version).length > 0) return;
  const verdict = await deps.useProduction(model, (present) => compare(deps, present, trained));
  if (!verdict) return deps.promote(version.id, actor, 'no version was in production');
  if (verdict.isBetter) await deps.promote(version.id, actor, verdict.comment);
}

/** Each version gets its own features, in the versions it was trained on, of the same customers at the same instants. */
async function compare(
  deps: PromoteTrainedDeps,
  present: ServedModel,
  { labels, margins }: Trained,
): Promise<{ isBetter: boolean; comment: string }> {
  const { rows: test, newest } = testRows(labels, present.version.dataUntil);
  const tested = labelsAt(labels, test);
  const table = await readAsOf(deps.readFeatures, present.features, tested, present.inputs);
  const answers = Uint8Array.from(tested.positive, Number);
  const mine = logLossOfMargins(
    answers,
    Float64Array.from(test, (row) => margins[row] ?? 0),
  );
  const its = logLossOfMargins(
    answers,
    await scoreTable(deps.scorer, present.version.artifactSha256, table),
  );
  return {
    isBetter: mine < its,
    comment: `log loss ${mine.toFixed(4)} against ${its.toFixed(4)} of version ${present.version.version} on the same ${test.length} ${newest ? 'newest ' : ''}test rows`,
  };
}

/** Fewer rows, or fewer of a class, do not decide between two versions. */
const [LEAST_NEWEST, LEAST_OF_CLASS] = [100, 10];

/**
 * Test rows of the new version. Of those before `learntUntil` the present one may have learnt most: where enough are newer,
 * they alone decide.
 */
export function testRows(
  { userIds, asOf, positive }: Labels,
  learntUntil: Date | null,
): { rows: number[]; newest: boolean } {
  const rows = [...userIds.keys()].filter(isTestRow);
  const newer = rows.filter((row) => learntUntil !== null && (asOf[row] ?? 0) > learntUntil);
  const positives = newer.filter((row) => positive[row]).length;
  const newest =
    newer.length >= LEAST_NEWEST && Math.min(positives, newer.length - positives) >= LEAST_OF_CLASS;
  return newest ? { rows: newer, newest } : { rows, newest };
}
