import type { Feed } from './feeds.js';

/** The feeds, telling when a subscription of a field is opened and when it ends, however it does. */
export function countedFeeds(
  feeds: Readonly<Record<string, Feed>>,
  onChange: (field: string, change: 1 | -1) => void,
): Record<string, Feed> {
  const counted = (field: string, feed: Feed): Feed => {
    return (request) => {
      const source = feed(request);
      onChange(field, 1);
      let open = true;
      return watched(source, () => {
        if (open) onChange(field, -1);
        open = false;
      });
    };
  };
  return Object.fromEntries(
    Object.entries(feeds).map(([field, feed]) => [field, counted(field, feed)]),
  );
}

function watched(
  source: AsyncIterable<unknown>,
  ended: () => void,
): AsyncIterableIterator<unknown> {
  let iterator: AsyncIterator<unknown> | null = null;
  const own = (): AsyncIterator<unknown> => (iterator ??= source[Symbol.asyncIterator]());
  const feed: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => feed,
    async next() {
      try {
        const step = await own().next();
        if (step.done) ended();
        return step;
      } catch (error) {
        ended();
        throw error;
      }
    },
    async return() {
      ended();
      await own().return?.();
      return { value: undefined, done: true };
    },
    async throw(error: unknown) {
      ended();
      await own().return?.();
      throw error;
    },
  };
  return feed;
}
