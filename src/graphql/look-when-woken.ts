import { pause } from '../kernel/pause.js';

export interface LookWhenWokenDeps {
  /** Something changed, or may have; never called again before it has ended. */
  look(): Promise<void>;
  /** Told what came out of `look`, or broke a subscription; both are tried again. */
  onInterrupted(error: unknown): void;
  /** Looked again this often although nobody said anything: the bus delivers at most once. */
  everyMs: number;
  /** Least time between two looks, default 0: of many messages in it one look is made. */
  restMs?: number;
  /** Heard before the first look, so that nothing falls between the two. */
  listenTo?: () => AsyncIterableIterator<unknown>;
}

/** Looks at once, then whenever it is woken; closed, it does neither. */
export interface Watch {
  /** Looks again as soon as the look that may be on is over. */
  wake(): void;
  /** Is woken by every message from now on; a stream that breaks is opened again. */
  listen(subscribe: () => AsyncIterableIterator<unknown>): void;
  /** Resolves when nothing runs any more. */
  close(): Promise<void>;
}

const RESUBSCRIBE_AFTER_MS = 1_000;

/**
 * One look for however many messages came during the one before: who reads on from where it stands needs no more.
 * (`followTopic` looks once a message, which a burst makes many.)
 */
export function lookWhenWoken(deps: LookWhenWokenDeps): Watch {
  const { look, onInterrupted, everyMs, restMs = 0, listenTo } = deps;
  const ended = new AbortController();
  const { signal } = ended;
  const streams = new Set<AsyncIterableIterator<unknown>>();
  const running: Promise<void>[] = [];
  let resting = new AbortController();
  const wake = (): void => resting.abort();
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      // made before the look: what comes during it is looked at once more
      resting = new AbortController();
      try {
        await look();
      } catch (error) {
        onInterrupted(error);
      }
      if (restMs > 0) await pause(restMs, signal);
      await pause(everyMs, resting.signal);
    }
  };
  const hear = async (subscribe: () => AsyncIterableIterator<unknown>): Promise<void> => {
    while (!signal.aborted) {
      try {
        const stream = subscribe();
        streams.add(stream);
        try {
          for await (const _ of stream) wake();
        } finally {
          streams.delete(stream);
        }
      } catch (error) {
        onInterrupted(error);
      }
      await pause(RESUBSCRIBE_AFTER_MS, signal);
    }
  };
  if (listenTo) running.push(hear(listenTo));
  running.push(watch());
  return {
    wake,
    listen(subscribe) {
      running.push(hear(subscribe));
    },
    async close() {
      ended.abort();
      wake();
      for (const stream of streams) await stream.return?.();
      await Promise.all(running);
    },
  };
}
