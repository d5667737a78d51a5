import fc from 'fast-check';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalDifference } from '../../src/numeric/difference.js';
import { goodnessOfFit } from '../../src/numeric/goodness-of-fit.js';
import { holmAdjusted } from '../../src/numeric/holm.js';
import { ratioOfMeans } from '../../src/numeric/ratio-of-means.js';
import {
  arcsineSampleSize,
  meanSampleSize,
  pooledSampleSize,
  unpooledSampleSize,
} from '../../src/numeric/sample-size.js';
import { studentQuantile, twoSidedStudent } from '../../src/numeric/student-t.js';
import { newcombeInterval, twoProportion } from '../../src/numeric/two-proportion.js';
import { twoSidedNormal } from '../../src/numeric/two-sided-normal.js';
import { studentInterval, welchT } from '../../src/numeric/welch.js';
import { relativeError } from '../support/selection-golden.js';
import { sharedData } from '../support/shared-data.js';

function close(actual: number | undefined, expected: number, tolerance = 1e-6): void {
  expect(relativeError(actual ?? NaN, expected)).toBeLessThan(tolerance);
}

describe('distributions', () => {
  // scipy 1.17.1, stats.t.ppf
  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2.5, 3.5746548420036817],
    [0.975, 30, 2.0422724563012378],
    [0.975, 36671.15797736051, 1.9600286770213076],
    [0.6, 5, 0.2671808657041451],
    [0.999999, 1, 318309.88617359026],
    [0.01, 7, -2.9979515668685286],
  ])('the %d quantile of t with %d degrees is %d (scipy)', (probability, degrees, expected) => {
    close(studentQuantile(probability, degrees), expected, 1e-8);
  });

  // scipy 1.17.1, 2 * stats.t.sf
  it.each([
    [2.1, 3.5, 0.11352582522079814],
    [12, 40, 7.82417130425598e-15],
    [-5.300140358411668, 36671.15797736051, 1.1638149682254859e-7],
    [0, 3, 1],
    [Infinity, 3, 0],
  ])('t = %d with %d degrees has p = %d (scipy)', (t, degrees, expected) => {
    if (expected === 0) expect(twoSidedStudent(t, degrees)).toBe(0);
    else close(twoSidedStudent(t, degrees), expected, 1e-9);
  });

  it('a t close to 0 with many degrees keeps its digits', () => {
    // the density at 0 is that of the normal distribution: p = 1 - 2 t / sqrt(2 pi)
    const t = 2.7e-4;
    close(1 - twoSidedStudent(t, 9e5), (2 * t) / Math.sqrt(2 * Math.PI), 1e-6);
  });

  // scipy 1.17.1, 2 * stats.norm.sf
  it.each([
    [0.5, 0.6170750774519738],
    [1.959963984540054, 0.05],
    [-5, 5.733031437583867e-7],
    [22.48604082719282, 5.685165482802317e-112],
  ])('z = %d has p = %d (scipy)', (z, expected) => {
    close(twoSidedNormal(z), expected, 1e-9);
  });

  it('the quantile of t is what its distribution says, over the whole range', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5001, max: 0.99999, noNaN: true }),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (probability, degrees) => {
          const t = studentQuantile(probability, degrees);
          close(twoSidedStudent(t, degrees), 2 * (1 - probability), 1e-8);
        },
      ),
    );
  });

  it.each([
    ['a probability must be above 0 and below 1, got 1', () => studentQuantile(1, 3)],
    ['degrees must be >= 1, got 0.5', () => studentQuantile(0.9, 0.5)],
    ['degrees must be > 0, got 0', () => twoSidedStudent(1, 0)],
    ['weights must be > 0, got 0', () => goodnessOfFit([1, 2], [1, 0])],
    ['lengths, got 1 and 2', () => goodnessOfFit([1], [1, 2])],
    ['a share must be 0..1, got 2', () => pooledSampleSize({ control: 2, treatment: 0.1 })],
    ['the shares must differ', () => pooledSampleSize({ control: 0.1, treatment: 0.1 })],
    [
      '0 < alpha < power < 1 must hold, got 0.05 and 1',
      () => pooledSampleSize({ control: 0.2, treatment: 0.1, power: 1 }),
    ],
    ['standardDeviation must be > 0', () => meanSampleSize(1, 0)],
  ])('refuses: %s', (message, call) => {
    expect(call).toThrow(message);
  });
});

describe('two samples', () => {
  it('Welch of two small samples (scipy ttest_ind, equal_var=False)', () => {
    // [3.1, 4.7, 2.2, 8.9, 5, 6.1] against [1, 2.5, 3.3, 2.9]
    const test = welchT(
      { n: 6, mean: 5, variance: 5.592 },
      { n: 4, mean: 2.425, variance: 1.0091666666666665 },
    );
    close(test?.t, 2.366180640234689, 1e-12);
    close(test?.degrees, 7.194693737925428, 1e-12);
    close(test?.pValue, 0.0489339395648989, 1e-10);
    close(test?.interval.low, 0.01574306149290905, 1e-9);
    close(test?.interval.high, 5.134256938507091, 1e-9);
  });

  it('says nothing of an empty arm, of one value, of no variance', () => {
    const none = { n: 0, mean: 0, variance: 0 };
    const still = { n: 10, mean: 3, variance: 0 };
    expect(welchT(none, still)).toBeNull();
    expect(welchT({ n: 1, mean: 3, variance: 0 }, still)).toBeNull();
    expect(welchT({ n: 1, mean: 3, variance: 0 }, { ...still, variance: 2 })).toBeNull();
    expect(welchT({ ...still, variance: 2 }, { n: 1, mean: 3, variance: 0 })).toBeNull();
    expect(welchT(still, still)).toBeNull();
    expect(welchT({ ...still, variance: Infinity }, { ...still, variance: 2 })).toBeNull();
    const tiny = { ...still, variance: 1e-200 };
    expect(welchT(tiny, { ...tiny, mean: 4 })).toMatchObject({ degrees: 18, pValue: 0 });
    expect(studentInterval({ n: 1, mean: 3, variance: 0 })).toBeNull();
    expect(twoProportion({ successes: 0, trials: 0 }, { successes: 1, trials: 3 })).toBeNull();
    expect(twoProportion({ successes: 0, trials: 9 }, { successes: 0, trials: 3 })).toBeNull();
    expect(twoProportion({ successes: 9, trials: 9 }, { successes: 3, trials: 3 })).toBeNull();
    expect(newcombeInterval({ successes: 0, trials: 0 }, { successes: 1, trials: 3 })).toBeNull();
    expect(normalDifference({ value: 1, variance: 0 }, { value: 0, variance: 0 })).toBeNull();
  });

  it('all against none is a difference with a width', () => {
    const test = twoProportion({ successes: 20, trials: 20 }, { successes: 0, trials: 20 });
    expect(test?.variance).toBeGreaterThan(0);
    expect(test?.pValue).toBeLessThan(1e-8);
  });

  it('exchanging the arms turns the sign and keeps the p-value', () => {
    const count = fc.integer({ min: 1, max: 500 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(count, count, share, share, (m, n, p, q) => {
        const first = { successes: Math.round(p * m), trials: m };
        const second = { successes: Math.round(q * n), trials: n };
        const one = twoProportion(first, second);
        const other = twoProportion(second, first);
        expect(other?.pValue).toBe(one?.pValue);
        if (one && other) {
          expect(other.difference).toBeCloseTo(-one.difference, 12);
          expect(other.interval.low).toBeCloseTo(-one.interval.high, 12);
        }
        const [score, back] = [newcombeInterval(first, second), newcombeInterval(second, first)];
        expect(score?.low).toBeCloseTo(-(back?.high ?? NaN), 12);
        expect(score?.low).toBeLessThanOrEqual(score?.high ?? NaN);
      }),
    );
  });

  it('a ratio of means is the mean of all values, and its error that of a resample of customers', () => {
    // values of the events of 6 customers
    const events = [[3, 5], [4], [], [10, 12, 11], [1], [2, 2]];
    const sums = events.map((own) => own.reduce((sum, value) => sum + value, 0));
    const counts = events.map((own) => own.length);
    const moments = {
      n: events.length,
      meanNumerator: meanOf(sums),
      meanDenominator: meanOf(counts),
      varianceNumerator: covarianceOf(sums, sums),
      varianceDenominator: covarianceOf(counts, counts),
      covariance: covarianceOf(sums, counts),
    };
    const ratio = ratioOfMeans(moments);
    expect(ratio?.value).toBeCloseTo(50 / 9, 12);
    // the linearised residuals y - R d, over n (mean d)^2
    const residuals = sums.map((sum, at) => sum - (50 / 9) * counts[at]!);
    close(ratio?.variance, covarianceOf(residuals, residuals) / (6 * 1.5 ** 2), 1e-12);
    expect(ratioOfMeans({ ...moments, meanDenominator: 0 })).toBeNull();
    expect(ratioOfMeans({ ...moments, n: 1 })).toBeNull();
  });

  it.each([0.1, 2.7, 19.99])('values that are all %d have a ratio without a variance', (value) => {
    const counts = [1, 2, 3, 7, 0];
    const sums = counts.map((count) => count * value);
    const moments = {
      n: 5,
      meanNumerator: meanOf(sums),
      meanDenominator: meanOf(counts),
      varianceNumerator: covarianceOf(sums, sums),
      varianceDenominator: covarianceOf(counts, counts),
      covariance: covarianceOf(sums, counts),
    };
    expect(ratioOfMeans(moments)?.variance).toBe(0);
  });

  it('counts against planned shares (scipy chisquare)', () => {
    const { statistic, degreesOfFreedom, pValue } = goodnessOfFit([120, 90, 60], [5, 3, 2]);
    expect(degreesOfFreedom).toBe(2);
    close(statistic, 10 / 3, 1e-12);
    close(pValue, 0.1888756028375618, 1e-12);
    expect(goodnessOfFit([0, 0], [1, 1]).pValue).toBe(1);
    expect(goodnessOfFit([5], [1]).pValue).toBe(1);
  });

  it('Holm: 0.01, 0.04, 0.03, 0.005 of four become 0.03, 0.06, 0.06, 0.02', () => {
    const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
    for (const [at, value] of [0.03, 0.06, 0.06, 0.02].entries()) close(adjusted[at], value, 1e-12);
    expect(holmAdjusted([])).toEqual([]);
    expect(holmAdjusted([0.2])).toEqual([0.2]);
  });
});

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function covarianceOf(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [meanOf(a), meanOf(b)];
  return a.reduce((sum, value, at) => sum + (value - left) * (b[at]! - right), 0) / (a.length - 1);
}

interface Arm {
  x: number;
  n: number;
}
interface OfShares {
  treatment: Arm;
  control: Arm;
  difference: number;
  p: number;
  ci95_difference: Record<'wald' | 'newcomb', [number, number]>;
}
interface OfSpend {
  n_treatment: number;
  n_control: number;
  mean_treatment: number;
  mean_control: number;
  sd_treatment: number;
  sd_control: number;
  difference: number;
  welch_t: number;
  welch_df: number;
  welch_p: number;
  ci95: [number, number];
}
interface Hillstrom {
  srm: { counts: number[]; chi2: number; p: number };
  comparisons: Record<string, { visit: OfShares; conversion: OfShares; spend: OfSpend }>;
  subgroups_visit: Record<string, { treatment: Arm; control: Arm; p: number; p_holm: number }>;
}
interface SizeRow {
  p0: number;
  p1: number;
  alpha: number;
  power: number;
  n_per_group_arcsine: number;
  n_per_group_pooled_formula: number;
  n_per_group_simple: number;
}

const hillstromFile = sharedData('reference/abtest_hillstrom.json');
const sizesFile = sharedData('reference/abtest_sample_size.json');

function read(file: string | null): unknown {
  return JSON.parse(fs.readFileSync(file ?? '', 'utf8'));
}

describe.skipIf(!hillstromFile)('the reference of the Hillstrom experiment, to 1e-6', () => {
  const reference = hillstromFile ? (read(hillstromFile) as Hillstrom) : null;

  it.each(['visit', 'conversion'] as const)('two-proportion z of %s', (name) => {
    for (const comparison of Object.values(reference?.comparisons ?? {})) {
      const { treatment, control, difference, p, ci95_difference: interval } = comparison[name];
      const arms = [treatment, control].map(({ x, n }) => ({ successes: x, trials: n }));
      const test = twoProportion(arms[0]!, arms[1]!);
      close(test?.difference, difference);
      close(test?.pValue, p);
      close(test?.interval.low, interval.wald[0]);
      close(test?.interval.high, interval.wald[1]);
      const score = newcombeInterval(arms[0]!, arms[1]!);
      close(score?.low, interval.newcomb[0]);
      close(score?.high, interval.newcomb[1]);
    }
  });

  it('Welch t of the spend', () => {
    for (const { spend } of Object.values(reference?.comparisons ?? {})) {
      const test = welchT(
        { n: spend.n_treatment, mean: spend.mean_treatment, variance: spend.sd_treatment ** 2 },
        { n: spend.n_control, mean: spend.mean_control, variance: spend.sd_control ** 2 },
      );
      close(test?.difference, spend.difference);
      close(test?.t, spend.welch_t);
      close(test?.degrees, spend.welch_df);
      close(test?.pValue, spend.welch_p);
      close(test?.interval.low, spend.ci95[0]);
      close(test?.interval.high, spend.ci95[1]);
    }
  });

  it('the check of the sample ratio', () => {
    const srm = reference?.srm ?? { counts: [], chi2: 0, p: 0 };
    const { statistic, pValue } = goodnessOfFit(srm.counts, [1, 1, 1]);
    close(statistic, srm.chi2);
    close(pValue, srm.p);
  });

  it('Holm over all subgroups', () => {
    const rows = Object.values(reference?.subgroups_visit ?? {});
    const pValues = rows.map(
      ({ treatment, control }) =>
        twoProportion(
          { successes: treatment.x, trials: treatment.n },
          { successes: control.x, trials: control.n },
        )?.pValue ?? NaN,
    );
    for (const [at, row] of rows.entries()) close(pValues[at], row.p);
    for (const [at, adjusted] of holmAdjusted(pValues).entries()) close(adjusted, rows[at]!.p_holm);
  });
});

describe.skipIf(!sizesFile)('the reference of sample sizes, to 1e-6', () => {
  const { table } = sizesFile ? (read(sizesFile) as { table: SizeRow[] }) : { table: [] };

  it.each(table)('$p0 to $p1 at power $power', (row) => {
    const shares = { control: row.p0, treatment: row.p1, alpha: row.alpha, power: row.power };
    close(pooledSampleSize(shares), row.n_per_group_pooled_formula);
    close(unpooledSampleSize(shares), row.n_per_group_simple);
    close(arcsineSampleSize(shares), row.n_per_group_arcsine);
  });
});

describe('sample sizes', () => {
  it('10 % to 12 % at 5 % and 80 % takes 3,840.85 an arm (Fleiss 1981; statsmodels 0.13.5 for the arcsine)', () => {
    const shares = { control: 0.1, treatment: 0.12 };
    close(pooledSampleSize(shares), 3840.847482436276);
    close(unpooledSampleSize(shares), 3838.1021900967085);
    close(arcsineSampleSize(shares), 3834.595739884031);
  });

  it('half a standard deviation takes 62.8 an arm (Cohen 1988, rounded up to 63)', () => {
    expect(meanSampleSize(0.5, 1)).toBeCloseTo(62.79, 2);
  });
});
