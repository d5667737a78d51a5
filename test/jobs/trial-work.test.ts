import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { searchInput } from '../../src/model/train/fold-data.js';
import { packSearch, unpackOutcomes } from '../../src/model/train/trial-bytes.js';
import type { DoneTrial, TrialTask } from '../../src/model/train/trial.js';
import { searchName } from '../../src/model/trial-host.js';
import { openTrialWork, type TrialWorkDeps } from '../../src/model/trial-work.js';
import type { TrialStore } from '../../src/model/trial.store.js';
import { trainingOf } from '../support/trial-floor.js';

const search = packSearch(searchInput(trainingOf(300)));
const task: TrialTask = { candidates: [{ algorithm: 'logistic', c: 1 }], from: 0, until: 2 };
const { signal } = new AbortController();

/** Rows in memory, of one job; what the store of Postgres does is tested there. */
function memory(tasks: readonly TrialTask[], name: string) {
  const rows = tasks.map((of) => ({ of, holder: '', done: null as DoneTrial | null, error: '' }));
  const problems: string[] = [];
  const unused = () => Promise.reject(new Error('must not be asked'));
  const store: TrialStore = {
    share: () => Promise.resolve(),
    shared: () => Promise.resolve(Buffer.from(search)),
    ask: () => Promise.resolve(),
    openSearch: () => Promise.resolve(rows.some(({ holder }) => holder === '') ? name : null),
    claim({ holder }) {
      const number = rows.findIndex((row) => row.holder === '');
      const row = rows[number];
      if (!row) return Promise.resolve(null);
      row.holder = holder;
      return Promise.resolve({ number, task: row.of });
    },
    extend: (_lease, numbers) => Promise.resolve([...numbers]),
    finish(_lease, number, done) {
      (rows[number] ?? { done }).done = done;
      return Promise.resolve(true);
    },
    fail(_lease, number, error) {
      (rows[number] ?? { error }).error = error;
      return Promise.resolve(true);
    },
    release({ holder }) {
      for (const row of rows) if (row.holder === holder && !row.done && !row.error) row.holder = '';
      return Promise.resolve();
    },
    giveUp: () => Promise.resolve(),
    states: unused,
    outcomes: unused,
    forgetEnded: unused,
    ofJobs: unused,
  };
  const deps: TrialWorkDeps = {
    store,
    workerId: 'here:1',
    threads: 2,
    memoryBytes: 1e9,
    leaseMs: 10_000,
    lingerMs: 10_000,
    pollMs: 10,
    madeBy: 'this version',
    enqueue: () => Promise.resolve(),
    publishEnded: () => undefined,
    endedTrials: async function* () {
      await Promise.resolve();
      yield* [];
    },
    onProblem: (error) => problems.push(String(error)),
  };
  return { rows, problems, work: openTrialWork(deps) };
}

const ours = searchName('this version', search);

describe('helping with trials', () => {
  it('does all that are open, and tells why one could not be done', async () => {
    const { work, rows } = memory([task, { ...task, until: 3 }, { ...task, until: 9 }], ours);
    await work.help('job', signal);
    await work.close();
    const folds = rows.map(({ done }) => done && unpackOutcomes(done.outcome)[0]?.scores.length);
    expect(folds).toEqual([2, 3, null]);
    expect(rows[2]?.error).toBe('fold must be 0..2, got 3');
  });

  it('leaves the trials of another version of the program alone, and says so', async () => {
    const { work, rows, problems } = memory([task], searchName('that version', search));
    await work.help('job', signal);
    await work.close();
    expect(rows[0]?.holder).toBe('');
    expect(problems).toEqual(['AppError: trials of another version of the program are left to it']);
  });

  it('waits while a training runs in this process', async () => {
    const { work, rows } = memory([task], ours);
    const own = work.host('own', () => undefined);
    const helped = work.help('job', signal);
    await sleep(50);
    expect(rows[0]?.holder).toBe('');
    await own.close();
    await helped;
    await work.close();
    expect(rows[0]?.done).not.toBeNull();
  });

  it.each(['while it waits', 'in the middle of a trial'])(
    'ends with the reason when it is stopped %s',
    async (when) => {
      const { work, rows } = memory([task, task, task], ours);
      const stop = new AbortController();
      const own = when === 'while it waits' ? work.host('own', () => undefined) : null;
      const helped = expect(work.help('job', stop.signal)).rejects.toThrow('the worker stops');
      if (!own) while (rows[1]?.holder === '') await sleep(1);
      stop.abort(new Error('the worker stops'));
      await helped;
      await own?.close();
      await work.close();
      const left = rows.filter(({ done }) => !done);
      expect(left.length).toBeGreaterThan(0);
      expect(left.every(({ holder, error }) => holder === '' && error === '')).toBe(true);
    },
  );
});
