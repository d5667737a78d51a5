import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import { pickPoints, type PointMatrix } from '../../numeric/clustering.js';
import { adjustedRandIndex } from '../../numeric/label-agreement.js';
import { randomStream, sampleAscending } from '../../numeric/random.js';
import type { Stability } from '../segmentation.js';
import type { ChoiceAlgorithm } from './choice.js';

/** A row that a run did not see; noise is -1. */
const UNSEEN = -2;

export interface ResampleOptions {
  runs: number;
  sampleShare: number;
  /** Of more rows a random pool of as many is resampled. */
  rows: number;
  seed: number;
  onProgress?: (share: number) => void;
}

/**
 * Stability of an algorithm at `k`: the adjusted Rand index of each pair of `runs` runs, each with a seed of its own on a
 * random share of the rows, over the rows that both saw; its mean and population standard deviation over the pairs. Noise
 * counts as one group. `runs` of the answer are those that could be done (a sample may have too few distinct rows); with
 * fewer than two, mean and deviation are 0.
 */
export async function resample<Run extends ClusterRun>(
  points: PointMatrix,
  algorithm: ChoiceAlgorithm<Run>,
  k: number,
  { runs, sampleShare, rows, seed, onProgress }: ResampleOptions,
): Promise<Stability> {
  const pool = Math.min(points.rows, rows);
  const poolRows = sampleAscending(points.rows, pool, randomStream(seed));
  const size = Math.min(pool, Math.max(k, Math.round(sampleShare * pool)));
  const found: Int32Array[] = [];
  for (let run = 0; run < runs; run++) {
    onProgress?.(run / runs);
    const runSeed = (seed + Math.imul(run + 1, 0x9e3779b1)) >>> 0;
    const places = sampleAscending(pool, size, randomStream(runSeed));
    const sample = places.map((place) => poolRows[place] ?? 0);
    const context = { seed: runSeed, rows: sample, purpose: 'RESAMPLE' } as const;
    try {
      const { labels } = await algorithm.run(pickPoints(points, sample), k, context);
      const all = new Int32Array(pool).fill(UNSEEN);
      places.forEach((place, i) => (all[place] = Math.max(labels[i] ?? -1, -1)));
      found.push(all);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { runs: found.length, sampleShare, ...momentsOf(pairwise(found)) };
}

function pairwise(runs: readonly Int32Array[]): number[] {
  return runs.flatMap((a, i) =>
    runs.slice(i + 1).map((b) => {
      const both = a.map((label, row) => (label === UNSEEN || b[row] === UNSEEN ? 0 : 1));
      const seen = (labels: Int32Array) => labels.filter((_, row) => both[row] === 1);
      return adjustedRandIndex(seen(a), seen(b));
    }),
  );
}

function momentsOf(values: readonly number[]): { mean: number; standardDeviation: number } {
  if (values.length === 0) return { mean: 0, standardDeviation: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardDeviation: Math.sqrt(squares / values.length) };
}
