import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pickPoints, type PointMatrix } from '../../src/numeric/clustering.js';
import { epsOf, kneeOf, neighbourDistances } from '../../src/numeric/dbscan-eps.js';
import { thinCorePoints } from '../../src/numeric/dbscan-prototypes.js';
import { dbscanRun } from '../../src/numeric/dbscan-run.js';
import { fitDbscan, type DbscanFit } from '../../src/numeric/dbscan.js';
import { squaredDistance } from '../../src/numeric/distances.js';
import {
  clusteringGolden,
  heaps,
  labelDigest,
  matrixOf,
  renumbered,
  shuffled,
} from '../support/clustering-golden.js';
import { cdnowRfm, telcoNumeric } from '../support/cluster-reference.js';

const tables = { telco: telcoNumeric()?.points, cdnow: cdnowRfm()?.points };
const fit = (rows: readonly (readonly number[])[], eps: number, minPoints: number): DbscanFit =>
  fitDbscan(matrixOf(rows), { eps, minPoints });
const column = (...values: number[]): number[][] => values.map((value) => [value]);

/** The definition, by trying all pairs; as scikit-learn's loop. */
function naiveDbscan(points: PointMatrix, eps: number, minPoints: number) {
  const all = Array.from({ length: points.rows }, (_, row) => row);
  const near = all.map((a) => all.filter((b) => squaredDistance(points, a, b) <= eps * eps));
  const core = all.filter((row) => (near[row]?.length ?? 0) >= minPoints);
  const labels = new Int32Array(points.rows).fill(-1);
  let k = 0;
  for (const row of core) {
    if (labels[row] !== -1) continue;
    const open = [row];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (labels[next] !== -1) continue;
      labels[next] = k;
      if (core.includes(next)) open.push(...(near[next] ?? []));
    }
    k++;
  }
  return { k, labels, core };
}

/** The label that the prototypes give a row. */
function servedLabel(
  points: PointMatrix,
  row: number,
  prototypes: ReturnType<typeof thinCorePoints>,
) {
  const squares = Array.from(prototypes.rows, (other) => squaredDistance(points, row, other));
  const least = Math.min(...squares);
  return Math.sqrt(least) > prototypes.radius ? -1 : prototypes.groupOf[squares.indexOf(least)];
}

describe('DBSCAN by hand', () => {
  test.each([
    [
      'two groups and noise between',
      column(0, 1, 2, 10, 20, 21, 22),
      1,
      3,
      [0, 0, 0, -1, 1, 1, 1],
      [1, 5],
    ],
    ['one group', column(0, 1, 2, 3), 1, 2, [0, 0, 0, 0], [0, 1, 2, 3]],
    ['nothing is dense: all noise', column(0, 5, 10), 1, 2, [-1, -1, -1], []],
    ['the border at exactly eps belongs', column(0, 0.5), 0.5, 2, [0, 0], [0, 1]],
    [
      'a core point between joins two groups',
      column(0, 0, 0, 1, 2, 2, 2),
      1,
      4,
      [0, 0, 0, 0, 0, 0, 0],
      [0, 1, 2, 3, 4, 5, 6],
    ],
    ['minPoints 1: every row is a core point', column(0, 9), 1, 1, [0, 1], [0, 1]],
    ['duplicates only are one group', column(7, 7, 7), 0.1, 3, [0, 0, 0], [0, 1, 2]],
    ['too few duplicates are noise', column(7, 7), 0.1, 3, [-1, -1], []],
    ['one giant outlier is noise', column(0, 1, 1e12, 2), 1, 2, [0, 0, -1, 0], [0, 1, 3]],
  ])('%s', (_, rows, eps, minPoints, labels, core) => {
    const found = fit(rows, eps, minPoints);
    expect(Array.from(found.labels)).toEqual(labels);
    expect(Array.from(found.corePoints)).toEqual(core);
    expect(found.k).toBe(Math.max(-1, ...labels) + 1);
    expect(found.noise).toBe(labels.filter((label) => label < 0).length);
  });

  test('a border row between two cores is of the group that comes first in row order', () => {
    // 0.9 is no core itself: it reaches one row of either group
    const right = fit(column(1.8, 1.9, 2, 2.1, 0.9, -0.2, -0.1, 0, -0.3), 0.9, 4);
    expect(Array.from(right.labels)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
    const left = fit(column(-0.2, -0.1, 0, -0.3, 0.9, 1.8, 1.9, 2, 2.1), 0.9, 4);
    expect(Array.from(left.labels)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(Array.from(left.corePoints)).not.toContain(4);
  });

  test('centres are means, and inertia leaves noise out', () => {
    const found = fit(column(0, 2, 50), 2, 2);
    expect(Array.from(found.centers)).toEqual([1]);
    expect(found.inertia).toBe(2);
    expect(fit(column(0, 50), 1, 2).centers).toHaveLength(0);
  });
});

describe.each(['telco', 'cdnow'] as const)(
  "scikit-learn's labels, number for number, %s",
  (name) => {
    const points = tables[name];
    test.skipIf(!points).each(clusteringGolden[name].dbscan)(
      'eps $eps, minPoints $minPoints: $k groups',
      (golden) => {
        if (!points) return;
        const found = fitDbscan(points, golden);
        expect({
          k: found.k,
          noise: found.noise,
          core: found.corePoints.length,
          labels: labelDigest(found.labels),
        }).toEqual({
          k: golden.k,
          noise: golden.noise,
          core: golden.core,
          labels: golden.labels,
        });
      },
    );
  },
);

describe('laws of DBSCAN', () => {
  const lattice = fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { minLength: 1, maxLength: 120 });
  const eps = fc.constantFrom(1, 1.5, 2, 3, 8);
  const minPoints = fc.integer({ min: 1, max: 6 });

  test('equals the definition through all pairs, ties and duplicates too', () => {
    fc.assert(
      fc.property(lattice, eps, minPoints, (rows, radius, least) => {
        const points = matrixOf(rows);
        const naive = naiveDbscan(points, radius, least);
        const found = fitDbscan(points, { eps: radius, minPoints: least });
        expect(found.labels).toEqual(naive.labels);
        expect(Array.from(found.corePoints)).toEqual(naive.core);
        expect(found.k).toBe(naive.k);
      }),
      { numRuns: 300 },
    );
  });

  test('core points, noise and the groups of core points do not depend on the order of the rows', () => {
    fc.assert(
      fc.property(lattice, eps, minPoints, fc.nat(1000), (rows, radius, least, seed) => {
        const points = matrixOf(rows);
        const order = shuffled(points.rows, seed);
        const one = fitDbscan(points, { eps: radius, minPoints: least });
        const other = fitDbscan(pickPoints(points, order), { eps: radius, minPoints: least });
        expect(other.noise).toBe(one.noise);
        const cores = Array.from(other.corePoints);
        expect(cores.map((at) => order[at] ?? -1).sort((a, b) => a - b)).toEqual(
          Array.from(one.corePoints),
        );
        expect(renumbered(cores.map((at) => other.labels[at] ?? -1))).toEqual(
          renumbered(cores.map((at) => one.labels[order[at] ?? 0] ?? -1)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('eps from the k-distance curve', () => {
  test('distances to the third nearest, itself counted', () => {
    expect(Array.from(neighbourDistances(matrixOf(column(0, 1, 3, 7)), 3, 1))).toEqual([
      2, 3, 3, 6,
    ]);
  });

  test('the nearest neighbours are those of a search through all pairs', () => {
    const points = heaps([[0, 0, 0]], 200, 4);
    const naive = Array.from({ length: 200 }, (_, a) => {
      const squares = Array.from({ length: 200 }, (__, b) => squaredDistance(points, a, b));
      return Math.sqrt(squares.sort((x, y) => x - y)[4] ?? NaN);
    }).sort((x, y) => x - y);
    expect(Array.from(neighbourDistances(points, 5, 1))).toEqual(naive);
  });

  test.each([
    ['a corner at place 6', [0, 1, 2, 3, 4, 5, 6, 20, 40, 60], 6],
    ['a straight line has none', [0, 1, 2, 3], -1],
    ['equal values have none', [2, 2, 2], -1],
    ['two values have none', [1, 2], -1],
  ])('knee: %s', (_, curve, place) => {
    expect(kneeOf(Float64Array.from(curve))).toBe(place);
  });

  test('one giant outlier does not move eps', () => {
    const near = heaps(
      [
        [0, 0],
        [12, 0],
      ],
      150,
      8,
    );
    const far = { ...near, rows: 301, values: Float64Array.of(...near.values, 1e9, 1e9) };
    const [one, other] = [near, far].map((points) => epsOf(neighbourDistances(points, 5, 1)));
    expect(Math.abs((other ?? NaN) / (one ?? NaN) - 1)).toBeLessThan(0.2);
  });

  test('many equal rows: the smallest distance above 0; equal rows only: refused', () => {
    expect(epsOf(Float64Array.of(0, 0, 0, 0, 0, 0.5, 2))).toBe(0.5);
    expect(() => epsOf(new Float64Array(5))).toThrow(/all distances are 0; state eps/);
  });

  test('finds planted heaps without being told eps, deterministically', () => {
    const points = heaps(
      [
        [0, 0],
        [25, 0],
        [0, 25],
      ],
      200,
      9,
    );
    const run = { seed: 2, restarts: 1, dbscan: { eps: null, minPoints: 5 } };
    const found = dbscanRun.run(points, 0, run);
    // rows of the tails may be noise or groups of their own
    const sizes = new Map<number, number>();
    for (const label of found.labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    const isLarge = (label: number): boolean => label >= 0 && (sizes.get(label) ?? 0) > 100;
    const kept = Array.from(found.labels.keys()).filter((row) => isLarge(found.labels[row] ?? -1));
    expect(kept.length).toBeGreaterThan(0.9 * points.rows);
    expect(renumbered(kept.map((row) => found.labels[row] ?? -1))).toEqual(
      renumbered(kept.map((row) => row % 3)),
    );
    expect(found.notes.join()).toMatch(/eps .* read off the knee of the 5-distance curve/);
    expect(dbscanRun.run(points, 0, run)).toEqual(found);
  });
});

describe('thinned core points', () => {
  test('keep the labels of every row when few suffice', () => {
    const points = heaps(
      [
        [0, 0],
        [40, 0],
      ],
      300,
      6,
    );
    const found = fitDbscan(points, { eps: 2, minPoints: 5 });
    const thin = thinCorePoints(points, found, { maxPrototypes: 100, agreement: 0.99, seed: 1 });
    expect(thin.rows.length).toBeLessThanOrEqual(100);
    expect(thin.agreement).toBeGreaterThanOrEqual(0.99);
    expect(thin.radius).toBeGreaterThanOrEqual(2);
    const same = found.labels.filter(
      (label, row) => servedLabel(points, row, thin) === label,
    ).length;
    expect(same / points.rows).toBeCloseTo(thin.agreement, 12);
  });

  test('every group has a prototype, and the stated agreement is what serving gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { minLength: 4, maxLength: 80 }),
        fc.integer({ min: 1, max: 30 }),
        (rows, most) => {
          const points = matrixOf(rows);
          const found = fitDbscan(points, { eps: 1, minPoints: 2 });
          fc.pre(found.k >= 1 && found.k <= most);
          const thin = thinCorePoints(points, found, {
            maxPrototypes: most,
            agreement: 1,
            seed: 1,
          });
          expect(thin.rows.length).toBeLessThanOrEqual(most);
          expect(new Set(thin.groupOf).size).toBe(found.k);
          const core = new Set(found.corePoints);
          expect(thin.rows.every((row) => core.has(row))).toBe(true);
          expect(thin.measuredRows).toBe(points.rows);
          const same = found.labels.filter(
            (label, row) => servedLabel(points, row, thin) === label,
          );
          expect(same.length / points.rows).toBeCloseTo(thin.agreement, 12);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.skipIf(!tables.telco).each([
    ['telco', 0.1, 5, 0.999],
    ['cdnow', 0.5, 5, 0.999],
  ] as const)(
    '%s at eps %d: at most 2,000 core points give the label of that share',
    (name, eps, minPoints, share) => {
      const points = tables[name];
      if (!points) return;
      const found = fitDbscan(points, { eps, minPoints });
      const thin = thinCorePoints(points, found);
      expect(thin.rows.length).toBeLessThanOrEqual(2000);
      expect(thin.agreement).toBeGreaterThanOrEqual(share);
    },
  );

  test('a fit without groups, or with more than there may be prototypes, is refused', () => {
    const noise = fit(column(0, 9), 1, 2);
    expect(() => thinCorePoints(matrixOf(column(0, 9)), noise)).toThrow(
      /groups must be 1\.\.2000.*got 0/,
    );
    const two = fit(column(0, 9), 1, 1);
    const one = { maxPrototypes: 1, agreement: 1, seed: 1 };
    expect(() => thinCorePoints(matrixOf(column(0, 9)), two, one)).toThrow(
      /groups must be 1\.\.1.*got 2/,
    );
  });
});

describe('what DBSCAN refuses', () => {
  const run = { seed: 1, restarts: 1, dbscan: { eps: null, minPoints: 5 } };
  test.each([
    ['a value that is NaN', () => fit([[0, NaN]], 1, 2), /finite.*NaN in row 0, column 1/],
    ['an infinite value', () => fit([[0], [-Infinity]], 1, 2), /finite.*-Infinity in row 1/],
    [
      'no row',
      () =>
        fitDbscan({ rows: 0, columns: 1, values: new Float64Array() }, { eps: 1, minPoints: 2 }),
      /at least 1 rows, got 0/,
    ],
    ['eps of 0', () => fit([[0]], 0, 2), /eps must be above 0/],
    ['eps NaN', () => fit([[0]], NaN, 2), /eps must be above 0/],
    ['minPoints of 0', () => fit([[0]], 1, 0), /minPoints must be an integer 1/],
    [
      'fewer rows than minPoints, eps not given',
      () => dbscanRun.run(matrixOf(column(0, 1)), 0, run),
      /at least 5 rows, got 2/,
    ],
    [
      'duplicates only, eps not given',
      () => dbscanRun.run(matrixOf(column(1, 1, 1, 1, 1, 1)), 0, run),
      /all distances are 0; state eps/,
    ],
  ])('%s', (_, refused, message) => {
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(message);
  });
});
