import { randomUUID } from 'node:crypto';
import { foldBytes } from './train/trial-bytes.js';
import { openTrialThread, type TrialThread } from './train/trial-threads.js';
import type { ClaimedTrial, TrialLease } from './trial.js';
import type { TrialStore } from './trial.store.js';

export interface TrialSessionDeps {
  store: Pick<TrialStore, 'claim' | 'extend' | 'finish' | 'fail' | 'release'>;
  /** Tells all processes that a trial of the job has ended. */
  publishEnded(jobId: string): void;
  /** Names the process, without blanks, for who reads the rows. */
  workerId: string;
  /** Threads that do trials at most, 1 or more. */
  threads: number;
  /** Bytes that the folds of all threads may take together; one thread there is in any case. */
  memoryBytes: number;
  leaseMs: number;
}

/** What a session works on. */
export interface SessionSearch {
  jobId: string;
  /** See `TrialStore.ask`. */
  name: string;
  bytes: Uint8Array<SharedArrayBuffer>;
}

/** One process that does trials of one search, several at a time; the threads keep the folds between trials. */
export interface TrialSession {
  /** Has every idle thread take up trials as long as `mayClaim` and there are some. */
  work(): void;
  /** Resolves when no thread does a trial or looks for one. */
  idle(): Promise<void>;
  /** Ends the threads at once and gives back what they held. */
  close(): Promise<void>;
}

export interface SessionHooks {
  /** Asked before each claim. */
  mayClaim: () => boolean;
  /** A trial was done here, and its row says so. */
  onDone: (number: number, outcome: Uint8Array) => void;
  /** A trial done here has ended. */
  onChange: () => void;
  /** A row could not be read or written: the thread is idle, and the trial open again once its lease has run out. */
  onProblem: (error: unknown) => void;
}

/** A thread of the session with what it does. */
interface Slot {
  thread: TrialThread | null;
  number: number | null;
  /** What it is at; null while it is idle. */
  busy: Promise<void> | null;
}

/** Nothing is started before the first trial was claimed. */
export function openTrialSession(
  deps: TrialSessionDeps,
  search: SessionSearch,
  hooks: SessionHooks,
): TrialSession {
  const { store, leaseMs } = deps;
  const { jobId } = search;
  const lease: TrialLease = { jobId, holder: `${deps.workerId} ${randomUUID()}` };
  const room = Math.floor(deps.memoryBytes / Math.max(1, foldBytes(search.bytes)));
  const threads = Math.max(1, Math.min(deps.threads, room));
  const slots = Array.from({ length: threads }, (): Slot => ({
    ...{ thread: null, number: null, busy: null },
  }));
  let closed = false;
  const isOpen = (): boolean => !closed;
  let heartbeat: NodeJS.Timeout | null = null;

  const beat = async (): Promise<void> => {
    const mine = slots.flatMap(({ number }) => number ?? []);
    if (mine.length === 0) return;
    const held = await store.extend(lease, mine, leaseMs).catch(() => null); // a lease outlives two failed beats
    const lost = held ? mine.filter((number) => !held.includes(number)) : [];
    for (const { number, thread } of slots)
      if (number !== null && lost.includes(number)) void thread?.close();
  };
  const doTrial = async (slot: Slot, { number, task }: ClaimedTrial): Promise<void> => {
    if (!slot.thread || slot.thread.ended) slot.thread = openTrialThread(search.bytes);
    slot.number = number;
    try {
      const done = await slot.thread.run(task).catch((error: unknown) => reasonOf(error));
      if (closed) return; // given back by `close`
      if (typeof done === 'string') await store.fail(lease, number, done);
      else if (await store.finish(lease, number, done)) hooks.onDone(number, done.outcome);
    } finally {
      slot.number = null;
    }
    deps.publishEnded(jobId);
    hooks.onChange();
  };
  const run = async (slot: Slot): Promise<void> => {
    while (isOpen() && hooks.mayClaim()) {
      const claimed = await store.claim(lease, search.name, leaseMs);
      if (!claimed || !isOpen()) return; // what was claimed meanwhile is given back by `close`
      await doTrial(slot, claimed);
    }
  };
  const rest = (slot: Slot): void => {
    slot.busy = null;
    if (slots.some(({ busy }) => busy !== null) || !heartbeat) return;
    clearInterval(heartbeat);
    heartbeat = null;
  };
  const allIdle = async (): Promise<void> => {
    for (const { busy } of slots) await busy;
  };
  const endThreads = async (): Promise<void> => {
    for (const { thread } of slots) await thread?.close();
  };
  return {
    work() {
      if (closed) return;
      heartbeat ??= setInterval(() => {
        void beat();
      }, leaseMs / 3);
      for (const slot of slots) {
        if (slot.busy !== null) continue;
        slot.busy = run(slot)
          .catch(hooks.onProblem)
          .finally(() => {
            rest(slot);
          });
      }
    },
    idle: allIdle,
    async close() {
      closed = true;
      await endThreads();
      await allIdle();
      await endThreads(); // one that was opened meanwhile
      await store.release(lease).catch(() => undefined); // or else its lease runs out
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
