import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph } from '../support/graph.js';
import { HAND_MADE_CARD } from '../support/serving-lab.js';
import {
  createKey,
  graphql,
  startSystem,
  temporaryFolder,
  type Answer,
  type RunningSystem,
} from '../support/system.js';

const CUSTOMERS = 400;
const mortal = pathToFileURL(path.join(projectRoot, 'test/support/mortal-scorer.mjs')).href;
const folder = temporaryFolder();
let database: TestDatabase;
let system: RunningSystem;
let key: string;

beforeAll(async () => {
  database = await testDatabase();
  const clock = systemClock();
  await fillShop(database.db, clock, CUSTOMERS);
  const graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  await graph.close();
  await database.db.query(`update model_version set report = report || $1::jsonb`, [
    JSON.stringify({ scoreCard: HAND_MADE_CARD }),
  ]);
  const env = { DATABASE_URL: database.url };
  const preloaded = { ...env, NODE_OPTIONS: `--import=${mortal}` };
  system = await startSystem(`${folder}/data`, ['--no-demo', '--role', 'api'], preloaded);
  key = await createKey(`${folder}/data`, 'ADMIN', env);
});
afterAll(async () => {
  await system.end('SIGTERM');
  await database.drop();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Told {
  customer: number;
  eligibility: string;
  source: string;
  probability: number;
  id: string;
}

const ASK = `query ($u: String!) { user(externalId: $u) { prediction(maxStalenessSeconds: 0) {
  id eligibility source probability } } }`;

async function ask(customer: number): Promise<Answer> {
  return graphql(system.url, key, ASK, { u: `demo-${String(customer).padStart(5, '0')}` });
}

const health = async (): Promise<Answer['data']> =>
  (
    await graphql(
      system.url,
      key,
      `
        {
          model(name: "churn") {
            health {
              healthy
              errors
              fallbackRate
            }
          }
        }
      `,
    )
  ).data.model.health;

it('scorer threads that are killed under load over HTTP, and whose successors die too: every request is answered, by stored scores and rules, and by the model again once a thread lives', async () => {
  const load = { goesOn: true, failed: [] as unknown[], told: [] as Told[] };
  // only the first half has a stored score: nobody asks for the others before the threads are dead
  let asked = CUSTOMERS / 2;
  const client = async (start: number): Promise<void> => {
    for (let at = start; load.goesOn; at += 7) {
      const customer = 1 + (at % asked);
      const { status, errors, data } = await ask(customer);
      if (status !== 200 || errors) load.failed.push(errors ?? status);
      else if (data.user.prediction.eligibility === 'ELIGIBLE')
        load.told.push({ customer, ...data.user.prediction });
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, (_, i) => client(i * 31)));
  const since = async (source: string, count: number): Promise<Told[]> => {
    const before = load.told.length;
    const found = (): Told[] => load.told.slice(before).filter((each) => each.source === source);
    while (found().length < count && load.failed.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    return found();
  };
  try {
    await since('MODEL', 400);
    expect(await health()).toEqual({ healthy: true, errors: 0, fallbackRate: 0 });

    system.process.kill('SIGUSR2');
    await since('CACHE', 50);
    asked = CUSTOMERS;
    const byRules = await since('RULES', 50);
    expect(byRules.every(({ customer }) => customer > CUSTOMERS / 2)).toBe(true);
    const sick = await health();
    expect(sick).toMatchObject({ healthy: false, errors: 0 });
    expect(sick.fallbackRate).toBeGreaterThan(0);
    expect((await fetch(`${system.url}/readyz`)).status).toBe(503);

    system.process.kill('SIGUSR2');
    await since('MODEL', 200);
  } finally {
    load.goesOn = false;
    await clients;
  }
  expect(load.failed).toEqual([]);
  expect((await health()).healthy).toBe(true);
  expect((await fetch(`${system.url}/readyz`)).status).toBe(200);

  const ledger = await database.db.query<{ id: number; source: string; probability: number }>(
    'select id, source::text as source, probability from prediction',
  );
  const rowOf = new Map(ledger.map((row) => [`Prediction:${row.id}`, row]));
  for (const { id, source, probability } of load.told) {
    const stored = source === 'CACHE' ? 'MODEL' : source;
    expect(rowOf.get(id)).toMatchObject({ source: stored, probability });
  }
  const count = (source: string): number =>
    load.told.filter((each) => each.source === source).length;
  console.log(
    `${load.told.length} scores, 0 failed: ${count('MODEL')} by the model, ${count('CACHE')} stored, ${count('RULES')} by rules`,
  );
});
