import 'reflect-metadata';
import { Query, Resolver } from 'type-graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { jobStore } from '../../src/job/job.store.js';
import { jobNode, type JobNode } from '../../src/job/job-node.js';
import { JobType } from '../../src/job/job.type.js';
import type { TrialTask } from '../../src/model/train/trial.js';
import { TrialResolver } from '../../src/model/trial.resolver.js';
import { trialStore } from '../../src/model/trial.store.js';
import { defaultBoostingParameters } from '../../src/numeric/boosting.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { roomGraph } from '../support/room-graph.js';
import { runningJob } from '../support/trial-floor.js';

const clock = systemClock();
const tasks: TrialTask[] = [
  {
    candidates: [
      { algorithm: 'logistic', c: 0.1 },
      { algorithm: 'logistic', c: 1 },
    ],
    from: 0,
    until: 3,
  },
  {
    candidates: [{ algorithm: 'boosting', parameters: defaultBoostingParameters }],
    from: 2,
    until: 3,
  },
];
const QUESTION = `{ trainings { trials {
  number status algorithm folds seconds worker error startedAt finishedAt
  candidates { hyperparameters metrics { name split value } } } } }`;

/** The jobs, newest first; the real ones come with subscriptions, which this graph has not. */
@Resolver(() => JobType)
class TrainingsResolver {
  @Query(() => [JobType], { description: 'All.' })
  async trainings(): Promise<JobNode[]> {
    const page = { kinds: null, statuses: null, limit: 10, after: null };
    return (await jobStore(database.db, clock).page(page)).map(jobNode);
  }
}

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

it('a job shows its trials while they run: what is tried, how it went, and on which worker', async () => {
  const store = trialStore(database.db, clock);
  const graph = roomGraph(
    [new TrainingsResolver(), new TrialResolver({ trialsOfJobs: store.ofJobs })],
    clock,
  );
  const job = await runningJob(database);
  await store.ask(job.id, 'search', 0, tasks);
  const lease = { jobId: job.id, holder: 'host:7 session' };
  await store.claim(lease, 'search', 60_000);
  const metrics = [{ logLoss: 0.5, auc: 0.75 }, { logLoss: 0.25 }];
  await store.finish(lease, 0, { outcome: new Uint8Array(8), metrics, seconds: 1.5 });
  await runningJob(database);

  const { data, errors, counts } = await graph.ask(QUESTION);
  expect(errors).toBeUndefined();
  expect(counts.sql).toBe(2); // the jobs, and the trials of all of them
  const split = 'CROSS_VALIDATION';
  expect(data.trainings.map(({ trials }: { trials: object[] }) => trials.length)).toEqual([0, 2]);
  expect(data.trainings[1].trials).toEqual([
    {
      ...{ number: 0, status: 'SUCCEEDED', algorithm: 'logistic', folds: [0, 1, 2] },
      ...{ seconds: 1.5, worker: 'host:7', error: null },
      startedAt: expect.stringMatching(/Z$/) as string,
      finishedAt: expect.stringMatching(/Z$/) as string,
      candidates: [
        {
          hyperparameters: { c: 0.1 },
          metrics: [
            { name: 'auc', split, value: 0.75 },
            { name: 'logLoss', split, value: 0.5 },
          ],
        },
        { hyperparameters: { c: 1 }, metrics: [{ name: 'logLoss', split, value: 0.25 }] },
      ],
    },
    {
      ...{ number: 1, status: 'QUEUED', algorithm: 'boosting', folds: [2] },
      ...{ seconds: null, worker: null, error: null, startedAt: null, finishedAt: null },
      candidates: [{ hyperparameters: defaultBoostingParameters, metrics: [] }],
    },
  ]);
});
