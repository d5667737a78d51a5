import { afterAll, beforeAll, expect, it } from 'vitest';
import { jobAtChange } from '../../src/job/job-changes.js';
import { jobStore, type JobStore } from '../../src/job/job.store.js';
import type { Job } from '../../src/job/job.js';
import { systemClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let store: JobStore;
beforeAll(async () => {
  database = await testDatabase();
  store = jobStore(database.db, systemClock());
});
afterAll(() => database.drop());

const create = (): Promise<Job> =>
  store.create({ kind: 'TRAIN', input: { model: 'churn' }, createdBy: 'test' });
const entriesOf = async (id: string) =>
  (await readFeed(database.db, 'job', 0, 1_000)).filter(({ subject }) => subject === id);

it('each change of status is put down once, as the row was; progress and refused changes are not', async () => {
  const job = await create();
  const lease = { jobId: job.id, workerId: 'a' };
  const rows = [job, await store.claim(lease, 5_000)];
  expect(await store.claim({ ...lease, workerId: 'b' }, 5_000)).toBeNull();
  await store.progress(lease, 0.5, 'half', 5_000);
  rows.push(await store.release(lease, true), await store.claim(lease, 5_000));
  rows.push(await store.succeed(lease, { rows: 1 }));
  expect(await store.fail(lease, 'late')).toBeNull();
  expect(await store.cancel(job.id)).toBeNull();
  const entries = await entriesOf(job.id);
  const now = rows.at(-1) as Job;
  expect(entries.map(({ payload }) => jobAtChange(now, payload))).toEqual(rows);
  expect(entries.map(({ keys }) => keys['status'])).toEqual([
    ...['QUEUED', 'RUNNING', 'QUEUED', 'RUNNING', 'SUCCEEDED'],
  ]);
  expect(new Set(entries.map(({ keys }) => keys['kind']))).toEqual(new Set(['TRAIN']));
});

it('jobs that are cancelled and given up on are put down too', async () => {
  const cancelled = await create();
  await store.cancel(cancelled.id);
  const lost = await create();
  for (let attempt = 0; attempt < 5; attempt += 1)
    await store.claim({ jobId: lost.id, workerId: String(attempt) }, -1);
  expect(await store.giveUp()).toHaveLength(1);
  const last = async ({ id }: Job) => (await entriesOf(id)).at(-1)?.keys['status'];
  expect([await last(cancelled), await last(lost)]).toEqual(['CANCELLED', 'FAILED']);
});

it('many workers that claim and end jobs at once neither wait for ever nor leave one out', async () => {
  const jobs = await Promise.all(Array.from({ length: 30 }, create));
  await Promise.all(
    jobs.flatMap((job) =>
      ['a', 'b', 'c'].map(async (workerId) => {
        const lease = { jobId: job.id, workerId };
        if (await store.claim(lease, 5_000)) await store.succeed(lease, {});
      }),
    ),
  );
  const entries = await readFeed(database.db, 'job', 0, 1_000);
  for (const { id } of jobs)
    expect(
      entries.flatMap(({ subject, keys }) => (subject === id ? [keys['status']] : [])),
    ).toEqual(['QUEUED', 'RUNNING', 'SUCCEEDED']);
});
