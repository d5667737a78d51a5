import type { Counts } from '../kernel/count.js';
import { withCounts, zeroCounts } from '../kernel/count.js';

/** One event that waits for its subscriber; `counts` holds what its source already cost. */
export interface SourceEvent {
  payload: unknown;
  counts: Counts;
}

/** What graphql-ws takes for a stream: it calls `return` when the client leaves. */
export interface EventStream<T> extends AsyncGenerator<T, undefined> {
  /** Ends the stream and its source at once; a waiting reader gets `done`. */
  end(): void;
}

/**
 * The answers of one subscription. The source is read ahead into a queue of at most `maxUndelivered`
 * events and then waits for the reader: a source that can wait (rows of a batch read from the ledger)
 * loses no reader, one that cannot (the bus) holds a bounded number more and then fails with SLOW_SUBSCRIBER.
 * Events are answered one after another, in order, only as fast as the reader asks.
 * An error of the source comes out of `next` after the events before it, unless `onError` takes it.
 */
export function eventStream<T>(options: {
  source: AsyncIterable<unknown>;
  maxUndelivered: number;
  answer: (event: SourceEvent) => Promise<T>;
  /** True when the error was dealt with and the stream just ends. */
  onError: (error: unknown) => boolean;
}): EventStream<T> {
  type Result = IteratorResult<T, undefined>;
  const done: Result = { value: undefined, done: true };
  const iterator = options.source[Symbol.asyncIterator]();
  const queue: SourceEvent[] = [];
  let wake: (() => void) | null = null;
  let makeRoom: (() => void) | null = null;
  let ended = false;
  let exhausted = false;
  let failure: { error: unknown } | null = null;

  const notify = (): void => {
    wake?.();
    wake = null;
  };
  const taken = (): void => {
    makeRoom?.();
    makeRoom = null;
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    queue.length = 0;
    notify();
    taken();
    // a generator that waits for its source cannot answer yet: nobody waits for it here
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
  const pump = async (): Promise<void> => {
    while (!ended) {
      const counts = zeroCounts();
      const step = await withCounts(counts, () => iterator.next());
      if (step.done) break;
      queue.push({ payload: step.value, counts });
      notify();
      if (queue.length >= options.maxUndelivered)
        await new Promise<void>((resolve) => (makeRoom = resolve));
    }
    exhausted = true;
    notify();
  };
  void pump().catch((error: unknown) => {
    if (!ended && options.onError(error)) end();
    else failure = { error };
    exhausted = true;
    notify();
  });

  const next = async (): Promise<Result> => {
    for (;;) {
      if (ended) return done;
      const event = queue.shift();
      taken();
      if (event) return { value: await options.answer(event), done: false };
      if (failure) {
        const { error } = failure;
        end();
        throw error;
      }
      if (exhausted) return done;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const stream: EventStream<T> = {
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: () => {
      end();
      return Promise.resolve();
    },
    next,
    return: () => {
      end();
      return Promise.resolve(done);
    },
    throw: (error) => {
      end();
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    },
    end,
  };
  return stream;
}
