import type { AuditEntry } from '../access/audit.store.js';
import { encodeId } from '../kernel/id.js';
import type { Alert, AlertRule } from './alert.js';
import { summaryOf } from './alert-snapshot.js';
import { isSilent, nextIncident, type Incident, type Measured, type Step } from './alert-state.js';

/** What is to be written of one alert; with it go its timeline, the log of changes and what channels are told. */
export interface AlertChange {
  /** As it is from now on; null: dropped, it never fired. */
  alert: Alert | null;
  /** null: it is new. */
  before: Alert | null;
  rule: AlertRule;
  /** A change of status, which subscribers are told of; null: only its figures moved. */
  told: Pick<AuditEntry, 'actor' | 'action' | 'detail'> | null;
  /** Whether the channels of the rule are told too. */
  deliver: boolean;
  /** Customers it is about, besides those it was about before. */
  userIds: readonly number[];
}

/** The actor of what no person did. */
export const ALERT_ACTOR = 'alerts';

/** The typed id of an alert in the graph and in the audit trail. */
export function alertSubject(id: string): string {
  return encodeId('Alert', id);
}

/** The typed id of a rule. */
export function alertRuleSubject(id: string): string {
  return encodeId('AlertRule', id);
}

/** A series of a rule at a tick. */
export interface Seen {
  rule: AlertRule;
  dedupKey: string;
  labels: Alert['labels'];
  measured: Measured;
  userIds: readonly number[];
}

/** What a look at a series makes of its alert; null: nothing is to be written. Pure, but for the new id. */
export function changeOf(
  before: Alert | null,
  seen: Seen,
  now: Date,
  newId: () => string,
): AlertChange | null {
  const { rule, labels, dedupKey } = seen;
  const step = nextIncident(before, seen.measured, rule, now);
  if (!step.next) return before ? gone(before, rule) : null;
  if (before && step.transition === null && isSame(before, step.next, rule)) return null;
  const { severity, threshold } = rule;
  const value = step.next.value;
  // who was told that it is LOW must be told that it is CRITICAL now
  const weighed = step.transition === null && before?.firedAt && before.severity !== severity;
  const alert: Alert = {
    ...{ id: before?.id ?? newId(), ruleId: rule.id, dedupKey, labels },
    ...step.next,
    revision: step.next.revision + (weighed ? 1 : 0),
    ...{ severity, threshold },
    // while it does not hold, it says what it was like when it did
    summary:
      before && seen.measured?.holds !== true ? before.summary : summaryOf(rule, labels, value),
  };
  return {
    ...{ alert, before, rule },
    told: weighed ? weighedOf(before, alert) : toldOf(step, alert),
    deliver: (weighed || tells(step)) && !(before && isSilent(before, now)),
    userIds: alert.status === 'PENDING' ? [] : seen.userIds,
  };
}

function isSame(before: Alert, next: Incident, rule: AlertRule): boolean {
  return (
    before.value === next.value &&
    before.heldAt.getTime() === next.heldAt.getTime() &&
    before.startedAt.getTime() === next.startedAt.getTime() &&
    before.threshold === rule.threshold &&
    before.severity === rule.severity
  );
}

function tells({ transition }: Step): boolean {
  return transition === 'FIRED' || transition === 'UNSILENCED' || transition === 'RESOLVED';
}

const ACTIONS = { FIRED: 'fired', UNSILENCED: 'silence over', RESOLVED: 'resolved' } as const;

function toldOf({ transition }: Step, alert: Alert): AlertChange['told'] {
  if (transition !== 'FIRED' && transition !== 'UNSILENCED' && transition !== 'RESOLVED')
    return null;
  const { status, value, threshold, startedAt } = alert;
  const since = { heldSince: startedAt.toISOString() };
  return {
    ...{ actor: ALERT_ACTOR, action: ACTIONS[transition] },
    detail: { status, value, threshold, ...(transition === 'FIRED' ? since : {}) },
  };
}

function weighedOf(before: Alert, { status, severity }: Alert): AlertChange['told'] {
  const detail = { status, severity, before: before.severity };
  return { actor: ALERT_ACTOR, action: 'severity changed', detail };
}

/** A pending alert is over without a word. */
export function gone(before: Alert, rule: AlertRule): AlertChange {
  return { alert: null, before, rule, told: null, deliver: false, userIds: [] };
}

/** An alert ended because its rule is not looked at any more, or by a person. */
export function endedBy(
  before: Alert,
  rule: AlertRule,
  { actor, because, comment }: { actor: string; because: string; comment?: string | null },
  now: Date,
): AlertChange {
  if (before.status === 'PENDING') return gone(before, rule);
  const alert: Alert = {
    ...before,
    ...{ status: 'RESOLVED', resolvedAt: now, revision: before.revision + 1 },
  };
  const detail = { status: alert.status, because, ...(comment ? { comment } : {}) };
  return {
    ...{ alert, before, rule, told: { actor, action: 'resolved', detail } },
    ...{ deliver: !isSilent(before, now), userIds: [] },
  };
}
