import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { fitKMeans, STARTING_ROWS, type KMeansOptions } from '../../src/numeric/kmeans.js';
import { kmeansRun } from '../support/kmeans-run.js';
import { swapCenter } from '../../src/numeric/kmeans-swap.js';
import { randomStream } from '../../src/numeric/random.js';
import { syntheticBlobs } from '../support/blobs.js';
import { cdnowRfm, telcoNumeric } from '../support/cluster-reference.js';
import { naiveLloyd } from '../support/naive-kmeans.js';

const once: KMeansOptions = { seed: 1, restarts: 1 };

function matrix(columns: number, ...values: number[]): PointMatrix {
  return { rows: values.length / columns, columns, values: Float64Array.from(values) };
}

function startsAt({ columns, values }: PointMatrix, rows: readonly number[]): Float64Array {
  return Float64Array.from(
    rows.flatMap((row) => [...values.subarray(row * columns, (row + 1) * columns)]),
  );
}

/** Points around a few centres that overlap; on a lattice where many distances are equal. */
function randomPoints(rows: number, columns: number, seed: number, lattice: boolean): PointMatrix {
  const random = randomStream(seed);
  const centers = Float64Array.from({ length: 6 * columns }, () => 4 * random());
  const values = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const group = Math.floor(6 * random());
    for (let j = 0; j < columns; j++) {
      const value = centers[group * columns + j]! + random() + random();
      values[row * columns + j] = lattice ? Math.round(value) : value;
    }
  }
  return { rows, columns, values };
}

/** Every label is that of the nearest centre, and the inertia is that of the labels. */
function expectConsistent(points: PointMatrix, fit: ReturnType<typeof fitKMeans>): void {
  const { rows, columns, values } = points;
  let inertia = 0;
  let worst = 0;
  const sizes = new Float64Array(fit.k);
  for (let row = 0; row < rows; row++) {
    const squares = Array.from({ length: fit.k }, (_, c) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        sum += (values[row * columns + j]! - fit.centers[c * columns + j]!) ** 2;
      }
      return sum;
    });
    const own = squares[fit.labels[row]!]!;
    worst = Math.max(worst, (own - Math.min(...squares)) / (1 + own));
    inertia += own;
    sizes[fit.labels[row]!]!++;
  }
  expect(worst).toBeLessThanOrEqual(1e-12);
  expect(Math.abs(fit.inertia - inertia)).toBeLessThanOrEqual(1e-9 * (inertia + 1e-300));
  expect(Math.min(...sizes)).toBeGreaterThan(0);
}

describe('k-means', () => {
  test('by hand: two pairs on a line', () => {
    const fit = fitKMeans(matrix(1, 0, 1, 10, 12), 2, {
      ...once,
      starts: Float64Array.of(0, 1),
      tolerance: 0,
    });
    expect([...fit.labels]).toEqual([0, 0, 1, 1]);
    expect([...fit.centers]).toEqual([0.5, 11]);
    expect(fit.inertia).toBe(0.5 + 2);
    expect(fit).toMatchObject({ k: 2, bic: null, restart: 0, sampledRows: null });
  });

  test('gives labels, centres, inertia and iterations of plain Lloyd from the same start', () => {
    let compared = 0;
    const shapes = fc.record({
      rows: fc.integer({ min: 30, max: 600 }),
      columns: fc.integer({ min: 1, max: 19 }),
      k: fc.integer({ min: 1, max: 12 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shapes, ({ rows, columns, k, seed }) => {
        const points = randomPoints(rows, columns, seed, false);
        const starts = startsAt(points, [...Array(k).keys()]);
        const plain = naiveLloyd(points, k, starts);
        if (!plain || plain.iterations > 300) return;
        const fit = fitKMeans(points, k, { ...once, starts, tolerance: 0 });
        expect([...fit.labels]).toEqual(plain.labels);
        expect(fit.iterations).toBe(plain.iterations);
        expect(Math.abs(fit.inertia / plain.inertia - 1)).toBeLessThan(1e-12);
        fit.centers.forEach((center, at) => {
          expect(center).toBeCloseTo(plain.centers[at]!, 10);
        });
        compared++;
      }),
      { numRuns: 150, seed: 5 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('from any seed, labels are those of the nearest centres, no group is empty, and the seed decides all', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 60, max: 400 }),
      columns: fc.integer({ min: 1, max: 9 }),
      k: fc.integer({ min: 1, max: 20 }),
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      lattice: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, ({ rows, columns, k, seed, lattice }) => {
        const points = randomPoints(rows, columns, seed, lattice);
        const distinct = new Set(
          Array.from({ length: rows }, (_, row) =>
            points.values.subarray(row * columns, (row + 1) * columns).join(),
          ),
        ).size;
        fc.pre(distinct >= k);
        const options = { seed, restarts: 2 };
        const fit = fitKMeans(points, k, options);
        expectConsistent(points, fit);
        expect(fitKMeans(points, k, options)).toEqual(fit);
        expect(fitKMeans(points, k, { seed, restarts: 1 }).inertia).toBeGreaterThanOrEqual(
          fit.inertia,
        );
      }),
      { numRuns: 120, seed: 2 },
    );
  });

  test('a group that no row is nearest to gets the row farthest from its mean', () => {
    const points = matrix(1, 0, 1, 2, 3, 50);
    const starts = Float64Array.of(1, 1000, 2000);
    const fit = fitKMeans(points, 3, { ...once, starts, tolerance: 0 });
    expectConsistent(points, fit);
    expect([...fit.labels]).toEqual([2, 0, 0, 0, 1]);
    expect(fit.inertia).toBe(2);
  });

  test('values far from zero lose nothing', () => {
    const near = randomPoints(300, 3, 9, false);
    const far = { ...near, values: near.values.map((value) => value + 1e6) };
    const options = { seed: 4, restarts: 3 };
    const [a, b] = [fitKMeans(near, 4, options), fitKMeans(far, 4, options)];
    expect(b.labels).toEqual(a.labels);
    expect(Math.abs(b.inertia / a.inertia - 1)).toBeLessThan(1e-6);
  });

  test('a start is the best of several draws: nearly each alone finds twenty heaps', () => {
    const random = randomStream(77);
    const values = Float64Array.from({ length: 600 }, (_, at) => {
      const heap = (at >> 1) % 20;
      return 10 * (at % 2 === 0 ? heap % 5 : Math.floor(heap / 5)) + random();
    });
    const points = { rows: 300, columns: 2, values };
    const best = fitKMeans(points, 20, { seed: 1, restarts: 20 }).inertia;
    const found = Array.from({ length: 100 }, (_, seed) =>
      fitKMeans(points, 20, { ...once, seed }),
    );
    // with one draw a centre 90 of them
    expect(found.filter(({ inertia }) => inertia < 1.5 * best).length).toBeGreaterThanOrEqual(97);
  });

  test('the group that costs least to merge with another gives up its centre first', () => {
    const points = matrix(1, 0, 1, 50, 51, 54, 55);
    const fit = fitKMeans(points, 3, { ...once, starts: Float64Array.of(0.5, 50.5, 54.5) });
    const given = Array.from({ length: 4 }, (_, turn) => {
      const centers = swapCenter(points, fit, turn, () => 0);
      return centers.findIndex((center, c) => center !== fit.centers[c]);
    });
    expect(given).toEqual([1, 2, 0, 1]);
  });

  test('as an algorithm of a chooser it is the same fit', () => {
    const points = randomPoints(200, 2, 1, false);
    const options = { seed: 3, restarts: 2, dbscan: { eps: null, minPoints: 5 } };
    const { labels, inertia, centers } = fitKMeans(points, 3, options);
    expect(kmeansRun.run(points, 3, options)).toEqual({
      ...{ k: 3, labels, inertia, centers, bic: null },
      ...{ detail: { kind: 'centroids' }, sampledRows: null, notes: [] },
    });
  });
});

describe('k-means refuses', () => {
  const four = matrix(1, 1, 2, 2, 1);
  test.each<[string, PointMatrix, number, KMeansOptions, string]>([
    ['fewer rows than k', four, 5, once, 'k must be 1..4 (the rows), got 5'],
    ['k of 0', four, 0, once, 'k must be 1..4 (the rows), got 0'],
    ['half a k', four, 1.5, once, 'k must be 1..4 (the rows), got 1.5'],
    [
      'fewer distinct rows than k',
      four,
      3,
      once,
      'k must be at most 2, the number of distinct rows, got 3',
    ],
    [
      'NaN',
      matrix(2, 1, 2, 3, NaN),
      1,
      once,
      'values must be finite and within 1e150, got NaN in row 1, column 1',
    ],
    [
      'infinite values',
      matrix(1, 1, -Infinity),
      1,
      once,
      'values must be finite and within 1e150, got -Infinity in row 1, column 0',
    ],
    [
      'starts of another shape',
      four,
      2,
      { ...once, starts: Float64Array.of(1) },
      '2 x 1 points need 2 values, got 1',
    ],
    [
      'no restart',
      four,
      2,
      { seed: 1, restarts: 0 },
      'restarts must be an integer of at least 1, got 0',
    ],
    [
      'no iteration',
      four,
      2,
      { ...once, maxIterations: 0 },
      'maxIterations must be an integer of at least 1, got 0',
    ],
    [
      'a negative tolerance',
      four,
      2,
      { ...once, tolerance: -1 },
      'tolerance must be at least 0, got -1',
    ],
  ])('%s', (_what, points, k, options, message) => {
    expect(() => fitKMeans(points, k, options)).toThrow(new RangeError(message));
  });
});

// Golden: scikit-learn 1.2.1, KMeans(n_init=10), results in ../shared/data/reference/cluster_*.json.
const golden = [
  { name: 'Telco', read: telcoNumeric, starts: [0, 1760, 3521, 5281, 7042] },
  { name: 'CDNOW', read: cdnowRfm, starts: [0, 5892, 11784, 17676, 23569] },
];
const fromStarts = {
  Telco: { inertia: 3111.323876057747, iterations: 26, sizes: [1652, 1906, 933, 1388, 1164] },
  CDNOW: { inertia: 13016.493161911201, iterations: 48, sizes: [8909, 1560, 4049, 7369, 1683] },
};

describe.each(golden)('on $name', ({ name, read, starts }) => {
  const data = read();
  test.skipIf(!data)('inertia of k = 2..10 is that of scikit-learn within 0.1 %', () => {
    for (const { k, inertia } of data!.reference.kmeans) {
      const fit = fitKMeans(data!.points, k, { seed: 1, restarts: 10 });
      expect(fit.inertia / inertia).toBeLessThan(1.001);
      expectConsistent(data!.points, fit);
    }
  });

  test.skipIf(!data)('from the given rows it ends where any correct program does', () => {
    const expected = fromStarts[name as keyof typeof fromStarts];
    const fit = fitKMeans(data!.points, 5, {
      ...{ ...once, tolerance: 0 },
      starts: startsAt(data!.points, starts),
    });
    expect(Math.abs(fit.inertia / expected.inertia - 1)).toBeLessThan(1e-9);
    expect(fit.iterations).toBe(expected.iterations);
    const sizes = new Array<number>(5).fill(0);
    for (const label of fit.labels) sizes[label]!++;
    expect(sizes).toEqual(expected.sizes);
  });
});

// Golden: scikit-learn 1.2.1, ../shared/data/reference/synthetic_scale.json, kmeans of 100,000 rows.
describe('on 100,000 generated rows', () => {
  const points = syntheticBlobs(100_000);

  test('the generator is that of the reference', () => {
    expect([...points.values.subarray(0, 8)]).toEqual([
      0.6970027515199035, 4.405835299519822, 5.757123607443646, 2.2273726873099804,
      4.241545651806518, 0.5563878617249429, 2.818575241835788, 4.607843870995566,
    ]);
  });

  test('from the first five rows it ends where scikit-learn does, after as many iterations', () => {
    const fit = fitKMeans(points, 5, {
      ...{ ...once, tolerance: 0 },
      starts: startsAt(points, [0, 1, 2, 3, 4]),
    });
    expect(Math.abs(fit.inertia / 498348.1112060552 - 1)).toBeLessThan(1e-9);
    expect(fit.iterations).toBe(123);
    const sizes = new Array<number>(5).fill(0);
    for (const label of fit.labels) sizes[label]!++;
    expect(sizes).toEqual([20021, 19936, 9983, 40290, 9770]);
  });

  test('seeded, it finds the true groups', () => {
    const fit = fitKMeans(points, 5, { seed: 1, restarts: 10 });
    expect(Math.abs(fit.inertia / 199898.7544009432 - 1)).toBeLessThan(1e-9);
  });
});

test('a large table is seeded on a sample, which the seed decides, and ends on all rows', () => {
  const points = syntheticBlobs(4 * STARTING_ROWS + 1);
  const fit = fitKMeans(points, 5, { seed: 7, restarts: 3 });
  expect(fit.sampledRows).toBe(STARTING_ROWS);
  expect(fit.labels.length).toBe(points.rows);
  const all = fitKMeans(points, 5, { ...once, starts: fit.centers, tolerance: 0 });
  expect(fit.inertia / all.inertia).toBeLessThan(1.0001);
  expect(fitKMeans(points, 5, { seed: 7, restarts: 3 })).toEqual(fit);
  expect(
    kmeansRun.run(points, 5, { seed: 7, restarts: 3, dbscan: { eps: null, minPoints: 5 } }).notes,
  ).toEqual(['The starts of k-means competed on 65,536 rows, the best ran on all rows.']);
});

test('a large table whose sample has too few distinct rows is seeded on all rows', () => {
  const values = new Float64Array(4 * STARTING_ROWS + 3);
  values.set([5, 9], 100);
  const fit = fitKMeans({ rows: values.length, columns: 1, values }, 3, once);
  expect([...fit.centers].sort()).toEqual([0, 5, 9]);
  expect(fit.sampledRows).toBeNull();
});
