import type { ClusterAlgorithmRun, ClusterRun } from './cluster-algorithm.js';
import type { PointMatrix } from './clustering.js';
import {
  defaultMixtureOptions,
  fitGaussianMixture,
  type MixtureFit,
  type MixtureOptions,
} from './gaussian-mixture.js';
import { fitKMeans } from './kmeans.js';

/**
 * Gaussian mixtures for a chooser: as many starts as asked for, each from k-means with one start, the likeliest kept.
 * Where columns are discrete, BIC compares better with a regularisation of 0.01 than with scikit-learn's 1e-6.
 */
export function mixtureRun(options: MixtureOptions = defaultMixtureOptions): ClusterAlgorithmRun {
  return {
    name: 'mixture',
    findsK: false,
    run: (points, k, { seed, restarts }) => {
      const fit = likeliest(points, k, options, seed, restarts);
      const { labels, centers, inertia, bic } = fit;
      const detail = { kind: 'mixture', fit } as const;
      return { k, labels, centers, inertia, bic, detail, sampledRows: null, notes: notesOf(fit) };
    },
  };
}

/** @throws RangeError what the last start was refused for, when all were */
function likeliest(
  points: PointMatrix,
  k: number,
  options: MixtureOptions,
  seed: number,
  restarts: number,
): MixtureFit {
  let best: MixtureFit | null = null;
  let refusal: unknown = new RangeError(`restarts must be at least 1, got ${String(restarts)}`);
  for (let start = 0; start < restarts; start++) {
    const startSeed = (seed + Math.imul(start, 0x9e3779b1)) >>> 0;
    const { labels } = fitKMeans(points, k, { seed: startSeed, restarts: 1 });
    try {
      const fit = fitGaussianMixture(points, k, labels, options);
      if (!best || fit.logLikelihood > best.logLikelihood) best = fit;
    } catch (error) {
      // one start may lose a component that another one keeps
      if (!(error instanceof RangeError)) throw error;
      refusal = error;
    }
  }
  if (best) return best;
  throw refusal;
}

function notesOf({ k, collapsed, converged, iterations }: MixtureFit): ClusterRun['notes'] {
  return [
    ...(converged
      ? []
      : [`a mixture of ${String(k)} had not settled after ${String(iterations)} iterations`]),
    ...(collapsed.length > 0
      ? [
          `${String(collapsed.length)} of the ${String(k)} components of a mixture ${collapsed.length === 1 ? 'lies' : 'lie'} on equal or collinear rows: its likelihood and BIC are larger than they mean`,
        ]
      : []),
  ];
}
