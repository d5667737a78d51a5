import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeFeeds } from '../../src/compose-feeds.js';
import { composeRiskWork } from '../../src/compose-risk-work.js';
import type { Feed } from '../../src/graphql/feeds.js';
import { DAY_MS, manualClock, systemClock } from '../../src/kernel/clock.js';
import type { ServedModel } from '../../src/model/serving.js';
import { projectRoot } from '../../src/plant/paths.js';
import { crossesUp } from '../../src/prediction/follow-risk.js';
import type { PredictionNode } from '../../src/prediction/prediction-node.js';
import type { RiskBand } from '../../src/prediction/prediction.js';
import { riskLevelStore } from '../../src/prediction/risk-level.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  composeFeatureReading,
  composeLedger,
  composeModels,
  fillShop,
} from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { requestContext } from '../support/serving-lab.js';

const clock = manualClock(systemClock().now());
const CUSTOMERS = 60;
let database: TestDatabase;
let graph: TestGraph;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, CUSTOMERS);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
});
afterAll(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
  await graph.close();
  await database.drop();
});

interface Scored {
  id: string;
  prediction: { id: string; risk: RiskBand | null; source: string };
}
async function scoreEveryone(): Promise<Map<string, Scored['prediction']>> {
  const { data, errors } = await graph.ask(
    `{ users(first: ${CUSTOMERS}) { nodes { id prediction(maxStalenessSeconds: 0) { id risk source } } } }`,
  );
  expect(errors).toBeUndefined();
  const { nodes } = (data as { users: { nodes: Scored[] } }).users;
  return new Map(nodes.map(({ id, prediction }) => [id, prediction]));
}

/** Everything that was written is looked through. */
async function settled(): Promise<void> {
  const store = riskLevelStore(database.db);
  const head = await store.head();
  for (let tries = 0; tries < 500; tries += 1) {
    if (((await store.position()) ?? -1) >= head) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the ledger was not looked through in time');
}

function openRoom() {
  const { plant } = graph;
  return composeModels(plant, composeFeatureReading(plant.db).store).then((models) => {
    opened.push(models.serving);
    const feeds = composeFeeds({
      plant,
      models,
      jobs: { store: { get: () => Promise.resolve(null), byIds: () => Promise.resolve([]) } },
      ledger: composeLedger(plant),
    });
    opened.push(feeds);
    const churn = models.serving.current('churn') as ServedModel;
    return { models, feed: feeds.feeds['riskCrossed'] as Feed, churn };
  });
}

it('whoever comes up to the level is told once, with the score that did; resumed, the rest is', async () => {
  const { models, feed } = await openRoom();
  opened.push(composeRiskWork({ plant: graph.plant, models }));
  const follow = (args: Record<string, unknown>): AsyncIterator<PredictionNode> =>
    feed({ args: { model: 'churn', level: 'HIGH', ...args }, context: requestContext(clock) })[
      Symbol.asyncIterator
    ]() as AsyncIterator<PredictionNode>;
  await settled();
  const before = await scoreEveryone();
  await settled();
  const stream = follow({});
  const first = stream.next();
  // nobody buys anything for six weeks
  clock.advance(45 * DAY_MS);
  const after = await scoreEveryone();
  await settled();
  const expected = [...after].flatMap(([user, { id, risk }]) => {
    const from = before.get(user)?.risk;
    return from && risk && crossesUp(from, risk, 'HIGH') ? [id] : [];
  });
  expect(expected.length).toBeGreaterThan(2);

  const told = [
    (await first).value as PredictionNode,
    (await stream.next()).value as PredictionNode,
  ];
  await stream.return?.();
  const resumed = follow({ after: told.at(-1)?.feedCursor });
  for (let n = 2; n < expected.length; n += 1)
    told.push((await resumed.next()).value as PredictionNode);
  await resumed.return?.();
  expect(told.map(({ id }) => id).sort()).toEqual([...expected].sort());
  expect(new Set(told.map(({ risk }) => crossesUp('MEDIUM', risk ?? 'LOW', 'HIGH')))).toEqual(
    new Set([true]),
  );
});

it('an unknown model, and a role that may not list customers, are refused at once', async () => {
  const { feed } = await openRoom();
  const context = requestContext(clock);
  const ask = (model: string, role: 'ADMIN' | 'CRM') => () =>
    feed({
      args: { model, level: 'HIGH' },
      context: { ...context, viewer: { ...context.viewer, role } },
    });
  expect(ask('nothing', 'ADMIN')).toThrow('no model named nothing is in production');
  expect(ask('churn', 'CRM')).toThrow('role CRM may not user:list');
});
