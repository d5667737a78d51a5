import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../kernel/clock.js';
import { withCounts, zeroCounts } from '../../kernel/count.js';
import { AppError } from '../../kernel/error.js';
import { pause } from '../../kernel/pause.js';
import { isStatementError } from '../../plant/counted-pool.js';
import type { Log } from '../../plant/ports.js';
import type { ServedSegmentation } from '../segmentation.js';

export interface ReassessChangedDeps {
  /** Every segmentation that is live. */
  live(): readonly ServedSegmentation[];
  /** Decides anew where these customers are, and writes who moved; each customer once. */
  assess(
    served: ServedSegmentation,
    users: readonly number[],
    signal: AbortSignal,
  ): Promise<unknown>;
  log: Log;
  clock: Pick<Clock, 'monotonicMs'>;
  /** Customers that wait, at most. */
  mostWaiting?: number;
  /** After a failure it is tried again so much later, and twice as late each time. */
  retryAfterMs?: number;
}

/** What happens to customers, followed in the background. */
export interface Reassessing {
  /** Something happened to these customers. */
  changed(userIds: Iterable<number>): void;
  /** Customers that were given up; the next assignment of everybody finds them. */
  dropped(): number;
  /** Resolves once nobody waits. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const MOST_WAITING = 100_000;
const USERS_PER_BATCH = 1_000;
/** Rests after a batch, in its own length: while nothing new comes in or too many wait, and while more comes in. */
const REST = 1;
const REST_WHILE_BUSY = 9;
const RETRY_AFTER_MS = 1_000;
const MOST_RETRY_AFTER_MS = 30_000;

/**
 * Reassesses customers right after something happened to them, off the request's path: one batch at a time, a
 * customer who waits already waits once, and where too many wait those who have waited longest are given up, as are
 * those whose batch fails for good, which must not hold up the others. While there is a backlog it rests as long as a batch took, and while
 * more keeps coming in nine times as long, so that whoever records events keeps the database nearly to themselves; those
 * who come again meanwhile are looked at once. When half of the most that may wait do, that ends: being late is better than
 * giving up.
 */
export function reassessChanged(deps: ReassessChangedDeps): Reassessing {
  const { mostWaiting = MOST_WAITING, retryAfterMs = RETRY_AFTER_MS } = deps;
  const waiting = new Set<number>();
  const ended = new AbortController();
  let working: Promise<void> | null = null;
  let dropped = 0;
  let arrivals = 0;
  const stopped = (): boolean => ended.signal.aborted;

  const add = (userId: number): void => {
    waiting.add(userId);
    if (waiting.size <= mostWaiting) return;
    for (const oldest of waiting) {
      waiting.delete(oldest);
      dropped += 1;
      return;
    }
  };
  const work = async (): Promise<void> => {
    await turn(); // the answer leaves first
    let retryMs = retryAfterMs;
    while (waiting.size > 0 && !stopped()) {
      const startMs = deps.clock.monotonicMs();
      const before = arrivals;
      const users = take(waiting, USERS_PER_BATCH);
      try {
        for (const served of deps.live()) await deps.assess(served, users, ended.signal);
        retryMs = retryAfterMs;
      } catch (error) {
        if (stopped()) break;
        if (isFinal(error)) {
          dropped += users.length;
          deps.log.error(
            { err: error, users: users.length },
            'customers could not be put into their segments',
          );
          continue;
        }
        if (retryMs === retryAfterMs)
          deps.log.warn(
            { err: error },
            'customers cannot be put into their segments; trying again',
          );
        users.forEach(add);
        await pause(retryMs, ended.signal);
        retryMs = Math.min(retryMs * 2, MOST_RETRY_AFTER_MS);
        continue;
      }
      const isBusy = arrivals > before && waiting.size < mostWaiting / 2;
      const rest = isBusy ? REST_WHILE_BUSY : REST;
      if (waiting.size > 0) await pause((deps.clock.monotonicMs() - startMs) * rest, ended.signal);
    }
    working = null;
  };
  return {
    changed(userIds) {
      if (stopped() || deps.live().length === 0) return;
      for (const userId of userIds) add(userId);
      arrivals += 1;
      // counters of the request that recorded are not for this
      if (waiting.size > 0) working ??= withCounts(zeroCounts(), work);
    },
    dropped: () => dropped,
    async idle() {
      while (working) await working;
    },
    async close() {
      ended.abort();
      await working;
    },
  };
}

/** Whether trying again would fail again: what is asked is wrong, not who is asked. */
function isFinal(error: unknown): boolean {
  return error instanceof AppError ? !error.retryable : isStatementError(error);
}

function take(waiting: Set<number>, most: number): number[] {
  const taken: number[] = [];
  for (const userId of waiting) {
    if (taken.length === most) break;
    waiting.delete(userId);
    taken.push(userId);
  }
  return taken;
}
