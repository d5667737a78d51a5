import { AsyncLocalStorage } from 'node:async_hooks';

/** What one GraphQL operation caused; answered as `extensions.counts`. */
export interface Counts {
  /** SQL statements sent (begin, commit and savepoints not counted). */
  sql: number;
  /** ONNX runs that held at least one row of this operation. */
  onnxRuns: number;
  /** Rows of this operation in those runs. */
  onnxRows: number;
  cacheHits: number;
}

const storage = new AsyncLocalStorage<Counts>();

/** Fresh counters, all zero. */
export function zeroCounts(): Counts {
  return { sql: 0, onnxRuns: 0, onnxRows: 0, cacheHits: 0 };
}

/** Runs `work`; everything it awaits adds to `counts`. */
export function withCounts<T>(counts: Counts, work: () => T): T {
  return storage.run(counts, work);
}

/** The counters of the operation that runs now, or null outside of one. */
export function currentCounts(): Counts | null {
  return storage.getStore() ?? null;
}

/** Adds to the counters of the operation that runs now; without one, does nothing. */
export function count(what: keyof Counts, amount = 1): void {
  const counts = storage.getStore();
  if (counts) counts[what] += amount;
}
