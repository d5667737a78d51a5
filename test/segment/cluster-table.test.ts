import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import { clustererInputs } from '../../src/numeric/clusterer.js';
import { labelAgreement } from '../../src/numeric/label-agreement.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { clusterTable } from '../../src/segment/cluster-table.js';
import type { ClusterTask } from '../../src/segment/cluster-task.js';
import { clusterAlgorithms } from '../../src/segment/segmentation-spec.js';
import { clusterCandidate } from '../../src/segment/segmentation.js';
import { uniformAt } from '../support/synthetic.js';

const KINDS = 5;

/** Five kinds by turns, a unit square each on a wide circle; `idle` says nothing, `fixed` cannot. */
function people(rows: number, change: Partial<FeatureTable> = {}): FeatureTable {
  const numericNames = ['spend', 'visits', 'idle', 'fixed'];
  const numeric = Float32Array.from({ length: rows * 4 }, (_, at) => {
    const [i, j] = [Math.floor(at / 4), at % 4];
    const angle = (2 * Math.PI * (i % KINDS)) / KINDS;
    const place = [40 + 20 * Math.cos(angle), 40 + 30 * Math.sin(angle), 0][j];
    return place === undefined ? 7 : place + uniformAt(i, j, 31);
  });
  return { rows, numericNames, numeric, categoricalNames: [], categorical: [], ...change };
}

const kindsOf = (rows: number): string[] =>
  Array.from({ length: rows }, (_, row) => `kind-${row % KINDS}`);

function taskOf(table: FeatureTable, change: Partial<ClusterTask> = {}): ClusterTask {
  return {
    population: { table, attributes: {} },
    features: table.numericNames.map((name) => ({
      name,
      missing: 'MEDIAN' as const,
      transform: 'NONE' as const,
      // told apart by little, or it would be as loud as the two that tell
      weight: name === 'idle' ? 0.01 : 1,
    })),
    algorithms: ['kmeans'],
    minK: 2,
    maxK: 7,
    seed: 4,
    recipe: {
      choose: 'silhouette',
      winsorise: 0,
      explainedVariance: null,
      restarts: 10,
      dbscan: { eps: 0.5, minPoints: 5 },
      minShare: 0.01,
    },
    age: null,
    labels: null,
    ...change,
  };
}

const quiet = () => {
  let now = 0;
  return { onProgress: () => undefined, monotonicMs: () => (now += 5) };
};
const run = (task: ClusterTask) => clusterTable(task, quiet());

describe('one run of several algorithms', () => {
  it('puts k-means of ten starts, mixture, Ward and DBSCAN with eps 0.5 and min 5 into one table', async () => {
    const outcome = await run(
      taskOf(people(400), {
        algorithms: ['kmeans', 'mixture', 'ward', 'dbscan'],
        minK: 5,
        maxK: 5,
      }),
    );
    const found = outcome.candidates.map((each) => clusterCandidate.parse(each));
    expect(found.map(({ algorithm, k }) => [algorithm, k])).toEqual(
      ['kmeans', 'mixture', 'ward', 'dbscan'].map((algorithm) => [algorithm, 5]),
    );
    for (const { silhouette, calinskiHarabasz, daviesBouldin, noise, seconds } of found) {
      expect(silhouette).toBeGreaterThan(0.9);
      expect(calinskiHarabasz).toBeGreaterThan(1_000);
      expect(daviesBouldin).toBeLessThan(0.2);
      expect(noise).toBe(0);
      expect(seconds).toBeGreaterThan(0);
    }
    expect(found.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(outcome.hyperparameters).toMatchObject({ k: 5, restarts: 10 });
  });

  it('serves DBSCAN with the radius that it was given, its noise as a segment of its own', async () => {
    const table = people(400);
    // every hundredth lies between the kinds, alone
    for (let row = 0; row < 400; row += 100) table.numeric.set([40, 40 + row / 25], row * 4);
    const outcome = await run(
      taskOf(table, {
        algorithms: ['dbscan'],
        recipe: { ...taskOf(table).recipe, dbscan: { eps: 0.15, minPoints: 5 } },
      }),
    );
    expect(outcome.hyperparameters).toMatchObject({ eps: 0.15, minPoints: 5 });
    expect(outcome.candidates[0]).toMatchObject({ algorithm: 'dbscan', k: KINDS, noise: 4 });
    expect(outcome.segments).toBe(KINDS + 1);
    const noise = outcome.segmentOf[0];
    expect(outcome.facts.find(({ number }) => number === noise)?.size).toBe(4);
  });

  it.each(clusterAlgorithms)(
    '%s: graph, predictor and outcome say the same of every row',
    async (name) => {
      const table = people(200);
      const outcome = await run(taskOf(table, { algorithms: [name], minK: 5, maxK: 5 }));
      const reread = readClusterer(outcome.onnx);
      if (!reread) throw new Error('the file holds no clusterer');
      const said = predictClusterer(reread, table);
      expect(Array.from(said.segment)).toEqual(Array.from(outcome.segmentOf));
      expect(outcome.worstDifference).toBeLessThan(1e-6);
      expect(
        labelAgreement(
          Array.from({ length: 200 }, (_, row) => row % KINDS),
          Array.from(outcome.segmentOf),
        ).ari,
      ).toBe(1);
    },
  );

  it('is the same for the same seed to the bit, but for the seconds', async () => {
    const task = taskOf(people(250), { algorithms: ['kmeans', 'mixture', 'medoids'], maxK: 6 });
    const [one, other] = [await run(task), await run(task)];
    expect(one).toEqual(other);
  });
});

describe('what a run tells', () => {
  it('ranks the features by how they separate, those that say nothing last', async () => {
    const { featureImportance } = await run(taskOf(people(300)));
    expect(featureImportance.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
    expect(
      featureImportance
        .slice(0, 2)
        .map(({ feature }) => feature)
        .sort(),
    ).toEqual(['spend', 'visits']);
    expect(featureImportance[3]).toEqual({ feature: 'fixed', f: 0, p: 1, rank: 4 });
    expect(featureImportance[0]?.f).toBeGreaterThan(100 * (featureImportance[2]?.f ?? Infinity));
  });

  it('compares with labels that are known, all four figures; with fewer than two, none', async () => {
    const table = people(300);
    const kinds = kindsOf(300);
    const same = await run(taskOf(table, { labels: kinds }));
    expect(same.external).toEqual({ ari: 1, nmi: 1, homogeneity: 1, completeness: 1 });
    const halved = await run(
      taskOf(table, { labels: kinds.map((kind) => (kind < 'kind-3' ? 'a' : 'b')) }),
    );
    // five groups within two classes: each group is of one class, no class is in one group
    expect(halved.external?.homogeneity).toBeCloseTo(1, 12);
    expect(halved.external?.completeness).toBeLessThan(0.6);
    expect(halved.external?.ari).toBeLessThan(0.6);
    const few = await run(
      taskOf(table, { labels: kinds.map((kind, row) => (row < 5 ? kind : '')) }),
    );
    expect(few.external?.ari).toBe(1);
    expect(
      (await run(taskOf(table, { labels: kinds.map((kind, row) => (row < 1 ? kind : '')) })))
        .external,
    ).toBeNull();
    expect((await run(taskOf(table))).external).toBeNull();
  });

  it('holds the centres in units of the features, missing values filled, and the spread of everybody', async () => {
    const table = people(300);
    table.numeric[0] = NaN;
    const { centers, spread, segmentOf, clusterer, facts } = await run(taskOf(table));
    const { numericNames } = clustererInputs(clusterer);
    expect(numericNames).toEqual(['spend', 'visits', 'idle']);
    const { preparation } = clusterer as Extract<typeof clusterer, { kind: 'prototypes' }>;
    numericNames.forEach((name, j) => {
      const values = Array.from(segmentOf, (_, row) => {
        const value = table.numeric[row * 4 + table.numericNames.indexOf(name)] ?? NaN;
        return Number.isNaN(value) ? (preparation.fill[j] ?? NaN) : value;
      });
      const mean = (of: number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
      const everybody = mean(values);
      expect(spread[j]).toBeCloseTo(
        Math.sqrt(mean(values.map((value) => (value - everybody) ** 2))),
        8,
      );
      for (const { number, size } of facts) {
        const own = values.filter((_, row) => segmentOf[row] === number);
        expect(own).toHaveLength(size);
        expect(centers[number]?.[j]).toBeCloseTo(mean(own), 8);
      }
    });
  });

  it('draws everybody on two axes whose shares of the variance it tells', async () => {
    const { projection, explainedVariance } = await run(taskOf(people(300)));
    expect(projection.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...Array(300).keys()]);
    const variance = (pick: (point: { x: number; y: number }) => number): number => {
      const values = projection.map(pick);
      const mean = values.reduce((sum, value) => sum + value, 0) / 300;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 300;
    };
    // three scaled columns, the third with weight 0.01
    const total = 1 + 1 + 0.01 ** 2;
    expect(explainedVariance).toHaveLength(2);
    expect(variance(({ x }) => x) / total).toBeCloseTo(explainedVariance[0] ?? NaN, 9);
    expect(variance(({ y }) => y) / total).toBeCloseTo(explainedVariance[1] ?? NaN, 9);
  });

  it('says what was left out, cut and filled', async () => {
    const table = people(300);
    table.numeric[0] = NaN;
    table.numeric[5] = 1e9;
    const task = taskOf(table);
    const { treatments, ignored } = await run({
      ...task,
      recipe: { ...task.recipe, winsorise: 0.01 },
    });
    expect(ignored).toEqual([{ feature: 'fixed', reason: 'is constant: 7 in every row' }]);
    const said = treatments.join('\n');
    expect(said).toContain('fixed is constant: 7 in every row; it was left out');
    expect(said).toContain('spend: 1 missing value was taken as the median');
    expect(said).toMatch(/visits: \d values? above [\d.]+ (was|were) cut to it/);
  });

  it('keeps components that explain the share that was asked for', async () => {
    const task = taskOf(people(300));
    const { clusterer, treatments } = await run({
      ...task,
      recipe: { ...task.recipe, explainedVariance: 0.9 },
    });
    const { preparation } = clusterer as Extract<typeof clusterer, { kind: 'prototypes' }>;
    expect(preparation.rotation?.kept).toBe(2);
    expect(treatments.join()).toContain(
      '2 of 3 principal components were taken; they explain 100.0 %',
    );
  });
});

describe('gender and city tier', () => {
  it('are grouped by medoids with the distance of Gower, beside a number of little weight', async () => {
    const rows = 240;
    const kinds = [
      ['F', '1'],
      ['M', '1'],
      ['F', '3'],
      ['M', '3'],
    ];
    const mixed: FeatureTable = {
      rows,
      numericNames: ['idle'],
      numeric: Float32Array.from({ length: rows }, (_, row) => 20 + 40 * uniformAt(row, 0, 5)),
      categoricalNames: ['gender', 'city_tier'],
      categorical: Array.from({ length: rows }, (_, row) => kinds[row % 4] ?? []).flat(),
    };
    const outcome = await run(taskOf(mixed, { algorithms: ['medoids'], maxK: 6 }));
    expect(outcome.algorithm).toBe('medoids');
    expect(outcome.segments).toBe(4);
    expect(clustererInputs(outcome.clusterer).categoricalNames).toEqual(['gender', 'city_tier']);
    const kind = Array.from({ length: rows }, (_, row) => row % 4);
    expect(labelAgreement(kind, Array.from(outcome.segmentOf)).ari).toBe(1);
    // the mix of each segment is told of, though nobody named the two as attributes
    expect(outcome.facts[0]?.mixes.map(({ attribute }) => attribute)).toEqual([
      'gender',
      'city_tier',
    ]);
    for (const { mixes } of outcome.facts)
      for (const { values } of mixes) expect(values[0]?.share).toBe(1);
  });
});

describe('input that cannot be grouped', () => {
  const alike = people(50, { numeric: new Float32Array(200).fill(3) });
  const endless = people(50);
  endless.numeric[4] = Infinity;
  const twoKinds = people(50);
  for (let row = 0; row < 50; row++) twoKinds.numeric.set([row % 2, row % 2, 1, 1], row * 4);
  it.each([
    [
      'fewer rows than groups',
      people(3),
      { minK: 4 },
      '4 groups need at least as many customers with values, got 3',
    ],
    ['nobody', people(0), {}, '2 groups need at least as many customers with values, got 0'],
    ['all alike', alike, {}, 'no input tells the rows apart: spend is constant: 3 in every row'],
    ['an infinite value', endless, {}, 'spend must be finite or missing, got Infinity in row 1'],
    [
      'fewer kinds than groups',
      twoKinds,
      { minK: 3 },
      'no grouping can be chosen of 5: k-means with 3..7 groups: k must be at most 2',
    ],
  ])('%s: is refused as INVALID, in words', async (_, table, change, message) => {
    const error: unknown = await run(taskOf(table, change)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'INVALID' });
    expect((error as AppError).message).toContain(message);
  });

  it('one giant outlier neither takes a group of its own nor squashes the others', async () => {
    const table = people(500);
    table.numeric[0] = 1e12;
    const task = taskOf(table);
    const { segmentOf, segments } = await run({
      ...task,
      recipe: { ...task.recipe, winsorise: 0.005 },
    });
    expect(segments).toBe(KINDS);
    const kind = Array.from({ length: 499 }, (_, row) => (row + 1) % KINDS);
    expect(labelAgreement(kind, Array.from(segmentOf.subarray(1))).ari).toBe(1);
  });

  it('as many rows as groups at most: the range is cut to what there is', async () => {
    const { candidates } = await run(taskOf(people(6), { minK: 2, maxK: 15 }));
    expect(candidates.map(({ k }) => k)).toEqual([2, 3, 4, 5]);
  });
});
