import type { ClusterAlgorithmRun, ClusterRun } from '../../numeric/cluster-algorithm.js';
import { pickPoints, type PointMatrix } from '../../numeric/clustering.js';
import { thinCorePoints } from '../../numeric/dbscan-prototypes.js';
import { writeResponsibilities } from '../../numeric/gaussian-components.js';
import { summariseGroups } from '../../numeric/point-checks.js';
import { randomStream, sampleAscending } from '../../numeric/random.js';

/** Rows labelled at a time. */
const BLOCK_ROWS = 10_000;

/**
 * An algorithm that fits a random sample where there are more than `limit` rows and then labels all of them as it would be
 * served: a mixture by its components, density by the nearest core point. Says so in `sampledRows` and in a note. The seed
 * decides the sample, so that all k are fitted on the same one.
 */
export function onSample(algorithm: ClusterAlgorithmRun, limit: number): ClusterAlgorithmRun {
  return {
    name: algorithm.name,
    findsK: algorithm.findsK,
    run: (points, k, options) => {
      if (points.rows <= limit) return algorithm.run(points, k, options);
      const rows = sampleAscending(points.rows, limit, randomStream(options.seed));
      const sample = pickPoints(points, rows);
      const run = algorithm.run(sample, k, options);
      const [shown, all] = [limit.toLocaleString('en-US'), points.rows.toLocaleString('en-US')];
      return {
        ...run,
        ...wholeOf(points, sample, rows, run),
        sampledRows: limit,
        notes: [
          ...run.notes,
          `${algorithm.name} was fitted on a random ${shown} of the ${all} rows`,
        ],
      };
    },
  };
}

type Whole = Pick<ClusterRun, 'labels' | 'centers' | 'inertia' | 'detail'>;

function wholeOf(
  points: PointMatrix,
  sample: PointMatrix,
  rows: Int32Array,
  run: ClusterRun,
): Whole {
  const { detail, k } = run;
  switch (detail.kind) {
    case 'mixture': {
      const labels = mostProbable(points, detail.fit);
      return { ...summariseGroups(points, labels, k), labels, detail };
    }
    case 'density': {
      const corePoints = detail.corePoints.map((row) => rows[row] ?? 0);
      const labels = nearestCore(points, sample, run, detail);
      return { ...summariseGroups(points, labels, k), labels, detail: { ...detail, corePoints } };
    }
    case 'centroids':
    case 'medoids':
      throw new RangeError(`${detail.kind} sample by themselves`);
  }
}

function mostProbable(
  points: PointMatrix,
  components: Parameters<typeof writeResponsibilities>[1],
): Int32Array {
  const { rows, columns, values } = points;
  const { k } = components;
  const labels = new Int32Array(rows);
  const responsibility = new Float64Array(BLOCK_ROWS * k);
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - from);
    const block = {
      rows: count,
      columns,
      values: values.subarray(from * columns, (from + count) * columns),
    };
    writeResponsibilities(block, components, responsibility);
    for (let i = 0; i < count; i++) {
      const own = responsibility.subarray(i * k, (i + 1) * k);
      labels[from + i] = own.indexOf(Math.max(...own));
    }
  }
  return labels;
}

/** Farther than the radius from every core point that stands for the others: noise. */
function nearestCore(
  points: PointMatrix,
  sample: PointMatrix,
  run: ClusterRun,
  { eps, corePoints }: { eps: number; corePoints: Int32Array },
): Int32Array {
  const labels = new Int32Array(points.rows).fill(-1);
  if (run.k === 0) return labels;
  const noise = run.labels.reduce((count, label) => count + (label < 0 ? 1 : 0), 0);
  const { rows, groupOf, radius } = thinCorePoints(sample, { ...run, eps, corePoints, noise });
  const prototypes = pickPoints(sample, rows).values;
  const { columns, values } = points;
  for (let row = 0; row < points.rows; row++) {
    let nearest = radius * radius;
    for (let p = 0, at = 0; p < rows.length; p++) {
      let squared = 0;
      for (let j = 0; j < columns; j++, at++) {
        const difference = (values[row * columns + j] ?? 0) - (prototypes[at] ?? 0);
        squared += difference * difference;
      }
      if (squared > nearest) continue;
      if (squared === nearest && labels[row] !== -1) continue;
      nearest = squared;
      labels[row] = groupOf[p] ?? -1;
    }
  }
  return labels;
}
