import { DAY_MS } from '../kernel/clock.js';
import { createHash } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import type { RunningJob } from '../job/run-job.js';
import type { FeatureTable } from '../numeric/table.js';
import { predictClassifier } from '../numeric/classifier-predict.js';
import { sigmoid } from '../numeric/metrics.js';
import { PARITY_TOLERANCE, worstDisagreement } from '../onnx/parity.js';
import { passGate, type QualityGate } from '../quality/quality-gate.js';
import type { Scorer } from '../scorer/ports.js';
import {
  buildTrainingTable,
  candidateFeatures,
  type TrainingTable,
} from './build-training-table.js';
import type { Model, ModelVersion, NewModelVersion } from './model.js';
import { featureKey } from './model-features.js';
import { inputNames } from './model-inputs.js';
import { trainJobInput, type TrainJobInput } from './model.messages.js';
import { promoteTrained, type PromoteTrainedDeps } from './promote-trained.js';
import { asRecorded, keptForRepeat, trainingFeatures } from './retrain.js';
import { readLabels, type ReadLabelsDeps } from './read-labels.js';
import { scoreTable } from './score-table.js';
import { sliceColumns, type AttributesOf } from './slice-columns.js';
import type { TrainingInput, TrainingOptions } from './train/training.js';
import type { TrainedArtifact, TrainInWorkerHooks } from './train/train-in-worker.js';
import type { VersionReport } from './version-report.js';

export interface TrainModelDeps extends PromoteTrainedDeps, ReadLabelsDeps {
  modelByName(name: string): Promise<Model | null>;
  /** The registry's approved features. */
  approvedFeatures(): Promise<FeatureDefinition[]>;
  /** All of it, for a training that takes the features of a record; absent: only approved ones are found. */
  allFeatures?: () => Promise<FeatureDefinition[]>;
  /** `trainInWorker`, with its trials as rows that other workers may take up. */
  train(input: TrainingInput, hooks: TrainHooks): Promise<TrainedArtifact>;
  /** Values of profile attributes by name, in the order of the customers; '' = unknown. */
  attributesOf?: AttributesOf;
  scorer: Pick<Scorer, 'load' | 'unload' | 'score' | 'isLoaded'>;
  registerVersion(version: NewModelVersion): Promise<ModelVersion>;
  /** Keeps distributions of the training data, for later windows to be compared with. */
  keepReference?: KeepReference;
  /** Whether the data may be learnt from; without it, always. */
  checkData?: QualityGate;
  now(): Date;
}

/** What a version was made from, row by row: inputs, its probabilities, answers (1 positive) and the instant of each. */
export type KeepReference = (made: {
  model: Model;
  version: ModelVersion;
  table: FeatureTable;
  probability: Float64Array;
  labels: Uint8Array;
  asOf: readonly Date[];
}) => Promise<void>;

export interface TrainHooks extends Pick<TrainInWorkerHooks, 'onProgress' | 'signal'> {
  jobId: string;
  /** Told how many of the trials asked for so far are done. */
  onTrial: (done: number, asked: number) => void;
}

const OPSET = 21;

/**
 * The work of a TRAIN job: table, search and fit in a worker thread, parity of the ONNX graph with our
 * own predictor on every row, registration, promotion as asked. Result: `{ modelVersionId }`.
 * @throws AppError INVALID when there is too little to learn from; INTERNAL when graph and predictor differ;
 *   CONFLICT while the newest scan of a table says FAILED
 */
export async function trainModel(
  deps: TrainModelDeps,
  job: RunningJob,
): Promise<{ modelVersionId: string }> {
  const input = trainJobInput.parse(job.input);
  const registered = await deps.modelByName(input.model);
  if (!registered) throw new AppError('NOT_FOUND', `no model is named ${input.model}`);
  const model = asRecorded(registered, input);
  await passGate(deps.checkData, 'trained', job.signal);
  job.report(0.01, 'reading labels');
  const labels = await readLabels(deps, model, input);
  const features = await trainingFeatures(deps, model, input);
  job.report(0.03, `reading ${features.length} features of ${labels.userIds.length} customers`);
  const looked = await ruleFeatures(deps, model);
  const training = await buildTrainingTable(deps.readFeatures, features, labels, looked);
  job.signal.throwIfAborted();

  const { table } = training;
  const options = optionsOf(model, input);
  const slices = await sliceColumns(deps.attributesOf, model.spec, labels);
  const trained = await deps.train(
    { table, labels: training.labels, options, slices, ruleTable: training.ruleTable },
    { jobId: job.id, signal: job.signal, ...progressOf(job.report) },
  );
  job.report(0.92, 'checking the ONNX graph');
  const sha256 = createHash('sha256').update(trained.onnx).digest('hex');
  const { margins, worst } = await checkParity(
    deps.scorer,
    { sha256, bytes: trained.onnx },
    trained,
    table,
  );
  job.report(0.97, 'registering');
  const version = await deps.registerVersion({
    modelId: model.id,
    algorithm: trained.algorithm,
    hyperparameters: trained.hyperparameters,
    seed: input.seed,
    featureNames: inputNames(table),
    threshold: trained.threshold,
    trainingRows: trained.trainingRows,
    testRows: trained.testRows,
    dataFrom: labels.dataFrom,
    dataUntil: dataUntil(input),
    dataHash: trained.dataHash,
    report: reportFor(model, training, trained, input, options, features, worst),
    artifact: { sha256, bytes: trained.onnx, opset: OPSET },
    trainedAt: deps.now(),
    jobId: job.id,
    trainedOn: labels.userIds,
  });
  await deps.keepReference?.({
    ...{ model, version, table, labels: training.labels, asOf: labels.asOf },
    probability: margins.map(sigmoid),
  });
  await promoteTrained(deps, model, { version, labels, margins }, input.promote, job.createdBy);
  return { modelVersionId: version.id };
}

/** What the business rules look at, as far as it is registered: the newest approved version of each. */
async function ruleFeatures(
  deps: Pick<TrainModelDeps, 'approvedFeatures'>,
  { spec }: Model,
): Promise<FeatureDefinition[]> {
  const names = spec.businessRules.flatMap(({ when }) => when.map(({ feature }) => feature));
  if (names.length === 0) return [];
  const everyone = { tags: null, include: [...new Set(names)], exclude: [] };
  return candidateFeatures(await deps.approvedFeatures(), everyone);
}

/** The words of the thread; while it waits for trials, how many of them are done. */
function progressOf(report: RunningJob['report']): Pick<TrainHooks, 'onProgress' | 'onTrial'> {
  let share = 0;
  let stage = '';
  let trials: string | null = null;
  const tell = (): void => {
    report(0.1 + 0.8 * share, trials ?? stage);
  };
  return {
    onProgress: (progress) => {
      if (progress.stage !== stage) trials = null;
      ({ share, stage } = progress);
      tell();
    },
    onTrial: (done, asked) => {
      trials = `trial ${done} of ${asked}`;
      tell();
    },
  };
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
    classWeight: spec.classWeight,
    calibration: spec.calibration,
    monotone: spec.monotone,
    costs: spec.costs,
    businessRules: spec.businessRules,
    fallback: spec.fallback,
    riskBands: spec.riskBands,
  };
}

/** The graph, through the scorer, against our own predictor, on every row. */
async function checkParity(
  scorer: TrainModelDeps['scorer'],
  artifact: { sha256: string; bytes: Uint8Array },
  trained: TrainedArtifact,
  table: FeatureTable,
): Promise<{ worst: number; margins: Float64Array }> {
  const wasLoaded = scorer.isLoaded(artifact.sha256);
  await scorer.load(artifact);
  try {
    let worst = trained.worstDisagreement;
    const margins = await scoreTable(scorer, artifact.sha256, table, (part, margin) => {
      const expected = predictClassifier(trained.classifier, part);
      worst = Math.max(worst, worstDisagreement(margin, expected));
    });
    if (worst > PARITY_TOLERANCE)
      throw new AppError(
        'INTERNAL',
        `the ONNX graph and the predictor differ by ${worst} in probability, at most ${PARITY_TOLERANCE} is allowed; not registered`,
      );
    return { worst, margins };
  } finally {
    if (!wasLoaded) await scorer.unload(artifact.sha256);
  }
}

function reportFor(
  model: Model,
  training: TrainingTable,
  trained: TrainedArtifact,
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
      ...keptForRepeat(model, input),
    },
    parity: { rows: training.table.rows, worstDifference },
  };
}
