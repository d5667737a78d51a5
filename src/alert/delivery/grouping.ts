import type { AlertSnapshot } from '../alert.js';

/** How changes become one message. */
export interface Grouping {
  /** Changes of so many milliseconds are told together. */
  withinMs: number;
  /** Changes that one message can hold. */
  most: number;
}

/** A change as far as grouping looks at it. */
export interface WaitingChange {
  createdAt: Date;
  snapshot: Pick<AlertSnapshot, 'severity' | 'status'>;
}

/**
 * Whether changes that nobody was told of yet are to be told now: a message is full, the oldest has waited long
 * enough, or something critical fires on a channel that has been quiet; the next of a storm of critical ones wait
 * for each other.
 * @param lastAt when the channel was last used
 */
export function isReady(
  waiting: readonly WaitingChange[],
  { withinMs, most }: Grouping,
  lastAt: Date,
  now: Date,
): boolean {
  if (waiting.length === 0) return false;
  if (waiting.length >= most) return true;
  // away in either direction: a clock that was set back must not hold alerts
  const away = (at: Date): boolean => Math.abs(now.getTime() - at.getTime()) >= withinMs;
  if (waiting.some(({ createdAt }) => away(createdAt))) return true;
  const critical = waiting.some(
    ({ snapshot }) => snapshot.severity === 'CRITICAL' && snapshot.status === 'FIRING',
  );
  return critical && away(lastAt);
}
