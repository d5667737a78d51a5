import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import { pickPoints, type PointMatrix } from '../../numeric/clustering.js';
import { adjustedRandIndex } from '../../numeric/label-agreement.js';
import { randomStream, sampleAscending } from '../../numeric/random.js';
import type { Stability } from '../segmentation.js';
import type { ChoiceAlgorithm } from './choice.js';

/** A row that a run did not see; noise is -1. */
const UNSEEN = -2;

export interface ResampleOptions {
  sampleShare: number;
  /** Of more rows a random pool of as many is resampled. */
  rows: number;
  seed: number;
  /** Called before each run. */
  onRun?: () => void;
}

export interface MeasuredStability extends Stability {
  /** Of the mean, by the jackknife over the runs (pairs share runs); Infinity with fewer than three. */
  standardError: number;
}

/**
 * Measures the stability of an algorithm at `k` with so many runs in all; runs made before count. It is the adjusted Rand
 * index of each pair of runs, each with a seed of its own on a random share of the rows, over the rows that both saw; its
 * mean and population standard deviation over the pairs. Noise counts as one group. The samples depend on the seed alone, so
 * that all algorithms see the same. `runs` of the answer are those that could be done (a sample may have too few distinct
 * rows); with fewer than two, mean and deviation are 0.
 */
export function resampler<Run extends ClusterRun>(
  points: PointMatrix,
  algorithm: ChoiceAlgorithm<Run>,
  k: number,
  { sampleShare, rows, seed, onRun }: ResampleOptions,
): (runs: number) => Promise<MeasuredStability> {
  const pool = Math.min(points.rows, rows);
  const poolRows = sampleAscending(points.rows, pool, randomStream(seed));
  const size = Math.min(pool, Math.max(k, Math.round(sampleShare * pool)));
  const found: Int32Array[] = [];
  let made = 0;
  const again = async (): Promise<void> => {
    const runSeed = (seed + Math.imul(++made, 0x9e3779b1)) >>> 0;
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
  };
  return async (runs) => {
    while (made < runs) {
      onRun?.();
      await again();
    }
    return { runs: found.length, sampleShare, ...momentsOf(found) };
  };
}

function agreementOf(a: Int32Array, b: Int32Array): number {
  const both = (labels: Int32Array) =>
    labels.filter((_, row) => a[row] !== UNSEEN && b[row] !== UNSEEN);
  return adjustedRandIndex(both(a), both(b));
}

function momentsOf(
  runs: readonly Int32Array[],
): Pick<MeasuredStability, 'mean' | 'standardDeviation' | 'standardError'> {
  const values: number[] = [];
  const ofRun = new Float64Array(runs.length);
  runs.forEach((a, i) => {
    for (let j = i + 1; j < runs.length; j++) {
      const value = agreementOf(a, runs[j] ?? a);
      values.push(value);
      ofRun[i] = (ofRun[i] ?? 0) + value;
      ofRun[j] = (ofRun[j] ?? 0) + value;
    }
  });
  if (values.length === 0) return { mean: 0, standardDeviation: 0, standardError: Infinity };
  const total = values.reduce((sum, value) => sum + value, 0);
  const mean = total / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    standardDeviation: Math.sqrt(squares / values.length),
    standardError: jackknife(ofRun, total, mean),
  };
}

/** Standard error of the mean over pairs: each run is left out once. Source: Efron & Stein (1981). */
function jackknife(ofRun: Float64Array, total: number, mean: number): number {
  const runs = ofRun.length;
  if (runs < 3) return Infinity;
  const pairs = ((runs - 1) * (runs - 2)) / 2;
  const squares = ofRun.reduce((sum, own) => sum + ((total - own) / pairs - mean) ** 2, 0);
  return Math.sqrt(((runs - 1) / runs) * squares);
}
