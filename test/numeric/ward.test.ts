import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pickPoints, type PointMatrix } from '../../src/numeric/clustering.js';
import { cutLinkage, wardLinkage } from '../../src/numeric/ward.js';
import { wardRun } from '../../src/numeric/ward-run.js';
import { cutWardTree, fitWardTree, nearestCenters } from '../../src/numeric/ward-sample.js';
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

function head(points: PointMatrix, rows: number): PointMatrix {
  return { ...points, rows, values: points.values.subarray(0, rows * points.columns) };
}

/** Always the two clusters whose merging adds least to the sum of squares, by trying all pairs. */
function naiveHeights(points: PointMatrix): number[] {
  const { columns, values } = points;
  let clusters = Array.from({ length: points.rows }, (_, row) => ({
    size: 1,
    mean: Array.from(values.subarray(row * columns, (row + 1) * columns)),
  }));
  const heights: number[] = [];
  while (clusters.length > 1) {
    let best = { a: 0, b: 0, cost: Infinity };
    clusters.forEach((one, a) => {
      clusters.slice(0, a).forEach((other, b) => {
        const squared = one.mean.reduce((sum, x, j) => sum + (x - (other.mean[j] ?? NaN)) ** 2, 0);
        const cost = ((2 * one.size * other.size) / (one.size + other.size)) * squared;
        if (cost < best.cost) best = { a, b, cost };
      });
    });
    const [one, other] = [clusters[best.a]!, clusters[best.b]!];
    const size = one.size + other.size;
    const mean = one.mean.map(
      (x, j) => (x * one.size + (other.mean[j] ?? NaN) * other.size) / size,
    );
    clusters = [...clusters.filter((_, at) => at !== best.a && at !== best.b), { size, mean }];
    heights.push(Math.sqrt(best.cost));
  }
  return heights;
}

describe("Ward's linkage by hand", () => {
  test('0, 1 and 4 on a line: 0 and 1 first, then their mean with 4', () => {
    const tree = wardLinkage(matrixOf([[0], [1], [4]]));
    expect(Array.from(tree.left)).toEqual([0, 2]);
    expect(Array.from(tree.right)).toEqual([1, 3]);
    expect(Array.from(tree.size)).toEqual([2, 3]);
    expect(tree.height[0]).toBeCloseTo(1, 12);
    expect(tree.height[1]).toBeCloseTo(Math.sqrt((2 * 2 * 1) / 3) * 3.5, 12);
    expect(Array.from(cutLinkage(tree, 2))).toEqual([0, 0, 1]);
    expect(Array.from(cutLinkage(tree, 1))).toEqual([0, 0, 0]);
    expect(Array.from(cutLinkage(tree, 3))).toEqual([0, 1, 2]);
  });

  // scipy 1.10, linkage([[0], [1], [2]], 'ward') and linkage([[2], [0], [1], [3], [4]], 'ward')
  test('of equal distances the previous link of the chain, then the lower number is taken', () => {
    const three = wardLinkage(matrixOf([[0], [1], [2]]));
    expect([three.left, three.right].map((each) => Array.from(each))).toEqual([
      [0, 2],
      [1, 3],
    ]);
    const five = wardLinkage(matrixOf([[2], [0], [1], [3], [4]]));
    expect([five.left, five.right].map((each) => Array.from(each))).toEqual([
      [0, 3, 1, 6],
      [2, 4, 5, 7],
    ]);
  });

  test('duplicates merge at height 0', () => {
    const tree = wardLinkage(matrixOf([[5], [1], [5], [1], [5]]));
    expect(Array.from(tree.height).map((height) => height > 0)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(Array.from(cutLinkage(tree, 2))).toEqual([0, 1, 0, 1, 0]);
  });

  test('one giant outlier is a group alone', () => {
    const near = heaps([[0, 0]], 40, 2);
    const points = { ...near, rows: 41, values: Float64Array.of(...near.values, 1e9, 1e9) };
    expect(Array.from(cutLinkage(wardLinkage(points), 2))).toEqual([
      ...new Array<number>(40).fill(0),
      1,
    ]);
  });
});

describe.each(['telco', 'cdnow'] as const)('the tree of scipy, %s', (name) => {
  const points = tables[name];
  const golden = clusteringGolden[name].ward;

  test.skipIf(!points)(
    `heights, and the same partition at every k of 2..15 (${String(golden.rows)} rows)`,
    () => {
      if (!points) return;
      const tree = wardLinkage(head(points, golden.rows));
      golden.lastHeights.forEach((height, at) => {
        expect(tree.height[golden.rows - 21 + at]).toBeCloseTo(height, 8);
      });
      const sum = tree.height.reduce((total, height) => total + height, 0);
      // equal low heights (charges lie on a grid) may merge in another order, which moves a few of them
      expect(Math.abs(sum / golden.heightSum - 1)).toBeLessThan(1e-6);
      const cuts = golden.cuts.map(({ k }) => ({ k, labels: labelDigest(cutLinkage(tree, k)) }));
      expect(cuts).toEqual(golden.cuts);
    },
  );
});

describe("laws of Ward's linkage", () => {
  const points = fc
    .tuple(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 3 }), fc.nat(1000))
    .map(([rows, columns, seed]) => heaps([new Array<number>(columns).fill(0)], rows, seed));

  test('the chain finds the heights of the greedy search through all pairs', () => {
    fc.assert(
      fc.property(points, (x) => {
        const heights = naiveHeights(x);
        wardLinkage(x).height.forEach((height, at) => {
          expect(height).toBeCloseTo(heights[at] ?? NaN, 9);
        });
      }),
      { numRuns: 100 },
    );
  });

  test('on a lattice full of ties every cluster is merged once and sizes add up', () => {
    const lattice = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 2, maxLength: 80 });
    fc.assert(
      fc.property(lattice, (rows) => {
        const tree = wardLinkage(matrixOf(rows.map(([a, b]) => [a / 10, b / 10])));
        const merged = [...tree.left, ...tree.right].sort((a, b) => a - b);
        expect(merged).toEqual(Array.from({ length: 2 * rows.length - 2 }, (_, at) => at));
        const sizeOf = (cluster: number): number =>
          cluster < rows.length ? 1 : (tree.size[cluster - rows.length] ?? NaN);
        tree.size.forEach((size, at) => {
          expect(size).toBe(sizeOf(tree.left[at] ?? NaN) + sizeOf(tree.right[at] ?? NaN));
        });
        for (let k = 1; k <= rows.length; k++) {
          expect(new Set(cutLinkage(tree, k)).size).toBe(k);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the partition does not depend on the order of the rows', () => {
    fc.assert(
      fc.property(points, fc.nat(1000), (x, seed) => {
        const order = shuffled(x.rows, seed);
        const k = Math.min(3, x.rows);
        const one = cutLinkage(wardLinkage(x), k);
        const other = cutLinkage(wardLinkage(pickPoints(x, order)), k);
        expect(Array.from(other)).toEqual(renumbered(order.map((row) => one[row] ?? NaN)));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a table larger than the sample', () => {
  const points = heaps(
    [
      [0, 0],
      [30, 0],
      [0, 30],
    ],
    400,
    7,
  );
  const run = { seed: 11, restarts: 1, dbscan: { eps: null, minPoints: 5 } };

  test('says how many rows were sampled, and labels all of them', () => {
    const [two, three] = wardRun(100).runEach?.(points, [2, 3], run) ?? [];
    expect(three?.sampledRows).toBe(100);
    expect(three?.notes.join()).toContain('100 of 1,200 rows by seed 11');
    expect(two?.k).toBe(2);
    expect(renumbered(three?.labels ?? [])).toEqual(
      Array.from({ length: 1200 }, (_, row) => row % 3),
    );
    expect(wardRun(100).runEach?.(points, [2, 3], run)).toEqual([two, three]);
  });

  test('rows outside the sample take the nearest centroid of the sample', () => {
    const tree = fitWardTree(points, { sampleRows: 60, seed: 1 });
    const sample = tree.sample ?? new Int32Array();
    const cut = cutLinkage(tree.linkage, 4);
    const centroids = new Float64Array(8);
    const counts = new Float64Array(4);
    sample.forEach((row, at) => {
      const group = cut[at] ?? 0;
      counts[group]! += 1;
      for (const j of [0, 1]) centroids[2 * group + j]! += points.values[2 * row + j] ?? NaN;
    });
    const nearest = nearestCenters(
      points,
      centroids.map((sum, at) => sum / (counts[at >> 1] ?? NaN)),
      4,
    );
    const { labels } = cutWardTree(points, tree, 4);
    const inSample = new Set(sample);
    labels.forEach((label, row) => {
      if (!inSample.has(row)) expect(label).toBe(nearest[row]);
    });
    expect(sample.map((row) => labels[row] ?? NaN)).toEqual(cut);
  });

  test('a table that fits is not sampled', () => {
    const whole = wardRun(1200).run(points, 3, run);
    expect(whole.sampledRows).toBeNull();
    expect(whole.notes).toEqual([]);
  });
});

describe("what Ward's linkage refuses", () => {
  const run = { seed: 1, restarts: 1, dbscan: { eps: null, minPoints: 5 } };
  test.each([
    ['a value that is NaN', () => wardLinkage(matrixOf([[0], [NaN]])), /finite.*NaN in row 1/],
    ['one row', () => wardLinkage(matrixOf([[0]])), /at least 2 rows, got 1/],
    [
      'a cut above the rows',
      () => wardRun().run(matrixOf([[0], [1]]), 3, run),
      /k must be 1\.\.2 \(the rows\), got 3/,
    ],
    ['a cut at 0', () => cutLinkage(wardLinkage(matrixOf([[0], [1]])), 0), /k must be 1\.\.2/],
    [
      'duplicates only',
      () => wardRun().run(matrixOf([[4], [4], [4]]), 2, run),
      /k must be at most 1, the number of distinct rows, got 2/,
    ],
    [
      'a sample of one row',
      () => fitWardTree(matrixOf([[0], [1]]), { sampleRows: 1, seed: 1 }),
      /sampleRows must be an integer 2 to 50000, got 1/,
    ],
    [
      'more rows than it takes',
      () => wardLinkage({ rows: 50_001, columns: 1, values: new Float64Array(50_001) }),
      /2\.\.50000.*50001: take a sample/,
    ],
  ])('%s', (_, fit, message) => {
    expect(fit).toThrow(RangeError);
    expect(fit).toThrow(message);
  });
});
