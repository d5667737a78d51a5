import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SchemaSource } from '../../src/graphql/schema-source.js';
import { traceRootFields } from '../../src/graphql/trace-root-fields.js';
import { systemClock } from '../../src/kernel/clock.js';
import { openPlant, type TracedPlant } from '../../src/open-plant.js';
import { readConfig } from '../../src/plant/env.js';
import { plainLogistic } from '../support/added-version.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { KEY, startDoor, type DoorTest } from '../support/door.js';
import { keptLog } from '../support/quiet-log.js';
import { scorerModel } from '../support/scorer.js';
import { openCollector, type ReceivedSpan } from '../support/trace-collector.js';

const clock = systemClock();
const JOB = '00000000-0000-7000-8000-000000000001';
const CALLER = '4bf92f3577b34da6a3ce929d0e0e4736';
const SECRET = 'ada@example.com';
const opened: (() => Promise<void>)[] = [];
let database: TestDatabase;
let collector: Awaited<ReturnType<typeof openCollector>>;
let plant: TracedPlant;
let door: DoorTest;
let worked: Promise<void>;

function schemaOf({ db, scorer, queues }: TracedPlant, sha256: string): GraphQLSchema {
  const table = { rows: 3, numericNames: ['a'], numeric: new Float32Array([1, 2, 3]) };
  const field = (resolve: () => Promise<string>) => ({ type: GraphQLString, resolve });
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        scored: field(async () => {
          await db.query('select id from customer where email = $1', [SECRET]);
          await db.query('select $1::text', [SECRET], { name: 'named' });
          await scorer.score(sha256, { ...table, categoricalNames: [], categorical: [] });
          return 'scored';
        }),
        broken: field(async () => {
          await db.query(`select nothing from job where stage = '${SECRET}'`);
          return '';
        }),
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        later: field(async () => {
          await queues.add('report', { jobId: JOB });
          return 'later';
        }),
      },
    }),
  });
}

beforeAll(async () => {
  database = await testDatabase();
  collector = await openCollector();
  const config = { ...readConfig({}), tracesUrl: collector.url };
  const options = { databaseUrl: database.url, redisUrl: null, config, log: keptLog(), clock };
  plant = await openPlant(options, opened);
  const model = scorerModel(plainLogistic(['a'], [1], 0));
  await plant.scorer.load(model);
  const schema = schemaOf(plant, model.sha256);
  if (plant.traces) traceRootFields(schema, plant.traces.span);
  const source: SchemaSource = {
    current: () => schema,
    version: () => 'one',
    onSwap: () => () => undefined,
  };
  worked = new Promise((resolve) => {
    void plant.queues.work('report', { concurrency: 1 }, async () => {
      await plant.db.query('select 1 from job');
      resolve();
    });
  });
  door = await startDoor({ schema: source, traces: plant.traces });
});
afterAll(async () => {
  await door.close();
  for (const undo of opened.splice(0).reverse()) await undo();
  collector.close();
  await database.drop();
});

async function ask(query: string, traceparent?: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
  await fetch(`${door.server.url}/graphql`, {
    method: 'POST',
    headers: { ...headers, ...(traceparent === undefined ? {} : { traceparent }) },
    body: JSON.stringify({ query, operationName: /^\w+ (\w+)/.exec(query)?.[1] ?? null }),
  });
}

/** `name > child, child`, as received. */
function treeOf(root: ReceivedSpan): unknown {
  const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  return below.length === 0 ? root.name : { [root.name]: below.map(treeOf) };
}

describe('traces of an installation', () => {
  it('are a tree: operation, root field, SQL and models, and go on in the queue', async () => {
    await ask('query Shown { scored }', `00-${CALLER}-00f067aa0ba902b7-01`);
    await ask('{ broken }');
    await ask('mutation { later }');
    await worked;
    await new Promise((resolve) => setTimeout(resolve, 50)); // the work's span ends behind its promise
    await plant.traces?.close();

    const { spans } = collector;
    const [shown, broken, later] = spans
      .filter(({ name }) => name === 'graphql operation')
      .sort(
        (a, b) =>
          (a.attributes['graphql.operation.type'] === 'mutation' ? 1 : 0) -
          (b.attributes['graphql.operation.type'] === 'mutation' ? 1 : 0),
      );
    if (!shown || !broken || !later) throw new Error('an operation has no span');
    expect(shown).toMatchObject({
      ...{ traceId: CALLER, parentSpanId: '00f067aa0ba902b7', failed: false },
      attributes: {
        'graphql.operation.type': 'query',
        'graphql.operation.name': 'Shown',
        'augury.transport': 'http',
      },
    });
    expect(treeOf(shown)).toEqual({
      'graphql operation': [{ 'Query.scored': ['select customer', 'named', 'onnx score'] }],
    });
    expect(spans.find(({ name }) => name === 'onnx score')?.attributes).toMatchObject({
      'augury.rows': 3,
      'augury.runs': 1,
    });

    expect(broken.failed).toBe(true);
    expect(treeOf(broken)).toEqual({ 'graphql operation': [{ 'Query.broken': ['select job'] }] });
    expect(broken.parentSpanId).toBeUndefined();
    expect(broken.traceId).not.toBe(CALLER);

    expect(treeOf(later)).toEqual({
      'graphql operation': [{ 'Mutation.later': [{ 'work report': ['select job'] }] }],
    });
    expect(spans.find(({ name }) => name === 'work report')?.attributes).toMatchObject({
      'augury.job.id': JOB,
      'messaging.destination.name': 'report',
    });
    // no value of a customer leaves the house
    expect(JSON.stringify(spans)).not.toContain(SECRET);
  });
});

it('without the setting there are no traces, and statements are told to nobody', async () => {
  const undone: (() => Promise<void>)[] = [];
  const config = readConfig({});
  const options = { databaseUrl: database.url, redisUrl: null, config, log: keptLog(), clock };
  const plain = await openPlant(options, undone);
  expect(plain.traces).toBeNull();
  for (const undo of undone.reverse()) await undo();
});
