import { createHash } from 'node:crypto';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { AppError } from '../kernel/error.js';
import { adaptModel, type Adaption, type ScoreShape } from '../onnx/adapt-model.js';
import { chooseOutput } from '../onnx/choose-output.js';
import { inspectModel } from '../onnx/inspect-model.js';
import { planInputs, type InputFeature } from '../onnx/plan-inputs.js';
import { readClassifier } from '../onnx/read-classifier.js';
import { readClusterer } from '../onnx/read-clusterer.js';
import { readModel, type ReadModel } from '../onnx/read-graph.js';
import { checkServing } from './check-serving.js';
import { foreignRows, missingRows, type ForeignRows } from './foreign-rows.js';
import { nativeReason } from './native-reason.js';
import { createSession } from './session.js';

/** A file from elsewhere, and what its bringer says of it. */
export interface ModelFile {
  bytes: Uint8Array;
  features: readonly InputFeature[];
  /** Name of the output that holds the scores; null: found by itself. */
  output: string | null;
  /** Column of the positive class; null: the second of two. */
  positiveClass: number | null;
  /** What the scores are; null: told by the answers to generated rows. */
  scores: ScoreShape['kind'] | null;
  /** What becomes of missing numbers that the graph cannot answer: 0, or the file is refused. */
  missing: 'FILL' | 'REFUSE';
}

/** What came out of a file: the form that serves, and what was learnt about it. */
export interface ExaminedModel {
  bytes: Uint8Array;
  /** Of ai.onnx. */
  opset: number;
  producer: string;
  /** Each once, in alphabetical order. */
  operators: string[];
  /** The output of the file that holds the scores, what they are, and how many columns they have. */
  output: string;
  scores: ScoreShape['kind'];
  columns: number;
  missing: 'ANSWERS' | 'FILLED';
}

const SHAPE_ROWS = 5;
/** Sums of float32 shares pass 1 by about so much. */
const ROUNDING = 1e-4;

/**
 * Takes a file apart, makes it serve, and tries it on generated rows: sizes of batches, ordinary and missing
 * numbers, unknown categories. To be called in a process that may die of it, see `modelChecker`.
 * @throws AppError INVALID with the reason for which it is refused
 */
export async function examineModel(file: ModelFile): Promise<ExaminedModel> {
  const model = statically(() => readModel(file.bytes), 'it is no ONNX file, or a damaged one: ');
  statically(() => inspectModel(model));
  const told = {
    opset: model.opsets.get('') ?? 15,
    producer: model.producer,
    operators: [...new Set(model.nodes.map(({ op }) => op))].sort(),
  };
  if (statically(() => readClusterer(file.bytes)))
    refuse('it is a segmentation: it assigns segments and gives no scores');
  const own = statically(() => readClassifier(file.bytes));
  if (own) {
    const { numericNames, categoricalNames } = own.encoding;
    const names = [...numericNames, ...categoricalNames];
    const given = file.features.map(({ name }) => name);
    if (names.join() !== given.join())
      refuse(`the file names its features itself: ${names.join(', ')}; got ${given.join(', ')}`);
    await checkServing(file.bytes, digest(file.bytes), { filled: false });
    const scores = { output: 'margin', scores: 'LOGIT' as const, columns: 1 };
    return { ...told, ...scores, bytes: file.bytes, missing: 'ANSWERS' };
  }
  return { ...told, ...(await adapted(model, file)) };
}

async function adapted(
  model: ReadModel,
  file: ModelFile,
): Promise<Omit<ExaminedModel, 'opset' | 'producer' | 'operators'>> {
  const plan = statically(() => ({
    inputs: planInputs(model, file.features),
    output: chooseOutput(model, file.output),
    fillMissing: false,
    scores: null,
  }));
  const { scores, missing, filled } = await tried(model, plan, file);
  const bytes = adaptModel(model, { ...plan, scores, fillMissing: missing });
  await checkServing(bytes, digest(bytes), { filled: missing });
  return {
    bytes,
    output: plan.output.name,
    scores: scores.kind,
    columns: scores.columns ?? 1,
    missing: filled ? 'FILLED' : 'ANSWERS',
  };
}

/** Runs the graph for its bare scores: what shape and kind they have, and what it makes of missing numbers. */
async function tried(
  model: ReadModel,
  plan: Adaption,
  file: ModelFile,
): Promise<{ scores: ScoreShape; missing: boolean; filled: boolean }> {
  const counts = {
    numeric: file.features.filter(({ kind }) => kind === 'number').length,
    categorical: file.features.filter(({ kind }) => kind === 'category').length,
  };
  const session = await createSession(adaptModel(model, plan), 'cpu').catch((error: unknown) =>
    refuse(`ONNX Runtime refuses the model: ${nativeReason(error)}`),
  );
  try {
    const columns = await columnsOf(session, counts);
    const ordinary = await bareScores(session, foreignRows(counts, 64));
    const bad = ordinary.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) refuse(`the model answers ${String(ordinary[bad])} to ordinary numbers`);
    const kind = kindOf(ordinary, columns ?? 1, file.scores);
    const positive = positiveOf(columns ?? 1, file.positiveClass);
    const whole = plan.inputs.some(({ type }) => type === 6 || type === 7 || type === 9);
    const missing = counts.numeric > 0 && !(await answersMissing(session, counts, ordinary));
    if ((missing || whole) && file.missing === 'REFUSE')
      refuse('the model has no answer to missing numbers, and missing is REFUSE');
    return { scores: { columns, kind, positive }, missing, filled: missing || whole };
  } finally {
    await session.release();
  }
}

async function columnsOf(
  session: InferenceSession,
  counts: ForeignRows['counts'],
): Promise<number | null> {
  const scores = await run(session, foreignRows(counts, SHAPE_ROWS)).catch(
    async (error: unknown) => {
      const alone = await run(session, foreignRows(counts, 1)).catch(() => null);
      return refuse(
        alone
          ? `the model answers one row at a time only: export it with a free first dimension; ${nativeReason(error)}`
          : `the model fails on ordinary rows: ${nativeReason(error)}`,
      );
    },
  );
  const [rows, columns] = scores.dims;
  if (rows !== SHAPE_ROWS || scores.dims.length > 2 || columns === 0)
    refuse(
      `scores must be [N], [N, 1] or [N, classes], got [${scores.dims.join(', ')}] for ${SHAPE_ROWS} rows`,
    );
  return columns ?? null;
}

/** Shares lie in 0..1, and those of several classes add up to 1; anything else is log-odds. */
function kindOf(
  scores: Float32Array,
  columns: number,
  said: ScoreShape['kind'] | null,
): ScoreShape['kind'] {
  if (said === 'LOGIT') return said;
  const outside = scores.find((value) => value < -ROUNDING || value > 1 + ROUNDING);
  if (outside !== undefined) {
    if (said) refuse(`scores are said to be probabilities, and the model answers ${outside}`);
    return 'LOGIT';
  }
  if (said || columns === 1) return 'PROBABILITY';
  for (let row = 0; row < scores.length; row += columns) {
    const sum = scores.subarray(row, row + columns).reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) > 10 * ROUNDING)
      refuse(
        `the ${columns} scores of a row lie in 0..1 and add up to ${sum}: say whether they are PROBABILITY or LOGIT`,
      );
  }
  return 'PROBABILITY';
}

function positiveOf(columns: number, said: number | null): number {
  if (said === null && columns > 2)
    refuse(`the model tells ${columns} classes apart: say which column is the positive one`);
  const positive = said ?? columns - 1;
  if (positive < 0 || positive >= columns)
    refuse(`positiveClass must be 0..${columns - 1}, got ${positive}`);
  return positive;
}

/**
 * Whether a missing number gets an answer that still depends on the others. Operators such as Relu turn NaN
 * into 0, and then whatever the row says, its answer is the same.
 */
async function answersMissing(
  session: InferenceSession,
  counts: ForeignRows['counts'],
  ordinary: Float32Array,
): Promise<boolean> {
  const varies = (scores: Float32Array): boolean => {
    const width = ordinary.length / 64;
    return scores.some((value, i) => Math.abs(value - (scores[i % width] ?? 0)) > 1e-7);
  };
  let swallowed = counts.numeric > 1 && varies(ordinary);
  try {
    for (let column = -1; column < counts.numeric; column++) {
      const scores = await bareScores(session, missingRows(counts, column));
      if (!scores.every(Number.isFinite)) return false;
      if (column >= 0 && varies(scores)) swallowed = false;
    }
  } catch {
    return false;
  }
  return !swallowed;
}

async function bareScores(session: InferenceSession, rows: ForeignRows): Promise<Float32Array> {
  return (await run(session, rows)).data as Float32Array;
}

async function run(session: InferenceSession, rows: ForeignRows): Promise<Tensor> {
  const { counts, numeric, categorical } = rows;
  const feeds: Record<string, Tensor> = {};
  if (counts.numeric > 0)
    feeds['numeric'] = new Tensor('float32', numeric, [rows.rows, counts.numeric]);
  if (counts.categorical > 0)
    feeds['categorical'] = new Tensor('string', categorical, [rows.rows, counts.categorical]);
  const { scores } = await session.run(feeds);
  if (!scores) throw new AppError('INTERNAL', 'the graph gave no scores');
  return scores;
}

function statically<T>(work: () => T, before = ''): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError)
      throw new AppError('INVALID', `${before}${error.message}`, { cause: error });
    throw error;
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function refuse(reason: string): never {
  throw new AppError('INVALID', reason);
}
