import { expect, it } from 'vitest';
import { requestProfile } from '../../src/feature/request-profile.js';
import type { Job } from '../../src/job/job.js';
import { requestOnce, type RequestOnceDeps } from '../../src/job/request-once.js';

/** A store of jobs that nobody takes up until `takeUp`. */
function waitingJobs() {
  let queued: Pick<Job, 'id' | 'kind' | 'input' | 'createdBy'>[] = [];
  let made = 0;
  const deps: RequestOnceDeps<'PROFILE'> = {
    jobPage: ({ kinds, statuses }) => {
      expect(statuses).toEqual(['QUEUED']);
      return Promise.resolve(queued.filter(({ kind }) => kinds.includes(kind)) as Job[]);
    },
    createJob: ({ kind, input, createdBy }) => {
      const job = { id: `job-${++made}`, kind, input: { ...input }, createdBy };
      queued.unshift(job);
      return Promise.resolve(job as Job);
    },
  };
  const takeUp = (): void => {
    queued = [];
  };
  return { deps, takeUp, queued: () => queued };
}

it('a job that waits and does it is enough; one that runs, or does something else, is not', async () => {
  const { deps, takeUp } = waitingJobs();
  const ask = (part: string) =>
    requestOnce(
      deps,
      { kind: 'PROFILE', input: { part }, createdBy: 'somebody' },
      (input) => input['part'] === part,
    );
  expect([await ask('a'), await ask('b'), await ask('a'), await ask('b')]).toEqual([
    ...['job-1', 'job-2', 'job-1', 'job-2'],
  ]);
  takeUp();
  expect(await ask('a')).toBe('job-3');
});

it('ten imports in a row ask for the distributions once, as of the first', async () => {
  const { deps, queued } = waitingJobs();
  let minute = 0;
  const now = (): Date => new Date(Date.UTC(2026, 5, 1, 12, minute++));
  const ask = requestProfile({ ...deps, now });
  for (let file = 0; file < 10; file += 1) expect(await ask('command line')).toBe('job-1');
  expect(queued()).toEqual([
    {
      id: 'job-1',
      kind: 'PROFILE',
      input: { asOf: '2026-06-01T12:00:00.000Z' },
      createdBy: 'command line',
    },
  ]);
});
