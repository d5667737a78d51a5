export type AlertStatus = 'PENDING' | 'FIRING' | 'ACKNOWLEDGED' | 'RESOLVED' | 'SILENCED';
export type Severity = 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';
export type ComparisonOperator = 'GT' | 'GTE' | 'LT' | 'LTE' | 'EQ';

/** Weakest first. */
export const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const satisfies Severity[];

/** When somebody is to be told what. */
export interface AlertRule {
  /** uuid v7. */
  id: string;
  name: string;
  description: string;
  /** A name of the catalogue of metrics. */
  metric: string;
  /** Narrows the metric: only series that carry these labels. */
  labels: Readonly<Record<string, string>>;
  comparison: ComparisonOperator;
  threshold: number;
  /** How long it must hold before it fires. */
  forSeconds: number;
  /** How long it must not hold before it is over. */
  keepFiringSeconds: number;
  severity: Severity;
  /** Names of channels; alerts are in the graph in any case. */
  channels: readonly string[];
  enabled: boolean;
  createdAt: Date;
  createdBy: string;
  updatedAt: Date;
  /** A rule that is gone stays for its alerts. */
  deletedAt: Date | null;
}

/** One incident: from the first tick at which its rule held until it was over. */
export interface Alert {
  /** uuid v7. */
  id: string;
  ruleId: string;
  /** Rule and labels of the series: one open alert a key. */
  dedupKey: string;
  status: AlertStatus;
  severity: Severity;
  summary: string;
  /** The newest measured. */
  value: number;
  threshold: number;
  labels: Readonly<Record<string, string>>;
  startedAt: Date;
  firedAt: Date | null;
  /** When the rule last held. */
  heldAt: Date;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  silencedUntil: Date | null;
  resolvedAt: Date | null;
  /** Grows by one at every change of status or severity. */
  revision: number;
}

/** An alert as it was when its status changed: what subscribers replay and channels are told. */
export interface AlertSnapshot {
  id: string;
  revision: number;
  ruleId: string;
  rule: string;
  dedupKey: string;
  status: AlertStatus;
  severity: Severity;
  summary: string;
  metric: string;
  value: number;
  threshold: number;
  comparison: ComparisonOperator;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601 instants. */
  at: string;
  startedAt: string;
  firedAt: string | null;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  silencedUntil: string | null;
  resolvedAt: string | null;
}

/** One measured series of a metric at an instant. */
export interface MetricReading {
  labels: Readonly<Record<string, string>>;
  value: number;
  /** Customers it is about, where it is about customers; at most 1,000. */
  userIds?: readonly number[];
}
