import type { ClusterAlgorithmRun, ClusterRun } from './cluster-algorithm.js';
import { pickPoints, type PointMatrix } from './clustering.js';
import { rowDistance, type PointDistance, type RowDistance } from './distances.js';
import { gowerDistance, type GowerScale, type MixedRows } from './gower.js';
import { defaultMedoidSampling, fitSampledMedoids, type MedoidSampling } from './medoids-sample.js';
import { checkK, checkPoints, inertiaOf } from './point-checks.js';

type Sampling = Omit<MedoidSampling, 'seed'>;

/** K-medoids on the points themselves, for a chooser. */
export function medoidsRun(
  distance: PointDistance,
  sampling: Sampling = defaultMedoidSampling,
): ClusterAlgorithmRun {
  return {
    name: 'medoids',
    findsK: false,
    run: (points, k, { seed }) => {
      checkPoints(points, 1);
      return runMedoids(points, rowDistance(points, distance), k, { ...sampling, seed });
    },
  };
}

/**
 * K-medoids by Gower's distance on a table of numbers and categories, for a chooser: `points` must be the same rows in
 * the same order, as the other algorithms see them; they serve for `centers` and `inertia` alone, so that scores compare.
 * The medoids of the result go into `gowerClusterer`.
 */
export function gowerMedoidsRun(
  table: MixedRows,
  scale: GowerScale,
  sampling: Sampling = defaultMedoidSampling,
): ClusterAlgorithmRun {
  const distance = gowerDistance(table, scale);
  return {
    name: 'medoids',
    findsK: false,
    run: (points, k, { seed }) => {
      if (points.rows !== table.rows) {
        throw new RangeError(
          `points must be the ${String(table.rows)} rows of the table, got ${String(points.rows)}`,
        );
      }
      return runMedoids(points, distance, k, { ...sampling, seed });
    },
  };
}

function runMedoids(
  points: PointMatrix,
  distance: RowDistance,
  k: number,
  sampling: MedoidSampling,
): ClusterRun {
  checkK(k, points.rows);
  const { medoids, labels, sampledRows } = fitSampledMedoids(points.rows, distance, k, sampling);
  const centers = pickPoints(points, medoids).values;
  return {
    k,
    labels,
    centers,
    inertia: inertiaOf(points, labels, centers),
    bic: null,
    detail: { kind: 'medoids', medoids },
    sampledRows,
    notes:
      sampledRows === null
        ? []
        : [
            `K-medoids: the best of ${String(sampling.samples)} samples of ${counted(sampledRows)} of ${counted(points.rows)} rows, judged on all`,
          ],
  };
}

function counted(rows: number): string {
  return rows.toLocaleString('en-US');
}
