import type { ClusterAlgorithmRun } from './cluster-algorithm.js';
import { fitKMeans } from './kmeans.js';

/** k-means as one of the algorithms that a chooser can be given. */
export const kmeansRun: ClusterAlgorithmRun = {
  name: 'kmeans',
  findsK: false,
  run: (points, k, { seed, restarts }) => {
    const {
      k: groups,
      labels,
      centers,
      inertia,
      bic,
      sampledRows,
    } = fitKMeans(points, k, {
      seed,
      restarts,
    });
    const shown = sampledRows?.toLocaleString('en-US');
    const notes =
      shown === undefined
        ? []
        : [
            `k-means with ${k} groups: the starts competed on ${shown} rows, the best ran on all rows`,
          ];
    return {
      k: groups,
      labels,
      centers,
      inertia,
      bic,
      detail: { kind: 'centroids' },
      sampledRows: null,
      notes,
    };
  },
};
