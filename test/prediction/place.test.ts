import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Reference } from '../../src/model/judge/judgement.js';
import { referenceOf } from '../../src/model/judge/reference.js';
import { placeOf, placesOf } from '../../src/prediction/place.js';
import { reasonText, type InputValue } from '../../src/prediction/reason.js';
import { versionRecord } from '../model/version-record.js';

const column = (values: readonly number[]): Reference | undefined =>
  referenceOf(
    {
      ...{ rows: values.length, numericNames: ['x'], numeric: Float32Array.from(values) },
      ...{ categoricalNames: [], categorical: [] },
    },
    [...values.keys()],
  )[0];

/** 0, 1, … 100, each once. */
const even = column(Array.from({ length: 101 }, (_, i) => i));
/** Six of ten have 0, the others 1, 2, 3 and 4. */
const zeros = column(Array.from({ length: 1000 }, (_, i) => Math.max(0, (i % 10) - 5)));
const flag = column(Array.from({ length: 100 }, (_, i) => (i < 25 ? 1 : 0)));
const plans: Reference = {
  ...{ feature: 'plan', missingShare: 0.1, quantiles: null },
  categories: [
    { value: 'gold', share: 0.12 },
    { value: 'iron', share: 0.004 },
  ],
};

test.each<[string, Reference | undefined, InputValue, string | null, number | null]>([
  ['a high value', even, 92, 'higher than 92 % of customers', 92],
  ['a low value', even, 8, 'lower than 92 % of customers', 8],
  ['a quantile', even, 35, 'lower than 65 % of customers', 35],
  ['above all', even, 101, 'higher than all customers learned from', 100],
  ['below all', even, -1, 'lower than all customers learned from', 0],
  ['the highest of all', even, 100, 'higher than 99 % of customers', 100],
  ['the most common value', zeros, 0, 'like 58 % of customers', 28.75],
  ['above the most common value', zeros, 4, 'higher than 90 % of customers', 96.25],
  ['a flag that is a feature of its own', flag, true, 'like 25 % of customers', null],
  ['no flag', flag, false, 'like 75 % of customers', null],
  ['a category', plans, 'gold', 'like 12 % of customers', null],
  ['a rare category', plans, 'iron', 'like under 1 % of customers', null],
  ['a category never seen', plans, 'lead', null, null],
  ['a missing number', even, null, null, null],
  ['a missing category', plans, '', null, null],
  ['an input of which nothing is known', undefined, 3, null, null],
])('the place of %s', (_, reference, value, text, percentile) => {
  const place = placeOf(reference, value);
  expect(place?.text ?? null).toBe(text);
  if (percentile === null) expect(place?.percentile ?? null).toBeNull();
  else expect(place?.percentile).toBeCloseTo(percentile, 9);
});

describe('a percentile', () => {
  it('rises with the value and stays in 0..100, whatever the values', () => {
    const value = fc.integer({ min: -20, max: 20 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), value, value, (all, a, b) => {
        const reference = column(all);
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map(
          (each) => placeOf(reference, each)?.percentile ?? NaN,
        );
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(100);
        expect(low).toBeLessThanOrEqual((high ?? NaN) + 1e-9);
      }),
    );
  });

  it('is within 5 points of a recount over many rows', () => {
    const values = Array.from({ length: 2000 }, (_, i) => Math.floor(((i * 7919) % 2003) / 40));
    const reference = column(values);
    for (let value = 0; value <= 50; value++) {
      const lower = values.filter((each) => each < value).length;
      const same = values.filter((each) => each === value).length;
      const counted = (100 * (lower + same / 2)) / values.length;
      expect(Math.abs((placeOf(reference, value)?.percentile ?? NaN) - counted)).toBeLessThan(5);
    }
  });
});

it('a reason tells the value and its place', () => {
  const reason = { feature: 'days_since_last_purchase', contribution: 1 };
  const { text } = placeOf(even, 92) ?? { text: '' };
  expect(reasonText(reason, 92, 'day', text)).toBe(
    'days since last purchase 92 (higher than 92 % of customers) raises the risk',
  );
});

it('the places of a record are read once, and an old record has none', () => {
  const record = versionRecord({ reference: [plans] });
  expect(placesOf(record).get('plan')).toBe(plans);
  expect(placesOf(record)).toBe(placesOf(record));
  expect(placesOf(versionRecord()).size).toBe(0);
});
