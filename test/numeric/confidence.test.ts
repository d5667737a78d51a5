import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  areaInterval,
  deLong,
  f1Interval,
  meanInterval,
  normalBelow,
  wilsonInterval,
} from '../../src/numeric/confidence.js';
import { areaUnderRoc, sweepThresholds } from '../../src/numeric/threshold-sweep.js';

// Golden values: scipy 1.10.1 and numpy 1.24.2. DeLong by its definition, the kernel of all pairs, ties half:
// psi = (P[:,None] > N) + .5*(P[:,None] == N); var = psi.mean(1).var(ddof=1)/m + psi.mean(0).var(ddof=1)/n;
// Wilson: scipy.stats.binomtest(k, n).proportion_ci(.95, method='wilson').
const labels = Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0);
const scores = Float64Array.of(
  ...[0.9, 0.8, 0.7, 0.6, 0.55, 0.55, 0.53, 0.52, 0.51, 0.51, 0.4, 0.39, 0.38, 0.37, 0.36, 0.35],
);

describe('the interval of an AUC', () => {
  it('has the variance of all pairs', () => {
    const estimate = deLong(labels, scores);
    expect(estimate?.area).toBeCloseTo(0.626984126984127, 12);
    expect(estimate?.variance).toBeCloseTo(0.02329512051734274, 12);
    const interval = estimate && areaInterval(estimate);
    expect(interval?.low).toBeCloseTo(0.3278399373523058, 12);
    expect(interval?.high).toBeCloseTo(0.9261283166159482, 12);
  });

  it('has the AUC of the sweep in its middle, whatever the scores', () => {
    const row = fc.record({
      label: fc.integer({ min: 0, max: 1 }),
      score: fc.integer({ min: -9, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 4, maxLength: 60 }), (rows) => {
        const y = Uint8Array.from(rows, (each) => each.label);
        const x = Float64Array.from(rows, (each) => each.score);
        const estimate = deLong(y, x);
        const positives = y.reduce((sum, label) => sum + label, 0);
        if (positives < 2 || rows.length - positives < 2) expect(estimate).toBeNull();
        else expect(estimate?.area).toBeCloseTo(areaUnderRoc(sweepThresholds(y, x)), 12);
      }),
    );
  });

  it('is not known of one row of a class', () => {
    expect(deLong(Uint8Array.of(1, 0, 0), Float64Array.of(3, 2, 1))).toBeNull();
  });
});

test.each([
  [0, 10, 0, 0.27753279986288926],
  [8, 10, 0.4901624715366418, 0.9433178485456248],
  [45, 50, 0.7863976856252034, 0.9565242350681095],
  [10, 10, 0.7224672001371109, 1],
])('Wilson: %i of %i', (successes, trials, low, high) => {
  const interval = wilsonInterval(successes, trials);
  expect(interval?.low).toBeCloseTo(low, 12);
  expect(interval?.high).toBeCloseTo(high, 12);
});

it('a share of nothing has no interval', () => {
  expect(wilsonInterval(0, 0)).toBeNull();
  expect(f1Interval(0, 0, 0)).toBeNull();
});

it('the interval of F1 holds it and tightens with the rows', () => {
  const few = f1Interval(8, 2, 4);
  const many = f1Interval(800, 200, 400);
  const f1 = 16 / 22;
  for (const interval of [few, many]) {
    expect(interval?.low).toBeLessThan(f1);
    expect(interval?.high).toBeGreaterThan(f1);
  }
  expect((many?.high ?? 1) - (many?.low ?? 0)).toBeLessThan(
    ((few?.high ?? 0) - (few?.low ?? 1)) / 5,
  );
});

it('the interval of a mean is 1.96 standard errors wide on either side', () => {
  const interval = meanInterval(Float64Array.of(0.1, 0.4, 0.35, 0.8, 0.05));
  expect(interval?.low).toBeCloseTo(0.07814118317423385, 12);
  expect(interval?.high).toBeCloseTo(0.6018588168257661, 12);
  expect(meanInterval(Float64Array.of(1))).toBeNull();
});

test.each([
  [-3, 0.0013498980316300933],
  [-1, 0.15865525393145707],
  [0, 0.5],
  [0.5, 0.6914624612740131],
  [2, 0.9772498680518208],
])('the normal distribution below %f', (z, expected) => {
  expect(Math.abs(normalBelow(z) - expected)).toBeLessThan(1e-7);
});
