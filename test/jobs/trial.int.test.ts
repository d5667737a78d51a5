import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trialStore } from '../../src/model/trial.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  fileAlone,
  found,
  hashOf,
  openTrialWorker,
  runningJob,
  trainingOf,
} from '../support/trial-floor.js';

const LEASE_MS = 1_500;
const workerFile = path.join(projectRoot, 'dist/test/support/trial-worker.js');
const input = trainingOf(2_500);
let database: TestDatabase;
let alone: string;
let home: Awaited<ReturnType<typeof openTrialWorker>>;
beforeAll(async () => {
  database = await testDatabase();
  alone = await fileAlone(input);
  home = await openTrialWorker(database, { workerId: 'home:1', leaseMs: LEASE_MS });
}, 60_000);
afterAll(async () => {
  await home.close();
  await database.drop();
});

const train = (jobId: string, signal = new AbortController().signal, worker = home) => {
  const told: string[] = [];
  const trained = worker.train(input, {
    jobId,
    signal,
    onProgress: () => undefined,
    onTrial: (done, asked) => told.push(`${String(done)} of ${String(asked)}`),
  });
  return { trained, told };
};

describe('the trials of a training', () => {
  it(
    'are done by the one worker there is, each with a row that tells of it',
    { timeout: 60_000 },
    async () => {
      const job = await runningJob(database);
      const { trained, told } = train(job.id);
      expect(hashOf(await trained)).toBe(alone);
      const rows = await job.trials();
      expect(told.at(-1)).toBe(`${String(rows.length)} of ${String(rows.length)}`);
      expect(rows.map(({ number }) => number)).toEqual([...rows.keys()]);
      for (const row of rows) {
        expect(row).toMatchObject({ status: 'SUCCEEDED', worker: 'home:1', error: null });
        expect(row.metrics?.map(({ auc = 0 }) => auc > 0.6)).toEqual(
          row.task.candidates.map(() => true),
        );
        expect(row.seconds).toBeGreaterThan(0);
      }
    },
  );

  it(
    'are shared by two workers, and the file is the same to the bit',
    { timeout: 60_000 },
    async () => {
      const one = await openTrialWorker(database, { workerId: 'one:1', leaseMs: LEASE_MS });
      const other = await openTrialWorker(database, { workerId: 'other:2', leaseMs: LEASE_MS });
      try {
        // the processor of the worker that trains takes an entry too, and must leave the others alone
        await one.listen();
        await other.listen();
        const job = await runningJob(database);
        const { trained } = train(job.id, undefined, one);
        expect(hashOf(await trained)).toBe(alone);
        const workers = (await job.trials()).map(({ worker }) => worker);
        expect(new Set(workers)).toEqual(new Set(['one:1', 'other:2']));
      } finally {
        await one.close();
        await other.close();
      }
    },
  );

  it(
    'survive a helper that is killed in the middle of one: another takes it once its lease has run out',
    { timeout: 60_000 },
    async () => {
      const helper = spawn(process.execPath, [workerFile, database.url, String(LEASE_MS)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(helper, 'exit');
      try {
        await once(helper.stdout, 'data');
        const job = await runningJob(database);
        const { trained } = train(job.id);
        const held = await found(async () =>
          (await job.trials()).find(
            ({ worker, status }) => status === 'RUNNING' && worker?.startsWith('killed:'),
          ),
        );
        helper.kill('SIGKILL');
        await ended;
        expect(hashOf(await trained)).toBe(alone);
        const [row] = await database.db.query<{ losses: number; worker: string }>(
          `select (task ->> 'losses')::int as losses, split_part(leased_by, ' ', 1) as worker
           from trial where job_id = $1 and number = $2`,
          [job.id, held.number],
        );
        expect(row).toEqual({ losses: 1, worker: 'home:1' });
      } finally {
        helper.kill('SIGKILL'); // also when the test fails before it gets so far
        await ended;
      }
    },
  );

  it('of an earlier attempt are taken as they are', { timeout: 60_000 }, async () => {
    const job = await runningJob(database);
    await train(job.id).trained;
    const before = await job.trials();
    expect(hashOf(await train(job.id).trained)).toBe(alone);
    expect(await job.trials()).toEqual(before);
  });

  it('end with the job: an abort frees the rows and ends the threads', async () => {
    const job = await runningJob(database);
    const stop = new AbortController();
    const { trained } = train(job.id, stop.signal);
    const refused = expect(trained).rejects.toThrow('cancelled');
    await found(async () => (await job.trials()).find(({ status }) => status === 'RUNNING'));
    stop.abort(new Error('the job was cancelled'));
    await refused;
    expect((await job.trials()).filter(({ status }) => status === 'RUNNING')).toEqual([]);
    await job.jobs.cancel(job.id);
    await home.forgetEnded();
    const open = (await job.trials()).filter(({ status }) => status === 'QUEUED');
    expect(open).toEqual([]);
  });

  it('fail the training with their words when one throws', { timeout: 60_000 }, async () => {
    const job = await runningJob(database);
    const store = trialStore(database.db, systemClock());
    const { trained } = train(job.id);
    const refused = expect(trained).rejects.toMatchObject({
      code: 'INTERNAL',
      message: /^trial \d+ failed: fold must be 0\.\.2, got 9$/,
    });
    await found(async () => {
      // one that waits is turned into one that cannot be done
      const [row] = await database.db.query(
        `update trial set task = jsonb_set(jsonb_set(task, '{task,from}', '9'), '{task,until}', '10')
         where job_id = $1 and number = (select max(number) from trial where job_id = $1)
           and status = 'QUEUED' returning number`,
        [job.id],
      );
      return row;
    });
    await refused;
    await job.jobs.fail(job.lease, 'a trial failed');
    await home.forgetEnded();
    expect(await store.shared(job.id)).toBeNull();
  });

  it('leave their rows and nothing else when the job has ended', async () => {
    const store = trialStore(database.db, systemClock());
    const job = await runningJob(database);
    await store.share(job.id, Uint8Array.of(1, 2, 3));
    await store.ask(job.id, 'search', 0, [{ candidates: [], from: 0, until: 1 }]);
    const lease = { jobId: job.id, holder: 'a 1' };
    await store.claim(lease, 'search', LEASE_MS);
    const done = { outcome: Uint8Array.of(1), metrics: [], seconds: 1 };
    expect(await store.finish(lease, 0, done)).toBe(true);
    await home.forgetEnded();
    expect(await store.shared(job.id)).toEqual(Buffer.from([1, 2, 3])); // it runs still
    await job.jobs.succeed(job.lease, {});
    await home.forgetEnded();
    expect(await store.shared(job.id)).toBeNull();
    expect((await store.outcomes(job.id, [0])).size).toBe(0);
    expect(await job.trials()).toMatchObject([{ status: 'SUCCEEDED', seconds: 1, worker: 'a' }]);
  });
});
