import fs from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isUnionType,
  type GraphQLSchema,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_OPERATIONS } from '../../src/door/example-operations.js';
import { fillVariables } from '../../src/door/examples/example.js';
import { manualClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { printGraph } from '../../src/schema.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { openGraph, type TestGraph } from '../support/graph.js';

const SDL = path.join(projectRoot, 'src', 'schema.graphql');
let database: TestDatabase;
let graph: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  graph = await openGraph(database.url, manualClock(new Date('2026-06-01T12:00:00Z')));
  await graph.prepare(path.join(projectRoot, 'models'));
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

it('the committed SDL is what the code builds (UPDATE_SDL=1 rewrites it)', () => {
  const printed = printGraph(graph.staticSchema);
  if (process.env['UPDATE_SDL']) fs.writeFileSync(SDL, printed);
  expect(printed).toBe(fs.readFileSync(SDL, 'utf8'));
});

/** The contract gives reports these names with types of their own: who asks for several at once uses an alias. */
const SEVERAL_TYPES = new Set(['features', 'label', 'diversity', 'drifted']);

it('the members of a union give one type to a field of one name, so that all can be asked for at once', () => {
  const unions = Object.values(graph.schema.getTypeMap()).filter(isUnionType);
  expect(unions.length).toBeGreaterThan(0);
  for (const union of unions) {
    const types = new Map<string, string>();
    for (const member of union.getTypes())
      for (const [name, { type }] of Object.entries(member.getFields())) {
        if (SEVERAL_TYPES.has(name)) continue;
        expect(`${name}: ${String(type)}`).toBe(`${name}: ${types.get(name) ?? String(type)}`);
        types.set(name, String(type));
      }
  }
});

/** What belongs to rooms that are not built yet, and is left out on purpose. */
const LATER = new Set([
  'User.recommendations',
  'UserFilter.feature',
  'UserFilter.prediction',
  'UserOrderBy.FEATURE',
  'UserOrderBy.PROBABILITY',
  'Prediction.recourse',
]);

const CONTRACT = path.join(projectRoot, '..', 'shared', 'contract', 'schema.graphql');

/** `Type.field: Type!` and `Type.field(argument): Type!` of every type that both schemas have. */
function differences(contract: GraphQLSchema, ours: GraphQLSchema): string[] {
  const wrong: string[] = [];
  for (const [name, wanted] of Object.entries(contract.getTypeMap())) {
    if (name.startsWith('__')) continue;
    const built = ours.getType(name);
    if (!built) continue;
    if (isEnumType(wanted) && isEnumType(built))
      for (const value of wanted.getValues())
        if (!built.getValue(value.name)) wrong.push(`${name}.${value.name} is missing`);
    if (!isObjectType(wanted) && !isInputObjectType(wanted)) continue;
    if (!isObjectType(built) && !isInputObjectType(built)) continue;
    for (const [field, { type, ...rest }] of Object.entries(wanted.getFields())) {
      const found = built.getFields()[field];
      if (!found) wrong.push(`${name}.${field} is missing`);
      else if (String(found.type) !== String(type))
        wrong.push(`${name}.${field} is ${String(found.type)}, not ${String(type)}`);
      if (!found || !('args' in rest) || !('args' in found)) continue;
      for (const argument of rest.args) {
        const given = found.args.find((candidate) => candidate.name === argument.name);
        if (String(given?.type) !== String(argument.type))
          wrong.push(`${name}.${field}(${argument.name}) is ${String(given?.type)}`);
      }
    }
  }
  return wrong.filter((line) => !LATER.has(line.split(' is ')[0] ?? '')).sort();
}

it.skipIf(!fs.existsSync(CONTRACT))(
  'keeps every name and type of the contract that its rooms stand for',
  () => {
    const contract = buildSchema(fs.readFileSync(CONTRACT, 'utf8'));
    expect(differences(contract, graph.schema)).toEqual([]);
  },
);

it('describes every type, field, argument and enum value', () => {
  const bare: string[] = [];
  for (const [name, type] of Object.entries(graph.schema.getTypeMap())) {
    if (name.startsWith('__') || ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(name))
      continue;
    const root = ['Query', 'Mutation', 'Subscription'].includes(name);
    if (!type.description && !root) bare.push(name);
    if (isEnumType(type))
      for (const value of type.getValues())
        if (!value.description) bare.push(`${name}.${value.name}`);
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const [field, definition] of Object.entries(type.getFields())) {
      if (!definition.description) bare.push(`${name}.${field}`);
      if ('args' in definition)
        for (const argument of definition.args)
          if (!argument.description) bare.push(`${name}.${field}(${argument.name})`);
    }
  }
  expect(bare).toEqual([]);
});

describe('the example operations of the explorer', () => {
  const facts = { customer: 'demo-00001', now: '2026-06-01T11:59:00.000Z', id: 'example-1' };
  const runnable = EXAMPLE_OPERATIONS.filter(({ document }) => !/^subscription/m.test(document));

  it.each(runnable.map((example) => [example.title, example] as const))(
    '"%s" runs as the role it says it needs',
    async (_, example) => {
      const { errors } = await graph.ask(
        example.document,
        fillVariables(example, facts),
        example.needs,
      );
      expect(errors).toBeUndefined();
    },
  );

  it('hold subscriptions that the schema accepts', () => {
    const names = EXAMPLE_OPERATIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(EXAMPLE_OPERATIONS.length).toBeGreaterThanOrEqual(6);
    expect(EXAMPLE_OPERATIONS.length).toBeGreaterThan(runnable.length);
  });
});
