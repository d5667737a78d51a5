import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec, composeModels, fillShop } from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { composeFeatureReading } from '../../src/compose-models.js';
import { cleanEnvironment } from '../support/system.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 600);
  graph = await openGraph(database.url, clock);
  const { store, serving } = await composeModels(
    graph.plant,
    composeFeatureReading(database.db).store,
  );
  await serving.close();
  await store.ensure(churnSpec({ trials: 16 }));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await graph.close();
  await database.drop();
});

/** The worker of the last build, in a process of its own. */
async function startWorkerProcess(): Promise<ChildProcess> {
  const child = fork(path.join(projectRoot, 'dist', 'jobs', 'main.js'), [], {
    env: cleanEnvironment({ DATABASE_URL: database.url, AUGURY_LOG_LEVEL: 'error' }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  const [message] = (await once(child, 'message')) as unknown[];
  expect(message).toBe('ready');
  return child;
}

const JOB = `query ($id: ID!) { job(id: $id) { status attempts progress error
  result { __typename ... on ModelVersion { version stage } ... on ScoreRun { rows positive } } } }`;

async function until(id: string, statuses: string[]): Promise<Record<string, unknown>> {
  for (let i = 0; i < 1_200; i++) {
    const { data } = await graph.ask(JOB, { id });
    if (statuses.includes(data.job.status)) return data.job;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`job ${id} did not become ${statuses.join(' or ')}`);
}

it(
  'a training whose worker was killed is taken up by the next, and ends once',
  { timeout: 90_000 },
  async () => {
    const first = await startWorkerProcess();
    const { data } = await graph.ask(
      `mutation { trainModel(input: { model: "churn", promote: true }) { job { id status } userErrors { message } } }`,
    );
    const { id } = data.trainModel.job;
    await until(id, ['RUNNING']);
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect((await until(id, ['RUNNING'])).status).toBe('RUNNING');

    const second = await startWorkerProcess();
    const job = await until(id, ['SUCCEEDED', 'FAILED']);
    expect(job).toMatchObject({
      status: 'SUCCEEDED',
      attempts: 2,
      progress: 1,
      result: { __typename: 'ModelVersion', version: 1, stage: 'PRODUCTION' },
    });
    const versions = await database.db.query('select id from model_version');
    expect(versions).toHaveLength(1);

    second.kill('SIGTERM');
    expect(await once(second, 'exit')).toEqual([0, null]);
  },
);

it(
  'a job asked for while no worker is there is done by the next one',
  { timeout: 60_000 },
  async () => {
    const { data } = await graph.ask(
      `mutation { scoreUsers { job { id } userErrors { message } } }`,
    );
    expect(data.scoreUsers.userErrors).toEqual([]);
    const worker = await startWorkerProcess();
    const job = await until(data.scoreUsers.job.id, ['SUCCEEDED', 'FAILED']);
    expect(job).toMatchObject({ status: 'SUCCEEDED', result: { __typename: 'ScoreRun' } });
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  },
);
