import type { ClusterAlgorithmRun } from './cluster-algorithm.js';
import { epsOf, neighbourDistances } from './dbscan-eps.js';
import { fitDbscan } from './dbscan.js';
import { buildKdTree } from './kd-tree.js';
import { checkPoints } from './point-checks.js';

/** DBSCAN for a chooser: finds the number of groups itself, 0 or 1 among them. */
export const dbscanRun: ClusterAlgorithmRun = {
  name: 'dbscan',
  findsK: true,
  run: (points, _k, { seed, dbscan: { eps: given, minPoints } }) => {
    checkPoints(points, minPoints);
    const tree = buildKdTree(points);
    const eps = given ?? epsOf(neighbourDistances(points, minPoints, seed, tree));
    const fit = fitDbscan(points, { eps, minPoints }, tree);
    const { k, labels, centers, inertia, bic, corePoints } = fit;
    const notes = [
      ...(given === null
        ? [
            `DBSCAN: eps ${eps.toPrecision(4)} read off the knee of the ${String(minPoints)}-distance curve`,
          ]
        : []),
      ...(k === 0
        ? [`DBSCAN: nothing is dense at eps ${eps.toPrecision(4)}, every row is noise`]
        : []),
    ];
    const detail = { kind: 'density', eps, corePoints } as const;
    return { k, labels, centers, inertia, bic, detail, sampledRows: null, notes };
  },
};
