import { pause } from '../kernel/pause.js';

/** Something that recurs in a queue. */
export interface Recurring {
  isThere(): Promise<boolean>;
  put(): Promise<unknown>;
}

/**
 * Looks every now and then whether what recurs is still scheduled, and schedules again what is not: a Redis that comes back
 * empty has forgotten all of it. What is there is left alone, or its next turn would be put off at every look.
 */
export function upholdSchedules(
  everyMs: number,
  onInterrupted: (error: unknown) => void,
): { uphold(key: string, recurring: Recurring): void; close(): Promise<void> } {
  const ended = new AbortController();
  const { signal } = ended;
  const upheld = new Map<string, Recurring>();
  const look = async (): Promise<void> => {
    for (const { isThere, put } of [...upheld.values()]) {
      if (signal.aborted) return;
      if (!(await isThere())) await put();
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await pause(everyMs, signal);
      if (signal.aborted) return;
      await look().catch(onInterrupted);
    }
  };
  let watching: Promise<void> | null = null;
  return {
    uphold(key, recurring) {
      upheld.set(key, recurring);
      watching ??= watch();
    },
    async close() {
      ended.abort();
      await watching;
    },
  };
}
