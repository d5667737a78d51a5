import type { Clock } from '../../kernel/clock.js';
import type { Attempt, Channel, ChannelMessage } from './channel.js';
import type { ClaimedMessage } from './delivery.js';
import type { Grouping } from './grouping.js';
import { afterFailure, askedMs } from './retry.js';

/**
 * Takes the next message of a channel and keeps it for `leaseMs`; null when there is nothing to be sent now, the channel
 * rests, or somebody else is at it.
 */
export type ClaimMessage = (
  channel: string,
  grouping: Grouping,
  leaseMs: number,
  now: Date,
) => Promise<ClaimedMessage | null>;

/** What becomes of a message after an attempt. */
export type SettledAs =
  | { kind: 'DELIVERED'; note: string | null }
  | {
      kind: 'RETRY';
      at: Date;
      refusedAt: Date | null;
      error: string;
      askedMs: number;
      rejected: false;
    }
  | { kind: 'FAILED'; error: string; askedMs: number; rejected: boolean };

export interface DeliverAlertsDeps {
  claim: ClaimMessage;
  settle(message: ClaimedMessage, as: SettledAs, now: Date): Promise<void>;
  release(message: ClaimedMessage, now: Date): Promise<void>;
  clock: Pick<Clock, 'wall'>;
  /** Changes of so many milliseconds are told together; 10 s unless told. */
  groupWithinMs?: number;
  /** Told of every attempt, for figures and the log. */
  onAttempt?(channel: Channel, message: ClaimedMessage, as: SettledAs): void;
}

const GROUP_WITHIN_MS = 10_000;
/** A send ends before the lease does, so that nobody else begins it meanwhile. */
const SEND_WITHIN_MS = 30_000;
const LEASE_MS = 60_000;

/**
 * Sends what is due on a channel, message after message, until there is nothing left for now or `signal` fires. What was
 * cut short by the signal is due at once for whoever comes next; a process that dies leaves it until its lease is over.
 * @returns how many messages got there
 */
export function deliverAlerts(
  deps: DeliverAlertsDeps,
): (channel: Channel, signal: AbortSignal) => Promise<number> {
  const { clock, groupWithinMs = GROUP_WITHIN_MS } = deps;
  return async (channel, signal) => {
    const grouping = { withinMs: groupWithinMs, most: channel.most };
    const stopped = (): boolean => signal.aborted;
    let delivered = 0;
    while (!stopped()) {
      const message = await deps.claim(channel.name, grouping, LEASE_MS, clock.wall());
      if (!message) break;
      const attempt = await attemptOf(channel, message, signal);
      if (!attempt.ok && stopped()) {
        await deps.release(message, clock.wall());
        break;
      }
      const as = settledAs(message, attempt, clock.wall());
      await deps.settle(message, as, clock.wall());
      deps.onAttempt?.(channel, message, as);
      if (as.kind === 'DELIVERED') delivered += 1;
    }
    return delivered;
  };
}

/** What an attempt makes of a message. Pure. */
function settledAs(message: ClaimedMessage, attempt: Attempt, now: Date): SettledAs {
  if (attempt.ok) return { kind: 'DELIVERED', note: attempt.note ?? null };
  const { error } = attempt;
  const next = afterFailure(message, attempt, now);
  const rest = { askedMs: askedMs(attempt) };
  if (next.kind === 'GIVE_UP')
    return { kind: 'FAILED', error: next.why, ...rest, rejected: !attempt.retry };
  return { kind: 'RETRY', at: next.at, refusedAt: next.refusedAt, error, ...rest, rejected: false };
}

function attemptOf(
  channel: Channel,
  { id, changes }: ClaimedMessage,
  signal: AbortSignal,
): Promise<Attempt> {
  const newest = Math.max(...changes.map(({ createdAt }) => createdAt.getTime()));
  const alerts = changes.map(({ snapshot }) => snapshot);
  return sendInTime(channel, { id, at: new Date(newest), alerts }, signal);
}

/** One attempt that is over within half a minute, whatever the channel does. */
export async function sendInTime(
  channel: Channel,
  message: ChannelMessage,
  signal: AbortSignal,
): Promise<Attempt> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(SEND_WITHIN_MS)]);
  let stop: () => void = () => undefined;
  const late = new Promise<Attempt>((resolve) => {
    stop = () => {
      resolve({ ok: false, error: 'the channel did not answer in time', retry: true });
    };
    if (both.aborted) stop();
    else both.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([channel.send(message, both), late]);
  } finally {
    both.removeEventListener('abort', stop);
  }
}
