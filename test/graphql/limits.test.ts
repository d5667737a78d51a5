import { buildSchema, Kind, type OperationDefinitionNode, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { givenItems } from '../../src/graphql/given-items.js';
import { DEFAULT_OPERATION_LIMITS, limitRule, listItemsError } from '../../src/graphql/limits.js';
import { listItems } from '../../src/graphql/list-items.js';

const schema = buildSchema(`
  type Query { users(first: Int = 20, ids: [ID!]): UserConnection! me: User versions: [User!]! }
  type UserConnection { nodes: [User!]! edges: [UserEdge!]! totalCount: Int! }
  type UserEdge { node: User! }
  type User { name: String events(first: Int! = 20): EventConnection! reasons(first: Int = 5): [Reason!]! features(names: [String!]): [Reason!]! }
  type EventConnection { nodes: [Event!]! }
  type Event { user: User }
  type Reason { text: String of: [User!]! }
`);

const items = (query: string, variables: Record<string, unknown> = {}): number => {
  const document = parse(query);
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION,
  );
  return listItems({ schema, document, operation: operation!, variables });
};

describe('possible list items', () => {
  it.each([
    ['nothing without a list', '{me{name}}', 0],
    [
      'the default page of a connection, once for edges and nodes',
      '{users{nodes{name} edges{node{name}}}}',
      20,
    ],
    ['what is asked for', '{users(first: 7){nodes{name}}}', 7],
    [
      'nothing for a negative page, which its resolver refuses',
      '{users(first: -7){nodes{name}}}',
      0,
    ],
    [
      'pages in pages multiplied',
      '{users(first: 10){nodes{events(first: 5){nodes{user{name}}}}}}',
      10 + 10 * 5,
    ],
    [
      'lists with first that are no connections',
      '{users(first: 10){nodes{reasons{text}}}}',
      10 + 10 * 5,
    ],
    ['ten for a list that says nothing', '{versions{name}}', 10],
    ['as many as are named', '{me{features(names: ["a", "b", "c"]){text}}}', 3],
    ['ten each for lists in lists', '{me{features{of{name}}}}', 10 + 10 * 10],
    [
      'fragments where they are spread',
      '{a: users(first: 3){...F} b: users(first: 4){...F}} fragment F on UserConnection {nodes{reasons{text}}}',
      3 + 15 + 4 + 20,
    ],
    [
      'inline fragments',
      '{users(first: 2){... on UserConnection{nodes{... {reasons{text}}}}}}',
      2 + 10,
    ],
    ['nothing for introspection', '{__schema{types{fields{args{name}}}}}', 0],
    [
      'nothing more for a fragment that contains itself',
      '{me{...F}} fragment F on User {features{of{...F}}}',
      110,
    ],
  ])('are %s', (_, query, expected) => {
    expect(items(query)).toBe(expected);
  });

  it('are taken from variables and their defaults', () => {
    const query =
      'query($n: Int = 3, $names: [String!]){users(first: $n){nodes{features(names: $names){text}}}}';
    expect(items(query)).toBe(3 + 3 * 10);
    expect(items(query, { n: 5, names: ['a', 'b'] })).toBe(5 + 5 * 2);
  });
});

describe('depth', () => {
  const depthError = (query: string, maxDepth: number): string | undefined =>
    validate(schema, parse(query), [limitRule({ maxDepth, maxFields: 1_000 })])[0]?.message;

  it.each([
    [1, '{__typename}'],
    [2, '{me{name}}'],
    [3, '{users{nodes{name}}}'],
    [3, '{users{...F}} fragment F on UserConnection {nodes{name}}'],
    [3, '{users{... on UserConnection{... {nodes{name}}}}}'],
    [5, 'query A {me{name}} query B {users{nodes{events{nodes{__typename}}}}}'],
  ])('is %i for %s', (depth, query) => {
    expect(depthError(query, depth)).toBeUndefined();
    if (depth > 1) expect(depthError(query, depth - 1)).toContain(`got ${depth}`);
  });

  it('takes the introspection query of tools whatever the bound, and no bottomless one', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect(depthError(getIntrospectionQuery(), 3)).toBeUndefined();
    const bottomless = `{__type(name: "User"){${'ofType{'.repeat(25)}name${'}'.repeat(25)}}}`;
    expect(depthError(bottomless, 50)).toMatch(/introspection depth .* at most 20/);
  });
});

describe('items given in variables', () => {
  it.each<[string, Record<string, unknown>, ReturnType<typeof givenItems>]>([
    ['none', { first: 3, name: 'x', nothing: null }, { longest: 0, path: '', total: 0 }],
    ['of a list', { events: [1, 2, 3] }, { longest: 3, path: 'events', total: 3 }],
    [
      'of lists within objects and lists, with the place of the longest',
      { filter: { and: [{ in: ['a'] }, { in: ['a', 'b', 'c'] }] }, ids: [1, 2] },
      { longest: 3, path: 'filter.and.1.in', total: 8 },
    ],
    ['of empty lists', { a: [], b: [[], []] }, { longest: 2, path: 'b', total: 2 }],
  ])('are counted: %s', (_title, variables, expected) => {
    expect(givenItems(variables)).toEqual(expected);
  });

  const query = 'query Q ($ids: [ID!]) { users(ids: $ids) { totalCount } }';
  const error = (variables: Record<string, unknown>): string | null => {
    const document = parse(query);
    const [operation] = document.definitions as OperationDefinitionNode[];
    if (!operation) throw new Error('no operation');
    const limits = DEFAULT_OPERATION_LIMITS;
    return listItemsError({ schema, document, operation, variables, limits })?.message ?? null;
  };

  it('may be ten thousand rows, and what is inside of them', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ id: i, tags: ['a', 'b'], of: {} }));
    expect(error({ events: rows })).toBeNull();
  });

  it('are refused by name past the bound of a list', () => {
    expect(error({ events: Array(20_001).fill(1) })).toBe(
      'items of $events of the operation "Q" must be at most 20000, got 20001',
    );
  });

  it('are refused past the bound of all lists, however they are cut', () => {
    const lists = Array.from({ length: 100 }, () => Array(2_500).fill(1) as number[]);
    expect(error({ lists })).toBe(
      'items given in all lists of the operation "Q" must be at most 250000, got 250100',
    );
  });
});
