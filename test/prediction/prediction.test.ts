import { describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from '../../src/prediction/input-bytes.js';
import { eligibilityOf, riskOf, verdictOf } from '../../src/prediction/prediction.js';
import { largestContributions, reasonText } from '../../src/prediction/reason.js';

const asOf = new Date('2026-03-01T00:00:00Z');
const day = (before: number): Date => new Date(asOf.getTime() - before * 86_400_000);

describe('eligibility', () => {
  it.each([
    [
      'OPTED_OUT',
      {
        consentProfiling: false,
        registeredAt: day(100),
        firstEventAt: day(90),
        hasAttributes: true,
      },
    ],
    [
      'NO_DATA',
      { consentProfiling: true, registeredAt: day(100), firstEventAt: null, hasAttributes: false },
    ],
    [
      'NEW_USER',
      {
        consentProfiling: true,
        registeredAt: day(29.9),
        firstEventAt: day(5),
        hasAttributes: true,
      },
    ],
    [
      'NEW_USER',
      { consentProfiling: true, registeredAt: day(1), firstEventAt: null, hasAttributes: true },
    ],
    [
      'ELIGIBLE',
      { consentProfiling: true, registeredAt: day(30), firstEventAt: null, hasAttributes: true },
    ],
    [
      'ELIGIBLE',
      { consentProfiling: true, registeredAt: day(5), firstEventAt: day(31), hasAttributes: false },
    ],
    [
      'ELIGIBLE',
      { consentProfiling: true, registeredAt: null, firstEventAt: null, hasAttributes: true },
    ],
  ] as const)('%s for %o', (expected, facts) => {
    expect(eligibilityOf(facts, 30, asOf)).toBe(expected);
  });
});

describe('what a probability means', () => {
  const spec = {
    labels: { positive: 'churn', negative: 'stay' },
    riskBands: { medium: 0.25, high: 0.5, critical: 0.75 },
  };
  it.each([
    [0, 'LOW'],
    [0.2499, 'LOW'],
    [0.25, 'MEDIUM'],
    [0.5, 'HIGH'],
    [0.7499, 'HIGH'],
    [0.75, 'CRITICAL'],
    [1, 'CRITICAL'],
  ] as const)('%d is %s', (probability, band) => {
    expect(riskOf(probability, spec.riskBands)).toBe(band);
  });
  it('is positive from the threshold on', () => {
    expect(verdictOf(0.4, 0.4, spec)).toEqual({
      positive: true,
      label: 'churn',
      confidence: 0.6,
      risk: 'MEDIUM',
    });
    expect(verdictOf(0.39, 0.4, spec)).toMatchObject({
      positive: false,
      label: 'stay',
      confidence: 0.61,
    });
  });
});

describe('reasons', () => {
  it('come largest first, without those that add nothing', () => {
    expect(largestContributions(['a', 'b', 'c', 'd'], Float64Array.of(0.1, -2, 0, 1), 2)).toEqual([
      { feature: 'b', contribution: -2 },
      { feature: 'd', contribution: 1 },
    ]);
  });
  it.each([
    ['days_since_last_purchase', 84, 'day', 1, 'days since last purchase 84 raises the risk'],
    ['recency', 1, 'day', 1, 'recency 1 day raises the risk'],
    ['tenure', 12.5, 'day', -1, 'tenure 12.5 days lowers the risk'],
    ['total_charges', 29.85, 'number', 1, 'total charges 29.85 raises the risk'],
    ['age', 34, 'year', 1, 'age 34 years raises the risk'],
    ['activity_hour_sine', 0.5, 'ratio', -1, 'activity hour sine 0.5 lowers the risk'],
    ['purchase_count', 3, 'count', -1, 'purchase count 3 lowers the risk'],
    ['Contract', 'Month-to-month', null, 1, 'Contract "Month-to-month" raises the risk'],
    ['satisfaction', null, 'score', 1, 'satisfaction is unknown and raises the risk'],
    ['SeniorCitizen', true, null, 1, 'SeniorCitizen yes raises the risk'],
  ] as const)('%s = %s %s', (feature, value, unit, contribution, text) => {
    expect(reasonText({ feature, contribution }, value, unit)).toBe(text);
  });
});

it('inputs survive the ledger bit for bit, missing ones too', () => {
  const numeric = Float32Array.of(1.1, NaN, -0, 3.4e38, 1e-45);
  const back = fromBytes(toBytes(numeric));
  expect(back).toEqual(numeric);
  expect(Object.is(back[2], -0)).toBe(true);
});
