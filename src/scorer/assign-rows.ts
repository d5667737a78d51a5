import type { InferenceSession, OnnxValue } from 'onnxruntime-node';
import { AppError } from '../kernel/error.js';
import type { Clusterer, Memberships } from '../numeric/clusterer.js';
import { clustererInputs } from '../numeric/clusterer.js';
import { predictClusterer } from '../numeric/predict-clusterer.js';
import { worstMembershipDifference } from '../onnx/parity.js';
import { feedsOf } from './feeds.js';
import type { WorkerAnswers } from './messages.js';
import type { ModelInputs } from './model-inputs.js';
import { PROVIDER_TOLERANCE } from './provider.js';
import type { PackedRows } from './rows.js';
import { unpackCategorical } from './rows.js';

/** One `session.run` of a clusterer's graph; everything in float64, segments too. */
export async function assignRows(
  { session, inputs }: { session: InferenceSession; inputs: ModelInputs },
  rows: PackedRows,
): Promise<WorkerAnswers['assign']> {
  const { segments } = inputs;
  if (segments === null) throw new AppError('INVALID', 'the model tells no segments');
  const { probability, distance, segment } = await session.run(feedsOf(inputs, rows));
  const codes = segment?.data;
  if (!(codes instanceof BigInt64Array) || codes.length !== rows.rows)
    throw misshapen('segment', `${String(rows.rows)} integers`, codes?.length);
  return {
    segment: Float64Array.from(codes, Number),
    probability: doubles('probability', probability, rows.rows * segments),
    distance: doubles('distance', distance, rows.rows * segments),
  };
}

function doubles(
  name: string,
  output: OnnxValue | undefined,
  length: number,
): Float64Array<ArrayBuffer> {
  const values = output?.data;
  if (!(values instanceof Float32Array) || values.length !== length)
    throw misshapen(name, `${String(length)} floats`, values?.length);
  return Float64Array.from(values);
}

function misshapen(name: string, wanted: string, got: number | undefined): AppError {
  return new AppError('INVALID', `output "${name}" must hold ${wanted}, got ${String(got)}`);
}

/**
 * Holds a clusterer's graph on cpu to the clusterer in its file, on generated rows; answers how far another session is
 * from it, see `worstMembershipDifference`.
 * @throws AppError INVALID when the two differ, or an answer is not finite
 */
export async function checkedMemberships(
  session: InferenceSession,
  inputs: ModelInputs,
  clusterer: Clusterer,
  probe: PackedRows,
): Promise<(other: InferenceSession) => Promise<number>> {
  const expected = await probed(session, inputs, clusterer, probe);
  const { numericNames, categoricalNames } = clustererInputs(clusterer);
  const own = predictClusterer(clusterer, {
    rows: probe.rows,
    numericNames,
    numeric: probe.numeric,
    categoricalNames,
    categorical: unpackCategorical(probe),
  });
  const worst = worstMembershipDifference(expected, own);
  if (!(worst <= PROVIDER_TOLERANCE))
    throw new AppError(
      'INVALID',
      `the graph and the clusterer in its file differ by ${worst.toExponential(1)} in probability or distance`,
    );
  return async (other) =>
    worstMembershipDifference(await probed(other, inputs, clusterer, probe), expected);
}

async function probed(
  session: InferenceSession,
  inputs: ModelInputs,
  { segments }: Clusterer,
  probe: PackedRows,
): Promise<Memberships> {
  const answer = await assignRows({ session, inputs }, probe).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('INVALID', `the model fails on a probe: ${reason}`);
  });
  for (const values of [answer.probability, answer.distance]) {
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined)
      throw new AppError('INVALID', `the model answers ${String(bad)} to a probe row`);
  }
  return { ...answer, segments, segment: Int32Array.from(answer.segment) };
}
