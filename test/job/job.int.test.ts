import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { AppError } from '../../src/kernel/error.js';
import { followJob } from '../../src/job/follow-job.js';
import { MAX_JOB_ATTEMPTS, nextJobStatus, type Job, type JobEvent } from '../../src/job/job.js';
import { JOB_TOPIC } from '../../src/job/job.messages.js';
import { jobStore, type JobStore } from '../../src/job/job.store.js';
import { runJob, type JobWork, type RunJobDeps } from '../../src/job/run-job.js';
import { submitJob } from '../../src/job/submit-job.js';
import { sweepJobs } from '../../src/job/sweep-jobs.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';

let database: TestDatabase;
let store: JobStore;
const bus = memoryBus();
const never = new AbortController().signal;

beforeAll(async () => {
  database = await testDatabase();
  store = jobStore(database.db, systemClock());
});
afterAll(() => database.drop());

function deps(workerId: string, leaseMs = 5_000): RunJobDeps {
  return {
    claim: store.claim,
    extend: store.extend,
    writeProgress: store.progress,
    succeed: store.succeed,
    fail: store.fail,
    release: store.release,
    publishJob: (message) => {
      bus.publish(JOB_TOPIC, message);
    },
    onFailure: () => undefined,
    workerId,
    leaseMs,
  };
}

const create = (): Promise<Job> =>
  store.create({ kind: 'TRAIN', input: { model: 'churn' }, createdBy: 'test' });
const read = async (id: string): Promise<Job> => {
  const job = await store.get(id);
  if (!job) throw new Error('no such job');
  return job;
};
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A promise that the test opens. */
function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('a job delivered twice', () => {
  it('is run by one of two workers that claim it at the same time', async () => {
    const job = await create();
    let runs = 0;
    const work: JobWork = async () => {
      runs++;
      await sleep(50);
      return { rows: 1 };
    };
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((id) => runJob(deps(id), job.id, work, never)),
    );
    expect(runs).toBe(1);
    expect(outcomes.sort()).toEqual(['SKIPPED', 'SKIPPED', 'SUCCEEDED']);
    expect(await read(job.id)).toMatchObject({
      status: 'SUCCEEDED',
      progress: 1,
      attempts: 1,
      result: { rows: 1 },
    });
  });

  it('is left alone when it has ended', async () => {
    const job = await create();
    await runJob(deps('a'), job.id, () => Promise.resolve({}), never);
    const outcome = await runJob(deps('b'), job.id, () => Promise.reject(new Error('no')), never);
    expect(outcome).toBe('SKIPPED');
  });
});

describe('the rows follow the state machine', () => {
  const STATUSES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
  const EVENTS = ['CLAIM', 'RECLAIM', 'RELEASE', 'SUCCEED', 'FAIL', 'CANCEL'] as const;
  it.each(STATUSES.flatMap((status) => EVENTS.map((event) => [status, event] as const)))(
    '%s on %s',
    async (status, event) => {
      const { id } = await create();
      const holder = { jobId: id, workerId: 'holder' };
      const running = status === 'RUNNING';
      await database.db.query(
        `update job set status = $2::job_status, attempts = 1, leased_by = $3,
           lease_until = now() + $4 * interval '1 hour' where id = $1`,
        [id, status, running ? 'holder' : null, running ? (event === 'RECLAIM' ? -1 : 1) : null],
      );
      const work: Record<JobEvent, () => Promise<Job | null>> = {
        CLAIM: () => store.claim({ jobId: id, workerId: 'other' }, 1_000),
        RECLAIM: () => store.claim({ jobId: id, workerId: 'other' }, 1_000),
        RELEASE: () => store.release(holder, false),
        SUCCEED: () => store.succeed(holder, {}),
        FAIL: () => store.fail(holder, 'why'),
        CANCEL: () => store.cancel(id),
      };
      // a lease that has run out is nothing a job that does not run could have
      const asked = event === 'RECLAIM' && !running ? 'CLAIM' : event;
      const changed = await work[event]();
      expect(changed?.status ?? null).toBe(nextJobStatus(status, asked));
      expect((await read(id)).status).toBe(nextJobStatus(status, asked) ?? status);
    },
  );
});

describe('a worker that dies', () => {
  it('loses its job to another once the lease has run out, and can then write nothing', async () => {
    const job = await create();
    const dead = { jobId: job.id, workerId: 'dead' };
    await store.claim(dead, 50);
    expect(await runJob(deps('b'), job.id, () => Promise.resolve({}), never)).toBe('SKIPPED');
    await sleep(80);
    expect((await store.stranded(0)).map((row) => row.id)).toContain(job.id);
    expect(await runJob(deps('b'), job.id, () => Promise.resolve({ by: 'b' }), never)).toBe(
      'SUCCEEDED',
    );
    expect(await store.succeed(dead, { by: 'dead' })).toBeNull();
    expect(await store.progress(dead, 0.5, 'late', 1000)).toBeNull();
    expect(await read(job.id)).toMatchObject({ attempts: 2, result: { by: 'b' } });
  });

  it('is told that it lost its job, also when its own process took it up again', async () => {
    const job = await create();
    const started = gate();
    const taken = gate();
    const lost = gate();
    const frozen = runJob(
      { ...deps('same process', 20), extend: () => Promise.reject(new Error('no database')) },
      job.id,
      async (running) => {
        running.signal.addEventListener('abort', lost.open);
        started.open();
        await taken.promise;
        running.report(0.5, 'late');
        await lost.promise;
        return { by: 'the first run' };
      },
      never,
    );
    await started.promise;
    await sleep(40);
    const again = runJob(
      deps('same process'),
      job.id,
      async () => {
        taken.open();
        await lost.promise;
        return { by: 'the second run' };
      },
      never,
    );
    expect(await frozen).toBe('LOST');
    expect(await again).toBe('SUCCEEDED');
    expect(await read(job.id)).toMatchObject({ attempts: 2, result: { by: 'the second run' } });
  });

  it('keeps its job while its heartbeat goes on', async () => {
    const job = await create();
    const slow = runJob(
      deps('slow', 900),
      job.id,
      async () => {
        await sleep(1_500);
        return {};
      },
      never,
    );
    await sleep(1_200);
    expect(await store.claim({ jobId: job.id, workerId: 'thief' }, 1000)).toBeNull();
    expect(await slow).toBe('SUCCEEDED');
  });

  it(`fails the job after ${MAX_JOB_ATTEMPTS} lost workers`, async () => {
    const job = await create();
    for (let i = 0; i < MAX_JOB_ATTEMPTS; i++) {
      expect(await store.claim({ jobId: job.id, workerId: `w${i}` }, 1)).not.toBeNull();
      await sleep(5);
    }
    expect(await store.claim({ jobId: job.id, workerId: 'last' }, 1)).toBeNull();
    await sweepJobs({
      strandedJobs: () => Promise.resolve([]),
      giveUpJobs: store.giveUp,
      enqueue: () => Promise.resolve(),
      publishJob: () => undefined,
    });
    const row = await read(job.id);
    expect(row.status).toBe('FAILED');
    expect(row.error).toContain('given up after 5 attempts');
  });
});

describe('submitting', () => {
  it('acknowledges once the row is there; a queue that is away is made up for by the sweeper', async () => {
    const failures: string[] = [];
    const submit = submitJob({
      createJob: store.create,
      enqueue: () => Promise.reject(new Error('queue is away')),
      publishJob: () => undefined,
      onQueueError: (_error, id) => failures.push(id),
    });
    const job = await submit('SCORE', { model: 'churn' }, 'test');
    expect(failures).toEqual([job.id]);
    const added: string[] = [];
    await sleep(5);
    await sweepJobs(
      {
        strandedJobs: store.stranded,
        giveUpJobs: store.giveUp,
        enqueue: (queue, payload) => {
          if (payload.jobId === job.id) added.push(queue);
          return Promise.resolve();
        },
        publishJob: () => undefined,
      },
      0,
    );
    expect(added).toEqual(['prediction']);
  });
});

describe('how work ends', () => {
  it('a failure that may pass gives the job back', async () => {
    const job = await create();
    const work: JobWork = () => Promise.reject(new AppError('UNAVAILABLE', 'the scorer is busy'));
    expect(await runJob(deps('a'), job.id, work, never)).toBe('RELEASED');
    expect(await read(job.id)).toMatchObject({ status: 'QUEUED', attempts: 1 });
  });

  it('any other failure ends the job with the message', async () => {
    const job = await create();
    const work: JobWork = () => Promise.reject(new AppError('INVALID', 'no labels'));
    expect(await runJob(deps('a'), job.id, work, never)).toBe('FAILED');
    expect(await read(job.id)).toMatchObject({ status: 'FAILED', error: 'no labels' });
  });

  it('a worker that stops gives the job back, and the attempt does not count', async () => {
    const job = await create();
    const stop = new AbortController();
    const running = runJob(deps('a'), job.id, waitForAbort, stop.signal);
    await sleep(30);
    stop.abort();
    expect(await running).toBe('RELEASED');
    expect(await read(job.id)).toMatchObject({ status: 'QUEUED', attempts: 0 });
  });

  it('a cancelled job stops its worker at the next progress', async () => {
    const job = await create();
    const running = runJob(
      deps('a'),
      job.id,
      async ({ signal, report }) => {
        for (let i = 0; !signal.aborted; i++) {
          report(i / 1000, 'working');
          await sleep(10);
        }
        signal.throwIfAborted();
        return {};
      },
      never,
    );
    await sleep(50);
    expect((await store.cancel(job.id))?.status).toBe('CANCELLED');
    expect(await running).toBe('LOST');
    expect((await read(job.id)).status).toBe('CANCELLED');
    expect(await store.cancel(job.id)).toBeNull();
  });
});

describe('following', () => {
  it('gives the job now, every newer state once, and ends with the job', async () => {
    const job = await create();
    const seen: [string, number][] = [];
    const feed = followJob({ getJob: store.get, subscribe: bus.subscribe }, job.id);
    const following = (async () => {
      for await (const state of feed) seen.push([state.status, state.revision]);
    })();
    await sleep(20);
    await runJob(
      deps('a'),
      job.id,
      async ({ report }) => {
        report(0.5, 'half');
        await sleep(50);
        return {};
      },
      never,
    );
    await following;
    expect(seen[0]).toEqual(['QUEUED', 0]);
    expect(seen.at(-1)?.[0]).toBe('SUCCEEDED');
    const revisions = seen.map(([, revision]) => revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(bus.subscribers()).toBe(0);
  });

  it('lets go of the bus at once when the subscriber leaves', async () => {
    const job = await create();
    const feed = followJob({ getJob: store.get, subscribe: bus.subscribe }, job.id);
    await feed.next();
    const waiting = feed.next();
    await feed.return?.();
    expect((await waiting).done).toBe(true);
    expect(bus.subscribers()).toBe(0);
  });

  it('refuses an unknown job', async () => {
    const feed = followJob(
      { getJob: store.get, subscribe: bus.subscribe },
      '01900000-0000-7000-8000-000000000000',
    );
    await expect(feed.next()).rejects.toThrow('no job has the id');
  });
});

it('pages newest first without gaps or repeats', async () => {
  const ids: string[] = [];
  let after: { createdAt: Date; id: string } | null = null;
  for (;;) {
    const page: Job[] = await store.page({ kinds: null, statuses: null, limit: 3, after });
    ids.push(...page.map((job) => job.id));
    const last = page.at(-1);
    if (!last) break;
    after = { createdAt: last.createdAt, id: last.id };
  }
  const all = await store.page({ kinds: null, statuses: null, limit: 1000, after: null });
  expect(ids).toEqual(all.map((job) => job.id));
  expect(new Set(ids).size).toBe(ids.length);
});

function waitForAbort({ signal }: { signal: AbortSignal }): Promise<object> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}
