import { execute, GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../src/graphql/cursor.js';
import { asksFor } from '../../src/graphql/selection.js';

describe('a page', () => {
  it('makes no cursor before one is read, and then those of its rows only', () => {
    const made: number[] = [];
    const page = pageOf([1, 2, 3], 2, (row) => {
      made.push(row);
      return `c${row}`;
    });
    expect(page.nodes).toEqual([1, 2]);
    expect(made).toEqual([]);
    expect(page.pageInfo).toEqual({ hasNextPage: true, endCursor: 'c2' });
    expect(made).toEqual([2]);
    expect(page.edges).toEqual([
      { cursor: 'c1', node: 1 },
      { cursor: 'c2', node: 2 },
    ]);
  });

  it('without rows has no end', () => {
    const page = pageOf([], 5, () => 'never');
    expect(page.pageInfo).toEqual({ hasNextPage: false, endCursor: null });
    expect(page.edges).toEqual([]);
  });
});

describe('a look at what is asked for', () => {
  const page = new GraphQLObjectType({
    name: 'Page',
    fields: { pageInfo: { type: GraphQLString }, nodes: { type: GraphQLString } },
  });
  const asked: boolean[] = [];
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        page: {
          type: page,
          resolve: (_root, _args, _context, info) => {
            asked.push(asksFor(info, 'pageInfo'));
            return {};
          },
        },
      },
    }),
  });

  it.each([
    ['{ page { nodes } }', false],
    ['{ page { nodes pageInfo } }', true],
    ['{ page { x: pageInfo } }', true],
    ['{ page { nodes } page { pageInfo } }', true],
    ['{ page { ... { pageInfo } } }', true],
    ['{ page { ...f } } fragment f on Page { pageInfo }', true],
  ])('sees in %s that it is %s', async (text, expected) => {
    asked.length = 0;
    await execute({ schema, document: parse(text) });
    expect(asked).toEqual([expected]);
  });
});
