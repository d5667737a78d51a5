import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pickPoints } from '../../src/numeric/clustering.js';
import { pointDistances, rowDistance } from '../../src/numeric/distances.js';
import { medoidsRun } from '../../src/numeric/medoids-run.js';
import { fitSampledMedoids } from '../../src/numeric/medoids-sample.js';
import { fitMedoids } from '../../src/numeric/medoids.js';
import { heaps, matrixOf, renumbered, shuffled } from '../support/clustering-golden.js';

const run = { seed: 4, restarts: 1, dbscan: { eps: null, minPoints: 5 } };
const line = matrixOf([[0], [1], [2], [10], [11], [15]]);
const onLine = rowDistance(line, 'euclidean');

/** The cost of a set of medoids, from nothing but the distances. */
function costOf(
  rows: number,
  distance: (a: number, b: number) => number,
  medoids: readonly number[],
) {
  let cost = 0;
  for (let row = 0; row < rows; row++) cost += Math.min(...medoids.map((m) => distance(row, m)));
  return cost;
}

describe('distances', () => {
  const points = matrixOf([
    [0, 0],
    [3, 4],
    [6, 8],
    [-4, 3],
    [0, 0],
  ]);
  test.each([
    ['euclidean', 0, 1, 5],
    ['euclidean', 1, 3, Math.sqrt(50)],
    ['manhattan', 0, 1, 7],
    ['manhattan', 1, 3, 8],
    ['cosine', 1, 2, 0],
    ['cosine', 1, 3, 1],
    ['cosine', 0, 1, 1],
    ['cosine', 0, 4, 0],
  ] as const)('%s between rows %d and %d is %d', (name, a, b, wanted) => {
    expect(rowDistance(points, name)(a, b)).toBeCloseTo(wanted, 12);
  });

  test('opposite directions are 2 apart by cosine', () => {
    expect(
      rowDistance(
        matrixOf([
          [1, 2],
          [-2, -4],
        ]),
        'cosine',
      )(0, 1),
    ).toBeCloseTo(2, 12);
  });

  test('all are symmetric, never negative, and zero of a row to itself', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number, number), { minLength: 2, maxLength: 6 }),
        (rows) => {
          for (const name of pointDistances) {
            const distance = rowDistance(matrixOf(rows), name);
            rows.forEach((_, a) => {
              expect(distance(a, a)).toBe(0);
              rows.forEach((__, b) => {
                expect(distance(a, b)).toBe(distance(b, a));
                expect(distance(a, b)).toBeGreaterThanOrEqual(0);
              });
            });
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('k-medoids by hand', () => {
  test('two groups on a line: the middle rows', () => {
    const fit = fitMedoids(6, onLine, 2);
    expect(Array.from(fit.medoids).sort((a, b) => a - b)).toEqual([1, 4]);
    expect(renumbered(fit.labels)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(fit.cost).toBe(2 + 5);
  });

  test('one group: the row with the least sum of distances', () => {
    expect(Array.from(fitMedoids(6, onLine, 1).medoids)).toEqual([2]);
  });

  test('as many groups as rows cost nothing', () => {
    const fit = fitMedoids(6, onLine, 6);
    expect(fit.cost).toBe(0);
    expect(new Set(fit.medoids).size).toBe(6);
  });

  test('one giant outlier becomes a medoid and the rest keeps its own', () => {
    const points = matrixOf([[0], [1], [2], [1e12]]);
    const fit = fitMedoids(4, rowDistance(points, 'euclidean'), 2);
    expect(renumbered(fit.labels)).toEqual([0, 0, 0, 1]);
    expect(fit.cost).toBe(2);
  });
});

describe('laws of k-medoids', () => {
  const points = fc
    .array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })), {
      minLength: 6,
      maxLength: 40,
    })
    .filter((rows) => new Set(rows.map((row) => row.join())).size >= 5);
  const groups = fc.integer({ min: 1, max: 5 });
  const name = fc.constantFrom(...pointDistances.filter((distance) => distance !== 'cosine'));

  test('the cost falls by every swap, and is that of the medoids', () => {
    fc.assert(
      fc.property(points, groups, name, (rows, k, distanceName) => {
        const distance = rowDistance(matrixOf(rows), distanceName);
        const fit = fitMedoids(rows.length, distance, k);
        fit.costs.forEach((cost, at) => {
          if (at > 0) expect(cost).toBeLessThan(fit.costs[at - 1] ?? NaN);
        });
        expect(fit.cost).toBe(fit.costs.at(-1));
        expect(fit.cost).toBeCloseTo(costOf(rows.length, distance, Array.from(fit.medoids)), 9);
        expect(new Set(fit.labels).size).toBe(k);
      }),
      { numRuns: 200 },
    );
  });

  test('no swap of a medoid with any row is cheaper: a local optimum', () => {
    fc.assert(
      fc.property(points, groups, name, (rows, k, distanceName) => {
        const distance = rowDistance(matrixOf(rows), distanceName);
        const fit = fitMedoids(rows.length, distance, k);
        fit.medoids.forEach((_, m) => {
          rows.forEach((__, row) => {
            const swapped = Array.from(fit.medoids.with(m, row));
            expect(costOf(rows.length, distance, swapped)).toBeGreaterThan(fit.cost - 1e-9);
          });
        });
      }),
      { numRuns: 100 },
    );
  });

  test('heaps far apart are found whatever the order of the rows', () => {
    const far = heaps(
      [
        [0, 0],
        [40, 0],
        [0, 40],
      ],
      25,
      3,
    );
    fc.assert(
      fc.property(fc.nat(1000), (seed) => {
        const order = shuffled(far.rows, seed);
        const fit = fitMedoids(far.rows, rowDistance(pickPoints(far, order), 'manhattan'), 3);
        expect(renumbered(fit.labels)).toEqual(renumbered(order.map((row) => row % 3)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a table larger than the sample', () => {
  const far = heaps(
    [
      [0, 0],
      [40, 0],
      [0, 40],
    ],
    300,
    3,
  );
  const sampling = { sampleRows: 60, samples: 4 };

  test('says how many rows were sampled, labels all, same seed same bits', () => {
    const found = medoidsRun('euclidean', sampling).run(far, 3, run);
    expect(found.sampledRows).toBe(60);
    expect(found.notes.join()).toContain('4 samples of 60 of 900 rows');
    expect(renumbered(found.labels)).toEqual(Array.from({ length: 900 }, (_, row) => row % 3));
    expect(medoidsRun('euclidean', sampling).run(far, 3, run)).toEqual(found);
  });

  test('further samples never cost more', () => {
    const distance = rowDistance(far, 'euclidean');
    const costs = [1, 2, 4, 8].map(
      (samples) => fitSampledMedoids(900, distance, 5, { sampleRows: 40, samples, seed: 2 }).cost,
    );
    costs.forEach((cost, at) => {
      if (at > 0) expect(cost).toBeLessThanOrEqual(costs[at - 1] ?? NaN);
    });
  });

  test('costs about what the fit on all rows costs', () => {
    const distance = rowDistance(far, 'euclidean');
    const whole = fitMedoids(900, distance, 3);
    const sampled = fitSampledMedoids(900, distance, 3, { ...sampling, seed: 2 });
    expect(sampled.cost / whole.cost).toBeLessThan(1.05);
  });
});

describe('what k-medoids refuses', () => {
  const few = { sampleRows: 2, samples: 2, seed: 1 };
  const nothing = new Float64Array(10_001);
  test.each([
    ['k above the rows', () => fitMedoids(6, onLine, 7), /k must be 1\.\.6 \(the rows\), got 7/],
    ['k of 0', () => fitMedoids(6, onLine, 0), /k must be 1\.\.6/],
    [
      'duplicates only',
      () => fitMedoids(3, () => 0, 2),
      /k must be at most 1, the number of distinct rows, got 2/,
    ],
    [
      'a distance that is NaN',
      () => fitMedoids(2, () => NaN, 1),
      /finite and >= 0, got NaN between rows 0 and 1/,
    ],
    ['a negative distance', () => fitMedoids(2, () => -1, 1), />= 0, got -1/],
    [
      'more rows than their distances fit',
      () => fitMedoids(nothing.length, onLine, 2),
      /rows must be 1\.\.10000, got 10001/,
    ],
    [
      'a value that is NaN',
      () => medoidsRun('euclidean').run(matrixOf([[NaN]]), 1, run),
      /finite.*NaN/,
    ],
    [
      'k that a sample cannot hold',
      () => fitSampledMedoids(6, onLine, 2, few),
      /k must be below sampleRows, 2, got 2/,
    ],
    [
      'samples without enough distinct rows',
      () => fitSampledMedoids(9, () => 0, 2, { ...few, sampleRows: 4 }),
      /none of 2 samples of 4 rows.*at most 1, the number of distinct rows/,
    ],
  ])('%s', (_, fit, message) => {
    expect(fit).toThrow(RangeError);
    expect(fit).toThrow(message);
  });
});
