import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { checkBusinessRules } from '../../../src/model/judge/business-rules.js';
import { judgeFairness } from '../../../src/model/judge/fairness.js';
import { chooseThreshold, thresholdTable } from '../../../src/model/judge/threshold-table.js';
import type { BusinessRule, InputCondition } from '../../../src/model/spec-parts.js';
import { confusionAt, ratesOf, sigmoid } from '../../../src/numeric/metrics.js';
import { defaultTrainingOptions } from '../../../src/model/train/training.js';

const costs = defaultTrainingOptions.costs;
const logit = (p: number): number => Math.log(p / (1 - p));
const labels = Uint8Array.of(1, 1, 0, 1, 0, 0, 1, 0);
const margins = Float64Array.of(...[0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1].map(logit));

describe('the threshold', () => {
  const free = { ...costs, falsePositive: 1, falseNegative: 3, savedPerTruePositive: 0 };
  const dear = { ...costs, falsePositive: 5, falseNegative: 1, savedPerTruePositive: 0 };
  test.each([
    ['given', { kind: 'fixed' as const, value: 0.3 }, 0.3],
    ['of the highest F1', { kind: 'f1' as const }, 0.6],
    ['of the highest recall with precision 0.7', { kind: 'precision' as const, atLeast: 0.7 }, 0.6],
    ['of the highest recall with precision 1', { kind: 'precision' as const, atLeast: 1 }, 0.8],
    ['where misses are dear', { kind: 'cost' as const, costs: free }, 0.2],
    ['where false alarms are dear', { kind: 'cost' as const, costs: dear }, 0.8],
  ])('%s', (_, rule, expected) => {
    expect(chooseThreshold(rule, { labels, margins })).toBeCloseTo(expected, 12);
  });

  it('calls nobody positive where every call costs more than it is worth', () => {
    const rule = { kind: 'cost' as const, costs: { ...dear, truePositive: 9 } };
    expect(chooseThreshold(rule, { labels, margins })).toBe(1);
  });

  it('of a precision that is never reached is the one with the highest precision', () => {
    const wrong = Uint8Array.of(0, 1, 0, 0);
    const scored = { labels: wrong, margins: Float64Array.of(3, 2, 1, 0) };
    expect(chooseThreshold({ kind: 'precision', atLeast: 0.9 }, scored)).toBeCloseTo(
      sigmoid(2),
      12,
    );
    const rule = { kind: 'precision' as const, atLeast: 0.5 };
    const rows = thresholdTable({
      ...{ outOfFold: scored, test: scored, costs, rule },
      threshold: chooseThreshold(rule, scored),
    });
    expect(rows.map(({ rule, reached }) => [rule, reached])).toContainEqual([
      'precision >= 0.5',
      true,
    ]);
    expect(rows.map(({ rule, reached }) => [rule, reached])).toContainEqual([
      'precision >= 0.6',
      false,
    ]);
  });

  it('found by cost is cheaper than any other, whatever the costs', () => {
    const money = fc.integer({ min: 0, max: 50 });
    const matrix = fc.record({
      ...{ truePositive: money, falsePositive: money, falseNegative: money },
      ...{ trueNegative: money, savedPerTruePositive: money },
    });
    fc.assert(
      fc.property(matrix, fc.integer({ min: 0, max: 100 }), (each, percent) => {
        const probabilities = margins.map(sigmoid);
        const net = (threshold: number): number => {
          const found = confusionAt(labels, probabilities, threshold);
          return (
            found.truePositives * (each.truePositive - each.savedPerTruePositive) +
            found.falsePositives * each.falsePositive +
            found.falseNegatives * each.falseNegative +
            found.trueNegatives * each.trueNegative
          );
        };
        const chosen = chooseThreshold({ kind: 'cost', costs: each }, { labels, margins });
        expect(net(chosen)).toBeLessThanOrEqual(net(percent / 100));
      }),
    );
  });
});

it('the table measures on the test part what was found out of fold', () => {
  const test = {
    labels: Uint8Array.of(1, 0, 0, 1),
    margins: Float64Array.of(...[0.85, 0.75, 0.1, 0.55].map(logit)),
  };
  const table = thresholdTable({
    ...{ outOfFold: { labels, margins }, test, costs },
    ...{ rule: { kind: 'precision', atLeast: 0.9 }, threshold: 0.8 },
  });
  expect(table.map(({ rule, chosen }) => [rule, chosen])).toEqual([
    ['precision >= 0.9', true],
    ['fixed 0.5', false],
    ['f1', false],
    ['precision >= 0.6', false],
    ['precision >= 0.8', false],
    ['cost', false],
  ]);
  expect(table.map(({ reached }) => reached)).toEqual([true, null, null, true, true, null]);
  for (const row of table) {
    const counts = confusionAt(test.labels, test.margins.map(sigmoid), row.threshold);
    expect(row.recall).toBe(ratesOf(counts).recall);
    expect(row.totalCost).toBe(counts.falsePositives * 10 + counts.falseNegatives * 100);
  }
  expect(table[0]).toMatchObject({ precision: 1, recall: 0.5, positiveRate: 0.25, totalCost: 100 });
});

describe('business rules', () => {
  // value: 5, 1, missing, 9; active: true, false, true, true; plan: gold, '', gold, base
  const table = {
    ...{ rows: 4, numericNames: ['value', 'active'], categoricalNames: ['plan'] },
    numeric: Float32Array.of(5, 1, 1, 0, NaN, 1, 9, 1),
    categorical: ['gold', '', 'gold', 'base'],
  };
  const rule = (when: InputCondition[], more: Partial<BusinessRule> = {}): BusinessRule => ({
    ...{ name: 'r', when, tolerance: 0, veto: true },
    ...more,
  });
  const check = (each: BusinessRule, called = [true, true, true, false]) =>
    checkBusinessRules([each], table, [0, 1, 2, 3], called)[0];

  test.each<[string, InputCondition[], number, number]>([
    ['above a bound', [{ feature: 'value', gt: 4 }], 2, 1],
    ['up to a bound, itself included', [{ feature: 'value', lte: 5 }], 2, 2],
    ['between bounds', [{ feature: 'value', gte: 1, lt: 9 }], 2, 2],
    ['a category', [{ feature: 'plan', in: ['gold', ''] }], 2, 2],
    ['a flag', [{ feature: 'active', in: ['1'] }], 3, 2],
    [
      'all conditions',
      [
        { feature: 'value', gte: 0 },
        { feature: 'plan', in: ['base'] },
      ],
      1,
      0,
    ],
  ])('%s', (_, when, rows, violations) => {
    expect(check(rule(when))).toMatchObject({ rows, violations, met: violations === 0 });
  });

  it('are met up to their tolerance', () => {
    const when = [{ feature: 'value', gt: 4 }];
    expect(check(rule(when, { tolerance: 0.5 }))?.met).toBe(true);
    expect(check(rule(when, { tolerance: 0.49 }))?.met).toBe(false);
  });

  it('that cover nobody are met; that name what is no input are not', () => {
    expect(check(rule([{ feature: 'value', gt: 100 }]))).toMatchObject({ rows: 0, met: true });
    expect(check(rule([{ feature: 'vaule', gt: 1 }]))).toMatchObject({
      met: false,
      unknownFeatures: ['vaule'],
    });
  });
});

it('fairness compares groups of enough rows, without those of whom nothing is known', () => {
  // 40 women: 20 positive, all called; 40 men: 20 positive, 10 of them called and 5 others; 40 unknown; 3 of a small group
  const groups = [
    ...Array.from({ length: 40 }, (_, i) => ['f', i < 20, i < 20] as const),
    ...Array.from({ length: 40 }, (_, i) => ['m', i < 20, i < 10 || i >= 35] as const),
    ...Array.from({ length: 40 }, () => ['', true, false] as const),
    ...Array.from({ length: 3 }, () => ['x', true, false] as const),
  ];
  const [found] = judgeFairness(
    [{ dimension: 'gender', values: groups.map(([value]) => value), fairness: true }],
    {
      labels: Uint8Array.from(groups, ([, positive]) => Number(positive)),
      margins: Float64Array.from(groups, ([, , called]) => (called ? 1 : -1)),
      threshold: 0.5,
    },
  );
  expect(found?.groups.map(({ value }) => value)).toEqual(['', 'f', 'm']);
  expect(found?.groups[2]).toMatchObject({
    ...{ positiveRate: 15 / 40, truePositiveRate: 0.5, falsePositiveRate: 0.25 },
  });
  expect(found?.parityGap).toBeCloseTo(0.5 - 0.375, 12);
  expect(found?.opportunityGap).toBeCloseTo(0.5, 12);
});
