import type { ClusterAlgorithmRun, ClusterRun } from './cluster-algorithm.js';
import type { PointMatrix } from './clustering.js';
import { cutWardTree, defaultWardOptions, fitWardTree } from './ward-sample.js';

/** Ward's agglomerative clustering for a chooser: one tree, cut at every k. Tables above `sampleRows` are sampled. */
export function wardRun(sampleRows: number = defaultWardOptions.sampleRows): ClusterAlgorithmRun {
  const runEach = (points: PointMatrix, ks: readonly number[], seed: number): ClusterRun[] => {
    const tree = fitWardTree(points, { sampleRows, seed });
    const sampledRows = tree.sample?.length ?? null;
    const notes =
      sampledRows === null
        ? []
        : [
            `Ward: the tree is that of ${counted(sampledRows)} of ${counted(points.rows)} rows by seed ${String(seed)}; the others take the nearest centroid`,
          ];
    return ks.map((k) => ({
      ...cutWardTree(points, tree, k),
      detail: { kind: 'centroids' },
      sampledRows,
      notes,
    }));
  };
  return {
    name: 'ward',
    findsK: false,
    run: (points, k, { seed }) => {
      const [only] = runEach(points, [k], seed);
      if (!only) throw new RangeError('no k given');
      return only;
    },
    runEach: (points, ks, { seed }) => runEach(points, ks, seed),
  };
}

function counted(rows: number): string {
  return rows.toLocaleString('en-US');
}
