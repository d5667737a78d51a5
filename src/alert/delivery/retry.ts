import { seededRandom } from '../../kernel/random.js';
import type { NotDelivered } from './channel.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The schedule of attempts; docs/alerts.md tells it to people. */
export const RETRY = {
  /** Before the second attempt; doubled with each further one. */
  firstMs: SECOND_MS,
  longestMs: 5 * MINUTE_MS,
  /** A message that its receiver refuses until its owner mends something. */
  refusedEveryMs: 5 * MINUTE_MS,
  refusedForMs: HOUR_MS,
  /** What a receiver can ask for at most. */
  longestAskedMs: HOUR_MS,
  giveUpAfterMs: 72 * HOUR_MS,
  /** However old a message is: workers may have been away for days. */
  fewestAttempts: 5,
} as const;

/** What was tried, and how often. */
export interface Tried {
  /** Of the message: makes the chance. */
  id: string;
  /** So far, >= 1. */
  attempts: number;
  createdAt: Date;
  refusedAt: Date | null;
}

/** What is to be done with a message that was not delivered. */
export type AfterFailure =
  { kind: 'RETRY'; at: Date; refusedAt: Date | null } | { kind: 'GIVE_UP'; why: string };

/**
 * Decides about a message after an attempt that failed: when it is tried again, or that it is given up.
 * The same message waits the same time in every process.
 */
export function afterFailure(tried: Tried, failure: NotDelivered, now: Date): AfterFailure {
  if (!failure.retry) return { kind: 'GIVE_UP', why: failure.error };
  const enough = tried.attempts >= RETRY.fewestAttempts;
  if (enough && since(tried.createdAt, now) >= RETRY.giveUpAfterMs)
    return { kind: 'GIVE_UP', why: `given up after 3 days: ${failure.error}` };
  if (failure.refused !== true) {
    const delayMs = Math.max(backoffMs(tried), askedMs(failure));
    return { kind: 'RETRY', at: new Date(now.getTime() + delayMs), refusedAt: null };
  }
  const refusedAt = tried.refusedAt ?? now;
  if (enough && since(refusedAt, now) >= RETRY.refusedForMs)
    return { kind: 'GIVE_UP', why: `given up after an hour of refusals: ${failure.error}` };
  const delayMs = Math.max(Math.min(RETRY.refusedEveryMs, 4 * backoffMs(tried)), askedMs(failure));
  return { kind: 'RETRY', at: new Date(now.getTime() + delayMs), refusedAt };
}

/** Milliseconds that the receiver asked for, within bounds; 0 when it did not ask. */
export function askedMs(failure: Pick<NotDelivered, 'retryAfterMs'>): number {
  return Math.min(Math.max(failure.retryAfterMs ?? 0, 0), RETRY.longestAskedMs);
}

/** 1 s, 2 s, 4 s … 5 min, of which the upper half is by chance: receivers that come back are not overrun. */
function backoffMs({ id, attempts }: Pick<Tried, 'id' | 'attempts'>): number {
  const full = Math.min(RETRY.longestMs, 2 * RETRY.firstMs * 2 ** Math.min(attempts - 1, 30));
  return Math.max(RETRY.firstMs, full * (0.5 + 0.5 * chanceOf(id, attempts)));
}

/** [0, 1), from the last 32 bits of the uuid. */
function chanceOf(id: string, attempts: number): number {
  const seed = Number.parseInt(id.slice(-8), 16) || 0;
  return seededRandom((seed ^ Math.imul(attempts, 0x9e3779b1)) >>> 0).next();
}

const since = (from: Date, now: Date): number => now.getTime() - from.getTime();
