import { createHash } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { RunningJob } from '../job/run-job.js';
import type { FeatureTable } from '../numeric/table.js';
import { predictClassifier } from '../numeric/classifier-predict.js';
import { logLossOfMargins } from '../numeric/metrics.js';
import { PARITY_TOLERANCE, worstDisagreement } from '../onnx/parity.js';
import type { Scorer } from '../scorer/ports.js';
import {
  buildTrainingTable,
  candidateFeatures,
  type TrainingTable,
} from './build-training-table.js';
import type { BehaviourLabelQuery, Labels } from './labels.js';
import type { Model, ModelVersion } from './model.js';
import { featureKey } from './model-features.js';
import { inputNames, pickColumns, pickRows } from './model-inputs.js';
import { trainJobInput, type TrainJobInput } from './model.messages.js';
import type { NewModelVersion } from './model.js';
import type { ServedModel } from './serving.js';
import { isTestRow, type TrainingOptions } from './train/training.js';
import type { TrainedArtefact, TrainInWorkerHooks } from './train/train-in-worker.js';
import type { VersionReport } from './version-report.js';

export interface TrainModelDeps {
  modelByName(name: string): Promise<Model | null>;
  /** The registry's approved features. */
  approvedFeatures(): Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  behaviourLabels(query: BehaviourLabelQuery): Promise<Labels>;
  outcomeLabels(query: { modelId: string; until: Date }): Promise<Labels>;
  /** `trainInWorker`. */
  train(
    input: { table: FeatureTable; labels: Uint8Array; options: TrainingOptions },
    hooks: TrainInWorkerHooks,
  ): Promise<TrainedArtefact>;
  scorer: Pick<Scorer, 'load' | 'unload' | 'score' | 'isLoaded'>;
  registerVersion(version: NewModelVersion): Promise<ModelVersion>;
  /** Loads the present production version, to be compared with; null when there is none. */
  production(model: Model): Promise<ServedModel | null>;
  promote(versionId: string, actor: string, comment: string): Promise<void>;
  now(): Date;
}

const DAY_MS = 86_400_000;
const OPSET = 21;
const PARITY_ROWS = 5_000;

/**
 * The work of a TRAIN job: table, search and fit in a worker thread, parity of the ONNX graph with our
 * own predictor on every row, registration, promotion as asked. Result: `{ modelVersionId }`.
 * @throws AppError INVALID when there is too little to learn from; INTERNAL when graph and predictor differ
 */
export async function trainModel(
  deps: TrainModelDeps,
  job: RunningJob,
): Promise<{ modelVersionId: string }> {
  const input = trainJobInput.parse(job.input);
  const model = await deps.modelByName(input.model);
  if (!model) throw new AppError('NOT_FOUND', `no model is named ${input.model}`);
  job.report(0.01, 'reading labels');
  const labels = await readLabels(deps, model, input);
  const features = candidateFeatures(await deps.approvedFeatures(), model.spec.features);
  job.report(0.03, `reading ${features.length} features of ${labels.userIds.length} customers`);
  const training = await buildTrainingTable(deps.readFeatures, features, labels);
  job.signal.throwIfAborted();

  const inputs = {
    numericNames: training.table.numericNames,
    categoricalNames: training.table.categoricalNames,
  };
  const options = optionsOf(model, input);
  const trained = await deps.train(
    { table: training.table, labels: training.labels.slice(), options },
    {
      onProgress: ({ share, stage }) => {
        job.report(0.1 + 0.8 * share, stage);
      },
      signal: job.signal,
    },
  );
  job.report(0.92, 'checking the ONNX graph');
  const table = pickColumns(training.everything, inputs);
  if (!table) throw new AppError('INTERNAL', 'the training table lost a column');
  const sha256 = createHash('sha256').update(trained.onnx).digest('hex');
  const margins = await checkParity(deps.scorer, { sha256, bytes: trained.onnx }, trained, table);
  job.report(0.97, 'registering');
  const version = await deps.registerVersion({
    modelId: model.id,
    algorithm: trained.algorithm,
    hyperparameters: trained.hyperparameters,
    seed: input.seed,
    featureNames: inputNames(inputs),
    threshold: trained.threshold,
    trainingRows: trained.trainingRows,
    testRows: trained.testRows,
    dataFrom: labels.dataFrom,
    dataUntil: dataUntil(input),
    dataHash: trained.dataHash,
    report: reportFor(training, trained, input, options, features, margins.worst),
    artifact: { sha256, bytes: trained.onnx, opset: OPSET },
    trainedAt: deps.now(),
    jobId: job.id,
  });
  await promoteAsAsked(deps, model, version, input, job.createdBy, training, margins.values);
  return { modelVersionId: version.id };
}

function readLabels(deps: TrainModelDeps, model: Model, input: TrainJobInput): Promise<Labels> {
  const asOf = new Date(input.asOf);
  const horizons = model.spec.eligible.activeWithinHorizons;
  if (input.label === 'OUTCOMES') return deps.outcomeLabels({ modelId: model.id, until: asOf });
  return deps.behaviourLabels({
    asOf,
    horizonDays: input.horizonDays,
    eventTypes: model.spec.label.eventTypes,
    minAgeDays: model.spec.eligible.minAgeDays,
    activeWithinDays: horizons === null ? null : horizons * input.horizonDays,
  });
}

function dataUntil({ asOf, label, horizonDays }: TrainJobInput): Date {
  return new Date(new Date(asOf).getTime() + (label === 'BEHAVIOUR' ? horizonDays * DAY_MS : 0));
}

function optionsOf({ spec }: Model, input: TrainJobInput): TrainingOptions {
  return {
    algorithms: input.algorithms,
    trials: input.trials,
    folds: spec.folds,
    seed: input.seed,
    selectionMetric: spec.selectionMetric,
    thresholdRule: spec.threshold,
    targets: spec.targets,
  };
}

/** The graph, through the scorer, against our own predictor, on every row. */
async function checkParity(
  scorer: TrainModelDeps['scorer'],
  artifact: { sha256: string; bytes: Uint8Array },
  trained: TrainedArtefact,
  table: FeatureTable,
): Promise<{ worst: number; values: Float64Array }> {
  const wasLoaded = scorer.isLoaded(artifact.sha256);
  await scorer.load(artifact);
  try {
    const values = new Float64Array(table.rows);
    let worst = trained.worstDisagreement;
    for (let start = 0; start < table.rows; start += PARITY_ROWS) {
      const length = Math.min(PARITY_ROWS, table.rows - start);
      const part = pickRows(
        table,
        Array.from({ length }, (_, i) => start + i),
      );
      const { margin } = await scorer.score(artifact.sha256, part);
      worst = Math.max(
        worst,
        worstDisagreement(margin, predictClassifier(trained.classifier, part)),
      );
      values.set(margin, start);
    }
    if (worst > PARITY_TOLERANCE)
      throw new AppError(
        'INTERNAL',
        `the ONNX graph and the predictor differ by ${worst} in probability, at most ${PARITY_TOLERANCE} is allowed; not registered`,
      );
    return { worst, values };
  } finally {
    if (!wasLoaded) await scorer.unload(artifact.sha256);
  }
}

function reportFor(
  training: TrainingTable,
  trained: TrainedArtefact,
  input: TrainJobInput,
  options: TrainingOptions,
  features: readonly FeatureDefinition[],
  worstDifference: number,
): VersionReport {
  return {
    ...trained.report,
    ignoredFeatures: [...training.dropped, ...trained.report.ignoredFeatures],
    recipe: {
      label: input.label,
      asOf: input.asOf,
      horizonDays: input.horizonDays,
      algorithms: input.algorithms,
      trials: input.trials,
      folds: options.folds,
      seed: input.seed,
      selectionMetric: options.selectionMetric,
      features: features.map(featureKey),
    },
    parity: { rows: training.table.rows, worstDifference },
  };
}

async function promoteAsAsked(
  deps: TrainModelDeps,
  model: Model,
  version: ModelVersion,
  input: TrainJobInput,
  actor: string,
  training: TrainingTable,
  margins: Float64Array,
): Promise<void> {
  if (input.promote === 'NO' || version.stage === 'PRODUCTION') return;
  if (input.promote === 'YES')
    return deps.promote(version.id, actor, 'asked for with the training');
  const present = await deps.production(model);
  if (!present) return deps.promote(version.id, actor, 'no version was in production');
  const test = [...training.labels.keys()].filter(isTestRow);
  const labels = Uint8Array.from(test, (row) => training.labels[row] ?? 0);
  const mine = logLossOfMargins(
    labels,
    Float64Array.from(test, (row) => margins[row] ?? 0),
  );
  const columns = pickColumns(training.everything, present.inputs);
  if (!columns) return;
  const scores = await deps.scorer.score(present.version.artifactSha256, pickRows(columns, test));
  const its = logLossOfMargins(labels, scores.margin);
  if (mine < its)
    await deps.promote(
      version.id,
      actor,
      `log loss ${mine.toFixed(4)} against ${its.toFixed(4)} of version ${present.version.version} on the same ${test.length} test rows`,
    );
}
