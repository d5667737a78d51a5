/**
 * A subscription's stream made of a bus subscription and a generator over its messages. Ending it
 * ends the bus subscription first: a generator that waits for a message could not be ended otherwise.
 * Nothing is opened before the first `next`.
 */
export function liveFeed<T>(
  subscribe: () => AsyncIterableIterator<unknown>,
  run: (messages: AsyncIterable<unknown>) => AsyncGenerator<T, void, void>,
): AsyncIterableIterator<T> {
  let source: AsyncIterableIterator<unknown> | null = null;
  let generator: AsyncGenerator<T, void, void> | null = null;
  let ended = false;
  const end = async (): Promise<void> => {
    ended = true;
    await source?.return?.();
  };
  const feed: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => feed,
    async next() {
      if (ended) return { value: undefined, done: true };
      source ??= subscribe();
      generator ??= run(source);
      try {
        const step = await generator.next();
        if (step.done) await end();
        return step;
      } catch (error) {
        await end();
        throw error;
      }
    },
    async return() {
      await end();
      await generator?.return();
      return { value: undefined, done: true };
    },
    async throw(error: unknown) {
      await end();
      throw error;
    },
  };
  return feed;
}

/**
 * The messages, and `null` whenever `everyMs` passed without one: the bus delivers at most once, so
 * who waits for a change looks again now and then.
 */
export async function* withTicks(
  messages: AsyncIterable<unknown>,
  everyMs: number,
): AsyncGenerator<unknown, void, void> {
  const iterator = messages[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<unknown>> | null = null;
  try {
    for (;;) {
      pending ??= iterator.next();
      let timer: NodeJS.Timeout | undefined;
      const tick = new Promise<'tick'>((resolve) => {
        timer = setTimeout(() => {
          resolve('tick');
        }, everyMs);
      });
      const step = await Promise.race([pending, tick]).finally(() => {
        clearTimeout(timer);
      });
      if (step === 'tick') {
        yield null;
        continue;
      }
      pending = null;
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** The feed with every payload changed by `change`; ending it ends the feed. */
export function mapFeed<T, U>(
  feed: AsyncIterableIterator<T>,
  change: (payload: T) => U,
): AsyncIterableIterator<U> {
  const mapped: AsyncIterableIterator<U> = {
    [Symbol.asyncIterator]: () => mapped,
    async next() {
      const step = await feed.next();
      return step.done
        ? { value: undefined, done: true }
        : { value: change(step.value), done: false };
    },
    async return() {
      await feed.return?.();
      return { value: undefined, done: true };
    },
  };
  return mapped;
}

/** The payloads of a feed that are wanted when their turn comes; ending it ends the feed. */
export function filterFeed<T>(
  feed: AsyncIterableIterator<T>,
  wanted: (payload: T) => boolean,
): AsyncIterableIterator<T> {
  const filtered: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => filtered,
    async next() {
      for (;;) {
        const step = await feed.next();
        if (step.done || wanted(step.value)) return step;
      }
    },
    async return() {
      await feed.return?.();
      return { value: undefined, done: true };
    },
  };
  return filtered;
}
