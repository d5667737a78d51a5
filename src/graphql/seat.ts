import { AppError } from '../kernel/error.js';

/** One reader's place in a stream that many read: whoever puts entries in never waits for it. */
export interface Seat<T> extends AsyncIterableIterator<T> {
  /** Hands over one entry. One too many, and the reader is told and leaves; nothing after the end is kept. */
  put(entry: T): void;
  /** Entries it still takes. */
  room(): number;
  /** Ends the stream; what was not read is dropped. */
  end(): void;
}

/**
 * A seat with room for so many unread entries. Past that `next` throws AppError SLOW_SUBSCRIBER, at once and
 * without the entries before: who comes back with the last cursor gets them all. `onLeave` runs once.
 */
export function openSeat<T>(topic: string, places: number, onLeave: () => void): Seat<T> {
  const done: IteratorResult<T> = { value: undefined, done: true };
  let unread: T[] = [];
  let read = 0;
  let state: 'open' | 'slow' | 'done' = 'open';
  let wake: (() => void) | null = null;
  const leave = (why: 'slow' | 'done'): void => {
    if (state !== 'open') return;
    state = why;
    unread = [];
    read = 0;
    wake?.();
    onLeave();
  };
  const seat: Seat<T> = {
    [Symbol.asyncIterator]: () => seat,
    put(entry) {
      if (state !== 'open') return;
      if (unread.length - read >= places) {
        leave('slow');
        return;
      }
      unread.push(entry);
      wake?.();
    },
    room: () => (state === 'open' ? places - (unread.length - read) : Infinity),
    end: () => leave('done'),
    async next() {
      while (state === 'open' && read === unread.length)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      wake = null;
      if (state === 'slow') {
        state = 'done';
        throw slow(topic, places);
      }
      if (state === 'done') return done;
      const value = unread[read] as T;
      read += 1;
      if (read === unread.length || read > 1_024) {
        unread = unread.slice(read);
        read = 0;
      }
      return { value, done: false };
    },
    return() {
      leave('done');
      return Promise.resolve(done);
    },
  };
  return seat;
}

/** At most 100 bytes: it travels as the reason of a closed socket. */
function slow(topic: string, places: number): AppError {
  return new AppError(
    'SLOW_SUBSCRIBER',
    `over ${places} unread changes of ${topic}; subscribe again with after: your last cursor`,
  );
}
