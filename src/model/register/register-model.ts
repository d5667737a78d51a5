import { createHash } from 'node:crypto';
import { pickVersion, type FeatureDefinition } from '../../feature/feature.js';
import { isCategorical } from '../../feature/read-features.js';
import { AppError, userError, type UserError } from '../../kernel/error.js';
import type { ExaminedModel, ModelFile } from '../../scorer/examine-model.js';
import { commentError } from '../comment.js';
import type { Model, ModelTask, ModelVersion } from '../model.js';
import { featureKey } from '../model-features.js';
import { modelSpec, type ModelSpec } from '../model-spec.js';
import type { VersionReport } from '../version-report.js';
import { decodeFile } from './decode-file.js';
import type { UploadStore } from './upload.store.js';

export interface RegisterModelDeps {
  modelByName(name: string): Promise<Model | null>;
  featureRegistry(): Promise<FeatureDefinition[]>;
  /** `ModelChecker.check`. */
  checkModel(file: ModelFile): Promise<ExaminedModel>;
  register: UploadStore['register'];
  /** Largest file, in bytes. */
  maxBytes: number;
  now(): Date;
}

/** What the bringer of a file says; null is left to the program. */
export interface RegisterRequest extends Pick<ModelFile, 'output' | 'positiveClass' | 'scores'> {
  name: string;
  task: ModelTask;
  /** The file in base64. */
  onnx: string;
  /** `name` or `name@version`, in the order the graph takes them. */
  features: readonly string[];
  /** 0..1. */
  threshold: number | null;
  missing: ModelFile['missing'];
  comment: string | null;
  actor: string;
}

export type RegisterResult =
  { version: ModelVersion; userErrors: [] } | { version: null; userErrors: [UserError] };

const STANDARD_THRESHOLD = 0.5;

/**
 * Makes a CANDIDATE version out of an ONNX file of elsewhere: of the model of that name, or of a new one. The
 * file is checked in a process of its own; nothing is registered of one that cannot serve.
 */
export async function registerModel(
  deps: RegisterModelDeps,
  request: RegisterRequest,
): Promise<RegisterResult> {
  const { task, threshold } = request;
  if (task !== 'BINARY_CLASSIFICATION')
    return refuse(
      userError('INVALID', `task must be BINARY_CLASSIFICATION for a file, got ${task}`, 'task'),
    );
  if (threshold !== null && !(threshold >= 0 && threshold <= 1))
    return refuse(userError('INVALID', `threshold must be 0..1, got ${threshold}`, 'threshold'));
  if (request.positiveClass !== null && request.positiveClass < 0)
    return refuse(
      userError(
        'INVALID',
        `positiveClass must be >= 0, got ${request.positiveClass}`,
        'positiveClass',
      ),
    );
  const long = commentError(request.comment);
  if (long) return refuse(long);
  const picked = pickFeatures(await deps.featureRegistry(), request.features);
  if ('error' in picked) return refuse(picked.error);
  const existing = await deps.modelByName(request.name);
  const spec = existing ? { spec: existing.spec } : specOf(request, picked.features);
  if ('error' in spec) return refuse(spec.error);
  const file = decodeFile(request.onnx, deps.maxBytes);
  if ('error' in file) return refuse(file.error);
  try {
    const examined = await deps.checkModel(fileOf(request, picked.features, file.bytes));
    const version = versionOf(deps, request, picked.features, {
      ...file,
      ...examined,
      came: file.bytes,
    });
    const registered = await deps.register({
      spec: spec.spec,
      version,
      features: version.report.recipe.features,
      sha256: version.report.upload.sha256,
      actor: request.actor,
      comment: request.comment,
    });
    return registered.error
      ? refuse(registered.error)
      : { version: registered.version, userErrors: [] };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'INVALID') throw error;
    return refuse(userError('INVALID', `the file is refused: ${error.message}`, 'onnx'));
  }
}

/** The features named, each once; or which of them is wrong. */
function pickFeatures(
  registry: readonly FeatureDefinition[],
  wanted: readonly string[],
): { features: FeatureDefinition[] } | { error: UserError } {
  if (wanted.length === 0)
    return { error: userError('INVALID', 'features must name at least one', 'features') };
  const features: FeatureDefinition[] = [];
  for (const [index, key] of wanted.entries()) {
    const wrong = (code: 'INVALID' | 'NOT_FOUND', message: string) => ({
      error: userError(code, message, 'features', String(index)),
    });
    const [, name, version] = /^([^@]+)(?:@([1-9]\d{0,8}))?$/.exec(key) ?? [];
    if (name === undefined)
      return wrong(
        'INVALID',
        `a feature is told as name or name@version, got ${JSON.stringify(key)}`,
      );
    const versions = registry.filter((feature) => feature.name === name);
    const feature = pickVersion(versions, version === undefined ? undefined : Number(version));
    if (!feature) return wrong('NOT_FOUND', `no feature is registered as ${key}`);
    if (features.some((other) => other.name === name))
      return wrong('INVALID', `feature ${name} is listed twice`);
    features.push(feature);
  }
  return { features };
}

/** The recipe of a model that begins with a file: labels are recorded outcomes, everyone is scored. */
function specOf(
  { name, task, threshold, comment }: RegisterRequest,
  features: readonly FeatureDefinition[],
): { spec: ModelSpec } | { error: UserError } {
  const parsed = modelSpec.safeParse({
    name,
    task,
    description: comment?.trim() ? comment : `Registered from a file as ${name}.`,
    labels: { positive: 'positive', negative: 'negative' },
    label: { kind: 'OUTCOMES' },
    eligible: { minAgeDays: 0, activeWithinHorizons: null },
    features: { tags: null, include: features.map((feature) => feature.name), exclude: [] },
    algorithms: ['logistic', 'boosting'],
    trials: 20,
    folds: 5,
    seed: 1,
    selectionMetric: 'logLoss',
    threshold: { kind: 'fixed', value: threshold ?? STANDARD_THRESHOLD },
    targets: [],
    riskBands: { medium: 0.25, high: 0.5, critical: 0.75 },
  });
  if (parsed.success) return { spec: parsed.data };
  const message = `name must match ^[a-z][a-z0-9_-]{0,62}$, got ${JSON.stringify(name)}`;
  return { error: userError('INVALID', message, 'name') };
}

function fileOf(
  { output, positiveClass, scores, missing }: RegisterRequest,
  features: readonly FeatureDefinition[],
  bytes: Uint8Array,
): ModelFile {
  return {
    bytes,
    features: features.map(({ name, type }) => ({
      name,
      kind: isCategorical(type) ? 'category' : 'number',
    })),
    output,
    positiveClass,
    scores,
    missing,
  };
}

type UploadReport = VersionReport & { upload: NonNullable<VersionReport['upload']> };

function versionOf(
  deps: Pick<RegisterModelDeps, 'now'>,
  request: RegisterRequest,
  features: readonly FeatureDefinition[],
  file: ExaminedModel & { came: Uint8Array },
) {
  // The scorer's order: numbers first, as the adapted graph takes them.
  const ordered = [
    ...features.filter(({ type }) => !isCategorical(type)),
    ...features.filter(({ type }) => isCategorical(type)),
  ];
  const { producer, operators, missing, output, scores, columns, came } = file;
  const sha256 = digest(came);
  const about = {
    sha256,
    bytes: came.length,
    producer,
    operators,
    missing,
    output,
    scores,
    columns,
  };
  const now = deps.now();
  return {
    algorithm: 'upload',
    hyperparameters: {},
    seed: 0,
    featureNames: ordered.map(({ name }) => name),
    threshold: request.threshold ?? STANDARD_THRESHOLD,
    trainingRows: 0,
    testRows: 0,
    dataFrom: null,
    dataUntil: null,
    dataHash: '',
    report: {
      ...emptyReport(now, ordered.map(featureKey)),
      upload: { ...about, uploadedBy: request.actor },
    } satisfies UploadReport,
    artifact: { sha256: digest(file.bytes), bytes: file.bytes, opset: file.opset, uploaded: true },
    trainedAt: now,
    jobId: null,
  };
}

/** Nothing was trained and nothing measured here. */
function emptyReport(now: Date, features: string[]): Omit<VersionReport, 'upload'> {
  return {
    metrics: [],
    confusionMatrix: null,
    rocCurve: [],
    precisionRecallCurve: [],
    calibrationCurve: [],
    importances: [],
    trials: [],
    baseline: [],
    targets: [],
    ignoredFeatures: [],
    seconds: 0,
    recipe: {
      label: 'OUTCOMES',
      asOf: now.toISOString(),
      horizonDays: 0,
      algorithms: [],
      trials: 0,
      folds: 0,
      seed: 0,
      selectionMetric: 'logLoss',
      features,
    },
    parity: { rows: 0, worstDifference: 0 },
  };
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function refuse(error: UserError): RegisterResult {
  return { version: null, userErrors: [error] };
}
