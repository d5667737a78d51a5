import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Forest } from '../../src/numeric/forest.js';
import {
  averagePathLength,
  defaultIsolationForestParameters,
  fitIsolationForest,
  type IsolationForestParameters,
} from '../../src/numeric/isolation-forest.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import { randomStream, sampleAscending } from '../../src/numeric/random.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { fitsGolden, plantedOutliers } from '../support/fits-golden.js';
import { rankAuc, uniformAt } from '../support/synthetic.js';

function fit(x: DesignMatrix, change: Partial<IsolationForestParameters> = {}) {
  return fitIsolationForest(x, { ...defaultIsolationForestParameters, ...change });
}

function column(...values: number[]): DesignMatrix {
  return { rows: values.length, columns: 1, values: Float32Array.from(values) };
}

function ranks(values: Float64Array): number[] {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const rank = new Array<number>(values.length);
  order.forEach((row, at) => (rank[row] = at));
  return rank;
}

/** Spearman's rank correlation; values without many ties. */
function rankCorrelation(a: Float64Array, b: Float64Array): number {
  const [rankA, rankB] = [ranks(a), ranks(b)];
  const n = a.length;
  const squares = rankA.reduce((sum, rank, i) => sum + (rank - (rankB[i] ?? NaN)) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

/** The paper's anomaly scores. */
function anomalyScores(forest: Forest, x: DesignMatrix): Float64Array {
  return predictMargin(forest, x).map((length) => 2 ** -length);
}

/** The path length of a row in one tree grown by recursion, by the same draws; no arrays of nodes. */
type Path = (row: readonly number[]) => number;

function naiveTree(
  rows: readonly (readonly number[])[],
  depth: number,
  maxDepth: number,
  order: number[],
  next: () => number,
): Path {
  const leaf: Path = () => depth + averagePathLength(rows.length);
  if (depth >= maxDepth || rows.length < 2) return leaf;
  for (let k = 0; k < order.length; k++) {
    const pick = k + Math.floor(next() * (order.length - k));
    [order[k], order[pick]] = [order[pick] ?? 0, order[k] ?? 0];
    const j = order[k] ?? 0;
    const known = rows.map((row) => row[j] ?? NaN).filter((value) => !Number.isNaN(value));
    const [low, high] = [Math.min(...known), Math.max(...known)];
    if (!(low < high)) continue;
    const drawn = Math.fround(low + next() * (high - low));
    const threshold = drawn < high ? drawn : low;
    const left = known.filter((value) => value <= threshold).length;
    const missingLeft =
      known.length < rows.length ? next() * known.length < left : 2 * left >= known.length;
    const goesLeft = (row: readonly number[]) => {
      const value = row[j] ?? NaN;
      return Number.isNaN(value) ? missingLeft : value <= threshold;
    };
    const below = (part: readonly (readonly number[])[]) =>
      naiveTree(part, depth + 1, maxDepth, order, next);
    const leftPath = below(rows.filter(goesLeft));
    const rightPath = below(rows.filter((row) => !goesLeft(row)));
    return (row) => (goesLeft(row) ? leftPath(row) : rightPath(row));
  }
  return leaf;
}

function naiveScores(x: DesignMatrix, trees: number, sampleRows: number, seed: number) {
  const rows = Array.from({ length: x.rows }, (_, i) =>
    Array.from(x.values.subarray(i * x.columns, (i + 1) * x.columns)),
  );
  const next = randomStream(seed);
  const sample = Math.min(sampleRows, x.rows);
  const order = Array.from({ length: x.columns }, (_, j) => j);
  const paths = Array.from({ length: trees }, () => {
    const chosen = Array.from(sampleAscending(x.rows, sample, next), (i) => rows[i] ?? []);
    return naiveTree(chosen, 0, Math.ceil(Math.log2(sample)), order, next);
  });
  return rows.map((row) => {
    const mean = paths.reduce((sum, path) => sum + path(row), 0) / trees;
    return 2 ** (-mean / averagePathLength(sample));
  });
}

describe('isolation forest', () => {
  const planted = plantedOutliers();

  test('equals a naive implementation that recurses over rows, missing values and ties included', () => {
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 2, max: 60 }),
          columns: fc.integer({ min: 1, max: 4 }),
          seed: fc.integer({ min: 0, max: 1e6 }),
          sampleRows: fc.integer({ min: 2, max: 64 }),
        }),
        ({ rows, columns, seed, sampleRows }) => {
          const values = Float32Array.from({ length: rows * columns }, (_, at) => {
            const u = uniformAt(at, 0, seed);
            if (u < 0.2) return NaN;
            return u < 0.5 ? Math.floor(10 * u) : 5 * u;
          });
          const x = { rows, columns, values };
          const { forest } = fit(x, { trees: 7, sampleRows, seed });
          const expected = naiveScores(x, 7, sampleRows, seed);
          anomalyScores(forest, x).forEach((score, i) => {
            expect(score).toBeCloseTo(expected[i] ?? NaN, 6);
          });
        },
      ),
      { numRuns: 80, seed: 2 },
    );
  });

  // scikit-learn's IsolationForest (100 trees, 256 rows), 30 seeds: each against the mean of all. Ours has to lie as
  // near to that mean as theirs do.
  test('is distributed like the forests of scikit-learn on planted outliers', () => {
    const { meanScores, auc, rankCorrelationWithMean, largestDifferenceFromMean } =
      fitsGolden.isolation;
    const mean = Float64Array.from(meanScores);
    const all = [1, 2, 3, 4, 5].map((seed) =>
      anomalyScores(fit(planted.x, { seed }).forest, planted.x),
    );
    for (const scores of all) {
      expect(rankCorrelation(scores, mean)).toBeGreaterThan(rankCorrelationWithMean.low - 0.01);
      const differences = scores.map((score, i) => Math.abs(score - (mean[i] ?? NaN)));
      expect(Math.max(...differences)).toBeLessThan(1.5 * largestDifferenceFromMean);
      const own = rankAuc(scores, planted.labels);
      expect(own).toBeGreaterThan(auc.low - 0.01);
      expect(own).toBeLessThan(auc.high + 0.01);
    }
    const bias = all.flatMap((scores) => Array.from(scores, (s, i) => s - (meanScores[i] ?? NaN)));
    expect(Math.abs(bias.reduce((sum, d) => sum + d, 0) / bias.length)).toBeLessThan(0.005);
  });

  test('c(n) is the average path length of a random binary search tree, by its harmonic numbers', () => {
    const harmonic = (n: number) =>
      Array.from({ length: n }, (_, i) => 1 / (i + 1)).reduce((sum, term) => sum + term, 0);
    expect([0, 1, 2].map(averagePathLength)).toEqual([0, 0, 1]);
    for (const n of [50, 256, 1000]) {
      expect(averagePathLength(n)).toBeCloseTo(2 * harmonic(n - 1) - (2 * (n - 1)) / n, 1);
    }
  });

  test('by hand: of 0, 0, 0 and 100 every tree cuts the 100 off first', () => {
    const x = column(0, 0, 0, 100);
    const { forest, sampleRows } = fit(x, { trees: 4 });
    expect(sampleRows).toBe(4);
    expect(Array.from(forest.treeStart)).toEqual([0, 3, 6, 9, 12]);
    const unit = averagePathLength(4);
    const lengths = predictMargin(forest, x);
    expect(lengths[3]).toBeCloseTo(1 / unit, 6);
    expect(lengths[0]).toBeCloseTo((1 + averagePathLength(3)) / unit, 6);
    expect(Array.from(forest.cover.subarray(0, 3))).toEqual([4, 3, 1]);
  });

  test('no path is longer than the depth limit, and scores lie between 0 and 1', () => {
    const { forest } = fit(planted.x, { trees: 20 });
    const depth = new Int32Array(forest.feature.length);
    forest.feature.forEach((feature, node) => {
      if (feature < 0) return;
      for (const child of [forest.left[node] ?? 0, forest.right[node] ?? 0])
        depth[child] = (depth[node] ?? 0) + 1;
    });
    expect(Math.max(...depth)).toBe(8);
    const scores = anomalyScores(forest, planted.x);
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
  });

  test('a row without any value scores like an ordinary one', () => {
    const values = Float32Array.from(planted.x.values);
    for (let at = 0; at < values.length; at += 7) values[at] = NaN;
    const empty = 3;
    values.fill(NaN, 5 * empty, 5 * empty + 5);
    const scores = anomalyScores(fit({ ...planted.x, values }).forest, { ...planted.x, values });
    const higher = scores.filter((score) => score > (scores[empty] ?? NaN)).length;
    expect(higher / scores.length).toBeGreaterThan(0.2);
  });

  test('the same seed gives the same forest bit for bit, another seed another one', () => {
    const grown = (seed: number) => fit(planted.x, { trees: 10, seed });
    expect(grown(5)).toEqual(grown(5));
    expect(grown(5)).not.toEqual(grown(6));
  });

  test('leaf values are float32 numbers, and stopping early still gives the mean', () => {
    const parameters = { ...defaultIsolationForestParameters, trees: 50 };
    const stopped = fitIsolationForest(planted.x, parameters, { onTree: (tree) => tree < 3 });
    expect(stopped.forest).toEqual(fit(planted.x, { trees: 3 }).forest);
    const values = Array.from(stopped.forest.value);
    expect(values).toEqual(values.map(Math.fround));
  });

  test('constant and all-missing columns are never split; with nothing else every row scores 0.5', () => {
    const values = Float32Array.of(1, NaN, 7, 2, NaN, 7, 3, NaN, 7);
    const split = fit({ rows: 3, columns: 3, values }).forest.feature.filter((j) => j >= 0);
    expect(new Set(split)).toEqual(new Set([0]));
    const constant = column(7, 7, 7, 7);
    anomalyScores(fit(constant).forest, constant).forEach((score) => {
      expect(score).toBeCloseTo(0.5, 6);
    });
  });

  test.each<[string, () => unknown, string]>([
    ['no tree', () => fit(planted.x, { trees: 0 }), 'trees must be an integer 1 to 10000, got 0'],
    [
      'a sample of one row',
      () => fit(planted.x, { sampleRows: 1 }),
      'sampleRows must be an integer 2 to 65536, got 1',
    ],
    ['half a seed', () => fit(planted.x, { seed: 0.5 }), 'seed must be an integer 0 to'],
    ['a table of one row', () => fit(column(1)), 'rows must be >= 2, got 1'],
    [
      'a table with a number missing',
      () => fit({ rows: 2, columns: 2, values: new Float32Array(3) }),
      'rows * columns = 4 numbers, got 3',
    ],
    [
      'an infinite value',
      () => fit({ rows: 2, columns: 2, values: Float32Array.of(1, 2, 3, -Infinity) }),
      'values must be finite or NaN, got -Infinity in column 1, row 1',
    ],
  ])('%s is refused with its name and bound', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
