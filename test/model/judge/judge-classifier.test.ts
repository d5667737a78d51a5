import { describe, expect, it } from 'vitest';
import { judgement } from '../../../src/model/judge/judgement.js';
import { judgeClassifier } from '../../../src/model/judge/judge-classifier.js';
import { metricsOf } from '../../../src/model/train/evaluate.js';
import { judged } from './judge-fixture.js';

const bands = { medium: 0.25, high: 0.5, critical: 0.75 };

describe('the judgement of a classifier', () => {
  const { input, margins } = judged(4000, 'east', { riskBands: bands });
  const found = judgeClassifier(input);
  const pick = (rows: readonly number[]) => Uint8Array.from(rows, (row) => input.labels[row] ?? 0);
  const test = input.test.map((row) => margins[row] ?? 0);

  it('measures the test part as anybody would', () => {
    const expected = metricsOf(pick(input.test), Float64Array.from(test), 0.5, 'TEST');
    const measured = found.metrics.filter(({ split }) => split === 'TEST');
    expect(measured.map(({ name, split, value }) => ({ name, split, value }))).toEqual(expected);
    expect(found.metrics.filter(({ split }) => split === 'TRAIN')).toHaveLength(expected.length);
  });

  it('gives every test metric an interval that holds it, and no training metric one', () => {
    for (const { split, value, low, high } of found.metrics) {
      if (split !== 'TEST') expect(low).toBeUndefined();
      else {
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high).toBeGreaterThan(low ?? 1);
      }
    }
  });

  it('counts the rows of the calibration bins', () => {
    const counts = found.calibrationCurve.map(({ count }) => count ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(input.test.length);
  });

  it('names the slice in which the model only guesses', () => {
    const worst = found.slices?.filter((slice) => slice.worst);
    expect(worst).toMatchObject([{ dimension: 'region', value: 'east' }]);
    expect(found.slices?.filter(({ dimension }) => dimension === 'region')).toHaveLength(4);
  });

  it('counts each row of a dimension once', () => {
    for (const dimension of ['region', 'month']) {
      const rows = found.slices?.filter((slice) => slice.dimension === dimension) ?? [];
      expect(rows.reduce((sum, slice) => sum + slice.rows, 0)).toBe(input.test.length);
    }
  });

  it('knows where values lie: quantiles of numbers, shares of flags and categories', () => {
    const [score, vip, plan] = found.reference ?? [];
    expect(score?.quantiles).toHaveLength(21);
    expect(score?.quantiles?.[10]).toBeCloseTo(0, 1);
    expect(vip?.categories?.find(({ value }) => value === '1')?.share).toBeCloseTo(0.25, 1);
    expect(plan?.quantiles).toBeNull();
    expect(plan?.missingShare).toBeCloseTo(0.1, 1);
    expect(plan?.categories?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('tells why a band of risk scores as it does, in log-odds of its own rows', () => {
    const critical = found.causes?.find(({ value }) => value === 'CRITICAL');
    const rows = input.test.filter((row) => (margins[row] ?? 0) >= Math.log(3));
    const scores = rows.map((row) => input.table.numeric[row * 2] ?? 0);
    expect(critical?.rows).toBe(rows.length);
    expect(critical?.reasons.map(({ feature }) => feature)).toEqual(['score', 'vip']);
    const mean = scores.reduce((sum, score) => sum + 2 * score, 0) / rows.length;
    expect(critical?.reasons[0]?.meanContribution).toBeCloseTo(mean, 9);
  });

  it('has the shape of the record', () => {
    expect(() => judgement.parse(JSON.parse(JSON.stringify(found)))).not.toThrow();
  });

  it('is the same twice', () => {
    expect(judgeClassifier(input)).toEqual(found);
  });
});

it('where no slice is worse than chance none is named, be it the lowest', () => {
  const { slices } = judgeClassifier(judged(3000, null).input);
  expect(slices?.length).toBe(5);
  expect(slices?.filter(({ worst }) => worst)).toEqual([]);
});

it('a baseline has the prevalence of the training part for everyone', () => {
  const { input } = judged(1000, null);
  const { baseline } = judgeClassifier(input);
  expect(baseline.find(({ name }) => name === 'auc')?.value).toBe(0.5);
});

it('without slices and bands there are no causes, and nothing fails', () => {
  const { input } = judged(500, null);
  expect(judgeClassifier({ ...input, slices: [] })).toMatchObject({
    slices: [],
    fairness: [],
    causes: [],
  });
});
