import type { EventRow } from '../event/event.js';
import { NAME_PATTERN, NAME_RULE } from '../event/event.js';
import { isStorableText } from '../plant/parameters.js';
import { checkExternalId, type Verdict } from '../user/user.js';

/** A ticket to record; idempotent by (source, key). What is null or absent stays as it is. */
export interface TicketRow {
  /** Where it comes from: `crm`, `helpdesk` … */
  source: string;
  /** The sender's id, unique within its source. */
  key: string;
  /** External id of the customer. */
  user: string;
  issueType: string;
  /** Personal data. */
  text?: string | null;
  openedAt: Date;
  resolvedAt?: Date | null;
  /** 1..5 */
  satisfaction?: number | null;
  /** When the satisfaction was stated. */
  ratedAt?: Date | null;
}

/** What is known of a ticket by now; `satisfaction` and `ratedAt` are null together. */
export interface TicketState {
  source: string;
  key: string;
  userId: number;
  issueType: string;
  text: string | null;
  openedAt: Date;
  resolvedAt: Date | null;
  satisfaction: number | null;
  ratedAt: Date | null;
}

/** A stored ticket. */
export interface Ticket extends TicketState {
  id: number;
}

/** Its events carry it in their key, which must be at most 200 characters. */
export const MAX_TICKET_KEY = 180;
export const MAX_ISSUE_TYPE = 100;
export const MAX_TICKET_TEXT = 10_000;

/** Why a row cannot be taken whatever is held, or null; `latest` is the last instant it may carry. Pure. */
export function checkTicketRow(row: TicketRow, latest: Date): Verdict {
  return (
    checkText(row.key, 'key', MAX_TICKET_KEY) ??
    checkExternalId(row.user, 'user') ??
    checkSource(row.source) ??
    checkText(row.issueType, 'issueType', MAX_ISSUE_TYPE) ??
    checkBody(row.text) ??
    checkInstant(row.openedAt, 'openedAt', new Date(0), '1970 or later', latest) ??
    checkLater(row, 'resolvedAt', latest) ??
    checkLater(row, 'ratedAt', latest) ??
    checkSatisfaction(row.satisfaction)
  );
}

function invalid(message: string): Verdict {
  return { code: 'INVALID', message };
}

function checkText(text: unknown, field: string, most: number): Verdict {
  if (typeof text !== 'string' || text === '') return invalid(`${field} is missing`);
  if (text.length > most)
    return invalid(`${field} must be 1..${most} characters, got ${text.length}`);
  return isStorableText(text) ? null : invalid(`${field} holds a character that cannot be stored`);
}

function checkSource(source: string): Verdict {
  if (source === '') return invalid('source is missing');
  return NAME_PATTERN.test(source)
    ? null
    : invalid(`source must be ${NAME_RULE}, got ${JSON.stringify(source.slice(0, 80))}`);
}

function checkBody(text: string | null | undefined): Verdict {
  if (text === null || text === undefined || text === '') return null;
  if (text.length > MAX_TICKET_TEXT)
    return {
      code: 'TOO_LARGE',
      message: `text must be at most ${MAX_TICKET_TEXT} characters, got ${text.length}`,
    };
  return isStorableText(text) ? null : invalid('text holds a character that cannot be stored');
}

function checkInstant(
  at: unknown,
  field: string,
  earliest: Date,
  rule: string,
  latest: Date,
): Verdict {
  if (!(at instanceof Date) || Number.isNaN(at.getTime()))
    return invalid(`${field} is not an instant`);
  if (at < earliest) return invalid(`${field} must be ${rule}, got ${at.toISOString()}`);
  return at > latest
    ? invalid(`${field} must not be after ${latest.toISOString()}, got ${at.toISOString()}`)
    : null;
}

function checkLater(row: TicketRow, field: 'resolvedAt' | 'ratedAt', latest: Date): Verdict {
  const at = row[field];
  if (at === null || at === undefined) return null;
  const opened = row.openedAt;
  return checkInstant(at, field, opened, `at or after openedAt ${opened.toISOString()}`, latest);
}

function checkSatisfaction(satisfaction: number | null | undefined): Verdict {
  if (satisfaction === null || satisfaction === undefined) return null;
  return satisfaction >= 1 && satisfaction <= 5
    ? null
    : invalid(`satisfaction must be 1..5, got ${satisfaction}`);
}

/** What a row makes of a ticket: its new state, or why it cannot be taken. */
export type TicketChange =
  | { kind: 'CREATED' | 'UPDATED' | 'UNCHANGED'; state: TicketState }
  | { kind: 'REFUSED'; verdict: NonNullable<Verdict> };

/**
 * A checked row on what is held. Issue type and text follow the sender; whose ticket it is, its instants and its
 * satisfaction stand once they are recorded, because their events cannot be rewritten: another value is a
 * CONFLICT that names the field. A satisfaction without `ratedAt` counts as stated at the solution. Pure.
 */
export function applyTicketRow(
  held: TicketState | null,
  row: TicketRow,
  userId: number,
): TicketChange {
  const resolvedAt = row.resolvedAt ?? held?.resolvedAt ?? null;
  const satisfaction = row.satisfaction ?? held?.satisfaction ?? null;
  const stated = row.ratedAt ?? held?.ratedAt ?? null;
  const ratedAt = stated ?? (satisfaction === null ? null : resolvedAt);
  const refusal =
    checkRating(satisfaction, ratedAt) ??
    (held &&
      checkConflict(held, { userId, openedAt: row.openedAt, resolvedAt, satisfaction, ratedAt }));
  if (refusal) return { kind: 'REFUSED', verdict: refusal };
  const state: TicketState = {
    source: row.source,
    key: row.key,
    userId,
    issueType: row.issueType,
    text: row.text ?? held?.text ?? null,
    openedAt: row.openedAt,
    resolvedAt,
    satisfaction,
    ratedAt,
  };
  if (!held) return { kind: 'CREATED', state };
  return { kind: isSame(held, state) ? 'UNCHANGED' : 'UPDATED', state };
}

function checkRating(satisfaction: number | null, ratedAt: Date | null): Verdict {
  if (satisfaction !== null && ratedAt === null)
    return invalid(
      'ratedAt is missing: without a solution it says since when satisfaction is known',
    );
  return satisfaction === null && ratedAt !== null
    ? invalid('satisfaction is missing: ratedAt says when it was stated')
    : null;
}

type Recorded = Pick<
  TicketState,
  'userId' | 'openedAt' | 'resolvedAt' | 'satisfaction' | 'ratedAt'
>;

function checkConflict(held: TicketState, wanted: Recorded): Verdict {
  const conflict = (message: string): Verdict => ({ code: 'CONFLICT', message });
  if (held.userId !== wanted.userId)
    return conflict('user is another customer’s: a ticket stays with its customer');
  for (const field of ['openedAt', 'resolvedAt', 'satisfaction', 'ratedAt'] as const) {
    const before = held[field];
    const after = wanted[field];
    if (before === null || valueOf(before) === valueOf(after)) continue;
    return conflict(
      `${field} is recorded as ${textOf(before)} and cannot become ${textOf(after)}: its event is written`,
    );
  }
  return null;
}

function valueOf(value: Date | number | null): number | null {
  return value instanceof Date ? value.getTime() : value;
}

function textOf(value: Date | number | null): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function isSame(a: TicketState, b: TicketState): boolean {
  return (
    a.issueType === b.issueType &&
    a.text === b.text &&
    valueOf(a.resolvedAt) === valueOf(b.resolvedAt) &&
    valueOf(a.ratedAt) === valueOf(b.ratedAt)
  );
}

/**
 * The events of a ticket, each at the instant at which what it tells became known, with keys that make a repeat
 * a repeat: `ticket` when it was opened, `ticket_resolved` (seconds since then), `ticket_rated` (satisfaction).
 */
export function eventsOfTicket(ticket: TicketState, user: string): EventRow[] {
  const { source, key, openedAt, resolvedAt, ratedAt, satisfaction } = ticket;
  const event = (what: string, type: string, at: Date, value: number | null): EventRow => ({
    source,
    id: `ticket:${key}:${what}`,
    user,
    type,
    at,
    value,
    properties: { issue_type: ticket.issueType },
  });
  const seconds = resolvedAt && (resolvedAt.getTime() - openedAt.getTime()) / 1000;
  return [
    event('opened', 'ticket', openedAt, null),
    ...(resolvedAt ? [event('resolved', 'ticket_resolved', resolvedAt, seconds)] : []),
    ...(ratedAt ? [event('rated', 'ticket_rated', ratedAt, satisfaction)] : []),
  ];
}

/** The ticket as it was known before an instant, or null when it was opened at or after it. */
export function asKnownBefore(ticket: Ticket, instant: Date): Ticket | null {
  if (ticket.openedAt >= instant) return null;
  const resolvedAt = ticket.resolvedAt && ticket.resolvedAt < instant ? ticket.resolvedAt : null;
  return ticket.ratedAt && ticket.ratedAt < instant
    ? { ...ticket, resolvedAt }
    : { ...ticket, resolvedAt, satisfaction: null, ratedAt: null };
}
