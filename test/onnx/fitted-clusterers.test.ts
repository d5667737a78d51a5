import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { applyPreparation } from '../../src/numeric/apply-preparation.js';
import { thinCorePoints } from '../../src/numeric/dbscan-prototypes.js';
import { fitDbscan } from '../../src/numeric/dbscan.js';
import type { Clusterer } from '../../src/numeric/clusterer.js';
import { fitGaussianMixture } from '../../src/numeric/gaussian-mixture.js';
import { gowerClusterer, gowerDistance, gowerScale } from '../../src/numeric/gower.js';
import { fitKMeans } from '../../src/numeric/kmeans.js';
import { fitMedoids } from '../../src/numeric/medoids.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import { fitPreparation } from '../../src/numeric/prepare-points.js';
import { prototypeClusterer } from '../../src/numeric/prototype-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { PARITY_TOLERANCE, worstMembershipDifference } from '../../src/onnx/parity.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { writeClusterer } from '../../src/onnx/write-clusterer.js';
import { bareMemberships, bareSession } from '../support/bare-onnx.js';

const ROWS = 600;

/** Three crowds in two numbers and a category, a skewed amount beside them, and a tenth of all missing. */
function customers(): FeatureTable {
  const random = seededRandom(17);
  const numeric: number[] = [];
  const categorical: string[] = [];
  for (let row = 0; row < ROWS; row++) {
    const crowd = row % 3;
    const known = (value: number): number => (random.next() < 0.1 ? NaN : value);
    numeric.push(
      known(crowd * 40 + random.normal() * 5),
      known([3, 90, 30][crowd]! + random.normal() * 4),
      known(Math.exp(crowd * 2 + random.normal())),
    );
    categorical.push(random.next() < 0.1 ? '' : (['free', 'gold', 'basic'][crowd] ?? ''));
  }
  return {
    rows: ROWS,
    numericNames: ['age', 'recency', 'amount'],
    numeric: Float32Array.from(numeric),
    categoricalNames: ['plan'],
    categorical,
  };
}

const table = customers();
const prepared = (explainedVariance: number | null) => {
  const { preparation } = fitPreparation(table, {
    inputs: table.numericNames.map(() => ({ missing: 'MEDIAN', transform: 'AUTO', weight: 1 })),
    categoricalWeights: [1],
    winsorise: 0.005,
    explainedVariance,
  });
  return { preparation, points: applyPreparation(preparation, table) };
};

describe('a fitted clusterer is served by its graph as it was fitted:', () => {
  const { preparation, points } = prepared(null);
  const grouped = fitKMeans(points, 3, { seed: 1, restarts: 4 });
  it.each<[string, () => { clusterer: Clusterer; labels: Int32Array | null }]>([
    [
      'k-means',
      () => ({
        clusterer: prototypeClusterer(grouped, points, preparation),
        labels: grouped.labels,
      }),
    ],
    [
      'k-means on components',
      () => {
        const space = prepared(0.8);
        const fit = fitKMeans(space.points, 4, { seed: 1, restarts: 4 });
        return {
          clusterer: prototypeClusterer(fit, space.points, space.preparation),
          labels: fit.labels,
        };
      },
    ],
    [
      'a Gaussian mixture',
      () => {
        const fit = fitGaussianMixture(points, 3, grouped.labels);
        const { weights, means, whitening, logDeterminants, labels } = fit;
        const form = { weights, means, whitening, logDeterminants };
        return { clusterer: { kind: 'mixture', preparation, segments: 3, ...form }, labels };
      },
    ],
    [
      'DBSCAN by its core points',
      () => {
        const fit = fitDbscan(points, { eps: 0.9, minPoints: 5 });
        // labels of border rows may change, see `thinCorePoints`
        const served = prototypeClusterer(fit, points, preparation, thinCorePoints(points, fit));
        return { clusterer: served, labels: null };
      },
    ],
    [
      "k-medoids by Gower's distance",
      () => {
        const scale = gowerScale(table);
        const { medoids, labels } = fitMedoids(ROWS, gowerDistance(table, scale), 3);
        return { clusterer: gowerClusterer(table, scale, medoids, labels), labels };
      },
    ],
  ])('%s', async (_, fit) => {
    const { clusterer, labels } = fit();
    const bytes = writeClusterer(clusterer);
    expect(readClusterer(bytes)).toEqual(clusterer);
    const session = await bareSession(bytes);
    const answers = await bareMemberships(session, table);
    await session.release();
    const expected = predictClusterer(clusterer, table);
    expect(worstMembershipDifference(answers, expected)).toBeLessThanOrEqual(PARITY_TOLERANCE);
    expect(new Set(answers.segment).size).toBeGreaterThan(1);
    if (labels) expect(answers.segment).toEqual(labels);
  });
});
