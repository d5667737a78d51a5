import { createHash } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import type { TrialHost, TrialTask } from './train/trial.js';
import { trialFailed } from './train/trial-threads.js';
import { openTrialSession, type TrialSession, type TrialSessionDeps } from './trial-session.js';
import type { TrialEnded, TrialPayload } from './trial.messages.js';
import { MAX_SHARED_SEARCH_BYTES, type TrialState } from './trial.js';
import type { TrialStore } from './trial.store.js';

export interface TrialHostDeps extends TrialSessionDeps {
  store: TrialStore;
  /** Adds an entry to the queue of trials; `jobId` keeps one that waits from being added twice. */
  enqueue(payload: TrialPayload, options: { jobId: string }): Promise<void>;
  /** Messages that a trial of some job has ended, from now on. */
  endedTrials(): AsyncIterableIterator<TrialEnded>;
  /** Versions of program and engine, which could come to other outcomes. */
  madeBy: string;
  /** How often the rows are looked at while others work; news of them may be lost. */
  pollMs: number;
  onProblem(error: unknown, jobId: string): void;
}

/** Told how many of the trials asked for so far are done. */
export type OnTrial = (done: number, asked: number) => void;

/** Names a search by its data and by who reads it: equal name, equal outcomes. */
export function searchName(madeBy: string, bytes: Uint8Array): string {
  return createHash('sha256').update(madeBy).update('\n').update(bytes).digest('hex');
}

/**
 * The trials of a training as rows that any worker may take up: this process does, whoever else comes; nobody need
 * come. What an earlier attempt of the job has done is taken as it is.
 */
export function hostTrials(deps: TrialHostDeps, jobId: string, onTrial: OnTrial): TrialHost {
  const { store } = deps;
  const bell = makeBell();
  const here = new Map<number, Uint8Array>();
  const news = deps.endedTrials();
  const listening = listen(news, jobId, bell.ring, deps.onProblem);
  let session: TrialSession | null = null;
  let name = '';
  let shared = false;
  let asked = 0;
  let closed = false;
  let calling: Promise<void> = Promise.resolve();

  /** Rows of the stage once all are done. */
  const allDone = async (first: number, count: number, onDone: (done: number) => void) => {
    for (let told = 0; ;) {
      if (closed) throw new AppError('INTERNAL', 'the trials were ended');
      const states = await store.states(jobId, first, count);
      const done = doneOf(states);
      if (done > told) {
        onDone(done);
        onTrial(first + done, asked);
      }
      told = done;
      if (done === count) return;
      if (states.some(({ open }) => open)) session?.work();
      if ((await bell.wait(deps.pollMs)) === 'late') await store.giveUp(jobId);
    }
  };
  return {
    async open(bytes) {
      name = searchName(deps.madeBy, bytes);
      shared = bytes.length <= MAX_SHARED_SEARCH_BYTES;
      await store.share(jobId, shared ? bytes : new Uint8Array(0));
      const search = { jobId, name, bytes };
      session = openTrialSession(deps, search, {
        mayClaim: () => !closed,
        onDone: (number, outcome) => here.set(number, outcome),
        onChange: bell.ring,
        onProblem: (error) => {
          deps.onProblem(error, jobId);
        },
      });
      if (closed) await session.close();
    },
    async run(tasks: readonly TrialTask[], onDone) {
      const first = asked;
      asked += tasks.length;
      await store.ask(jobId, name, first, tasks);
      // a single one is soon taken up here
      if (shared && tasks.length > 1) calling = callForHelp(deps, jobId, first, tasks.length);
      await allDone(first, tasks.length, onDone);
      const outcomes = await collect(store, jobId, first, tasks.length, here);
      here.clear();
      return outcomes;
    },
    async close() {
      closed = true;
      bell.ring();
      await news.return?.();
      await listening;
      await session?.close();
      await calling;
    },
  };
}

/** @throws AppError INTERNAL when a trial failed or was cancelled */
function doneOf(states: readonly TrialState[]): number {
  for (const { number, status, error } of states)
    if (status === 'FAILED' || status === 'CANCELLED')
      throw trialFailed(number, error ?? 'it was cancelled');
  return states.filter(({ status }) => status === 'SUCCEEDED').length;
}

/** Outcomes in the order of the numbers: what was done here, the rest from the rows. */
async function collect(
  store: Pick<TrialStore, 'outcomes'>,
  jobId: string,
  first: number,
  count: number,
  here: ReadonlyMap<number, Uint8Array>,
): Promise<Uint8Array[]> {
  const numbers = Array.from({ length: count }, (_, k) => first + k);
  const elsewhere = numbers.filter((number) => !here.has(number));
  const read = elsewhere.length > 0 ? await store.outcomes(jobId, elsewhere) : new Map();
  return numbers.map((number) => {
    const outcome = here.get(number) ?? (read.get(number) as Uint8Array | undefined);
    if (!outcome) throw trialFailed(number, 'its outcome is gone');
    return outcome;
  });
}

/** An entry a trial: a worker takes one and works until none is left, so the others are for other workers. */
async function callForHelp(
  { enqueue, onProblem }: Pick<TrialHostDeps, 'enqueue' | 'onProblem'>,
  jobId: string,
  first: number,
  count: number,
): Promise<void> {
  try {
    for (let k = 0; k < count; k++) await enqueue({ jobId }, { jobId: `${jobId}-${first + k}` });
  } catch (error) {
    onProblem(error, jobId); // help is welcome, not needed
  }
}

/** Never rejects: who hears nothing looks at the rows. */
async function listen(
  news: AsyncIterable<TrialEnded>,
  ownJob: string,
  ring: () => void,
  onProblem: TrialHostDeps['onProblem'],
): Promise<void> {
  try {
    for await (const { jobId } of news) if (jobId === ownJob) ring();
  } catch (error) {
    onProblem(error, ownJob);
  }
}

/** Wakes who waits; a ring that nobody waits for is kept for who comes next. */
function makeBell(): { ring(): void; wait(limitMs: number): Promise<'rung' | 'late'> } {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(limitMs) {
      if (!rung) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, limitMs);
        });
        clearTimeout(timer);
        wake = null;
      }
      const answer = rung ? 'rung' : 'late';
      rung = false;
      return answer;
    },
  };
}
