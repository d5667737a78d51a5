import { AppError } from '../kernel/error.js';
import type { Contributions } from '../numeric/classifier.js';
import type { FeatureTable } from '../numeric/table.js';
import type { Waiting } from './batch.js';

export type RequestKind = 'score' | 'assign' | 'explain';

/** Rows of one run. A request up to this size is never split. */
export const MAX_ROWS_PER_RUN: Readonly<Record<RequestKind, number>> = {
  score: 4096,
  assign: 4096,
  // Shapley values cost fifty times a score: short runs let others through and keep all workers at it.
  explain: 512,
};

/** What a worker computed for `rows` rows: row-major arrays, each with a fixed number of values a row. */
export interface RowValues {
  rows: number;
  arrays: readonly Float64Array[];
}

/** What a run says once, not for every row; only explanations have something to say. */
export type RunHead = Pick<Contributions, 'baseValue' | 'inputs'>;

/** A request's rows in full, and in how many runs they were computed. */
export interface Answer extends RunHead {
  arrays: readonly Float64Array[];
  runs: number;
}

/** One caller's rows, from the queue to the answer; settles exactly once. */
export class ScoreRequest implements Waiting {
  readonly key: string;
  readonly rows: number;
  readonly maxRowsPerRun: number;
  readonly answer: Promise<Answer>;
  sent = 0;
  /** For the moment before a run: the timer may not have had its turn yet. */
  failIfExpired: () => void = () => undefined;
  private runs = 0;
  private answered = 0;
  private arrays: readonly Float64Array[] = [];
  private isSettled = false;
  private timer: NodeJS.Timeout | null = null;
  private stopListening: (() => void) | null = null;
  private resolve!: (answer: Answer) => void;
  private reject!: (error: Error) => void;

  constructor(
    readonly kind: RequestKind,
    readonly sha256: string,
    readonly table: FeatureTable,
    private readonly onSettled: () => void,
  ) {
    this.key = `${kind} ${sha256}`;
    this.rows = table.rows;
    this.maxRowsPerRun = MAX_ROWS_PER_RUN[kind];
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get settled(): boolean {
    return this.isSettled;
  }

  /** Fails with DEADLINE_EXCEEDED after `deadlineMs` milliseconds, and with the signal's reason when it fires. */
  limit(deadlineMs: number | undefined, signal: AbortSignal | undefined): void {
    if (deadlineMs !== undefined) {
      const expire = (): void => {
        const text = `no answer from the model within ${String(deadlineMs)} ms`;
        this.fail(new AppError('DEADLINE_EXCEEDED', text));
      };
      const expiresAt = performance.now() + deadlineMs;
      this.failIfExpired = () => {
        if (performance.now() >= expiresAt) expire();
      };
      this.timer = setTimeout(expire, deadlineMs);
      this.failIfExpired();
    }
    if (!signal || this.isSettled) return;
    const stop = (): void => {
      const reason: unknown = signal.reason;
      this.fail(reason instanceof Error ? reason : new AppError('UNAVAILABLE', 'given up'));
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    this.stopListening = () => {
      signal.removeEventListener('abort', stop);
    };
  }

  /**
   * Takes rows [from, to), which are rows `offset` and on of a run. NaN and infinity fail the request with
   * INTERNAL; the others of the same run are not harmed.
   */
  accept(run: RowValues, from: number, to: number, offset: number, head: RunHead): void {
    if (this.isSettled) return;
    const width = (array: Float64Array): number => array.length / run.rows;
    const parts = run.arrays.map((array) =>
      array.subarray(offset * width(array), (offset + to - from) * width(array)),
    );
    if (parts.some((part) => !part.every(Number.isFinite))) {
      const name = `model ${this.sha256.slice(0, 12)}`;
      this.fail(new AppError('INTERNAL', `${name} answered NaN or infinity to one of the rows`));
      return;
    }
    if (run.rows === this.rows) this.arrays = run.arrays;
    else {
      if (this.arrays.length === 0)
        this.arrays = run.arrays.map((array) => new Float64Array(this.rows * width(array)));
      this.arrays.forEach((whole, i) => {
        const part = parts[i];
        if (part) whole.set(part, (from * part.length) / (to - from));
      });
    }
    this.runs++;
    this.answered += to - from;
    if (this.answered < this.rows || !this.settle()) return;
    this.resolve({ ...head, arrays: this.arrays, runs: this.runs });
  }

  fail(error: Error): void {
    if (this.settle()) this.reject(error);
  }

  private settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    if (this.timer) clearTimeout(this.timer);
    this.stopListening?.();
    this.onSettled();
    return true;
  }
}
