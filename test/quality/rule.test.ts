import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sqlParameters } from '../../src/plant/parameters.js';
import { DEFAULT_RULES } from '../../src/quality/default-rules.js';
import { compileRule } from '../../src/quality/rule-sql.store.js';
import { parseRule, ruleText, type Rule } from '../../src/quality/rule.js';
import type { QualityTable } from '../../src/quality/table.js';
import { TABLE_SQL } from '../../src/quality/table-sql.store.js';
import { anyRule } from './any-rule.js';

const value = { column: 'value' };
const check = (...conditions: unknown[]) => ({ check: conditions });

describe('a rule that cannot be', () => {
  it.each([
    ['is no object', 'EVENT', 7, ['rule']],
    ['has neither check nor unique', 'EVENT', {}, ['rule', 'check']],
    ['has both', 'EVENT', { ...check({ of: value, op: 'present' }), unique: [value] }, ['rule']],
    [
      'has an unknown part',
      'EVENT',
      { ...check({ of: value, op: 'present' }), sql: '1' },
      ['rule'],
    ],
    ['checks nothing', 'EVENT', { check: [] }, ['rule', 'check']],
    [
      'has no such op',
      'EVENT',
      check({ of: value, op: 'like', to: '%' }),
      ['rule', 'check', '0', 'op'],
    ],
    [
      'names no column',
      'EVENT',
      check({ of: { column: 'value; drop table event' }, op: 'present' }),
      ['rule', 'check', '0', 'of', 'column'],
    ],
    [
      'names a column of another table',
      'CUSTOMER',
      check({ of: value, op: 'present' }),
      ['rule', 'check', '0', 'of', 'column'],
    ],
    [
      'asks an event for an attribute',
      'EVENT',
      check({ of: { attribute: 'age' }, op: 'present' }),
      ['rule', 'check', '0', 'of'],
    ],
    [
      'asks a ticket for a property',
      'TICKET',
      check({ of: { property: 'age' }, op: 'present' }),
      ['rule', 'check', '0', 'of'],
    ],
    [
      'compares a number with a text',
      'EVENT',
      check({ of: value, op: 'gte', to: 'x' }),
      ['rule', 'check', '0', 'to'],
    ],
    [
      'compares an instant with an attribute',
      'CUSTOMER',
      check({ of: { column: 'registeredAt' }, op: 'gte', to: { attribute: 'since' } }),
      ['rule', 'check', '0', 'to'],
    ],
    [
      'compares with a column that is not there',
      'EVENT',
      check({ of: value, op: 'gte', to: { column: 'nothing' } }),
      ['rule', 'check', '0', 'to', 'column'],
    ],
    [
      'orders true and false',
      'CUSTOMER',
      check({ of: { column: 'consentProfiling' }, op: 'lt', to: true }),
      ['rule', 'check', '0', 'op'],
    ],
    [
      'looks for texts among numbers',
      'EVENT',
      check({ of: value, op: 'in', values: ['a'] }),
      ['rule', 'check', '0', 'values'],
    ],
    [
      'holds a number to a form',
      'EVENT',
      check({ of: value, op: 'matches', form: 'email' }),
      ['rule', 'check', '0', 'op'],
    ],
    [
      'asks a column for its kind',
      'EVENT',
      check({ of: value, op: 'isA', kind: 'number' }),
      ['rule', 'check', '0', 'op'],
    ],
    [
      'tolerates more than everything',
      'EVENT',
      { ...check({ of: value, op: 'present' }), tolerance: 2 },
      ['rule', 'tolerance'],
    ],
    [
      'has a wrong condition in when',
      'EVENT',
      { ...check({ of: value, op: 'present' }), when: [{ of: { column: 'x' }, op: 'present' }] },
      ['rule', 'when', '0', 'of', 'column'],
    ],
    [
      'wants a text with U+0000',
      'EVENT',
      check({ of: { column: 'type' }, op: 'eq', to: 'a\u0000' }),
      ['rule', 'check', '0', 'to'],
    ],
    ['is unique in nothing', 'EVENT', { unique: [] }, ['rule', 'unique']],
    [
      'is unique in a column that is not there',
      'EVENT',
      { unique: [{ column: 'email' }] },
      ['rule', 'unique', '0', 'column'],
    ],
  ] as [string, QualityTable, unknown, string[]][])('%s', (_, table, rule, path) => {
    const { rule: parsed, errors } = parseRule(table, rule);
    expect(parsed).toBeNull();
    expect(errors.map((error) => error.path)).toContainEqual(path);
    expect(errors.every(({ message, code }) => message !== '' && code === 'INVALID')).toBe(true);
  });
});

describe('the default rules', () => {
  it('are rules, each with a name of its own', () => {
    for (const { table, rule, name } of DEFAULT_RULES)
      expect(parseRule(table, rule).errors, name).toEqual([]);
    expect(new Set(DEFAULT_RULES.map(({ name }) => name)).size).toBe(DEFAULT_RULES.length);
  });
  it('read as a line', () => {
    const { rule } = parseRule('EVENT', DEFAULT_RULES[0]?.rule);
    expect(rule && ruleText(rule)).toBe('when type eq purchase: value gte 0');
  });
});

describe('no rule', () => {
  it('puts anything of its own into the SQL but placeholders', () => {
    const words = new Set(
      (
        'true false and or is not null case when then end any all collate C nullif char_length abs ' +
        'jsonb_typeof number boolean numeric float8 text timestamptz int jsonb ' +
        Object.values(TABLE_SQL)
          .flatMap(({ columns, open }) => [...Object.values(columns), open ?? ''])
          .join(' ')
      ).match(/\w+/g),
    );
    let compiled = 0;
    fc.assert(
      fc.property(anyRule, ({ table, rule }) => {
        const parsed = parseRule(table, rule);
        if (!parsed.rule) return;
        compiled += 1;
        const parameters = sqlParameters();
        const sql = compileRule(table, parsed.rule, parameters, new Date(0));
        const text = [sql.scope, sql.broken ?? '', ...sql.unique].join(' ');
        for (const word of text.replaceAll(/\$\d+/g, '').match(/\w+/g) ?? [])
          expect(words.has(word) || /^\de?\d*$/.test(word), word).toBe(true);
        expect(text).not.toMatch(/;|--|\/\*/);
        expect(ruleText(parsed.rule)).not.toBe('');
      }),
      { numRuns: 3000, seed: 5 },
    );
    expect(compiled).toBeGreaterThan(200);
  });

  it('compiles unless it was checked', () => {
    const unchecked = { check: [{ of: { column: 'x' }, op: 'present' }], tolerance: 0 } as Rule;
    expect(() => compileRule('EVENT', unchecked, sqlParameters(), new Date(0))).toThrow(
      'unchecked rule',
    );
  });
});
