import 'reflect-metadata';
import {
  buildSchema,
  execute,
  GraphQLObjectType,
  introspectionFromSchema,
  parse,
  printSchema,
  validateSchema,
  type ExecutionResult,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/access/audit.store.js';
import type { FeatureDefinition, FeatureStatus } from '../../src/feature/feature.js';
import { featureFields, featuresWithField } from '../../src/feature/set/feature-set.js';
import { featuresOfFields, withFeatureFields } from '../../src/feature/set/with-feature-fields.js';
import { selectedNames } from '../../src/graphql/selection.js';

const at = new Date('2026-01-01T00:00:00Z');

function feature(
  name: string,
  status: FeatureStatus,
  change: Partial<FeatureDefinition> = {},
): FeatureDefinition {
  const version = change.version ?? 1;
  return {
    id: `${name}@${version}`,
    name,
    version,
    status,
    description: `What ${name} is.`,
    businessMeaning: null,
    type: 'NUMERICAL',
    unit: 'day',
    owner: 'test',
    tags: [],
    definition: { kind: 'events', aggregate: 'count' },
    createdAt: at,
    updatedAt: at,
    dependencies: [],
    ...change,
  };
}

const moved = (to: string, comment: string | null): AuditEntry => ({
  at,
  actor: 'Ada',
  action: 'moved',
  subject: 'Feature:old@1',
  detail: { from: 'APPROVED', to, comment },
});

/** User.featureSet as its resolver sees it, on a schema made from text. */
function baseSchema(seen: string[][] = []): GraphQLSchema {
  const schema = buildSchema(`
    scalar DateTime
    type FeatureSet { asOf: DateTime! computedAt: DateTime! }
    type User { featureSet: FeatureSet! other: User }
    type Query { user: User }`);
  const query = schema.getQueryType() as GraphQLObjectType;
  const user = schema.getType('User') as GraphQLObjectType;
  const asked = query.getFields()['user'];
  const set = user.getFields()['featureSet'];
  if (!asked || !set) throw new Error('no such field');
  asked.resolve = () => ({});
  set.resolve = (_root, _args, _context, info: GraphQLResolveInfo) => {
    const features = featuresOfFields(info.schema, selectedNames(info));
    seen.push(features.map(({ id }) => id));
    const columns = new Map(features.map(({ name }) => [name, Float64Array.of(NaN, 1)]));
    return { values: { rows: { columns }, row: 1 }, asOf: at };
  };
  return schema;
}

const fieldsOf = (registry: FeatureDefinition[], history: AuditEntry[] = []) =>
  featureFields(featuresWithField(registry), () => history);

describe('the features that have a field', () => {
  it.each<[string, FeatureDefinition[], string[]]>([
    ['none of an empty registry', [], []],
    [
      'approved and deprecated ones, by name',
      [
        feature('e', 'ARCHIVED'),
        feature('d', 'DEPRECATED'),
        feature('c', 'APPROVED'),
        feature('b', 'REVIEW'),
        feature('a', 'DRAFT'),
      ],
      ['c@1', 'd@1'],
    ],
    [
      'the newest approved version, whatever lies beside it',
      [1, 2, 3, 4].map((version) =>
        feature('a', version < 3 ? 'APPROVED' : version === 3 ? 'DEPRECATED' : 'DRAFT', {
          version,
        }),
      ),
      ['a@2'],
    ],
    [
      'the newest deprecated version where none is approved, though a draft is newer',
      [1, 2, 3].map((version) => feature('a', version === 3 ? 'DRAFT' : 'DEPRECATED', { version })),
      ['a@2'],
    ],
  ])('are %s', (_title, registry, expected) => {
    expect(featuresWithField(registry).map(({ id }) => id)).toEqual(expected);
  });

  it('are told by description, business meaning, kind and unit', () => {
    const [field] = fieldsOf([feature('a', 'APPROVED', { businessMeaning: 'Loyalty.' })]);
    expect(field).toMatchObject({
      description: 'What a is. (NUMERICAL, in day)\n\nLoyalty.',
      deprecationReason: null,
    });
  });

  it.each<[string, AuditEntry[], string]>([
    ['the last comment', [moved('DEPRECATED', 'use b'), moved('DEPRECATED', 'old')], 'use b'],
    [
      'not the comment of another move',
      [moved('APPROVED', 'fine')],
      'Deprecated: not for new models.',
    ],
    ['a default without a comment', [moved('DEPRECATED', null)], 'Deprecated: not for new models.'],
    ['a default for an empty one', [moved('DEPRECATED', ' ')], 'Deprecated: not for new models.'],
  ])('are deprecated with a reason: %s', (_title, history, reason) => {
    const [field] = fieldsOf([feature('old', 'DEPRECATED')], history);
    expect(field?.deprecationReason).toBe(reason);
  });
});

describe('the schema with the fields of features', () => {
  const nasty = 'said "so"\n"""quoted""" \\ and # more';
  const registry = [
    feature('amount', 'APPROVED', { description: nasty }),
    feature('city', 'APPROVED', {
      type: 'CATEGORICAL',
      unit: null,
      definition: { kind: 'attribute', name: 'city', as: 'text' },
    }),
    feature('is_vip', 'DEPRECATED', {
      type: 'BOOLEAN',
      unit: null,
      definition: { kind: 'attribute', name: 'vip', as: 'boolean' },
    }),
    feature('seen_at', 'APPROVED', {
      type: 'DATETIME',
      unit: null,
      definition: { kind: 'instant', of: 'lastEvent' },
    }),
  ];

  it('has one of each type, nullable, with text as it was given, and is a valid schema', () => {
    const base = baseSchema();
    const before = printSchema(base);
    const schema = withFeatureFields(base, fieldsOf(registry, [moved('DEPRECATED', nasty)]));
    expect(validateSchema(schema)).toEqual([]);
    const set = schema.getType('FeatureSet') as GraphQLObjectType;
    const shown = Object.values(set.getFields()).map(
      ({ name, type }) => `${name}: ${String(type)}`,
    );
    expect(shown).toEqual([
      'asOf: DateTime!',
      'computedAt: DateTime!',
      'amount: Float',
      'city: String',
      'is_vip: Boolean',
      'seen_at: DateTime',
    ]);
    expect(set.getFields()['amount']?.description).toContain(nasty);
    expect(set.getFields()['is_vip']?.deprecationReason).toBe(nasty);
    expect(() => parse(printSchema(schema))).not.toThrow();
    expect(JSON.stringify(introspectionFromSchema(schema))).toContain('"is_vip"');
    expect(printSchema(base)).toBe(before);
  });

  it('is the schema itself while there is nothing to add', () => {
    const base = baseSchema();
    expect(withFeatureFields(base, [])).toBe(base);
  });

  it.each<[string, string, string[][]]>([
    ['nothing but its own fields', '{ user { featureSet { asOf } } }', [[]]],
    ['aliases', '{ user { featureSet { x: amount y: amount } } }', [['amount@1']]],
    [
      'fragments, named and inline, once each',
      `{ user { featureSet { ...A ... on FeatureSet { city } ... { amount } ...A } } }
       fragment A on FeatureSet { seen_at ...B } fragment B on FeatureSet { amount }`,
      [['amount@1', 'city@1', 'seen_at@1']],
    ],
    [
      '@skip and @include',
      `query ($no: Boolean = false) { user { featureSet {
        amount @skip(if: true) city @include(if: $no) is_vip @include(if: true) @skip(if: $no)
        ... @include(if: $no) { seen_at } } } }`,
      [['is_vip@1']],
    ],
    [
      'selections that are merged',
      '{ user { featureSet { amount } } user { featureSet { city } } }',
      [['amount@1', 'city@1']],
    ],
    [
      'two sets',
      '{ user { a: featureSet { amount } b: featureSet { city } } }',
      [['amount@1'], ['city@1']],
    ],
  ])('computes what is selected only: %s', (_title, query, expected) => {
    const seen: string[][] = [];
    const schema = withFeatureFields(baseSchema(seen), fieldsOf(registry));
    const result = execute({ schema, document: parse(query) }) as ExecutionResult;
    expect(result.errors).toBeUndefined();
    expect(seen).toEqual(expected);
  });

  it('answers each value in its type', () => {
    const schema = withFeatureFields(baseSchema(), fieldsOf(registry));
    const document = parse('{ user { featureSet { amount city is_vip } other { __typename } } }');
    expect(execute({ schema, document })).toEqual({
      data: { user: { featureSet: { amount: 1, city: '1', is_vip: true }, other: null } },
    });
  });
});
