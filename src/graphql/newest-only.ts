/** A stream that holds one value: who reads slower than values come gets the newest, not all of them. */
export interface NewestOnly<T> extends AsyncIterableIterator<T> {
  put(value: T): void;
  /** Ends the stream; with an error, the reader gets it. What was not read is dropped. */
  end(failure?: { error: unknown }): void;
}

/**
 * A stream for one reader of a state of which only the newest matters, such as figures. `onOpen` runs at the
 * first `next`, nothing before it; `onEnd` once, when a stream that was opened ends for whatever reason.
 */
export function newestOnly<T>(hooks: {
  onOpen(stream: NewestOnly<T>): void;
  onEnd(stream: NewestOnly<T>): void;
}): NewestOnly<T> {
  const done: IteratorResult<T> = { value: undefined, done: true };
  let state: 'new' | 'open' | 'ended' = 'new';
  let newest: { value: T } | null = null;
  let failed: { error: unknown } | null = null;
  let wake: (() => void) | null = null;
  const notify = (): void => {
    wake?.();
    wake = null;
  };
  const stream: NewestOnly<T> = {
    [Symbol.asyncIterator]: () => stream,
    put(value) {
      if (state !== 'open') return;
      newest = { value };
      notify();
    },
    end(failure) {
      if (state === 'ended') return;
      const opened = state === 'open';
      state = 'ended';
      newest = null;
      failed = failure ?? null;
      notify();
      if (opened) hooks.onEnd(stream);
    },
    async next() {
      if (state === 'new') {
        state = 'open';
        hooks.onOpen(stream);
      }
      while (state === 'open' && !newest) await new Promise<void>((resolve) => (wake = resolve));
      const taken = newest;
      const failure = failed;
      newest = null;
      failed = null;
      if (failure) throw failure.error;
      return taken ? { value: taken.value, done: false } : done;
    },
    return() {
      stream.end();
      return Promise.resolve(done);
    },
  };
  return stream;
}
