import { clusterScores, type ClusterScores } from '../../numeric/cluster-scores.js';
import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import type { PointMatrix } from '../../numeric/clustering.js';
import type { ChoiceAlgorithm, ChoiceOptions } from './choice.js';
import { nameOfAlgorithm } from './choice.js';

type PackedLabels = Int8Array | Int16Array | Int32Array;

/** What came of an algorithm for one k. */
export interface Fitted<Run extends ClusterRun = ClusterRun> {
  algorithm: ChoiceAlgorithm<Run>;
  /** Groups found; those asked for where there is no fit. */
  k: number;
  seconds: number;
  /** Null: it could not be fitted, `failure` says why. */
  fit: Fit<Run> | null;
  failure: string | null;
}

export interface Fit<Run extends ClusterRun = ClusterRun> {
  /** Without its labels, which are packed: all candidates of a million rows are kept until one is chosen. */
  run: Run;
  packed: PackedLabels;
  /** Labels of the sample of silhouettes. */
  sampled: PackedLabels;
  scores: ClusterScores;
}

/** The run with its labels. */
export function unpacked<Run extends ClusterRun>({ run, packed }: Fit<Run>): Run {
  return { ...run, labels: Int32Array.from(packed) };
}

/** Runs every algorithm for every k, one after another. `sample` are the rows of silhouettes; null: all. */
export async function fitCandidates<Run extends ClusterRun>(
  points: PointMatrix,
  algorithms: readonly ChoiceAlgorithm<Run>[],
  options: ChoiceOptions,
  sample: Int32Array | null,
): Promise<Fitted<Run>[]> {
  const ks = Array.from({ length: options.maxK - options.minK + 1 }, (_, i) => options.minK + i);
  const fitted: Fitted<Run>[] = [];
  const total = algorithms.reduce((sum, { findsK }) => sum + (findsK ? 1 : ks.length), 0);
  const attempt = async (algorithm: ChoiceAlgorithm<Run>, some: readonly number[]) => {
    const stage = `${nameOfAlgorithm(algorithm.name)}, k = ${some.join(', ')}`;
    options.onProgress?.({
      share: fitted.length / total,
      stage: algorithm.findsK ? nameOfAlgorithm(algorithm.name) : stage,
    });
    const found = await fitSome(points, algorithm, some, options, sample);
    if (found) fitted.push(...found);
    else for (const k of some) await attempt(algorithm, [k]);
  };
  for (const algorithm of algorithms) {
    if (algorithm.findsK) await attempt(algorithm, [0]);
    else if (algorithm.runEach) await attempt(algorithm, ks);
    else for (const k of ks) await attempt(algorithm, [k]);
  }
  return fitted;
}

/** Null where several k were tried together and one of them cannot be: each then has to be tried alone. */
async function fitSome<Run extends ClusterRun>(
  points: PointMatrix,
  algorithm: ChoiceAlgorithm<Run>,
  ks: readonly number[],
  { seed, monotonicMs }: ChoiceOptions,
  sample: Int32Array | null,
): Promise<Fitted<Run>[] | null> {
  const context = { seed, rows: null, purpose: 'CANDIDATE' } as const;
  const start = monotonicMs();
  const seconds = () => (monotonicMs() - start) / 1000 / ks.length;
  try {
    const runs =
      ks.length > 1 && algorithm.runEach
        ? await algorithm.runEach(points, ks, context)
        : [await algorithm.run(points, ks[0] ?? 0, context)];
    const each = seconds();
    return runs.map((run) => {
      const fit = scored(points, run, sample);
      return { algorithm, k: run.k, seconds: each, fit, failure: null };
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (ks.length > 1) return null;
    const [k = 0] = ks;
    return [{ algorithm, k, seconds: seconds(), fit: null, failure: error.message }];
  }
}

function scored<Run extends ClusterRun>(
  points: PointMatrix,
  run: Run,
  sample: Int32Array | null,
): Fit<Run> {
  const packed = packLabels(run.labels, run.k);
  return {
    run: { ...run, labels: new Int32Array(0) },
    packed,
    sampled: sample
      ? packLabels(
          Int32Array.from(sample, (row) => run.labels[row] ?? -1),
          run.k,
        )
      : packed,
    scores: clusterScores(points, run.labels, run.k),
  };
}

function packLabels(labels: Int32Array, k: number): PackedLabels {
  if (k <= 0x7f) return Int8Array.from(labels);
  return k <= 0x7fff ? Int16Array.from(labels) : labels;
}
