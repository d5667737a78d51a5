import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Memberships } from '../../src/numeric/clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/** One thread, CPU, nothing in between: what the scorer is compared with. */
export function bareSession(bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
}

export function bareFeeds(table: FeatureTable): Record<string, Tensor> {
  const { rows, numericNames, numeric, categoricalNames, categorical } = table;
  const feeds: Record<string, Tensor> = {};
  if (numericNames.length > 0)
    feeds['numeric'] = new Tensor('float32', numeric, [rows, numericNames.length]);
  if (categoricalNames.length > 0)
    feeds['categorical'] = new Tensor('string', [...categorical], [rows, categoricalNames.length]);
  return feeds;
}

/** Margins and probabilities of one `session.run` of the whole table. */
export async function bareRun(
  session: InferenceSession,
  table: FeatureTable,
): Promise<{ margin: Float64Array; probability: Float64Array; dims: readonly number[] }> {
  const { margin, probability } = await session.run(bareFeeds(table));
  if (!margin || !probability) throw new Error('the graph has no margin or no probability');
  return {
    margin: Float64Array.from(margin.data as Float32Array),
    probability: Float64Array.from(probability.data as Float32Array),
    dims: margin.dims,
  };
}

/** Memberships of one `session.run` of the whole table. */
export async function bareMemberships(
  session: InferenceSession,
  table: FeatureTable,
): Promise<Memberships & { dims: (readonly number[])[] }> {
  const { probability, distance, segment } = await session.run(bareFeeds(table));
  if (!probability || !distance || !segment) throw new Error('the graph lacks an output');
  return {
    segments: probability.dims[1] ?? 0,
    probability: Float64Array.from(probability.data as Float32Array),
    distance: Float64Array.from(distance.data as Float32Array),
    segment: Int32Array.from(segment.data as BigInt64Array, Number),
    dims: [probability.dims, distance.dims, segment.dims],
  };
}
