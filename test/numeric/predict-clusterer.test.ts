import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { applyPreparation } from '../../src/numeric/apply-preparation.js';
import type { Clusterer, MedoidClusterer, Memberships } from '../../src/numeric/clusterer.js';
import { fitKMeans } from '../../src/numeric/kmeans.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import { fitPreparation } from '../../src/numeric/prepare-points.js';
import { prototypeClusterer } from '../../src/numeric/prototype-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { madeTable } from '../support/made-tables.js';
import { naiveMemberships } from '../support/naive-clusterer.js';
import {
  randomMedoids,
  randomMixture,
  randomPreparation,
  randomPrototypes,
  randomRows,
} from '../support/random-clusterer.js';

function fittedOn(table: FeatureTable, explainedVariance: number | null = null) {
  return fitPreparation(table, {
    inputs: table.numericNames.map(() => ({ missing: 'MEDIAN', transform: 'AUTO', weight: 1 })),
    categoricalWeights: table.categoricalNames.map(() => 1),
    winsorise: 0.01,
    explainedVariance,
  }).preparation;
}

function expectSafe({ segments, segment, probability, distance }: Memberships): void {
  segment.forEach((own, row) => {
    const rowProbability = probability.subarray(row * segments, (row + 1) * segments);
    const sum = rowProbability.reduce((total, share) => total + share, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
    expect(rowProbability[own]).toBe(Math.max(...rowProbability));
  });
  expect(distance.every((value) => value >= 0)).toBe(true);
}

const encoding = {
  numericNames: ['a', 'b', 'c'],
  categoricalNames: ['city'],
  categories: [['', 'Oslo', 'Rome']],
};

describe('memberships', () => {
  const kinds: [string, (seed: number) => Clusterer][] = [
    [
      'prototypes',
      (seed) => {
        const random = seededRandom(seed);
        const preparation = randomPreparation(random, encoding, {
          kept: seed % 2 ? 2 : null,
          bounded: seed % 3 === 0,
        });
        return randomPrototypes(random, preparation, { segments: 4, most: 3, noise: seed % 4 < 2 });
      },
    ],
    [
      'mixture',
      (seed) => {
        const random = seededRandom(seed);
        const shape = { kept: seed % 2 ? 2 : null, bounded: true };
        return randomMixture(random, randomPreparation(random, encoding, shape), 3);
      },
    ],
    ['medoids', (seed) => randomMedoids(seededRandom(seed), encoding, 4)],
  ];

  test.each(kinds)('of %s are those of the definition', (_kind, make) => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const clusterer = make(seed);
        const table = randomRows(seededRandom(seed + 1), clusterer, 40);
        const found = predictClusterer(clusterer, table);
        const naive = naiveMemberships(clusterer, table);
        expectSafe(found);
        found.probability.forEach((value, at) => {
          expect(Math.abs(value - naive.probability[at]!)).toBeLessThan(1e-9);
        });
        found.distance.forEach((value, at) => {
          const expected = naive.distance[at]!;
          expect(Math.abs(value - expected)).toBeLessThan(1e-9 * (1 + expected));
        });
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  test.each(kinds)('of %s are never NaN, however far away a row is', (_kind, make) => {
    for (const seed of [3, 6, 9]) {
      const clusterer = make(seed);
      const far = [1e38, -1e38, 3e38, Infinity, -Infinity, NaN];
      const table: FeatureTable = {
        rows: far.length,
        numericNames: ['a', 'b', 'c'],
        numeric: Float32Array.from(far.flatMap((value) => [value, value, value])),
        categoricalNames: ['city'],
        categorical: far.map(() => 'never seen'),
      };
      expectSafe(predictClusterer(clusterer, table));
    }
  });

  test('of equally near segments the lower number is taken', () => {
    const medoids: MedoidClusterer = {
      ...{ kind: 'medoids', segments: 3, spread: 0.1, numericNames: ['x'], categoricalNames: [] },
      ...{ range: Float64Array.of(4), weight: Float64Array.of(1), medoidTexts: [] },
      medoidNumbers: Float64Array.of(3, 0, 1),
    };
    const table = (...numbers: number[]): FeatureTable => ({
      ...{ rows: numbers.length, numericNames: ['x'], categoricalNames: [], categorical: [] },
      numeric: Float32Array.from(numbers),
    });
    const found = predictClusterer(medoids, table(2, 0.5, NaN, 100));
    expect([...found.segment]).toEqual([0, 1, 0, 0]);
    // nothing known, and farther than the range: as far as can be from all
    expect([...found.distance.subarray(6)]).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a clusterer of prototypes', () => {
  const { table } = madeTable(400);

  test.each([null, 0.8])(
    'gives the rows it was fitted on the labels they had (share of components: %s)',
    (explainedVariance) => {
      const preparation = fittedOn(table, explainedVariance);
      const points = applyPreparation(preparation, table);
      const fit = fitKMeans(points, 4, { seed: 1, restarts: 5 });
      const clusterer = prototypeClusterer(fit, points, preparation);
      const { segment, distance } = predictClusterer(clusterer, table);
      expect([...segment]).toEqual([...fit.labels]);
      let squares = 0;
      segment.forEach((own, row) => (squares += distance[row * 4 + own]! ** 2));
      expect(squares).toBeCloseTo(fit.inertia, 8);
      expect(clusterer.spread).toBeCloseTo(fit.inertia / (400 * points.columns), 10);
    },
  );

  test('with noise has one segment more, which rows far from all prototypes are in', () => {
    const preparation = fittedOn(table);
    const points = applyPreparation(preparation, table);
    const fit = fitKMeans(points, 2, { seed: 1, restarts: 1 });
    const rows = Int32Array.of(fit.labels.indexOf(0), fit.labels.indexOf(1));
    const groupOf = Int32Array.of(0, 1);
    const clusterer = prototypeClusterer(fit, points, preparation, { rows, groupOf, radius: 1.5 });
    expect(clusterer).toMatchObject({ segments: 3, noise: { radius: 1.5, segment: 2 } });
    expect(clusterer.spread).toBeCloseTo(1.5 ** 2 / points.columns, 12);
    const { segment, distance } = predictClusterer(clusterer, table);
    expect([segment[rows[0]!], segment[rows[1]!]]).toEqual([0, 1]);
    segment.forEach((own, row) => {
      const nearest = Math.min(distance[row * 3]!, distance[row * 3 + 1]!);
      expect(own === 2).toBe(nearest > 1.5);
      expect(distance[row * 3 + 2]).toBe(1.5);
    });
    expect(segment.includes(2)).toBe(true);
  });

  test('of equal rows alone still has a spread, and of no group is refused', () => {
    const preparation = fittedOn(table);
    const points = { rows: 2, columns: 1, values: Float64Array.of(1, 2) };
    const fit = fitKMeans(points, 2, { seed: 1, restarts: 1 });
    expect(prototypeClusterer(fit, points, preparation).spread).toBe(1e-12);
    expect(() => prototypeClusterer({ ...fit, k: 0 }, points, preparation)).toThrow(
      new RangeError('a clusterer needs at least 1 group, got 0'),
    );
  });
});
