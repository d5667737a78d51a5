import { describe, expect, it } from 'vitest';
import { plainDecimal } from '../../src/feature/definition-scope.js';
import {
  eventTypesOf,
  kindOf,
  referencesOf,
  type Definition,
} from '../../src/feature/definition.js';
import { linkFeatures } from '../../src/feature/feature.js';
import { magnitudeOf } from '../../src/feature/magnitude.js';
import { parseDefinition } from '../../src/feature/parse-definition.js';
import { START_SET } from '../../src/feature/start-set.js';
import { UNITS } from '../../src/feature/unit.js';

const count = { kind: 'events', aggregate: 'count' };

function nested(depth: number): unknown {
  let node: unknown = 1;
  for (let i = 0; i < depth; i += 1) node = { op: 'negate', of: [node] };
  return { kind: 'expression', expression: node };
}

describe('parseDefinition', () => {
  it.each<[string, unknown, string[], string]>([
    ['nothing', null, [], ''],
    ['an unknown kind', { kind: 'magic' }, ['kind'], 'must be one of events, daysSince'],
    ['an unknown aggregate', { kind: 'events', aggregate: 'median' }, ['aggregate'], '"median"'],
    ['a number that is a text', { ...count, windowDays: '9' }, ['windowDays'], 'a number, got "9"'],
    ['an unknown key', { ...count, window: 3 }, [], 'has no field "window"'],
    [
      'an unknown operator',
      { kind: 'expression', expression: { op: 'pow', of: [{ feature: 'age' }, 2] } },
      ['expression', 'op'],
      'sine, cosine, got "pow"',
    ],
    [
      'a formula without an operator',
      { kind: 'expression', expression: { of: [1] } },
      ['expression'],
      '{ "op": operator, "of": [parts] }, got an object',
    ],
    ['a window of 0 days', { ...count, windowDays: 0 }, ['windowDays'], 'must be above 0, got 0'],
    [
      'an offset of 11 years',
      { ...count, offsetDays: 4000 },
      ['offsetDays'],
      'must be at most 3660, got 4000',
    ],
    [
      'U+0000',
      { ...count, where: [{ property: '\u0000', exists: true }] },
      ['where', '0', 'property'],
      'cannot be stored',
    ],
    [
      'six conditions',
      { ...count, where: Array.from({ length: 6 }, () => ({ property: 'a', equals: 1 })) },
      ['where'],
      'must be at most 5 long, got 6',
    ],
    ['a range without bounds', { ...count, where: [{ on: 'value' }] }, ['where', '0'], ''],
    [
      'two lower bounds',
      { ...count, where: [{ on: 'value', above: 1, atLeast: 1 }] },
      ['where', '0'],
      '',
    ],
    [
      'a share of nothing',
      { kind: 'events', aggregate: 'share', that: {} },
      ['that'],
      'at least one part',
    ],
    ['distinct without a thing', { kind: 'events', aggregate: 'distinct' }, ['of'], ''],
    [
      'a part deep in a formula',
      {
        kind: 'expression',
        expression: { op: 'add', of: [1, { op: 'negate', of: [{ feature: 'A b' }] }] },
      },
      ['expression', 'of', '1', 'of', '0', 'feature'],
      '',
    ],
    [
      'a period of 0',
      { kind: 'expression', expression: { op: 'sine', of: [1], period: 0 } },
      ['expression', 'period'],
      '',
    ],
    ['more depth than anybody reads', nested(10_000), [], 'must nest at most 40 deep'],
    [
      'more parts than anybody reads',
      { ...count, types: Array.from({ length: 3000 }, () => 'a') },
      [],
      'must have at most 2000 parts',
    ],
  ])('refuses %s, naming the place', (_, written, path, message) => {
    const parsed = parseDefinition(written);
    expect(parsed).toMatchObject({ kind: 'issues', issues: [{ path }] });
    if (parsed.kind === 'issues') expect(parsed.issues[0]?.message).toContain(message);
  });

  it('answers a deep formula that is wrong at the bottom without trying every branch at every level', () => {
    const { expression } = nested(18) as { expression: unknown };
    const text = JSON.stringify(expression).replace('[1]', '["wrong"]');
    const parsed = parseDefinition({ kind: 'expression', expression: JSON.parse(text) as unknown });
    expect(parsed).toMatchObject({ kind: 'issues' });
  });
});

describe('a definition', () => {
  const bucket: Definition = {
    kind: 'bucket',
    of: { feature: 'a' },
    bounds: [0],
    labels: [1, 200],
  };

  it('of a bucket is a text or a number by its labels, and refers to its feature', () => {
    expect(kindOf(bucket)).toBe('number');
    expect(kindOf({ ...bucket, labels: ['few', 'many'] })).toBe('text');
    expect(referencesOf(bucket)).toEqual([{ name: 'a' }]);
    expect(magnitudeOf(bucket, [])).toEqual({ low: 0, high: 3 });
  });

  it('of a share names the types of both scopes', () => {
    const parsed = parseDefinition({
      kind: 'events',
      aggregate: 'share',
      types: ['a', 'b'],
      that: { types: ['b', 'c'] },
    });
    expect(parsed.kind === 'definition' && eventTypesOf(parsed.definition)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('that leads back to itself through a bucket is refused', () => {
    const row = (name: string, definition: Definition) => ({
      ...{
        id: name,
        name,
        version: 1,
        description: '',
        businessMeaning: null,
        unit: null,
        tags: [],
      },
      ...{ type: 'NUMERICAL' as const, status: 'DRAFT' as const, owner: '', definition },
      ...{ createdAt: new Date(0), updatedAt: new Date(0) },
    });
    const formula: Definition = { kind: 'expression', expression: { feature: 'b' } };
    expect(() => linkFeatures([row('a', formula), row('b', bucket)])).toThrow('circle');
  });
});

describe('plainDecimal', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [12.5, '12.5'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
  ])('writes %s as Postgres writes a JSON number: %s', (value, text) => {
    expect(plainDecimal(value)).toBe(text);
  });
});

describe('the start set', () => {
  it('has twelve features for clustering, and a unit on every number', () => {
    expect(START_SET.filter(({ tags }) => tags.includes('clustering'))).toHaveLength(12);
    for (const { name, type, unit } of START_SET)
      if (type === 'NUMERICAL') expect(Object.keys(UNITS), name).toContain(unit);
  });
});
