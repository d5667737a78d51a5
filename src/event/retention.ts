import { DAY_MS, type Clock } from '../kernel/clock.js';

/** How long events are held. */
export interface RetentionRule {
  /** Whole days; 0 = for ever. */
  days: number;
  /** History, as imports bring it: nothing is refused for its age, and what is older than `days` is kept for ever. */
  history: boolean;
}

/**
 * Parts of the table are dropped so much later than their end passes out of the retention: processes
 * whose clocks differ by less than it never drop what another one still takes.
 */
export const DROP_MARGIN_MS = 3_600_000;

/**
 * The instant that retention counts from: the earlier of the two clocks, so that an installation that asks its
 * questions in the past (AUGURY_NOW) loses nothing that it can ask about.
 */
export function retentionNow(clock: Pick<Clock, 'now' | 'wall'>): Date {
  return new Date(Math.min(clock.now().getTime(), clock.wall().getTime()));
}

/** The first instant that is still held, or null when all are. */
export function heldFrom(days: number, now: Date): Date | null {
  return days === 0 ? null : new Date(now.getTime() - days * DAY_MS);
}

/** When a part that ends at `until` may be dropped; null = never. */
export function dropsAt(part: { until: Date; kept: boolean }, days: number): Date | null {
  if (part.kept || days === 0) return null;
  return new Date(part.until.getTime() + days * DAY_MS + DROP_MARGIN_MS);
}
