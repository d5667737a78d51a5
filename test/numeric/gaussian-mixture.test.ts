import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pickPoints } from '../../src/numeric/clustering.js';
import {
  defaultMixtureOptions,
  fitGaussianMixture,
  type MixtureOptions,
} from '../../src/numeric/gaussian-mixture.js';
import { mixtureRun } from '../../src/numeric/gaussian-mixture-run.js';
import {
  bandLabels,
  clusteringGolden,
  heaps,
  matrixOf,
  renumbered,
  shuffled,
} from '../support/clustering-golden.js';
import { cdnowRfm, telcoNumeric } from '../support/cluster-reference.js';

const tables = { telco: telcoNumeric()?.points, cdnow: cdnowRfm()?.points };
const line = matrixOf([[0], [2], [10], [12]]);
const options = (change: Partial<MixtureOptions>): MixtureOptions => ({
  ...defaultMixtureOptions,
  ...change,
});

describe('a mixture by hand', () => {
  test('two far pairs on a line: means 1 and 11, variances 1, half of the rows each', () => {
    const fit = fitGaussianMixture(line, 2, Int32Array.of(0, 0, 1, 1));
    expect(Array.from(fit.labels)).toEqual([0, 0, 1, 1]);
    expect(fit.weights[0]).toBeCloseTo(0.5, 12);
    expect(fit.means[0]).toBeCloseTo(1, 9);
    expect(fit.means[1]).toBeCloseTo(11, 9);
    expect(fit.logDeterminants[0]).toBeCloseTo(Math.log(1 + 1e-6), 9);
    expect(fit.whitening[0]).toBeCloseTo(1 / Math.sqrt(1 + 1e-6), 9);
    // each row is one standard deviation from its mean
    const each = Math.log(0.5) - 0.5 * (Math.log(2 * Math.PI) + 1);
    expect(fit.logLikelihood).toBeCloseTo(4 * each, 5);
    expect(fit.bic).toBeCloseTo(-8 * each + 5 * Math.log(4), 4);
    expect(fit.aic).toBeCloseTo(-8 * each + 10, 4);
    expect(fit.inertia).toBeCloseTo(4, 9);
  });

  test('a component on equal rows keeps the variance of the regularisation, and is named', () => {
    const points = matrixOf([[5], [5], [5], [0], [1], [2]]);
    const fit = fitGaussianMixture(points, 2, Int32Array.of(0, 0, 0, 1, 1, 1));
    expect(fit.logDeterminants[0]).toBeCloseTo(Math.log(1e-6), 6);
    expect(Array.from(fit.collapsed)).toEqual([0]);
    expect(fitGaussianMixture(line, 2, Int32Array.of(0, 0, 1, 1)).collapsed).toHaveLength(0);
  });

  test('a constant column has the variance of the regularisation', () => {
    const points = matrixOf([
      [0, 7],
      [2, 7],
      [10, 7],
      [12, 7],
    ]);
    const fit = fitGaussianMixture(points, 2, Int32Array.of(0, 0, 1, 1));
    expect(fit.logDeterminants[0]).toBeCloseTo(Math.log((1 + 1e-6) * 1e-6), 6);
    expect(Array.from(fit.labels)).toEqual([0, 0, 1, 1]);
  });

  test('one giant outlier takes a component of its own and leaves the others finite', () => {
    const near = heaps([[0, 0]], 50, 3);
    const points = { ...near, rows: 51, values: Float64Array.of(...near.values, 1e9, -1e9) };
    const start = new Int32Array(51);
    start[50] = 1;
    const fit = fitGaussianMixture(points, 2, start);
    expect(fit.labels.filter((label) => label === 1)).toHaveLength(1);
    expect(fit.labels[50]).toBe(1);
    expect(Math.abs(fit.means[0] ?? NaN)).toBeLessThan(1);
    expect(Number.isFinite(fit.bic)).toBe(true);
  });
});

describe.each(['telco', 'cdnow'] as const)('from the same start as scikit-learn, %s', (name) => {
  const points = tables[name];
  test.skipIf(!points).each(clusteringGolden[name].mixtures)(
    '$covariance covariance, k = $k, regularisation $regularisation, tolerance $tolerance',
    (golden) => {
      if (!points) return;
      const fit = fitGaussianMixture(points, golden.k, bandLabels(points, golden.k), {
        ...defaultMixtureOptions,
        covariance: golden.covariance === 'full' ? 'full' : 'diagonal',
        regularisation: golden.regularisation,
        tolerance: golden.tolerance,
      });
      expect(fit.iterations).toBe(golden.iterations);
      expect(fit.converged).toBe(golden.converged);
      const relative = (found: number, wanted: number): number =>
        Math.abs(found - wanted) / Math.max(1, Math.abs(wanted));
      expect(relative(fit.logLikelihood, golden.logLikelihood)).toBeLessThan(1e-6);
      expect(relative(fit.bic, golden.bic)).toBeLessThan(1e-6);
      expect(relative(fit.aic, golden.aic)).toBeLessThan(1e-6);
      golden.weights.forEach((weight, c) => {
        expect(Math.abs(weight - (fit.weights[c] ?? NaN))).toBeLessThan(1e-6);
      });
      golden.means.forEach((mean, at) => {
        expect(Math.abs(mean - (fit.means[at] ?? NaN))).toBeLessThan(1e-6);
      });
      const sizes = golden.sizes.map((_, c) => fit.labels.filter((label) => label === c).length);
      expect(sizes).toEqual(golden.sizes);
    },
  );
});

describe('laws of a mixture', () => {
  const centers = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer()), {
    minLength: 2,
    maxLength: 4,
  });
  test('more iterations never lower the likelihood', () => {
    fc.assert(
      fc.property(centers, fc.nat(1000), (found, seed) => {
        const points = heaps(
          found.map(([a, b]) => [a, b % 9]),
          20,
          seed,
        );
        const start = bandLabels(points, 2);
        const likelihoods = [1, 2, 4, 8, 16].map(
          (maxIterations) =>
            fitGaussianMixture(points, 2, start, options({ maxIterations, tolerance: 0 }))
              .logLikelihood,
        );
        likelihoods.forEach((value, at) => {
          // the regularisation moves the optimum by about its size
          if (at > 0) expect(value).toBeGreaterThan((likelihoods[at - 1] ?? NaN) - 1e-3);
        });
      }),
      { numRuns: 40 },
    );
  });

  test('labels do not depend on the order of the rows; weights sum to 1', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.constantFrom('full' as const, 'diagonal' as const),
        (seed, covariance) => {
          const points = heaps(
            [
              [0, 0],
              [6, 1],
              [2, 8],
            ],
            30,
            seed,
          );
          const start = Int32Array.from({ length: points.rows }, (_, row) => row % 3);
          const order = shuffled(points.rows, seed + 1);
          const one = fitGaussianMixture(points, 3, start, options({ covariance }));
          const other = fitGaussianMixture(
            pickPoints(points, order),
            3,
            order.map((row) => start[row] ?? 0),
            options({ covariance }),
          );
          expect(Array.from(other.labels)).toEqual(Array.from(order, (row) => one.labels[row]));
          expect(one.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('what a mixture refuses', () => {
  const start = Int32Array.of(0, 0, 1, 1);
  test.each([
    [
      'a value that is NaN',
      () => fitGaussianMixture(matrixOf([[0], [NaN]]), 2, Int32Array.of(0, 1)),
      /finite.*NaN in row 1, column 0/,
    ],
    [
      'k above the rows',
      () => fitGaussianMixture(line, 5, start),
      /k must be 1\.\.4 \(the rows\), got 5/,
    ],
    ['k of 0', () => fitGaussianMixture(line, 0, start), /k must be 1\.\.4/],
    [
      'duplicates only',
      () => fitGaussianMixture(matrixOf([[3], [3], [3]]), 2, Int32Array.of(0, 1, 1)),
      /k must be at most 1, the number of distinct rows, got 2/,
    ],
    [
      'labels that leave a component empty',
      () => fitGaussianMixture(line, 2, Int32Array.of(0, 0, 0, 0)),
      /component 1 empty/,
    ],
    [
      'a label out of range',
      () => fitGaussianMixture(line, 2, Int32Array.of(0, 0, 2, 1)),
      /0\.\.1, got 2 in row 2/,
    ],
    ['too few labels', () => fitGaussianMixture(line, 2, Int32Array.of(0, 1)), /4 rows, got 2/],
    [
      'no regularisation',
      () => fitGaussianMixture(line, 2, start, options({ regularisation: 0 })),
      /regularisation must be/,
    ],
    [
      'collinear columns too large for the regularisation',
      () =>
        fitGaussianMixture(
          matrixOf([
            [0, 0],
            [1e9, 3e9],
            [2e9, 6e9],
            [7e9, 21e9],
          ]),
          1,
          new Int32Array(4),
        ),
      /component 0 is not positive definite/,
    ],
  ])('%s', (_, fit, message) => {
    expect(fit).toThrow(RangeError);
    expect(fit).toThrow(message);
  });
});

describe('mixtures for a chooser', () => {
  const points = heaps(
    [
      [0, 0],
      [9, 0],
      [0, 9],
    ],
    60,
    5,
  );
  const run = { seed: 3, restarts: 3, dbscan: { eps: null, minPoints: 5 } };

  test('BIC is least at the true number of heaps; the same seed gives the same bits', () => {
    const found = [2, 3, 4, 5].map((k) => mixtureRun().run(points, k, run));
    const best = found.reduce((a, b) => ((a.bic ?? NaN) <= (b.bic ?? NaN) ? a : b));
    expect(best.k).toBe(3);
    expect(renumbered(best.labels)).toEqual(Array.from({ length: 180 }, (_, row) => row % 3));
    expect(mixtureRun().run(points, 3, run)).toEqual(best);
  });
});
