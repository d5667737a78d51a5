import type { ClusterRun } from './cluster-algorithm.js';
import type { KMeansFit } from './kmeans.js';

/** A fit of k-means, by however many threads, as a chooser reads it. */
export function kmeansRunOf({
  k,
  labels,
  centers,
  inertia,
  bic,
  sampledRows,
}: KMeansFit): ClusterRun {
  const notes =
    sampledRows === null
      ? []
      : [
          `The starts of k-means competed on ${sampledRows.toLocaleString('en-US')} rows, the best ran on all rows.`,
        ];
  const detail = { kind: 'centroids' } as const;
  // the fit itself is of all rows
  return { k, labels, centers, inertia, bic, detail, sampledRows: null, notes };
}
