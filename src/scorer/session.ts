import { createHash } from 'node:crypto';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';
import { AppError } from '../kernel/error.js';
import { predictClassifier, prepareExplanation } from '../numeric/classifier-predict.js';
import type { Classifier, Contributions } from '../numeric/classifier.js';
import type { FeatureTable } from '../numeric/table.js';
import { worstDisagreement } from '../onnx/parity.js';
import { readClassifier } from '../onnx/read-classifier.js';
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
  /** For our own files. */
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
 * inputs and outputs, finite numbers, and for our own files the same answers as the classifier inside
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
  const classifier = ours(bytes);
  const reference = await createSession(bytes, 'cpu').catch((error: unknown) => {
    throw new AppError('INVALID', `ONNX Runtime refuses the model: ${messageOf(error)}`, {
      cause: error,
    });
  });
  let chosen: InferenceSession = reference;
  try {
    const inputs = inputsOf(reference, classifier);
    const probe = probeRows(inputs, classifier);
    const expected = await checkedMargins(reference, inputs, probe);
    const explain = classifier ? checkedExplanation(classifier, probe, expected) : null;
    const { value, note } = await firstAccepted(candidates, async (provider) => {
      if (provider === 'cpu') return reference;
      const session = await createSession(bytes, provider);
      const worst = worstDisagreement(await checkedMargins(session, inputs, probe), expected);
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

function feedsOf(inputs: ModelInputs, rows: PackedRows): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  const { numericCount, categoricalCount } = inputs;
  if (numericCount > 0)
    feeds['numeric'] = new Tensor('float32', rows.numeric, [rows.rows, numericCount]);
  if (categoricalCount > 0)
    feeds['categorical'] = new Tensor('string', unpackCategorical(rows), [
      rows.rows,
      categoricalCount,
    ]);
  return feeds;
}

function ours(bytes: Uint8Array): Classifier | null {
  try {
    return readClassifier(bytes);
  } catch (error) {
    throw new AppError('INVALID', `not a model file: ${messageOf(error)}`, { cause: error });
  }
}

function inputsOf(session: InferenceSession, classifier: Classifier | null): ModelInputs {
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
  if (!session.outputNames.some((name) => name === 'margin' || name === 'probability'))
    throw new AppError(
      'INVALID',
      `outputs must hold margin or probability, got ${session.outputNames.join(', ')}`,
    );
  const encoding = classifier?.encoding;
  for (const [kind, names] of [
    ['numeric', encoding?.numericNames],
    ['categorical', encoding?.categoricalNames],
  ] as const)
    if (names && names.length !== counts[kind])
      throw new AppError(
        'INVALID',
        `the graph takes ${String(counts[kind])} ${kind} columns, its classifier ${String(names.length)}`,
      );
  return {
    numericNames: encoding?.numericNames ?? null,
    categoricalNames: encoding?.categoricalNames ?? null,
    numericCount: counts.numeric,
    categoricalCount: counts.categorical,
    explainable: classifier !== null,
  };
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
