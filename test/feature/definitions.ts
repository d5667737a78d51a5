import fc from 'fast-check';
import type { Expression } from '../../src/feature/definition-expression.js';
import type { DefinitionInput } from '../../src/feature/definition.js';

/** What would be SQL, JSON or a prototype if it were ever taken for more than a text. */
export const HOSTILE = [
  "'",
  '"',
  '\\',
  '$1',
  ';--',
  "x'); drop table event; --",
  '$$',
  '{"a","b"}',
  'NULL',
  '__proto__',
  'constructor',
  'größe\n订单',
  '%s',
  '5',
] as const;
export const TYPES = ['purchase', 'Add to Cart', '订单', 'a:b/c-d.e'] as const;

const text = fc.constantFrom(...HOSTILE);
const days = fc.constantFrom(0.5, 1, 7, 30, 45.25, 90);
const scalar = fc.oneof(text, fc.boolean(), fc.constantFrom(0, 5, -3.25, 1e-7, 1e15));
const border = fc.constantFrom(-3.25, 0, 5, 7.5, 20);
const range = fc.oneof(
  fc.record({ atLeast: border }),
  fc.record({ above: border, atMost: border }),
  fc.record({ atLeast: border, below: border }),
  fc.record({ below: border }),
);

const condition = fc.oneof(
  fc.record({ property: text, equals: scalar }),
  fc.record({ property: text, in: fc.array(scalar, { minLength: 1, maxLength: 4 }) }),
  fc.record({ property: text, exists: fc.boolean() }),
  fc.record({ on: fc.constant('value' as const), exists: fc.boolean() }),
  fc.tuple(text, range).map(([property, bounds]) => ({ property, ...bounds })),
  range.map((bounds) => ({ on: 'value' as const, ...bounds })),
);

const types = fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 3 });
const hours = fc
  .record({ from: fc.integer({ min: 0, max: 23 }), to: fc.integer({ min: 0, max: 24 }) })
  .filter(({ from, to }) => from !== to);
const parts = {
  types,
  windowDays: days,
  offsetDays: days,
  hours,
  weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
  where: fc.array(condition, { minLength: 1, maxLength: 3 }),
};
const scope = fc.record(parts, { requiredKeys: [] });
const inner = scope.filter((written) => Object.keys(written).length > 0);
const source = fc.oneof(
  fc.constantFrom('value', 'hourSine', 'hourCosine', 'weekdaySine', 'weekdayCosine'),
  fc.record({ property: text }),
);
const number = <T>(aggregate: T) => ({ kind: fc.constant('events' as const), aggregate });

/** A definition that refers to no other feature. */
export const simpleDefinition: fc.Arbitrary<DefinitionInput> = fc.oneof(
  within(number(fc.constantFrom('count' as const, 'distinctDays' as const))),
  within({
    ...number(fc.constant('distinct' as const)),
    of: fc.oneof(fc.constant('device' as const), fc.record({ property: text })),
  }),
  within({ ...number(fc.constant('share' as const)), that: inner }),
  within({
    ...number(
      fc.constantFrom(
        ...(['sum', 'mean', 'min', 'max', 'standardDeviation', 'first', 'last'] as const),
      ),
    ),
    value: source,
  }),
  within({
    ...number(fc.constantFrom('percentile' as const, 'shareAbovePercentile' as const)),
    percentile: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
    value: fc.oneof(fc.constant('value' as const), fc.record({ property: text })),
  }),
  within({
    kind: fc.constantFrom('daysSince' as const, 'instant' as const),
    of: fc.constantFrom('firstEvent' as const, 'lastEvent' as const),
  }),
  fc.constant({ kind: 'daysSince' as const, of: 'registration' as const }),
  fc.record({
    kind: fc.constant('attribute' as const),
    name: text,
    as: fc.constantFrom('number' as const, 'text' as const, 'boolean' as const),
  }),
) as fc.Arbitrary<DefinitionInput>;

function within(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.tuple(fc.record(fields), scope).map(([own, around]) => ({ ...around, ...own }));
}

/** A formula over the named features. */
export function formulaOver(names: readonly string[]): fc.Arbitrary<Expression> {
  const leaf = fc.oneof(
    fc.constantFrom(...names).map((feature) => ({ feature })),
    fc.constantFrom(0, 1, -2, 0.5, 100),
  );
  const { formula } = fc.letrec<{ formula: Expression }>((tie) => {
    const part = tie('formula');
    const one = fc.tuple(part);
    return {
      formula: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.record({
          op: fc.constantFrom('add', 'multiply', 'min', 'max', 'coalesce'),
          of: fc.array(part, { minLength: 2, maxLength: 3 }),
        }),
        fc.record({
          op: fc.constantFrom('subtract', 'divide', 'greaterThan', 'lessThan'),
          of: fc.tuple(part, part),
        }),
        fc.record({
          op: fc.constantFrom('log1p', 'exp', 'negate', 'absolute', 'squareRoot'),
          of: one,
        }),
        fc.record({
          op: fc.constantFrom('sine', 'cosine'),
          of: fc.tuple(leaf),
          period: fc.constantFrom(1, 7, 24),
        }),
      ),
    };
  });
  return formula;
}

/** A bucket of one of the named features. */
export function bucketOf(names: readonly string[]): fc.Arbitrary<DefinitionInput> {
  return fc
    .tuple(
      fc.constantFrom(...names),
      fc.uniqueArray(fc.constantFrom(-5, 0, 1, 2.5, 10, 100, 1e6), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
    )
    .map(([feature, bounds, numeric]) => ({
      kind: 'bucket' as const,
      of: { feature },
      bounds: bounds.sort((a, b) => a - b),
      labels: numeric
        ? [...bounds, 0].map((_, i) => i * 10)
        : [...bounds, 0].map((_, i) => `${HOSTILE[i] ?? ''} ${i}`),
    }));
}
