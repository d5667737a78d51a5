import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitAdditive } from '../../src/numeric/additive-fit.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import { randomStream } from '../../src/numeric/random.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { treeShap } from '../../src/numeric/tree-shap.js';

const parameters = { c: 0.1, positiveWeight: 1 };

function matrix(rows: number, ...columns: ((row: number) => number)[]): DesignMatrix {
  const values = new Float32Array(rows * columns.length);
  for (let row = 0; row < rows; row++)
    columns.forEach((column, j) => (values[row * columns.length + j] = column(row)));
  return { rows, columns: columns.length, values };
}

/** 240 rows: a number of 23 values, one of 31 with NaN, a 0/1 column; and labels that follow them. */
function golden(): { x: DesignMatrix; labels: Uint8Array } {
  const a = (i: number) => ((i * 37) % 23) ** 2;
  const b = (i: number) => (i % 9 === 4 ? NaN : (i * 53) % 31);
  const c = (i: number) => ((i * 29) % 7 < 3 ? 1 : 0);
  const sum = (i: number) =>
    Math.sin(i * 1.7) +
    (a(i) > 150 ? 1.2 : 0) -
    ((Number.isNaN(b(i)) ? 40 : b(i)) - 15) / 12 +
    c(i);
  const labels = Uint8Array.from({ length: 240 }, (_, i) => (sum(i) > 0.4 ? 1 : 0));
  return { x: matrix(240, a, b, c), labels };
}

/** Rows of three numbers, some NaN, and labels that follow the first. */
function random(rows: number, seed: number): { x: DesignMatrix; labels: Uint8Array } {
  const next = randomStream(seed);
  const x = matrix(
    rows,
    () => 8 * next() - 4,
    () => (next() < 0.2 ? NaN : Math.floor(200 * next())),
    () => (next() < 0.3 ? 1 : 0),
  );
  const labels = Uint8Array.from({ length: rows }, (_, i) =>
    next() < 1 / (1 + Math.exp(-x.values[3 * i]!)) ? 1 : 0,
  );
  labels.set([0, 1]);
  return { x, labels };
}

describe('an additive model', () => {
  test('is the logistic regression of the terms', () => {
    // scikit-learn 1.2.1, LogisticRegression(C=0.1, solver='newton-cg', tol=1e-10) on the terms made with scipy.stats.norm, z-scored
    const expected = [
      2.44101942, 1.01081086, 1.28907508, 2.81563906, -2.83970259, -1.03860655, 1.8573286,
      -2.13650373, 2.065554, 2.18928462, 0.66977551, -0.64729485,
    ];
    const { x, labels } = golden();
    expect(labels.reduce((sum, label) => sum + label, 0)).toBe(138);
    const margins = predictMargin(fitAdditive(x, labels, parameters).forest, x);
    expected.forEach((margin, row) => expect(Math.abs(margins[row]! - margin)).toBeLessThan(1e-5));
    const sum = margins.reduce((total, margin) => total + Math.abs(margin), 0);
    expect(Math.abs(sum - 394.66569)).toBeLessThan(1e-3);
  });

  test('sees ranks alone: a column may be stretched in any way that keeps its order', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.constantFrom(Math.exp, Math.atan, (v: number) => v ** 3),
        (seed, stretch) => {
          const { x, labels } = random(150, seed);
          const stretched = matrix(
            150,
            (i) => stretch(x.values[3 * i]!),
            (i) => x.values[3 * i + 1]!,
            (i) => x.values[3 * i + 2]!,
          );
          const before = predictMargin(fitAdditive(x, labels, parameters).forest, x);
          const after = predictMargin(fitAdditive(stretched, labels, parameters).forest, stretched);
          expect(after).toEqual(before);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is a tree a column, and what a column contributes depends on that column alone', () => {
    const { x, labels } = random(400, 3);
    const { forest, gain } = fitAdditive(x, labels, parameters);
    expect(forest.treeCount).toBe(3);
    expect(gain.every((of) => of > 0)).toBe(true);
    const { baseValue, values } = treeShap(forest, x);
    const margins = predictMargin(forest, x);
    const seen = new Map<string, number>();
    for (let row = 0; row < x.rows; row++) {
      const own = values.subarray(3 * row, 3 * row + 3);
      expect(own.reduce((sum, value) => sum + value, baseValue)).toBeCloseTo(margins[row]!, 6);
      own.forEach((value, column) => {
        const key = `${String(column)} ${String(x.values[3 * row + column])}`;
        expect(value).toBeCloseTo(seen.get(key) ?? value, 9);
        seen.set(key, value);
      });
    }
  });

  test('has no more than 64 steps a column, and one for NaN', () => {
    const { x, labels } = random(3000, 5);
    const { forest } = fitAdditive(x, labels, parameters);
    const leaves = [0, 1, 2].map((tree) =>
      forest.feature
        .subarray(forest.treeStart[tree], forest.treeStart[tree + 1])
        .reduce((sum, column) => sum + (column < 0 ? 1 : 0), 0),
    );
    expect(leaves).toEqual([64, 63 + 1, 2]); // 200 values in 63 bins, and NaN
  });

  test('takes NaN for the median where it learnt of none', () => {
    const { x, labels } = random(301, 7);
    const { forest } = fitAdditive(x, labels, parameters);
    const sorted = Array.from({ length: 301 }, (_, i) => x.values[3 * i]!).sort((a, b) => a - b);
    const [missing, median] = predictMargin(forest, {
      rows: 2,
      columns: 3,
      values: Float32Array.of(NaN, 100, 0, sorted[150]!, 100, 0),
    });
    expect(missing).toBe(median);
  });

  test('without a column that varies it is the share of positives', () => {
    const x = matrix(10, () => 3);
    const labels = Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0, 0, 0);
    const { forest } = fitAdditive(x, labels, parameters);
    expect(predictMargin(forest, x)[4]).toBeCloseTo(Math.log(3 / 7), 6);
  });

  test('weights of positives raise it; infinite values are refused', () => {
    const { x, labels } = random(200, 9);
    const mean = (positiveWeight: number) =>
      predictMargin(fitAdditive(x, labels, { c: 1, positiveWeight }).forest, x).reduce(
        (sum, margin) => sum + margin / x.rows,
        0,
      );
    expect(mean(3)).toBeGreaterThan(mean(1) + 0.5);
    x.values[4] = Infinity;
    expect(() => fitAdditive(x, labels, parameters)).toThrow('column 1, row 1');
  });
});
