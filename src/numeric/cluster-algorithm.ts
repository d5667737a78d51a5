import type { Clustering, PointMatrix } from './clustering.js';
import type { MixtureFit } from './gaussian-mixture.js';

/** What a run may need beside the points; an algorithm reads what is its own. */
export interface ClusterRunOptions {
  /** Integer 0..2^32-1; the same seed gives the same result to the bit. */
  seed: number;
  /** Starts tried, the best kept; 1..100. Algorithms that need none ignore it. */
  restarts: number;
  /** `eps` null: read off the k-distance curve. `minPoints` counts the point itself. */
  dbscan: { eps: number | null; minPoints: number };
}

/** What serves the groups later, beside their centres. */
export type ClusterDetail =
  /** The nearest centre. */
  | { kind: 'centroids' }
  | { kind: 'mixture'; fit: MixtureFit }
  /** The nearest core point within `eps`; `corePoints` are rows, ascending. */
  | { kind: 'density'; eps: number; corePoints: Int32Array }
  /** The nearest medoid; `medoids` are rows, one a group. */
  | { kind: 'medoids'; medoids: Int32Array };

/** A clustering with what a chooser has to say of it. */
export interface ClusterRun extends Clustering {
  detail: ClusterDetail;
  /** Rows it was fitted on where that was a sample; null: all of them. */
  sampledRows: number | null;
  /** Sentences worth reading: samples taken, values found, what was not reached. */
  notes: readonly string[];
}

/**
 * The plug-in point: an algorithm is one file that exports one of these, and a name in the list that a chooser is given.
 * Every `run` is deterministic for its seed and throws a RangeError that names what is wrong and the bound: a value that
 * is not finite, fewer (distinct) rows than groups, k out of range.
 */
export interface ClusterAlgorithmRun {
  name: string;
  /** True: finds the number of groups itself and ignores `k`; a chooser runs it once. */
  findsK: boolean;
  run: (points: PointMatrix, k: number, options: ClusterRunOptions) => ClusterRun;
  /** The runs of several k, in their order, where all together cost less than each alone. */
  runEach?: (
    points: PointMatrix,
    ks: readonly number[],
    options: ClusterRunOptions,
  ) => ClusterRun[];
}

/** The runs of an algorithm for each k: one alone where it finds k itself. @throws RangeError as `run` does */
export function runEachK(
  algorithm: ClusterAlgorithmRun,
  points: PointMatrix,
  ks: readonly number[],
  options: ClusterRunOptions,
): ClusterRun[] {
  if (algorithm.findsK) return [algorithm.run(points, 0, options)];
  if (algorithm.runEach) return algorithm.runEach(points, ks, options);
  return ks.map((k) => algorithm.run(points, k, options));
}
