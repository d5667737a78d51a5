import { describe, expect, it } from 'vitest';
import { applyPreparation } from '../../../src/numeric/apply-preparation.js';
import { adjustedRandIndex } from '../../../src/numeric/label-agreement.js';
import { predictClusterer } from '../../../src/numeric/predict-clusterer.js';
import { fitPreparation } from '../../../src/numeric/prepare-points.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { dbscanRun } from '../../../src/numeric/dbscan-run.js';
import { mixtureRun } from '../../../src/numeric/gaussian-mixture-run.js';
import { choiceAlgorithms, clustererOf } from '../../../src/segment/choose/algorithms.js';
import { chooseClustering } from '../../../src/segment/choose/choose-clustering.js';
import { onSample } from '../../../src/segment/choose/sampled-runs.js';
import { clusterAlgorithms } from '../../../src/segment/segmentation-spec.js';
import { cdnowRfm, telcoNumeric } from '../../support/cluster-reference.js';
import { uniformAt } from '../../support/synthetic.js';

const recipe = { restarts: 5, dbscan: { eps: 0.3, minPoints: 5 }, winsorise: 0 };

/** Three kinds of customers, told apart by two numbers and a category; kinds by turns. */
function kinds(rows: number): FeatureTable {
  return {
    rows,
    numericNames: ['spend', 'visits'],
    numeric: Float32Array.from({ length: rows * 2 }, (_, at) => {
      const [i, j] = [at >> 1, at & 1];
      return 20 * ((i % 3) + j * ((i % 3) % 2)) + uniformAt(i, j, 21);
    }),
    categoricalNames: ['plan'],
    categorical: Array.from({ length: rows }, (_, i) => ['free', 'basic', 'gold'][i % 3] ?? ''),
  };
}

function prepared(table: FeatureTable) {
  const { preparation } = fitPreparation(table, {
    inputs: table.numericNames.map(() => ({ missing: 'MEDIAN', transform: 'NONE', weight: 1 })),
    categoricalWeights: table.categoricalNames.map(() => 1),
    winsorise: 0,
    explainedVariance: null,
  });
  return { preparation, points: applyPreparation(preparation, table) };
}

const options = {
  minK: 2,
  maxK: 5,
  rule: 'silhouette',
  minShare: 0.01,
  seed: 3,
  gapReferences: 2,
  monotonicMs: () => 0,
} as const;

describe("the recipe's algorithms", () => {
  it.each(clusterAlgorithms)(
    '%s finds three kinds, and its served form says the same',
    async (name) => {
      const table = kinds(150);
      const { preparation, points } = prepared(table);
      const task = { algorithms: [name], features: [], recipe };
      const choice = await chooseClustering(points, choiceAlgorithms(task, table, points), options);
      const { run, algorithm, k } = choice.chosen;
      expect([algorithm, k]).toEqual([name, 3]);
      const kind = Array.from({ length: 150 }, (_, i) => i % 3);
      expect(adjustedRandIndex(kind, run.labels)).toBe(1);
      expect(choice.stability.mean).toBe(1);
      const { clusterer } = clustererOf(run, { task, table, points, preparation });
      expect(Array.from(predictClusterer(clusterer, table).segment)).toEqual(
        Array.from(run.labels),
      );
    },
  );

  it('refuse points that are not the rows of the table', () => {
    const { points } = prepared(kinds(9));
    const task = { algorithms: ['kmeans'] as const, features: [], recipe };
    expect(() => choiceAlgorithms(task, kinds(6), points)).toThrow(
      'the 6 rows of the table, got 9',
    );
  });

  it.each([
    { name: 'a mixture', algorithm: mixtureRun() },
    { name: 'density', algorithm: dbscanRun },
  ])('of $name fitted on a sample label every row, and say so', ({ algorithm }) => {
    const { points } = prepared(kinds(900));
    const run = { seed: 1, restarts: 2, dbscan: recipe.dbscan };
    const sampled = onSample(algorithm, 300).run(points, 3, run);
    expect(sampled.sampledRows).toBe(300);
    expect(sampled.notes.at(-1)).toContain('on a random 300 of the 900 rows');
    const kind = Array.from({ length: 900 }, (_, i) => i % 3);
    const found = [...sampled.labels.keys()].filter((row) => sampled.labels[row] !== -1);
    expect(found.length).toBeGreaterThan(880);
    const labelled = found.map((row) => sampled.labels[row] ?? -1);
    expect(
      adjustedRandIndex(
        found.map((row) => kind[row] ?? 0),
        labelled,
      ),
    ).toBe(1);
    expect(onSample(algorithm, 900).run(points, 3, run).sampledRows).toBeNull();
  });
});

it('on CDNOW takes k-means over Ward, which scores as well but comes back less', async ({
  skip,
}) => {
  const data = cdnowRfm();
  if (!data) return skip();
  const { points } = data;
  const table = { ...kinds(1), rows: points.rows };
  const task = { algorithms: ['kmeans', 'ward'] as const, features: [], recipe };
  const given = { ...options, seed: 1, maxK: 2, gapReferences: 0, stability: { runs: 4 } };
  const choice = await chooseClustering(points, choiceAlgorithms(task, table, points), given);
  expect(choice.chosen).toMatchObject({ algorithm: 'kmeans', k: 2 });
  const ward = choice.candidates.find(({ algorithm, k }) => algorithm === 'ward' && k === 2);
  const kmeans = choice.candidates.find(({ chosen }) => chosen);
  expect(ward?.silhouette).toBeGreaterThan(kmeans?.silhouette ?? 1);
  expect(kmeans?.stability).toBeGreaterThan(0.95);
  expect(ward?.stability).toBeLessThan(0.9);
});

describe.each([
  { name: 'Telco', read: telcoNumeric },
  { name: 'CDNOW', read: cdnowRfm },
])('choosing k-means on $name', ({ read }) => {
  it('comes to what scikit-learn comes to, by silhouette and by elbow', async ({ skip }) => {
    const data = read();
    if (!data) return skip();
    const { points, reference } = data;
    const table: FeatureTable = {
      rows: points.rows,
      numericNames: [],
      numeric: new Float32Array(0),
      categoricalNames: [],
      categorical: [],
    };
    const task = { algorithms: ['kmeans'] as const, features: [], recipe };
    const given = { ...options, maxK: 10, gapReferences: 0, stability: { runs: 3, sampleShare: 0.8, rows: 5000 } }; // prettier-ignore
    const [kmeans] = choiceAlgorithms(task, table, points);
    if (!kmeans) return;
    const choice = await chooseClustering(points, [kmeans], given);
    expect(choice.chosen.k).toBe(reference.chosen.by_silhouette);
    reference.kmeans.forEach((run, i) => {
      const inertia = choice.candidates[i]?.inertia ?? 0;
      expect(inertia / run.inertia).toBeLessThan(1.01);
      const silhouette = choice.candidates[i]?.silhouette ?? 0;
      if (run.k <= 4) expect(Math.abs(silhouette - run.silhouette_sample)).toBeLessThan(0.015);
    });
    expect(choice.chosenBecause).toMatch(
      new RegExp(`k-means with ${reference.chosen.by_elbow} \\([^)]*elbow\\)`),
    );
  });
});
