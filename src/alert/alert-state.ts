import type { Alert, AlertRule, AlertStatus, ComparisonOperator } from './alert.js';

/** The part of an alert that time and measurements move. */
export type Incident = Pick<
  Alert,
  | 'status'
  | 'value'
  | 'startedAt'
  | 'firedAt'
  | 'heldAt'
  | 'acknowledgedAt'
  | 'acknowledgedBy'
  | 'silencedUntil'
  | 'resolvedAt'
  | 'revision'
>;

/** What was measured of a series at a tick; null: the metric has no value. */
export type Measured = { value: number; holds: boolean } | null;

/**
 * What became of an incident. DROPPED: it ended before it fired, and nobody is told. UNSILENCED: the time of its
 * silence is over and it still holds.
 */
export type Transition = 'STARTED' | 'FIRED' | 'UNSILENCED' | 'RESOLVED' | 'DROPPED';

export interface Step {
  /** null: there is none, or it was dropped. */
  next: Incident | null;
  /** null: the status is as it was. */
  transition: Transition | null;
}

/**
 * So long nothing is concluded from a metric without a value, nor from ticks that were missed; after it the incident
 * is over, and the time that a rule has held is counted anew.
 */
export const ABSENT_SECONDS = 300;
/** Of rules made without a word on it. */
export const DEFAULT_KEEP_FIRING_SECONDS = 60;

const HOLDS: Record<ComparisonOperator, (value: number, threshold: number) => boolean> = {
  GT: (value, threshold) => value > threshold,
  GTE: (value, threshold) => value >= threshold,
  LT: (value, threshold) => value < threshold,
  LTE: (value, threshold) => value <= threshold,
  EQ: (value, threshold) => value === threshold,
};

/** A reading held against a rule; one that is no finite number is absent. */
export function measure(
  value: number | null,
  { comparison, threshold }: Pick<AlertRule, 'comparison' | 'threshold'>,
): Measured {
  if (value === null || !Number.isFinite(value)) return null;
  return { value, holds: HOLDS[comparison](value, threshold) };
}

type Durations = Pick<AlertRule, 'forSeconds' | 'keepFiringSeconds'>;

/**
 * The next state of an incident (null: none is open) after a look at its metric. Pure.
 *
 * It starts PENDING when its rule holds, and fires once that has been so for `forSeconds` (0: at once). A pending one
 * that does not hold is dropped: it was no incident. One that fired is over when it has not held for
 * `keepFiringSeconds`; ACKNOWLEDGED and SILENCED stay the same incident, and a silence that is over leads back to where
 * it came from as soon as the rule is seen to hold. Without a value nothing is decided for `ABSENT_SECONDS`.
 * A clock that goes back never makes anything fire or end early: what was counted stands, unless the step is longer
 * than `ABSENT_SECONDS`; then it is counted anew.
 */
export function nextIncident(
  before: Incident | null,
  measured: Measured,
  rule: Durations,
  now: Date,
): Step {
  if (!before || before.resolvedAt !== null)
    return measured?.holds === true ? start(measured.value, rule, now) : STAYS_AWAY;
  if (before.status === 'PENDING') return pending(before, measured, rule, now);
  const heldAt = anchored(before.heldAt, now);
  if (measured?.holds === true) return held({ ...before, value: measured.value }, heldAt, now);
  const quietFor = secondsBetween(heldAt, now);
  const over = measured ? quietFor >= rule.keepFiringSeconds : quietFor >= ABSENT_SECONDS;
  const next = { ...before, heldAt, value: measured?.value ?? before.value };
  return over ? resolved(next, now) : { next, transition: null };
}

const STAYS_AWAY: Step = { next: null, transition: null };

function start(value: number, rule: Durations, now: Date): Step {
  const begun: Incident = {
    status: 'PENDING',
    value,
    startedAt: now,
    firedAt: null,
    heldAt: now,
    acknowledgedAt: null,
    acknowledgedBy: null,
    silencedUntil: null,
    resolvedAt: null,
    revision: 0,
  };
  return rule.forSeconds === 0 ? fired(begun, now) : { next: begun, transition: 'STARTED' };
}

function pending(before: Incident, measured: Measured, rule: Durations, now: Date): Step {
  const unseenFor = secondsBetween(before.heldAt, now);
  if (!measured) return unseenFor >= ABSENT_SECONDS ? DROPPED : { next: before, transition: null };
  if (!measured.holds) return DROPPED;
  // nobody looked for long, or the clock stepped: whether it held meanwhile is not known
  const isNew =
    unseenFor > ABSENT_SECONDS || secondsBetween(now, before.startedAt) > ABSENT_SECONDS;
  const next = {
    ...before,
    value: measured.value,
    startedAt: isNew ? now : before.startedAt,
    heldAt: isNew ? now : anchored(before.heldAt, now, now),
  };
  return secondsBetween(next.startedAt, now) >= rule.forSeconds
    ? fired(next, now)
    : { next, transition: null };
}

const DROPPED: Step = { next: null, transition: 'DROPPED' };

/** A rule holds whose incident has fired. */
function held(before: Incident, heldAt: Date, now: Date): Step {
  const next = { ...before, heldAt: later(heldAt, now) };
  const { status, silencedUntil, acknowledgedAt, revision } = before;
  if (status !== 'SILENCED' || (silencedUntil !== null && silencedUntil > now))
    return { next, transition: null };
  const back: AlertStatus = acknowledgedAt ? 'ACKNOWLEDGED' : 'FIRING';
  return {
    next: { ...next, status: back, silencedUntil: null, revision: revision + 1 },
    transition: 'UNSILENCED',
  };
}

function fired(before: Incident, now: Date): Step {
  const next: Incident = {
    ...before,
    status: 'FIRING',
    firedAt: now,
    revision: before.revision + 1,
  };
  return { next, transition: 'FIRED' };
}

function resolved(before: Incident, now: Date): Step {
  return { next: ended(before, now), transition: 'RESOLVED' };
}

function ended(before: Incident, now: Date): Incident {
  return { ...before, status: 'RESOLVED', resolvedAt: now, revision: before.revision + 1 };
}

/** `at`, not more than `ABSENT_SECONDS` ahead of now; `least` where now is later. */
function anchored(at: Date, now: Date, least: Date = at): Date {
  return secondsBetween(now, at) > ABSENT_SECONDS ? now : later(at, least);
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other;
}

function secondsBetween(from: Date, until: Date): number {
  return (until.getTime() - from.getTime()) / 1_000;
}

/** Whether its changes are kept from the channels at that instant. */
export function isSilent(
  { status, silencedUntil }: Pick<Incident, 'status' | 'silencedUntil'>,
  now: Date,
): boolean {
  return status === 'SILENCED' && silencedUntil !== null && silencedUntil > now;
}

/** What a person does about an alert. */
export type AlertAction =
  { kind: 'ACKNOWLEDGE'; actor: string } | { kind: 'SILENCE'; until: Date } | { kind: 'RESOLVE' };

/** The alert after it, or why it is not possible now. */
export type Acted = { next: Incident; why: null } | { next: null; why: string };

/** Only what fired and is not over can be acted on. Pure. */
export function actOn(before: Incident, action: AlertAction, now: Date): Acted {
  if (before.resolvedAt !== null)
    return refused(`the alert is over since ${before.resolvedAt.toISOString()}`);
  if (before.status === 'PENDING') return refused('the alert is PENDING: it has not fired yet');
  const revision = before.revision + 1;
  switch (action.kind) {
    case 'ACKNOWLEDGE': {
      if (before.acknowledgedAt)
        return refused(
          `the alert was acknowledged by ${before.acknowledgedBy ?? 'somebody'} at ${before.acknowledgedAt.toISOString()}`,
        );
      const status = before.status === 'SILENCED' ? 'SILENCED' : 'ACKNOWLEDGED';
      const by = { acknowledgedAt: now, acknowledgedBy: action.actor };
      return { next: { ...before, ...by, status, revision }, why: null };
    }
    case 'SILENCE':
      return {
        next: { ...before, status: 'SILENCED', silencedUntil: action.until, revision },
        why: null,
      };
    case 'RESOLVE':
      return { next: ended(before, now), why: null };
  }
}

function refused(why: string): Acted {
  return { next: null, why };
}
