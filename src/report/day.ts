import { DAY_MS } from '../kernel/clock.js';
import { userError, type UserError } from '../kernel/error.js';

/** A day of the calendar in UTC, `YYYY-MM-DD`. */
export type Day = string;

/** No installation has rows of an earlier day. */
export const FIRST_DAY: Day = '2000-01-01';
/** So many days that were missed are told of later; those before stay untold. */
const MOST_MISSED_DAYS = 7;

/** The day of an instant. */
export function dayOf(at: Date): Day {
  return at.toISOString().slice(0, 10);
}

/** `days` later, or earlier below 0. */
export function addDays(day: Day, days: number): Day {
  return dayOf(new Date(startOf(day).getTime() + days * DAY_MS));
}

/** Its first instant. */
export function startOf(day: Day): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

/** The instant after its last, or the present one while it goes on. */
export function endOf(day: Day, now: Date): Date {
  return new Date(Math.min(startOf(day).getTime() + DAY_MS, now.getTime()));
}

/** Why a report on the day cannot be stored: it is not over, or too far back. */
export function dayError(day: Day, today: Day, field = 'date'): UserError | null {
  const yesterday = addDays(today, -1);
  const bound = `${field} must be ${FIRST_DAY}..${yesterday} (yesterday, UTC), got ${day}`;
  if (day === today)
    return userError('INVALID', `${bound}: ask dailyReport for a day so far`, field);
  return day > yesterday || day < FIRST_DAY ? userError('INVALID', bound, field) : null;
}

/**
 * The days to be written about, oldest first: those after the last report until yesterday, seven at most; yesterday where
 * there is none yet.
 */
export function missedDays(last: Day | null, today: Day): Day[] {
  const yesterday = addDays(today, -1);
  if (last === null) return [yesterday];
  const earliest = addDays(today, -MOST_MISSED_DAYS);
  const days: Day[] = [];
  let day = addDays(last, 1);
  if (day < earliest) day = earliest;
  for (; day <= yesterday; day = addDays(day, 1)) days.push(day);
  return days;
}
