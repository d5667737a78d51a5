import type { DriftReport } from './drift.js';

/** What rules of alerts can look at: figures of the newest report of a model. */
export interface DriftMetrics {
  modelId: string;
  /** Of the report; uuid. */
  reportId: string;
  at: Date;
  /** 0..1 */
  consequence: number;
  /** Share of the features that moved severely, 0..1. */
  driftedShare: number;
  /** Share by which accuracy fell, 0.05 = 5 %; null without labelled scores. */
  accuracyFall: number | null;
  drifted: boolean;
}

/** Figures of the newest report of each model; models without one are left out. */
export async function driftMetrics(deps: {
  newestReports(): Promise<DriftReport[]>;
}): Promise<DriftMetrics[]> {
  return (await deps.newestReports()).map((report) => ({
    modelId: report.modelId,
    reportId: report.id,
    at: report.createdAt,
    consequence: report.consequence,
    driftedShare: report.driftedShare,
    accuracyFall: report.accuracyFall,
    drifted: report.drifted,
  }));
}
