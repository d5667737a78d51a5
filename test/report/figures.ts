import type { DayFigures } from '../../src/report/daily-report.js';

/** A day on which nothing is to be said; `change` says something. */
export function quietDay(change: Partial<DayFigures> = {}): DayFigures {
  return {
    predictions: 1_000,
    models: [{ name: 'churn', predictions: 1_000, positive: 250 }],
    requests: 10_000,
    errors: 0,
    fallbacks: 0,
    operations: { requests: 5_000, errors: 3 },
    latencyMs: { mean: 20, p50: 12, p95: 60, p99: 110 },
    segmentation: { key: 'persona', version: 3, clusters: 5, diversity: 0.75 },
    alerts: { fired: 0, resolved: 0, firing: 0, loudest: [] },
    drifted: [],
    experiments: [],
    dataQuality: [
      { table: 'customer', status: 'OK', scannedAt: '2026-11-20T02:40:00.000Z', checks: [] },
    ],
    jobs: [{ kind: 'TRAIN', succeeded: 1, failed: 0 }],
    labels: [{ model: 'fraud', days: 1 }],
    ...change,
  };
}
