import type { Alert, AlertRule, AlertSnapshot } from './alert.js';
import { alertRuleSubject, alertSubject } from './alert-change.js';
import { alertOfSnapshot } from './alert-snapshot.js';
import type { AlertRuleType, AlertType } from './alert.type.js';

/** An alert as the graph shows it; `cursorThen` where it is the state at one change. */
export function alertNode(alert: Alert, cursorThen: string | null = null): AlertType {
  const { heldAt: _heldAt, id, ...shown } = alert;
  return { ...shown, labels: { ...alert.labels }, id: alertSubject(id), key: id, cursorThen };
}

/** An alert as it was at a change: what `alertChanged` tells, with the cursor of that change. */
export function alertFromSnapshot(snapshot: AlertSnapshot, cursor: string): AlertType {
  return alertNode(alertOfSnapshot(snapshot), cursor);
}

/** A rule as the graph shows it. */
export function alertRuleNode(rule: AlertRule): AlertRuleType {
  const { id, labels, channels, ...shown } = rule;
  return { ...shown, id: alertRuleSubject(id), labels: { ...labels }, channels: [...channels] };
}
