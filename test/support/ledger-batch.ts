import type { LedgerBatch } from '../../src/prediction/ledger-batch.js';
import type { NewPrediction } from '../../src/prediction/prediction.store.js';

/** Rows as a batch of a job: version, threshold and instants are those of the first row; one input `x`. */
export function batchOf(
  jobId: string,
  number: number,
  after: number,
  rows: readonly NewPrediction[],
): LedgerBatch {
  const [first] = rows;
  if (!first) throw new Error('a batch of no rows');
  const sorted = [...rows].sort((a, b) => a.userId - b.userId);
  const { modelId, modelVersionId, threshold, asOf, scoredAt, latencyMs } = first;
  const width = first.inputs.numeric.length;
  return {
    jobId,
    number,
    after,
    lastUserId: Math.max(...rows.map(({ userId }) => userId)),
    looked: rows.length,
    modelId,
    modelVersionId,
    threshold,
    asOf,
    scoredAt,
    latencyMs,
    userIds: sorted.map(({ userId }) => userId),
    probability: Float64Array.from(sorted, (row) => row.probability),
    table: {
      rows: rows.length,
      numericNames: Array.from({ length: width }, (_, i) => `x${i}`),
      numeric: Float32Array.from(sorted.flatMap(({ inputs }) => [...inputs.numeric])),
      categoricalNames: first.inputs.categorical.map((_, i) => `c${i}`),
      categorical: sorted.flatMap(({ inputs }) => inputs.categorical),
    },
  };
}
