import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { jobStore } from '../../src/job/job.store.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import { scheduleStore } from '../../src/model/schedule.store.js';
import { trainOnSchedule, type TrainOnScheduleDeps } from '../../src/model/scheduled-training.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec } from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';

const START = new Date('2026-03-01T03:05:00.000Z');
const clock = manualClock(START);
const lease = (jobId: string) => ({ jobId, workerId: 'w' });
let database: TestDatabase;
let graph: TestGraph;
let deps: TrainOnScheduleDeps;

beforeAll(async () => {
  database = await testDatabase();
  graph = await openGraph(database.url, clock);
  const { db } = database;
  const models = modelStore(db, clock, auditStore);
  const jobs = jobStore(db, clock);
  deps = {
    ...scheduleStore(db),
    listModels: models.list,
    submitJob: (kind, input, createdBy) => jobs.create({ kind, input, createdBy }),
    clock,
    onRefused: (model, why) => expect.unreachable(`${model}: ${why}`),
  };
  await models.ensure(churnSpec({ schedule: { everyDays: 7, promote: 'IF_BETTER' } }));
  await models.ensure(churnSpec({ name: 'other' }));
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});
beforeEach(async () => {
  clock.set(START);
  await database.db.query('delete from job');
});

/** Runs the job to its end. */
async function end(jobId: string, error: string | null): Promise<void> {
  const jobs = jobStore(database.db, clock);
  await jobs.claim(lease(jobId), 60_000);
  await (error === null ? jobs.succeed(lease(jobId), {}) : jobs.fail(lease(jobId), error));
}

async function ask(name: string) {
  const { data, errors } = await graph.ask(
    `query ($name: String!) { model(name: $name) {
      schedule { everyDays promote lastRunAt nextRunAt lastJob { status createdBy error } } } }`,
    { name },
  );
  expect(errors).toBeUndefined();
  return data.model.schedule as unknown;
}

it('two evaluators that meet ask for one training between them', async () => {
  const second: Promise<string[]>[] = [];
  const slow = trainOnSchedule({
    ...deps,
    submitJob: async (...job) => {
      second.push(trainOnSchedule(deps));
      await second[0];
      return deps.submitJob(...job);
    },
  });
  expect(await slow).toHaveLength(1);
  expect(await Promise.all(second)).toEqual([[]]);
  expect(await trainOnSchedule(deps)).toEqual([]); // it is queued
  const rows = await database.db.query('select created_by, input from job');
  expect(rows).toMatchObject([
    { created_by: 'schedule', input: { model: 'churn', promote: 'IF_BETTER' } },
  ]);
});

it('asks week by week, and not again when the clock is set back ten minutes', async () => {
  const [first = ''] = await trainOnSchedule(deps);
  clock.advance(60_000);
  await end(first, null);
  clock.set(new Date(START.getTime() - 600_000));
  expect(await trainOnSchedule(deps)).toEqual([]);
  clock.set(START);
  expect(await trainOnSchedule(deps)).toEqual([]);
  clock.set(new Date(START.getTime() + 6 * DAY_MS));
  expect(await trainOnSchedule(deps)).toEqual([]);
  clock.set(new Date(START.getTime() + 7 * DAY_MS));
  expect(await trainOnSchedule(deps)).toHaveLength(1);
});

it('a training by hand counts; that of another model, and one made again by its record, do not', async () => {
  const early = await deps.submitJob('TRAIN', { model: 'other' }, 'me');
  const reproduces = '0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa';
  await deps.submitJob('TRAIN', { model: 'churn', reproduces }, 'me');
  const [asked = ''] = await trainOnSchedule(deps);
  expect(asked).not.toBe(early.id);
  await end(asked, null);
  clock.advance(5 * DAY_MS);
  await end((await deps.submitJob('TRAIN', { model: 'churn' }, 'me')).id, null);
  clock.advance(2 * DAY_MS);
  expect(await trainOnSchedule(deps)).toEqual([]);
  clock.advance(5 * DAY_MS);
  expect(await trainOnSchedule(deps)).toHaveLength(1);
});

it('the graph tells of the last and the next training, and why the last one failed', async () => {
  const plan = { everyDays: 7, promote: 'IF_BETTER' };
  expect(await ask('other')).toBeNull();
  expect(await ask('churn')).toEqual({
    ...plan,
    ...{ lastRunAt: null, nextRunAt: START.toISOString(), lastJob: null },
  });
  const [first = ''] = await trainOnSchedule(deps);
  expect(await ask('churn')).toEqual({
    ...plan,
    ...{ lastRunAt: START.toISOString(), nextRunAt: null },
    lastJob: { status: 'QUEUED', createdBy: 'schedule', error: null },
  });
  await end(first, 'too few rows');
  expect(await ask('churn')).toEqual({
    ...plan,
    lastRunAt: START.toISOString(),
    nextRunAt: new Date(START.getTime() + DAY_MS).toISOString(),
    lastJob: { status: 'FAILED', createdBy: 'schedule', error: 'too few rows' },
  });
});
