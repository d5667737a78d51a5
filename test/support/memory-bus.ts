import type { Bus } from '../../src/plant/ports.js';

/** A bus within one process, for tests whose subject is not the bus: unbounded, in order, JSON copies. */
export function memoryBus(): Bus & { subscribers(): number } {
  const sinks = new Map<string, Set<(message: unknown) => void>>();
  return {
    publish(topic, message) {
      const copy: unknown = JSON.parse(JSON.stringify(message));
      for (const sink of sinks.get(topic) ?? []) sink(copy);
    },
    subscribe(topic) {
      const waiting: unknown[] = [];
      let wake: (() => void) | null = null;
      let ended = false;
      const sink = (message: unknown): void => {
        waiting.push(message);
        wake?.();
      };
      const all = sinks.get(topic) ?? new Set();
      sinks.set(topic, all.add(sink));
      const iterator: AsyncIterableIterator<unknown> = {
        [Symbol.asyncIterator]: () => iterator,
        async next() {
          while (waiting.length === 0 && !ended)
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          return ended ? { value: undefined, done: true } : { value: waiting.shift(), done: false };
        },
        return() {
          ended = true;
          all.delete(sink);
          wake?.();
          return Promise.resolve({ value: undefined, done: true });
        },
      };
      return iterator;
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    subscribers: () => [...sinks.values()].reduce((sum, all) => sum + all.size, 0),
  };
}
