import { AppError } from '../../kernel/error.js';
import type { FeatureDefinition } from '../../feature/feature.js';
import type { ReadFeatures } from '../../feature/read-features.js';
import type { RunningJob } from '../../job/run-job.js';
import { passGate, type QualityGate } from '../../quality/quality-gate.js';
import { readAsOf } from '../build-training-table.js';
import { labelsAt, type Labels } from '../labels.js';
import type { Model } from '../model.js';
import { featureKey } from '../model-features.js';
import { inputsOf } from '../model-inputs.js';
import { readLabels, type ReadLabelsDeps } from '../read-labels.js';
import type { FeatureRanking, FeatureSelection, NewFeatureSelection } from '../selection.js';
import { selectJobInput, type SelectJobInput } from '../selection.messages.js';
import { minTrainingRows } from '../train/check-input.js';
import type { ThreadHooks } from '../work-in-thread.js';
import { evenRows } from './columns.js';
import type { RankFeaturesInput } from './rank-features.js';

export interface SelectFeaturesDeps extends ReadLabelsDeps {
  modelByName(name: string): Promise<Model | null>;
  /** Every version of every feature. */
  allFeatures(): Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  /** Whether the data may be learnt from; without it, always. */
  checkData?: QualityGate;
  /** `rankInWorker`. */
  rank(input: RankFeaturesInput, hooks: ThreadHooks): Promise<FeatureRanking>;
  selectionOfJob(jobId: string): Promise<FeatureSelection | null>;
  /** A second call for the same job answers the first's row. */
  writeSelection(selection: NewFeatureSelection): Promise<FeatureSelection>;
}

/** Labelled customers looked at, at most; of more, an even sample. */
export const maxSelectionRows = 200_000;

/**
 * The work of a SELECT job: labels and features read as training reads them, ranked in a worker thread, and
 * written. A job that has written its selection does nothing again. Result: `{ featureSelectionId }`.
 * @throws AppError INVALID when there is too little to learn from, NOT_FOUND for a model or feature that is gone,
 *   CONFLICT while the newest scan of a table says FAILED
 */
export async function selectFeatures(
  deps: SelectFeaturesDeps,
  job: RunningJob,
): Promise<{ featureSelectionId: string }> {
  const earlier = await deps.selectionOfJob(job.id);
  if (earlier) return { featureSelectionId: earlier.id };
  const input = selectJobInput.parse(job.input);
  const model = await deps.modelByName(input.model);
  if (!model) throw new AppError('NOT_FOUND', `no model is named ${input.model}`);
  await passGate(deps.checkData, 'ranked', job.signal);
  job.report(0.01, 'reading labels');
  const all = await readLabels(deps, model, input);
  checkLabels(all, input);
  const labels = labelsAt(all, evenRows(all.positive.length, maxSelectionRows));
  const features = pinned(await deps.allFeatures(), input.candidates);
  job.report(0.03, `reading ${features.length} features of ${labels.userIds.length} customers`);
  const table = await readAsOf(deps.readFeatures, features, labels, inputsOf(features));
  job.signal.throwIfAborted();
  const { methods, thresholds, seed } = input;
  const booleanNames = features.filter(({ type }) => type === 'BOOLEAN').map(({ name }) => name);
  const ranking = await deps.rank(
    {
      table,
      booleanNames,
      labels: Uint8Array.from(labels.positive, Number),
      ...{ methods, thresholds, seed },
    },
    {
      onProgress: ({ share, stage }) => {
        job.report(0.1 + 0.88 * share, stage);
      },
      signal: job.signal,
    },
  );
  const { label, horizonDays } = input;
  const recipe = { label, horizonDays, seed, labelled: all.positive.length, thresholds };
  const selection = await deps.writeSelection({
    modelId: model.id,
    jobId: job.id,
    asOf: new Date(input.asOf),
    rows: table.rows,
    positive: labels.positive.filter(Boolean).length,
    report: { ...withVersions(ranking, features), recipe },
    createdBy: job.createdBy,
  });
  return { featureSelectionId: selection.id };
}

function checkLabels({ positive }: Labels, { asOf, label }: SelectJobInput): void {
  if (positive.length >= minTrainingRows) return;
  throw new AppError(
    'INVALID',
    `selection needs at least ${minTrainingRows} labelled customers, got ${positive.length} for asOf ${asOf} and label ${label}: import more, or choose another`,
  );
}

function pinned(
  registry: readonly FeatureDefinition[],
  keys: readonly string[],
): FeatureDefinition[] {
  const byKey = new Map(registry.map((feature) => [featureKey(feature), feature]));
  return keys.map((key) => {
    const feature = byKey.get(key);
    if (!feature) throw new AppError('NOT_FOUND', `candidate ${key} is not registered`);
    return feature;
  });
}

/** Names become `name@version`. */
function withVersions(
  ranking: FeatureRanking,
  features: readonly FeatureDefinition[],
): FeatureRanking {
  const keys = new Map(features.map((feature) => [feature.name, featureKey(feature)]));
  const named = <T extends { feature: string }>(rows: readonly T[]): T[] =>
    rows.map((row) => ({ ...row, feature: keyOf(row.feature) }));
  const keyOf = (name: string): string => keys.get(name) ?? name;
  return {
    ...ranking,
    methods: ranking.methods.map((each) => ({ ...each, ranking: named(each.ranking) })),
    overall: named(ranking.overall),
    redundant: ranking.redundant.map(({ a, b, r }) => ({ a: keyOf(a), b: keyOf(b), r })),
    leftOut: named(ranking.leftOut),
  };
}
