import { Worker } from 'node:worker_threads';
import { AppError } from '../../kernel/error.js';
import { workerFile } from '../../plant/paths.js';
import type { DoneTrial, TrialHost, TrialTask } from './trial.js';

export type TrialThreadAnswer =
  { kind: 'done'; done: DoneTrial } | { kind: 'failed'; message: string };

/** A thread that does trials of one search; it makes the folds at its first task and keeps them. */
export interface TrialThread {
  /**
   * One task at a time. Rejects with AppError INTERNAL: with the trial's message when it throws; when the thread
   * ends. A thread that has ended stays so: `ended`.
   */
  run(task: TrialTask): Promise<DoneTrial>;
  readonly ended: boolean;
  /** Ends the thread at once, in the middle of a task too. */
  close(): Promise<void>;
}

/** @param search `packSearch`, in shared memory: the thread reads it where it lies */
export function openTrialThread(search: Uint8Array<SharedArrayBuffer>): TrialThread {
  const worker = new Worker(workerFile(import.meta.url, './trial-thread.worker.js'), {
    workerData: search,
  });
  let ended = false;
  let waiting: { resolve(done: DoneTrial): void; reject(error: Error): void } | null = null;
  const end = (error: Error): void => {
    ended = true;
    waiting?.reject(error);
    waiting = null;
  };
  worker.on('message', (answer: TrialThreadAnswer) => {
    if (answer.kind === 'done') waiting?.resolve(answer.done);
    else waiting?.reject(new AppError('INTERNAL', answer.message));
    waiting = null;
  });
  worker.once('error', (cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    end(new AppError('INTERNAL', `the thread of a trial failed: ${why}`, { cause }));
  });
  worker.once('exit', () => {
    end(new AppError('INTERNAL', 'the thread of a trial was ended'));
  });
  return {
    get ended() {
      return ended;
    },
    run: (task) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(new AppError('INTERNAL', 'the thread of a trial was ended'));
          return;
        }
        waiting = { resolve, reject };
        worker.postMessage(task);
      }),
    async close() {
      ended = true;
      await worker.terminate();
    },
  };
}

/**
 * Does the trials in `count` threads of this process, with nobody's help and no record of them.
 * @param count threads, 1 or more; as many as there are tasks at most are started
 */
export function trialsInThreads(count: number): TrialHost {
  if (!Number.isInteger(count) || count < 1)
    throw new AppError('INVALID', `threads of trials must be 1 or more, got ${String(count)}`);
  const threads: TrialThread[] = [];
  let search: Uint8Array<SharedArrayBuffer> | null = null;
  return {
    open(bytes) {
      search = bytes;
      return Promise.resolve();
    },
    async run(tasks, onDone) {
      const outcomes = new Array<Uint8Array>(tasks.length);
      let next = 0;
      let done = 0;
      const slot = async (at: number): Promise<void> => {
        for (let task = next++; task < tasks.length; task = next++) {
          if (!search) throw new AppError('INTERNAL', 'the trials were not opened');
          const thread = (threads[at] ??= openTrialThread(search));
          outcomes[task] = (await failedAs(task, thread.run(tasks[task] as TrialTask))).outcome;
          onDone(++done);
        }
      };
      await Promise.all(Array.from({ length: Math.min(count, tasks.length) }, (_, at) => slot(at)));
      return outcomes;
    },
    async close() {
      await Promise.all(threads.splice(0).map((thread) => thread.close()));
    },
  };
}

async function failedAs<T>(task: number, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw trialFailed(task, error instanceof Error ? error.message : String(error), error);
  }
}

/** What fails a training one of whose trials failed. */
export function trialFailed(number: number, why: string, cause?: unknown): AppError {
  return new AppError('INTERNAL', `trial ${number} failed: ${why}`, { cause });
}
