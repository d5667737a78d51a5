import type { ClusterAlgorithmRun } from '../../src/numeric/cluster-algorithm.js';
import { kmeansRunOf } from '../../src/numeric/kmeans-run.js';
import { fitKMeans } from '../../src/numeric/kmeans.js';

/** k-means in one thread, beside the other algorithms; a chooser is given it in several threads. */
export const kmeansRun: ClusterAlgorithmRun = {
  name: 'kmeans',
  findsK: false,
  run: (points, k, { seed, restarts }) => kmeansRunOf(fitKMeans(points, k, { seed, restarts })),
};
