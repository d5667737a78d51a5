import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorker } from '../../jobs/compose.js';
import { systemClock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/plant/env.js';
import { addDays, dayOf } from '../../src/report/day.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { keptLog } from '../support/quiet-log.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;
let worker: { close(): Promise<void> };

beforeAll(async () => {
  database = await testDatabase();
  const { url: databaseUrl } = database;
  graph = await openGraph(databaseUrl, clock);
  const config = readConfig({});
  worker = await startWorker({ databaseUrl, redisUrl: null, log: keptLog(), config, clock });
});
afterAll(async () => {
  await worker.close();
  await graph.close();
  await database.drop();
});

it('a worker writes the report that was asked for, and the job leads to it', async () => {
  const date = addDays(dayOf(clock.wall()), -1);
  const { data } = await graph.ask(
    `mutation ($date: Date!) { writeDailyReport(date: $date) { job { id } userErrors { message } } }`,
    { date },
  );
  const { id } = data.writeDailyReport.job;
  await expect
    .poll(
      async () => {
        const question = `query ($id: ID!) { job(id: $id) {
          status error result { ... on DailyReport { id date rating soFar markdown } } } }`;
        return (await graph.ask(question, { id })).data.job;
      },
      { timeout: 20_000 },
    )
    .toMatchObject({ status: 'SUCCEEDED', result: { date, rating: 'VERY_POOR', soFar: false } });
  const { data: read } = await graph.ask(
    `query ($date: Date!) { dailyReport(date: $date) { id health } dailyReports { nodes { date } } }`,
    { date },
  );
  expect(read.dailyReport.health).toContain('no question to a model was measured');
  expect(read.dailyReports.nodes).toEqual([{ date }]);
});
