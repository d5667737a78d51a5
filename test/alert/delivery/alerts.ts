import type { AlertSnapshot } from '../../../src/alert/alert.js';

export const START = new Date('2026-03-01T12:00:00.000Z');

/** A change of an alert as a channel is told of it. */
export function snapshot(given: Partial<AlertSnapshot> = {}): AlertSnapshot {
  return {
    id: '0195a000-0000-7000-8000-000000000001',
    revision: 1,
    ruleId: '0195a000-0000-7000-8000-0000000000ff',
    rule: 'High error rate',
    dedupKey: 'rule {}',
    status: 'FIRING',
    severity: 'HIGH',
    summary: 'High error rate: error_rate of model churn is 0.084, above 0.05 for 300 s',
    metric: 'error_rate',
    value: 0.0841,
    threshold: 0.05,
    comparison: 'GT',
    labels: { model: 'churn' },
    at: START.toISOString(),
    startedAt: '2026-03-01T11:55:00.000Z',
    firedAt: START.toISOString(),
    acknowledgedAt: null,
    acknowledgedBy: null,
    silencedUntil: null,
    resolvedAt: null,
    ...given,
  };
}
