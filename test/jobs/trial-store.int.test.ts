import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import type { DoneTrial, TrialTask } from '../../src/model/train/trial.js';
import { trialStore, type TrialStore } from '../../src/model/trial.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { runningJob } from '../support/trial-floor.js';

const LEASE_MS = 60_000;
const tasks: TrialTask[] = [0.1, 1, 10].map((c) => ({
  candidates: [{ algorithm: 'logistic', c }],
  from: 0,
  until: 2,
}));
const done: DoneTrial = { outcome: Uint8Array.of(1, 2), metrics: [{ logLoss: 0.5 }], seconds: 2 };
let database: TestDatabase;
let store: TrialStore;
beforeAll(async () => {
  database = await testDatabase();
  store = trialStore(database.db, systemClock());
});
afterAll(() => database.drop());

async function asked() {
  const job = await runningJob(database);
  await store.ask(job.id, 'search', 0, tasks);
  const holder = (name: string) => ({ jobId: job.id, holder: `${name} ${randomUUID()}` });
  const runOut = () =>
    database.db.query(`update trial set lease_until = now() - interval '1 second'
      where job_id = '${job.id}' and status = 'RUNNING'`);
  return { job, holder, runOut };
}

describe('a trial', () => {
  it('is taken up by one worker, however many want it at the same moment', async () => {
    const { holder } = await asked();
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, k) =>
        store.claim(holder(`w${String(k)}`), 'search', LEASE_MS),
      ),
    );
    const numbers = claims.flatMap((claim) => claim?.number ?? []);
    expect(numbers.sort()).toEqual([0, 1, 2]);
  });

  it('comes with its task to the last digit, the first asked for first', async () => {
    const { holder } = await asked();
    const claimed = await store.claim(holder('a'), 'search', LEASE_MS);
    expect(claimed).toEqual({ number: 0, task: tasks[0] });
  });

  it('is not for who holds the data of another search', async () => {
    const { holder } = await asked();
    expect(await store.claim(holder('a'), 'another', LEASE_MS)).toBeNull();
  });

  it('that its holder tells of is kept beyond the lease it was taken with', async () => {
    const { holder, job } = await asked();
    const mine = holder('a');
    const left = async (): Promise<number> => {
      const [row] = await database.db.query<{ seconds: number }>(
        `select extract(epoch from lease_until - now())::float8 as seconds from trial where job_id = $1 and number = 0`,
        [job.id],
      );
      return row?.seconds ?? NaN;
    };
    await store.claim(mine, 'search', 1_000);
    expect(await left()).toBeLessThanOrEqual(1);
    expect(await store.extend(mine, [0], LEASE_MS)).toEqual([0]);
    expect(await left()).toBeGreaterThan(LEASE_MS / 2_000);
    expect((await store.claim(holder('b'), 'search', LEASE_MS))?.number).toBe(1);
  });

  it('belongs to who holds it: nobody else ends it', async () => {
    const { holder, job } = await asked();
    const [mine, theirs] = [holder('a'), holder('b')];
    await store.claim(mine, 'search', LEASE_MS);
    expect(await store.finish(theirs, 0, done)).toBe(false);
    expect(await store.fail(theirs, 0, 'no')).toBe(false);
    expect(await store.extend(theirs, [0], LEASE_MS)).toEqual([]);
    expect(await store.extend(mine, [0, 1], LEASE_MS)).toEqual([0]);
    expect(await store.finish(mine, 0, done)).toBe(true);
    expect(await store.outcomes(job.id, [0, 1])).toEqual(new Map([[0, Buffer.from([1, 2])]]));
  });

  it('whose lease has run out is taken by another, and the first no longer ends it', async () => {
    const { holder, runOut } = await asked();
    const [first, second] = [holder('a'), holder('b')];
    await store.claim(first, 'search', LEASE_MS);
    await runOut();
    expect((await store.claim(second, 'search', LEASE_MS))?.number).toBe(0);
    expect(await store.finish(first, 0, done)).toBe(false);
    expect(await store.finish(second, 0, done)).toBe(true);
  });

  it('that took its worker with it three times fails, and not before', async () => {
    const { holder, job, runOut } = await asked();
    for (let time = 1; time <= 3; time++) {
      expect((await store.claim(holder('a'), 'search', LEASE_MS))?.number).toBe(0);
      await runOut();
      await store.giveUp(job.id);
      const [state] = await store.states(job.id, 0, 1);
      expect(state).toMatchObject(
        time < 3
          ? { status: 'RUNNING', open: true }
          : { status: 'FAILED', open: false, error: 'its worker died each of 3 times' },
      );
    }
    expect((await store.claim(holder('b'), 'search', LEASE_MS))?.number).toBe(1);
  });

  it('that is given back is open at once, and no loss', async () => {
    const { holder, job } = await asked();
    const lease = holder('a');
    await store.claim(lease, 'search', LEASE_MS);
    await store.release(lease);
    const [row] = await job.trials();
    expect(row).toMatchObject({ status: 'QUEUED', worker: null, startedAt: null });
    const [task] = await database.db.query<{ losses: number | null }>(
      `select (task ->> 'losses')::int as losses from trial where job_id = '${job.id}' and number = 0`,
    );
    expect(task?.losses).toBeNull();
  });

  it.each(['cancel', 'succeed', 'fail'] as const)(
    'of a job that has ended (%s) is neither taken up nor held any longer',
    async (end) => {
      const { holder, job } = await asked();
      const lease = holder('a');
      await store.claim(lease, 'search', LEASE_MS);
      if (end === 'cancel') await job.jobs.cancel(job.id);
      else if (end === 'fail') await job.jobs.fail(job.lease, 'x');
      else await job.jobs.succeed(job.lease, {});
      expect(await store.extend(lease, [0], LEASE_MS)).toEqual([]);
      expect(await store.claim(lease, 'search', LEASE_MS)).toBeNull();
      expect(await store.openSearch(job.id)).toBeNull();
    },
  );
});

describe('asking for trials again, as a second attempt does', () => {
  it.each([
    ['the same search', 'search', tasks, ['SUCCEEDED', 'RUNNING', 'QUEUED']],
    ['other data', 'another', tasks, ['QUEUED', 'QUEUED', 'QUEUED']],
    ['other tasks', 'search', [...tasks].reverse(), ['QUEUED', 'RUNNING', 'QUEUED']],
  ])('with %s', async (_what, search, again, expected) => {
    const { holder, job } = await asked();
    const lease = holder('a');
    await store.claim(lease, 'search', LEASE_MS);
    await store.claim(lease, 'search', LEASE_MS);
    await store.finish(lease, 0, done);
    await store.ask(job.id, search, 0, again);
    expect((await store.states(job.id, 0, 9)).map(({ status }) => status)).toEqual(expected);
  });

  it('does what failed once more', async () => {
    const { holder, job } = await asked();
    const lease = holder('a');
    await store.claim(lease, 'search', LEASE_MS);
    await store.fail(lease, 0, 'no');
    await store.ask(job.id, 'search', 0, tasks);
    expect((await job.trials())[0]).toMatchObject({ status: 'QUEUED', error: null });
  });
});
