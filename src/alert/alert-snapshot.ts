import type { Alert, AlertRule, AlertSnapshot, ComparisonOperator } from './alert.js';

/** The alert as it is now, for who must be told of this change whenever they listen. */
export function alertSnapshot(
  alert: Alert,
  rule: Pick<AlertRule, 'name' | 'metric' | 'comparison'>,
  at: Date,
): AlertSnapshot {
  const { id, revision, ruleId, dedupKey, status, severity, summary, value, threshold } = alert;
  return {
    ...{ id, revision, ruleId, rule: rule.name, dedupKey, status, severity, summary },
    ...{ metric: rule.metric, value, threshold, comparison: rule.comparison },
    labels: alert.labels,
    at: at.toISOString(),
    startedAt: alert.startedAt.toISOString(),
    firedAt: text(alert.firedAt),
    acknowledgedAt: text(alert.acknowledgedAt),
    acknowledgedBy: alert.acknowledgedBy,
    silencedUntil: text(alert.silencedUntil),
    resolvedAt: text(alert.resolvedAt),
  };
}

/** The alert that a snapshot was made of, as it was then. */
export function alertOfSnapshot(snapshot: AlertSnapshot): Alert {
  const { id, revision, ruleId, dedupKey, status, severity, summary, value, threshold } = snapshot;
  return {
    ...{ id, revision, ruleId, dedupKey, status, severity, summary, value, threshold },
    labels: snapshot.labels,
    startedAt: new Date(snapshot.startedAt),
    firedAt: instant(snapshot.firedAt),
    heldAt: new Date(snapshot.at),
    acknowledgedAt: instant(snapshot.acknowledgedAt),
    acknowledgedBy: snapshot.acknowledgedBy,
    silencedUntil: instant(snapshot.silencedUntil),
    resolvedAt: instant(snapshot.resolvedAt),
  };
}

function text(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function instant(at: string | null): Date | null {
  return at === null ? null : new Date(at);
}

const WORDS: Record<ComparisonOperator, string> = {
  GT: 'above',
  GTE: 'at or above',
  LT: 'below',
  LTE: 'at or below',
  EQ: 'equal to',
};

/** One sentence: `High error rate: error_rate of model churn is 0.084, above 0.05 for 300 s`. */
export function summaryOf(
  rule: Pick<AlertRule, 'name' | 'metric' | 'comparison' | 'threshold' | 'forSeconds'>,
  labels: Alert['labels'],
  value: number,
): string {
  const named = Object.entries(labels).map(([name, of]) => `${name} ${of}`);
  const series = named.length > 0 ? `${rule.metric} of ${named.join(', ')}` : rule.metric;
  const patience = rule.forSeconds > 0 ? ` for ${rule.forSeconds} s` : '';
  return `${rule.name}: ${series} is ${figure(value)}, ${WORDS[rule.comparison]} ${figure(rule.threshold)}${patience}`;
}

/** At most four significant decimals. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Rule and labels of the series: the same for an incident wherever and whenever it is looked at. */
export function dedupKeyOf(ruleId: string, labels: Alert['labels']): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${ruleId} ${JSON.stringify(Object.fromEntries(sorted))}`;
}
