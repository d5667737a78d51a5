import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import type { PointMatrix } from '../../numeric/clustering.js';
import type { ClusterCandidate, Stability } from '../segmentation.js';
import type { ChoiceRule, ClusterAlgorithm } from '../segmentation-spec.js';

/** What an algorithm is told beside the points. */
export interface RunContext {
  /** 0..2^32-1; the same seed gives the same result to the bit. */
  seed: number;
  /** Rows of the raw table that the points are, ascending; null: all of them, in order. */
  rows: Int32Array | null;
  /** CANDIDATE: to be served perhaps; RESAMPLE: of a part, for stability; REFERENCE: of made points, for the gap. */
  purpose: 'CANDIDATE' | 'RESAMPLE' | 'REFERENCE';
}

/**
 * An algorithm as the chooser knows it. Every run labels every row it is given (-1 = noise) and throws a RangeError where
 * these points cannot be grouped so.
 */
export interface ChoiceAlgorithm<Run extends ClusterRun = ClusterRun> {
  name: ClusterAlgorithm;
  /** True: finds the number of groups itself; run once, `k` means nothing. */
  findsK: boolean;
  /** True: the gap statistic is computed for it, by runs on made points that are rows of no table. */
  gap: boolean;
  run: (points: PointMatrix, k: number, context: RunContext) => Run | Promise<Run>;
  /** The runs of several k in their order, where all together cost less than each alone. */
  runEach?: (
    points: PointMatrix,
    ks: readonly number[],
    context: RunContext,
  ) => Run[] | Promise<Run[]>;
}

export interface ChoiceOptions {
  /** Number of groups tried, 2 <= minK <= maxK; equal: fixed by whoever asks. */
  minK: number;
  maxK: number;
  rule: ChoiceRule;
  /** A candidate whose smallest group has a smaller share of the rows is refused, 0..1. */
  minShare: number;
  seed: number;
  /** Of more rows a sample of as many is taken for silhouettes and for the gap statistic. */
  silhouetteRows?: number;
  /** Reference sets of the gap statistic; 0: it is not computed. */
  gapReferences?: number;
  /** Of more than `rows` rows a sample of as many is resampled. */
  stability?: Partial<{ runs: number; sampleShare: number; rows: number }>;
  onProgress?: (progress: { share: number; stage: string }) => void;
  /** For the seconds of each candidate; any origin. */
  monotonicMs: () => number;
}

export interface Choice<Run extends ClusterRun = ClusterRun> {
  /** One an algorithm and k, in the order in which they were run. */
  candidates: ClusterCandidate[];
  chosen: { algorithm: ClusterAlgorithm; k: number; run: Run };
  chosenBecause: string;
  stability: Stability;
  /** Sentences: samples taken, what the algorithms say of the chosen run. */
  notes: string[];
}

/** A candidate with its scores as they are: NaN where undefined, Infinity where nobody differs from the own mean. */
export interface Judged {
  algorithm: ClusterAlgorithm;
  findsK: boolean;
  k: number;
  /** Noise counts 0 in it, so that leaving rows out never pays. */
  silhouette: number;
  calinskiHarabasz: number;
  daviesBouldin: number;
  inertia: number;
  bic: number;
  gap: number;
  gapStandardError: number;
  eligible: boolean;
}

const names: Record<ClusterAlgorithm, string> = {
  kmeans: 'k-means',
  mixture: 'Gaussian mixture',
  ward: 'Ward',
  dbscan: 'DBSCAN',
  medoids: 'k-medoids',
  bisecting: 'bisecting k-means',
};

/** For people: "k-means with 4 groups". */
export function nameOfGrouping({ algorithm, k }: { algorithm: ClusterAlgorithm; k: number }) {
  return `${names[algorithm]} with ${String(k)} ${k === 1 ? 'group' : 'groups'}`;
}

/** For people: "k-means". */
export function nameOfAlgorithm(algorithm: ClusterAlgorithm): string {
  return names[algorithm];
}
