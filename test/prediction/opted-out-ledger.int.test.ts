import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 50);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

const SHOWN = `id probability risk
  reasons(first: 3) { feature contribution text value { number text boolean isMissing missingReason } }
  inputs { name number text boolean instant isMissing missingReason }`;
const LEDGER = `query ($u: String!) { user(externalId: $u) { predictions(first: 1) { nodes { ${SHOWN} } } } }`;

const setConsent = (user: string, profiling: boolean) =>
  graph.ask(
    `mutation ($user: String!, $profiling: Boolean!) {
      setConsent(externalId: $user, profiling: $profiling) { userErrors { message } } }`,
    { user, profiling },
  );

it('a score stored before the customer opted out stays, and no value that it was computed from is shown', async () => {
  const u = 'demo-00002';
  const live = await graph.ask(
    `query ($u: String!) { user(externalId: $u) { prediction { ${SHOWN} } } }`,
    { u },
  );
  const { prediction } = live.data.user;
  expect(prediction.inputs.some(({ isMissing }: Answer) => !isMissing)).toBe(true);
  const before = await graph.ask(LEDGER, { u });
  expect(before.data.user.predictions.nodes).toEqual([prediction]);

  await setConsent(u, false);
  const after = await graph.ask(LEDGER, { u });
  const [stored] = after.data.user.predictions.nodes;
  expect(after.counts.sql).toBe(before.counts.sql);
  expect(stored).toMatchObject({ id: prediction.id, probability: prediction.probability });
  const denied = { number: null, text: null, boolean: null };
  const told = { isMissing: true, missingReason: 'OPTED_OUT' };
  expect(stored.inputs).toEqual(
    prediction.inputs.map(({ name }: Answer) => ({ name, ...denied, instant: null, ...told })),
  );
  expect(stored.reasons).toEqual(
    prediction.reasons.map(({ feature, contribution }: Answer) => ({
      feature,
      contribution,
      text: `${String(feature).replaceAll('_', ' ')} ${contribution > 0 ? 'raises' : 'lowers'} the risk`,
      value: { ...denied, ...told },
    })),
  );

  await setConsent(u, true);
  expect((await graph.ask(LEDGER, { u })).data).toEqual(before.data);
});

it('the job behind a model version is told to roles that may see jobs only', async () => {
  const ask = `{ model(name: "churn") { production { version job { id } } } }`;
  const allowed = await graph.ask(ask, {}, 'ANALYST');
  expect(allowed.errors).toBeUndefined();
  const refused = await graph.ask(ask, {}, 'CRM');
  expect(refused.data.model.production).toEqual({ version: 1, job: null });
  expect(refused.errors?.map(({ message }) => message)).toEqual(['role CRM may not job:read']);
});
