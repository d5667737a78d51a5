import { DAY_MS } from '../kernel/clock.js';
import { exponentialVariate, type Uniform } from '../numeric/random-variates.js';
import { instant } from './instant.js';
import type { TicketDraft } from './profile.js';

/** A service ticket of the demo, in the order of its instants: opened, resolved, rated. */
export interface DemoTicket {
  source: 'demo';
  key: string;
  user: string;
  issueType: string;
  openedAt: Date;
  resolvedAt: Date | null;
  /** 1..5 */
  satisfaction: number | null;
  ratedAt: Date | null;
}

/** What was asked for in the last days of the histories is still open. */
const OPEN_DAYS = 2;
const MEAN_RATING_HOURS = 18;
const HOUR_MS = 3_600_000;

/**
 * Tells a ticket by the instant at which the customer rates it: it was opened as much earlier as its solution and
 * the rating took, though not before `from`. What would come after `last`, the last sign of life, does not happen.
 * @param next chance of its own, so that the rest of the history does not depend on it
 */
export function tellTicket(
  next: Uniform,
  draft: TicketDraft,
  when: { ratedMs: number; from: number; last: number; end: number },
  names: { key: string; user: string },
): DemoTicket {
  const { ratedMs, from, last, end } = when;
  const solution = draft.resolutionHours * HOUR_MS;
  const rating = exponentialVariate(next, MEAN_RATING_HOURS * HOUR_MS);
  const common = { source: 'demo' as const, ...names, issueType: draft.issue };
  const nothing = { resolvedAt: null, satisfaction: null, ratedAt: null };
  if (ratedMs > end - OPEN_DAYS * DAY_MS)
    return { ...common, openedAt: instant(ratedMs), ...nothing };
  const opened = Math.max(from, ratedMs - solution - rating);
  const resolved = opened + solution;
  const rated = resolved + rating;
  if (resolved > last) return { ...common, openedAt: instant(opened), ...nothing };
  return {
    ...common,
    openedAt: instant(opened),
    resolvedAt: instant(resolved),
    satisfaction: rated > last ? null : draft.satisfaction,
    ratedAt: rated > last ? null : instant(rated),
  };
}
