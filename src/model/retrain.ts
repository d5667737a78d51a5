import { userError, type UserError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { candidateFeatures } from './build-training-table.js';
import { pinnedFeatures } from './model-features.js';
import type { Model, ModelVersion } from './model.js';
import { trainJobInput, type TrainJobInput } from './model.messages.js';
import { reportOf, type VersionReport } from './version-report.js';

/**
 * The input of a TRAIN job that makes a version again: its label, instant, seed and search, the spec it was trained
 * with, and its features in their very versions. Nothing is promoted. A record from before the spec was kept takes the
 * model's present one with the folds and the metric of the record.
 */
export function planRetraining(
  model: Pick<Model, 'name' | 'spec'>,
  version: Pick<ModelVersion, 'id' | 'version' | 'report'>,
): { input: TrainJobInput; error: null } | { input: null; error: UserError } {
  const { recipe, upload } = reportOf(version);
  const refuse = (why: string) => ({
    input: null,
    error: userError('CONFLICT', `version ${version.version} ${why}`, 'version'),
  });
  if (upload) return refuse('was trained elsewhere: there is no recipe to train it by');
  const { label, asOf, horizonDays, algorithms, trials, folds, seed, selectionMetric } = recipe;
  const parsed = trainJobInput.safeParse({
    ...{ model: model.name, asOf, label, horizonDays, algorithms, trials, seed, promote: 'NO' },
    features: recipe.features,
    spec: recipe.spec ?? { ...model.spec, folds, selectionMetric },
    reproduces: version.id,
  });
  if (parsed.success) return { input: parsed.data, error: null };
  const issue = parsed.error.issues[0];
  return refuse(
    `has a recipe that cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

/** The model as a training takes it: with the spec of the record that is made again. */
export function asRecorded(model: Model, { spec }: Pick<TrainJobInput, 'spec'>): Model {
  return spec ? { ...model, spec } : model;
}

/**
 * The candidates of a training: those the spec wants, or those of the record, in its versions and order.
 * @throws AppError NOT_FOUND naming what is not registered any more
 */
export async function trainingFeatures(
  deps: {
    approvedFeatures(): Promise<FeatureDefinition[]>;
    allFeatures?: (() => Promise<FeatureDefinition[]>) | undefined;
  },
  { spec }: Pick<Model, 'spec'>,
  { features }: Pick<TrainJobInput, 'features'>,
): Promise<FeatureDefinition[]> {
  if (!features) return candidateFeatures(await deps.approvedFeatures(), spec.features);
  const registry = await (deps.allFeatures ?? deps.approvedFeatures)();
  const names = features.map((key) => key.split('@')[0] ?? key);
  return pinnedFeatures(registry, names, features);
}

/** What the record keeps so that the training can be repeated. */
export function keptForRepeat(
  { spec }: Pick<Model, 'spec'>,
  { reproduces }: Pick<TrainJobInput, 'reproduces'>,
): Pick<VersionReport['recipe'], 'spec' | 'reproduces'> {
  return { spec, ...(reproduces !== undefined && { reproduces }) };
}

/** Whether a version that was trained by another's record came out as that one. */
export interface Reproduction {
  /** The same hash of table and labels. */
  sameData: boolean;
  /** Every metric of the one has the same value in the other, to the bit. */
  sameMetrics: boolean;
  /** The same bytes of the graph. */
  sameArtifact: boolean;
  /** In words; empty when nothing differs. */
  differences: string[];
}

type Made = Pick<
  ModelVersion,
  'id' | 'dataHash' | 'artifactSha256' | 'trainingRows' | 'testRows' | 'report'
>;

const toldMetrics = 5;

/** Holds a version that was made again against the one it was made after. */
export function compareVersions(original: Made, again: Made): Reproduction {
  const sameData = original.dataHash === again.dataHash;
  const sameArtifact = original.artifactSha256 === again.artifactSha256;
  const metrics = differingMetrics(reportOf(original).metrics, reportOf(again).metrics);
  const rows = ({ trainingRows, testRows }: Made): string => `${trainingRows} + ${testRows} rows`;
  const differences = [
    ...(sameData
      ? []
      : [
          `the data have changed since: ${rows(again)} of training and test, there were ${rows(original)}; table and labels have another hash`,
        ]),
    ...metrics.slice(0, toldMetrics),
    ...(metrics.length > toldMetrics ? [`and ${metrics.length - toldMetrics} metrics more`] : []),
    ...(sameArtifact ? [] : ['the graph has other bytes']),
  ];
  return { sameData, sameMetrics: metrics.length === 0, sameArtifact, differences };
}

function differingMetrics(
  before: VersionReport['metrics'],
  after: VersionReport['metrics'],
): string[] {
  const keyOf = ({ name, split }: VersionReport['metrics'][number]): string => `${name} ${split}`;
  const values = new Map(after.map((metric) => [keyOf(metric), metric.value]));
  const missing = after.filter((metric) => !before.some((each) => keyOf(each) === keyOf(metric)));
  return [
    ...before
      .filter((metric) => values.get(keyOf(metric)) !== metric.value)
      .map(
        (metric) => `${keyOf(metric)}: ${values.get(keyOf(metric)) ?? 'none'}, was ${metric.value}`,
      ),
    ...missing.map((metric) => `${keyOf(metric)}: ${metric.value}, was none`),
  ];
}
