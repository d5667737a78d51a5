import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import { featureReader } from '../../src/feature/feature.store.js';
import { readFeatures } from '../../src/feature/read-features.js';
import type { ReadStretch } from '../../src/feature/stretch.js';
import { stretchReader } from '../../src/feature/stretch.store.js';
import { composeFeatureReading, composeLedger, composeModels } from '../../src/compose-models.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Serving } from '../../src/model/serving.js';
import type { RunningJob } from '../../src/job/run-job.js';
import { scoreUsers, planScoreRun, type ScoreUsersDeps } from '../../src/prediction/score-users.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const clock = systemClock();
const JOB = '01900000-0000-7000-8000-00000000000a';
const OTHER = '01900000-0000-7000-8000-00000000000b';
let database: TestDatabase;
let graph: TestGraph;
let serving: Serving;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 300);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  ({ serving } = await composeModels(graph.plant, composeFeatureReading(database.db).store));
});
afterAll(async () => {
  await serving.close();
  await graph.close();
  await database.drop();
});

function deps(change: Partial<ScoreUsersDeps> = {}): ScoreUsersDeps {
  const { store, publish } = composeLedger(graph.plant);
  const typeIds = eventCatalogue(database.db, 'event_type').idsOf;
  const read = stretchReader(
    database.db,
    readFeatures({ run: featureReader(database.db), typeIds }),
  );
  return {
    useVersion: (id, work) => serving.use(id, work),
    stretches: { after: store.stretchAfter, read },
    scorer: graph.plant.scorer,
    writeBatch: store.writeBatch,
    runState: store.runState,
    userCounts: store.userCounts,
    publishPredictions: publish,
    clock,
    ...change,
  };
}

/** The same customers by a list of their ids. */
const readByList: ReadStretch = async ({ features, after, until, asOf }) => {
  const customers = await database.db.query<{ id: number }>(
    'select id from customer where id > $1 and id <= $2 order by id',
    [after, until],
  );
  const users = customers.map(({ id }) => id);
  return composeFeatureReading(database.db).read({ features, users, asOf, people: true });
};

function running(id: string): RunningJob {
  const served = serving.current('churn');
  if (!served) throw new Error('nothing in production');
  return {
    id,
    attempt: 1,
    input: planScoreRun(served, new Date()),
    createdBy: 'test',
    signal: new AbortController().signal,
    report: () => undefined,
  };
}

const scoresOf = (jobId: string) =>
  database.db.query<{ userId: number; probability: number }>(
    'select user_id as "userId", probability from prediction where job_id = $1 order by user_id',
    [jobId],
  );

it('goes on after a kill between two chunks, writes nobody twice, and ends with the scores of an unbroken run', async () => {
  const job = running(JOB);
  let chunks = 0;
  const dies = deps({
    writeBatch: async (batch) => {
      chunks++;
      if (chunks === 3) throw new Error('killed');
      return deps().writeBatch(batch);
    },
  });
  await expect(scoreUsers(dies, job, { chunk: 50 })).rejects.toThrow('killed');
  const half = await scoresOf(JOB);
  expect(half.length).toBeGreaterThan(50);
  expect(half.length).toBeLessThanOrEqual(100);

  const shares: number[] = [];
  const result = await scoreUsers(
    deps(),
    { ...job, report: (share) => void shares.push(share) },
    { chunk: 50 },
  );
  expect(shares[0]).toBeGreaterThan(100 / 300); // what was done before the kill counts
  expect(shares.at(-1)).toBe(1);
  const whole = await scoresOf(JOB);
  expect(result.rows).toBe(whole.length);
  expect(new Set(whole.map((row) => row.userId)).size).toBe(whole.length);

  await scoreUsers(deps(), { ...running(OTHER), input: job.input }, { chunk: 1_000 });
  expect(await scoresOf(OTHER)).toEqual(whole);
});

it('delivered again after it ended, changes nothing', async () => {
  const before = await scoresOf(JOB);
  const result = await scoreUsers(deps(), running(JOB), { chunk: 50 });
  expect(result.rows).toBe(before.length);
  expect(await scoresOf(JOB)).toEqual(before);
});

it('tells a subscriber of the rows of a run that it asked for', async () => {
  const feed = await graph.follow(
    `subscription { predictionMade(minProbability: 0.5) { probability } }`,
  );
  const first = feed.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { rows } = await scoreUsers(deps(), running('01900000-0000-7000-8000-00000000000c'), {
    chunk: 100,
  });
  expect(rows).toBeGreaterThan(200);
  const { data } = (await first).value as { data: Answer };
  expect(data.predictionMade.probability).toBeGreaterThanOrEqual(0.5);
  await feed.return?.();
});

it('gives the scores, and logs the inputs, of a run that reads customers by lists', async () => {
  const { stretches, ...rest } = deps();
  const byList = { ...rest, stretches: { ...stretches, read: readByList } };
  const [first, second] = [
    running('01900000-0000-7000-8000-0000000000e1'),
    running('01900000-0000-7000-8000-0000000000e2'),
  ];
  await scoreUsers(byList, first, { chunk: 70 });
  await scoreUsers(deps(), { ...first, id: second.id }, { chunk: 90 });
  const rowsOf = (id: string) =>
    database.db.query(
      `select user_id, probability, threshold, encode(numeric, 'hex') as numbers, categorical from prediction
       where job_id = $1 order by user_id`,
      [id],
    );
  const listed = await rowsOf(first.id);
  expect(listed.length).toBeGreaterThan(200);
  expect(await rowsOf(second.id)).toEqual(listed);
});

it('reads and writes nothing while the data are broken', async () => {
  const job = running('01900000-0000-7000-8000-00000000000d');
  const broken = deps({
    checkData: () => Promise.resolve({ ok: false, reasons: ['event: r is broken'] }),
    stretches: {
      after: () => Promise.reject(new Error('a model looked')),
      read: () => Promise.reject(new Error('a model read')),
    },
  });
  await expect(scoreUsers(broken, job)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'nothing is scored on broken data: event: r is broken',
  });
  expect(await scoresOf(job.id)).toEqual([]);
});
