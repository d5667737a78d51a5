import { AppError } from '../kernel/error.js';

/** One subscriber of a topic: a bounded buffer that somebody pushes into and an iterator reads from. */
export interface Subscription extends AsyncIterableIterator<unknown> {
  /** Hands over one message; past the bound the subscription fails and leaves. */
  push(message: unknown): void;
  /** Ends the iteration; what is buffered is dropped. */
  end(): void;
}

type Result = IteratorResult<unknown, undefined>;
const DONE: Result = { value: undefined, done: true };

/**
 * A subscription that holds at most `bufferSize` undelivered messages. One more, and the next read
 * throws AppError SLOW_SUBSCRIBER: the reader is told instead of the process growing without end.
 * `onLeave` runs once, when the subscription ends for whatever reason.
 */
export function createSubscription(
  topic: string,
  bufferSize: number,
  onLeave: (reason: 'ended' | 'slow') => void,
): Subscription {
  // A ring would save the shifts; `head` does the same with a plain array.
  let buffer: unknown[] = [];
  let head = 0;
  let waiting: { resolve: (result: Result) => void }[] = [];
  let state: 'open' | 'slow' | 'done' = 'open';

  const leave = (reason: 'ended' | 'slow'): void => {
    if (state !== 'open') return;
    state = reason === 'slow' ? 'slow' : 'done';
    buffer = [];
    head = 0;
    const readers = waiting;
    waiting = [];
    for (const reader of readers) reader.resolve(DONE);
    onLeave(reason);
  };

  const subscription: Subscription = {
    [Symbol.asyncIterator]: () => subscription,
    push(message) {
      if (state !== 'open') return;
      const reader = waiting.shift();
      if (reader) {
        reader.resolve({ value: message, done: false });
        return;
      }
      if (buffer.length - head >= bufferSize) leave('slow');
      else buffer.push(message);
    },
    end: () => leave('ended'),
    next() {
      if (state === 'slow') {
        state = 'done';
        return Promise.reject(
          new AppError(
            'SLOW_SUBSCRIBER',
            `more than ${bufferSize} undelivered messages of "${topic}": read faster or subscribe again`,
          ),
        );
      }
      if (head < buffer.length) {
        const value = buffer[head];
        buffer[head] = undefined;
        head += 1;
        if (head === buffer.length || head > 1_024) {
          buffer = buffer.slice(head);
          head = 0;
        }
        return Promise.resolve({ value, done: false });
      }
      if (state === 'done') return Promise.resolve(DONE);
      return new Promise<Result>((resolve) => waiting.push({ resolve }));
    },
    return() {
      leave('ended');
      state = 'done';
      return Promise.resolve(DONE);
    },
    throw(error: unknown) {
      leave('ended');
      state = 'done';
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    },
  };
  return subscription;
}
