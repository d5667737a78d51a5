import fc from 'fast-check';
import { QUALITY_COLUMNS, QUALITY_TABLES, type QualityTable } from '../../src/quality/table.js';

const anyText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.constantFrom(`'; drop table event; --`, '$1', `a' or '1'='1`, '"x"', '\\', '{}', 'é'),
);
const operand = (table: QualityTable) =>
  fc.oneof(
    fc.constantFrom(...QUALITY_COLUMNS[table].map(({ name }) => ({ column: name }))),
    fc.record({ attribute: anyText }),
    fc.record({ property: anyText }),
    fc.record({ column: anyText }),
  );
const condition = (table: QualityTable) => {
  const of = operand(table);
  const to = fc.oneof(
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.boolean(),
    fc.record({ instant: anyText }),
    fc.constant({ now: true as const }),
    fc.record({ now: fc.constant(true as const), plusSeconds: fc.integer({ min: -9, max: 9 }) }),
    of,
  );
  return fc.oneof(
    fc.record({ of, op: fc.constantFrom('lt', 'lte', 'gt', 'gte', 'eq', 'ne'), to }),
    fc.record({ of, op: fc.constantFrom('present', 'absent') }),
    fc.record({
      of,
      op: fc.constantFrom('in', 'notIn'),
      values: fc.oneof(
        fc.array(anyText, { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
      ),
    }),
    fc.record({ of, op: fc.constant('matches'), form: fc.constantFrom('email', 'uuid', anyText) }),
    fc.record({ of, op: fc.constant('maxLength'), length: fc.nat({ max: 100 }) }),
    fc.record({ of, op: fc.constant('isA'), kind: fc.constantFrom('number', 'text', 'boolean') }),
  );
};

/** Rules of every form, many of them wrong. */
export const anyRule: fc.Arbitrary<{ table: QualityTable; rule: unknown }> = fc
  .constantFrom(...QUALITY_TABLES)
  .chain((table) =>
    fc.record({
      table: fc.constant(table),
      rule: fc.oneof(
        fc.record(
          {
            check: fc.array(condition(table), { minLength: 1, maxLength: 3 }),
            when: fc.array(condition(table), { minLength: 1, maxLength: 2 }),
          },
          { requiredKeys: ['check'] },
        ),
        fc.record({ unique: fc.array(operand(table), { minLength: 1, maxLength: 3 }) }),
      ),
    }),
  );
