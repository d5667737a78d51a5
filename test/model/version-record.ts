import type { VersionReport } from '../../src/model/version-report.js';

/** The record of a version that was hardly measured, with what a test wants in it; each call is a new object. */
export function versionRecord(more: Partial<VersionReport> = {}): VersionReport {
  return {
    ...{ metrics: [], confusionMatrix: null, rocCurve: [], precisionRecallCurve: [] },
    ...{ calibrationCurve: [], importances: [], trials: [], baseline: [], targets: [] },
    ...{ ignoredFeatures: [], seconds: 0, parity: { rows: 0, worstDifference: 0 } },
    recipe: {
      ...{ label: 'BEHAVIOUR', asOf: '2026-01-01T00:00:00.000Z', horizonDays: 30 },
      ...{ algorithms: ['logistic'], trials: 1, folds: 5, seed: 1, selectionMetric: 'logLoss' },
      features: ['score@1'],
    },
    ...more,
  };
}
