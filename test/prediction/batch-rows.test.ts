import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { FeatureRows } from '../../src/feature/read-features.js';
import { DAY_MS } from '../../src/kernel/clock.js';
import type { ServedModel } from '../../src/model/serving.js';
import { eligibleRows, firstEventMatters } from '../../src/prediction/batch-rows.js';
import { factsOf } from '../../src/prediction/facts-of.js';
import { eligibilityOf } from '../../src/prediction/prediction.js';
import { plainServed } from '../support/score-run.js';

const asOf = new Date('2026-03-01T00:00:00Z');
const MIN_AGE_DAYS = 30;
const attribute = (name: string, as: 'number' | 'text'): FeatureDefinition =>
  ({ name, definition: { kind: 'attribute', name, as } }) as FeatureDefinition;
const served: ServedModel = {
  ...plainServed,
  features: [attribute('x', 'number'), attribute('group', 'text')],
  model: {
    ...plainServed.model,
    spec: {
      ...plainServed.model.spec,
      eligible: { minAgeDays: MIN_AGE_DAYS, activeWithinHorizons: null },
    },
  },
};

/** Days before `asOf`, borders among them; NaN unknown. */
const instant = fc
  .constantFrom(NaN, -1, 0, 1, 29.999, 30, 30.001, 400)
  .map((days) => asOf.getTime() - days * DAY_MS);
const customer = fc.record({
  consent: fc.constantFrom(0, 1, NaN),
  registered: instant,
  first: instant,
  x: fc.constantFrom(NaN, 0, 5),
  group: fc.constantFrom(null, '', 'a'),
});
type Customer = typeof customer extends fc.Arbitrary<infer T> ? T : never;

function rowsOf(customers: readonly Customer[]): FeatureRows {
  const numbers = (pick: (of: Customer) => number) => Float64Array.from(customers, pick);
  return {
    userIds: Float64Array.from(customers.keys()),
    rows: customers.length,
    columns: new Map<string, Float64Array | (string | null)[]>([
      ['x', numbers(({ x }) => x)],
      ['group', customers.map(({ group }) => group)],
    ]),
    people: {
      consentProfiling: numbers(({ consent }) => consent),
      registeredAt: numbers(({ registered }) => registered),
      firstEventAt: numbers(({ first }) => first),
    },
  };
}

const eligible = (rows: FeatureRows): number[] => [...eligibleRows(rows, served, asOf).userIds];

it('scores in a run over everyone whom a single question would score', () => {
  fc.assert(
    fc.property(fc.array(customer, { maxLength: 30 }), (customers) => {
      const rows = rowsOf(customers);
      const wanted = customers.flatMap(({ x, group }, row) => {
        const facts = factsOf(rows, row);
        const hasAttributes = !Number.isNaN(x) || Boolean(group);
        const isEligible =
          facts && eligibilityOf({ ...facts, hasAttributes }, MIN_AGE_DAYS, asOf) === 'ELIGIBLE';
        return isEligible ? [row] : [];
      });
      expect(eligible(rows)).toEqual(wanted);
    }),
  );
});

it('scores the same customers when first events are known only of whom they matter', () => {
  const matters = firstEventMatters(served, asOf);
  let spared = 0;
  fc.assert(
    fc.property(fc.array(customer, { maxLength: 30 }), (customers) => {
      const without = rowsOf(customers.map((each) => ({ ...each, first: NaN })));
      const { people } = without;
      if (!people) throw new Error('people are there');
      const some = customers.map((each, row) => {
        if (matters({ ...without, people }, row)) return each;
        spared += 1;
        return { ...each, first: NaN };
      });
      expect(eligible(rowsOf(some))).toEqual(eligible(rowsOf(customers)));
    }),
  );
  expect(spared).toBeGreaterThan(100);
});
