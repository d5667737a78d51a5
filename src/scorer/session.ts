import { createHash } from 'node:crypto';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';
import { AppError } from '../kernel/error.js';
import { predictClassifier, prepareExplanation } from '../numeric/classifier-predict.js';
import type { Classifier, Contributions } from '../numeric/classifier.js';
import type { Clusterer } from '../numeric/clusterer.js';
import { clustererInputs, isClusterer } from '../numeric/clusterer.js';
import type { FeatureTable } from '../numeric/table.js';
import { worstDisagreement } from '../onnx/parity.js';
import { readClassifier } from '../onnx/read-classifier.js';
import { readClusterer } from '../onnx/read-clusterer.js';
import { checkedMemberships } from './assign-rows.js';
import { feedsOf } from './feeds.js';
import type { WorkerAnswers } from './messages.js';
import type { ModelInputs } from './model-inputs.js';
import { marginOf, probabilityOf } from './probability.js';
import { probeRows } from './probe-rows.js';
import type { ProviderName } from './provider.js';
import { PROVIDER_TOLERANCE, firstAccepted, probeGraph } from './provider.js';
import type { PackedRows } from './rows.js';
import { unpackCategorical } from './rows.js';

// What fails here is told in our own words; ONNX Runtime's own lines on stderr hold paths of its build.
env.logLevel = 'fatal';

/** Contributions may miss the margin by this much, or this share of a margin beyond 1. */
const EXPLANATION_TOLERANCE = 1e-4;

/** A model that passed its checks, inside a worker thread. */
export interface LoadedModel {
  inputs: ModelInputs;
  /** For our own classifiers. */
  explain: ((rows: PackedRows) => Contributions) | null;
  session: InferenceSession;
}

/** One thread a session: the workers are the parallelism, and two threads on busy cores are slower than one. */
export function createSession(
  bytes: Uint8Array,
  provider: ProviderName,
): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

/** Runs the probe graph on a provider. @throws Error when the provider cannot be used or is wrong */
export async function tryProvider(provider: ProviderName): Promise<void> {
  const session = await createSession(probeGraph(), provider);
  try {
    const x = Float32Array.of(-4, 0, 0.5, 9);
    const { y } = await session.run({ x: new Tensor('float32', x, [x.length, 1]) });
    const off = Array.from(x, (value, i) => Math.abs(Number(y?.data[i]) - probabilityOf(value)));
    if (!(Math.max(...off) <= PROVIDER_TOLERANCE)) throw new Error('wrong results on a probe');
  } finally {
    await session.release();
  }
}

/**
 * Opens a model on the first candidate that agrees with cpu, and checks it with generated rows: right
 * inputs and outputs, finite numbers, and for our own files the same answers as the classifier or clusterer inside
 * and explanations that add up to them.
 * @throws AppError INVALID when the graph cannot serve, CONFIGURATION when no candidate agrees with cpu
 */
export async function loadModel(
  sha256: string,
  bytes: Uint8Array,
  candidates: readonly ProviderName[],
): Promise<LoadedModel & { note: string | null }> {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw new AppError('INVALID', `the model's sha256 must be ${sha256}, got ${actual}`);
  const artifact = ours(bytes);
  const reference = await createSession(bytes, 'cpu').catch((error: unknown) => {
    throw new AppError('INVALID', `ONNX Runtime refuses the model: ${messageOf(error)}`, {
      cause: error,
    });
  });
  let chosen: InferenceSession = reference;
  try {
    const inputs = inputsOf(reference, artifact);
    const probe = probeRows(inputs, artifact);
    const { explain, differenceOf } = await checked(reference, inputs, artifact, probe);
    const { value, note } = await firstAccepted(candidates, async (provider) => {
      if (provider === 'cpu') return reference;
      const session = await createSession(bytes, provider);
      const worst = await differenceOf(session);
      if (worst <= PROVIDER_TOLERANCE) return session;
      await session.release();
      throw new Error(`differs from cpu by ${worst.toExponential(1)} in probability`);
    }).catch((error: unknown) => {
      throw new AppError('CONFIGURATION', `the model cannot run: ${messageOf(error)}`);
    });
    chosen = value;
    return { inputs, explain, session: value, note };
  } catch (error) {
    chosen = reference;
    await reference.release();
    throw error;
  } finally {
    if (chosen !== reference) await reference.release();
  }
}

/** What follows from a check on cpu: how to explain, and how far another session's answers are from cpu's. */
interface Checked {
  explain: LoadedModel['explain'];
  differenceOf: (other: InferenceSession) => Promise<number>;
}

async function checked(
  reference: InferenceSession,
  inputs: ModelInputs,
  artifact: Classifier | Clusterer | null,
  probe: PackedRows,
): Promise<Checked> {
  if (artifact && isClusterer(artifact))
    return {
      explain: null,
      differenceOf: await checkedMemberships(reference, inputs, artifact, probe),
    };
  const expected = await checkedMargins(reference, inputs, probe);
  return {
    explain: artifact ? checkedExplanation(artifact, probe, expected) : null,
    differenceOf: async (other) =>
      worstDisagreement(await checkedMargins(other, inputs, probe), expected),
  };
}

/** One `session.run`; margins and probabilities in float64, the second computed from the first. */
export async function scoreRows(
  { session, inputs }: Pick<LoadedModel, 'session' | 'inputs'>,
  rows: PackedRows,
): Promise<WorkerAnswers['score']> {
  const outputs = await session.run(feedsOf(inputs, rows));
  const name = outputs['margin'] ? 'margin' : 'probability';
  const output = outputs[name]?.data;
  if (!(output instanceof Float32Array) || output.length !== rows.rows)
    throw new AppError(
      'INVALID',
      `output "${name}" must hold ${String(rows.rows)} floats, got ${String(output?.length)}`,
    );
  const margin = new Float64Array(rows.rows);
  const probability = new Float64Array(rows.rows);
  for (let i = 0; i < margin.length; i++) {
    const value = output[i] ?? NaN;
    margin[i] = name === 'margin' ? value : marginOf(value);
    probability[i] = probabilityOf(margin[i] ?? NaN);
  }
  return { margin, probability };
}

function ours(bytes: Uint8Array): Classifier | Clusterer | null {
  try {
    const classifier = readClassifier(bytes);
    const clusterer = readClusterer(bytes);
    if (classifier && clusterer) throw new RangeError('it holds both a classifier and a clusterer');
    return classifier ?? clusterer;
  } catch (error) {
    throw new AppError('INVALID', `not a model file: ${messageOf(error)}`, { cause: error });
  }
}

function inputsOf(session: InferenceSession, artifact: Classifier | Clusterer | null): ModelInputs {
  const counts = { numeric: 0, categorical: 0 };
  for (const input of session.inputMetadata) {
    const type = input.name === 'numeric' ? 'float32' : 'string';
    const width = input.isTensor && input.type === type ? input.shape[1] : undefined;
    if ((input.name !== 'numeric' && input.name !== 'categorical') || typeof width !== 'number')
      throw new AppError(
        'INVALID',
        `inputs must be numeric float [N, columns] and categorical string [N, columns], got ${input.name}`,
      );
    counts[input.name] = width;
  }
  const clusterer = artifact && isClusterer(artifact) ? artifact : null;
  checkOutputs(session.outputNames, clusterer !== null);
  const names = artifact && (isClusterer(artifact) ? clustererInputs(artifact) : artifact.encoding);
  for (const [kind, own] of [
    ['numeric', names?.numericNames],
    ['categorical', names?.categoricalNames],
  ] as const)
    if (own && own.length !== counts[kind])
      throw new AppError(
        'INVALID',
        `the graph takes ${String(counts[kind])} ${kind} columns, its ${clusterer ? 'clusterer' : 'classifier'} ${String(own.length)}`,
      );
  return {
    numericNames: names?.numericNames ?? null,
    categoricalNames: names?.categoricalNames ?? null,
    numericCount: counts.numeric,
    categoricalCount: counts.categorical,
    explainable: artifact !== null && clusterer === null,
    segments: clusterer?.segments ?? null,
  };
}

function checkOutputs(names: readonly string[], isClusterer: boolean): void {
  const has = (name: string): boolean => names.includes(name);
  const got = `got ${names.join(', ')}`;
  if (isClusterer && !['probability', 'distance', 'segment'].every(has))
    throw new AppError(
      'INVALID',
      `outputs of a clusterer must hold probability, distance and segment, ${got}`,
    );
  if (!isClusterer && !has('margin') && !has('probability'))
    throw new AppError('INVALID', `outputs must hold margin or probability, ${got}`);
}

async function checkedMargins(
  session: InferenceSession,
  inputs: ModelInputs,
  probe: PackedRows,
): Promise<Float64Array> {
  const { margin } = await scoreRows({ session, inputs }, probe).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    throw new AppError('INVALID', `the model fails on a probe: ${messageOf(error)}`);
  });
  const bad = margin.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new AppError('INVALID', `the model answers ${String(margin[bad])} to a probe row`);
  return margin;
}

/** Also warms up: a first explanation costs a hundred times the later ones. */
function checkedExplanation(
  classifier: Classifier,
  probe: PackedRows,
  margins: Float64Array,
): (rows: PackedRows) => Contributions {
  const { numericNames, categoricalNames } = classifier.encoding;
  const tableOf = (packed: PackedRows): FeatureTable => ({
    rows: packed.rows,
    numericNames,
    numeric: packed.numeric,
    categoricalNames,
    categorical: unpackCategorical(packed),
  });
  const table = tableOf(probe);
  const worst = worstDisagreement(margins, predictClassifier(classifier, table));
  if (!(worst <= PROVIDER_TOLERANCE))
    throw new AppError(
      'INVALID',
      `the graph and the classifier in its file differ by ${worst.toExponential(1)} in probability`,
    );
  const explain = prepareExplanation(classifier);
  const { baseValue, values, inputs } = explain(table);
  for (let row = 0; row < table.rows; row++) {
    const own = values.subarray(row * inputs.length, (row + 1) * inputs.length);
    const sum = own.reduce((total, value) => total + value, baseValue);
    const margin = margins[row] ?? NaN;
    if (!(Math.abs(sum - margin) <= EXPLANATION_TOLERANCE * Math.max(1, Math.abs(margin))))
      throw new AppError(
        'INVALID',
        `contributions of a probe row add up to ${String(sum)}, its margin is ${String(margin)}`,
      );
  }
  return (packed) => explain(tableOf(packed));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
