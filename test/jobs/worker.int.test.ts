import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorker } from '../../jobs/compose.js';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
} from '../../src/compose-models.js';
import type { Job } from '../../src/job/job.js';
import { systemClock } from '../../src/kernel/clock.js';
import { planTraining } from '../../src/model/request-training.js';
import { metricOf, reportOf } from '../../src/model/version-report.js';
import { openBus } from '../../src/plant/bus.js';
import { readConfig } from '../../src/plant/env.js';
import { openQueues } from '../../src/plant/queue.js';
import { planScoreRun } from '../../src/prediction/score-users.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec, fillShop } from '../support/demo-shop.js';
import { keptLog } from '../support/quiet-log.js';

const USERS = 700;
const clock = systemClock();
const config = readConfig({});

async function open(database: TestDatabase) {
  const { url: databaseUrl, db } = database;
  const log = keptLog();
  const common = { databaseUrl, redisUrl: null, log };
  const bus = await openBus(common);
  const queues = await openQueues(common);
  const scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 100_000, log });
  const plant = { db, bus, queues, scorer, clock, log };
  const jobs = composeJobs(plant);
  const features = composeFeatureReading(db);
  const models = await composeModels(plant, features.store);
  const ledger = composeLedger(plant);
  const worker = await startWorker({ ...common, config, clock });
  return {
    ...{ jobs, features, models, ledger },
    close: async () => {
      await worker.close();
      await models.serving.close();
      await queues.close();
      await scorer.close();
      await bus.close();
    },
  };
}

let database: TestDatabase;
let shop: Awaited<ReturnType<typeof open>>;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, USERS);
  shop = await open(database);
  await shop.models.store.ensure(churnSpec({ trials: 4, folds: 3 }));
});
afterAll(async () => {
  await shop.close();
  await database.drop();
});

async function finished(id: string): Promise<Job> {
  for (let i = 0; i < 600; i++) {
    const job = await shop.jobs.store.get(id);
    if (job && ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`job ${id} did not end in a minute`);
}

async function train(wish: { promote: 'NO' | 'YES' | 'IF_BETTER'; seed?: number }): Promise<Job> {
  const model = await shop.models.store.byName('churn');
  if (!model) throw new Error('no model');
  const { input } = planTraining(
    model,
    {
      asOf: null,
      horizonDays: null,
      label: null,
      algorithms: null,
      trials: null,
      seed: null,
      ...wish,
    },
    clock.now(),
    clock.wall(),
  );
  if (!input) throw new Error('refused');
  return finished((await shop.jobs.submit('TRAIN', input, 'test')).id);
}

describe('the worker', () => {
  it(
    'trains a version whose graph agrees with the predictor, and promotes it when asked',
    { timeout: 120_000 },
    async () => {
      const job = await train({ promote: 'YES' });
      expect(job.error).toBeNull();
      const version = await shop.models.versionById(String(job.result?.['modelVersionId']));
      if (!version) throw new Error('no version');
      const report = reportOf(version);
      expect(version).toMatchObject({ version: 1, stage: 'PRODUCTION', promotedBy: 'test' });
      expect(report.parity.worstDifference).toBeLessThan(1e-5);
      expect(report.parity.rows).toBe(version.trainingRows + version.testRows);
      expect(metricOf(report, 'auc', 'TEST')).toBeGreaterThan(0.6);
      expect(report.baseline.length).toBeGreaterThan(0);
      expect(report.targets.map((target) => target.metric)).toEqual(['recall', 'precision']);
      await until(() => shop.models.serving.current('churn')?.version.id === version.id);
    },
  );

  it('trains the same again from the record', { timeout: 120_000 }, async () => {
    const [first] = await shop.models.store.allVersions(
      (await shop.models.store.byName('churn'))?.id ?? '',
    );
    if (!first) throw new Error('no version');
    const { recipe } = reportOf(first);
    const job = await finished(
      (
        await shop.jobs.submit(
          'TRAIN',
          {
            model: 'churn',
            asOf: recipe.asOf,
            label: recipe.label,
            horizonDays: recipe.horizonDays,
            algorithms: recipe.algorithms,
            trials: recipe.trials,
            seed: recipe.seed,
            promote: 'NO',
          },
          'test',
        )
      ).id,
    );
    const second = await shop.models.versionById(String(job.result?.['modelVersionId']));
    if (!second) throw new Error(`no version: ${job.error}`);
    expect(second.version).toBe(2);
    expect(second.stage).toBe('CANDIDATE');
    expect(second.dataHash).toBe(first.dataHash);
    expect(second.artifactSha256).toBe(first.artifactSha256);
    expect(reportOf(second).metrics).toEqual(reportOf(first).metrics);
  });

  it(
    'scores everyone once, and a second delivery writes nobody twice',
    { timeout: 60_000 },
    async () => {
      await until(() => shop.models.serving.current('churn') !== null);
      const served = shop.models.serving.current('churn');
      if (!served) throw new Error('nothing in production');
      const input = planScoreRun(served, clock.now());
      const job = await finished((await shop.jobs.submit('SCORE', input, 'test')).id);
      expect(job.error).toBeNull();
      const [row] = await database.db.query<{ rows: number; users: number; bad: number }>(
        `select count(*) as rows, count(distinct user_id) as users,
         count(*) filter (where probability not between 0 and 1) as bad
       from prediction where job_id = $1`,
        [job.id],
      );
      expect(row?.rows).toBe(job.result?.['rows']);
      expect(row?.users).toBe(row?.rows);
      expect(row?.rows).toBeGreaterThan(USERS / 2);
      expect(row?.bad).toBe(0);
    },
  );

  it('says in the job why it could not train', { timeout: 60_000 }, async () => {
    const job = await finished(
      (
        await shop.jobs.submit(
          'TRAIN',
          {
            ...{
              model: 'churn',
              asOf: '1990-01-01T00:00:00.000Z',
              label: 'BEHAVIOUR',
              horizonDays: 30,
            },
            ...{ algorithms: ['logistic'], trials: 1, seed: 1, promote: 'NO' },
          },
          'test',
        )
      ).id,
    );
    expect(job.status).toBe('FAILED');
    expect(job.error).toMatch(/^training needs at least 50 labelled customers, got 0: import more/);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !condition(); i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(condition()).toBe(true);
}
