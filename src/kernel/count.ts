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

/** One storage for all that an operation is known by: each costs every promise of the process. */
const storage = new AsyncLocalStorage<{ counts: Counts; owner: object | null }>();

/** Fresh counters, all zero. */
export function zeroCounts(): Counts {
  return { sql: 0, onnxRuns: 0, onnxRows: 0, cacheHits: 0 };
}

/** Runs `work`; everything it awaits adds to `counts`, and finds `owner` by `currentOwner`. */
export function withCounts<T>(counts: Counts, work: () => T, owner: object | null = null): T {
  return storage.run({ counts, owner }, work);
}

/** Who counts the operation that runs now, where `withCounts` was told; or null. */
export function currentOwner(): object | null {
  return storage.getStore()?.owner ?? null;
}

/** Adds to the counters of the operation that runs now; without one, does nothing. */
export function count(what: keyof Counts, amount = 1): void {
  const running = storage.getStore();
  if (running) running.counts[what] += amount;
}
