/** How a channel does, for all workers together. */
export interface ChannelState {
  channel: string;
  /** In a row; 0 after a message that got there. */
  failures: number;
  /** Nothing is sent before; null: nothing holds the channel. */
  openUntil: Date | null;
  lastError: string | null;
  /** Of the last attempt. */
  updatedAt: Date;
}

/** When a channel rests, and for how long. */
export const BREAKER = {
  /** Failures in a row after which it opens. */
  opensAfter: 5,
  shortestMs: 30_000,
  longestMs: 300_000,
} as const;

/** What may be sent: anything, one message to see whether the channel is back, or nothing. */
export type Gate = 'CLOSED' | 'PROBE' | 'OPEN';

/** What a channel lets through now. */
export function gateOf(state: Pick<ChannelState, 'failures' | 'openUntil'>, now: Date): Gate {
  // a time further away than anything sets is a clock that was set back
  const restMs = state.openUntil ? state.openUntil.getTime() - now.getTime() : 0;
  if (restMs > 0 && restMs <= 3_600_000) return 'OPEN';
  return state.failures >= BREAKER.opensAfter ? 'PROBE' : 'CLOSED';
}

/**
 * The state after an attempt. A receiver that answers is there, even where it will not take the message; one that
 * asks for time gets it for everything that is sent to it.
 */
export function afterAttempt(
  state: ChannelState,
  outcome: 'DELIVERED' | 'REJECTED' | { failed: string; askedMs: number },
  error: string | null,
  now: Date,
): ChannelState {
  const { channel } = state;
  if (typeof outcome === 'string')
    return { channel, failures: 0, openUntil: null, lastError: error, updatedAt: now };
  const failures = state.failures + 1;
  const steps = failures - BREAKER.opensAfter;
  const restMs =
    steps < 0 ? 0 : Math.min(BREAKER.longestMs, BREAKER.shortestMs * 2 ** Math.min(steps, 10));
  const waitMs = Math.max(restMs, outcome.askedMs);
  return {
    channel,
    failures,
    openUntil: waitMs > 0 ? new Date(now.getTime() + waitMs) : null,
    lastError: outcome.failed,
    updatedAt: now,
  };
}
