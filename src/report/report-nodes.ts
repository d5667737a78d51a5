import { encodeId } from '../kernel/id.js';
import { errorRateOf, fallbackRateOf, type DailyReport } from './daily-report.js';

/** Report to node; one that is not stored is known by its day. */
export function dailyReportNode(report: DailyReport) {
  const { id, date, figures, rating, health, recommendations, markdown, createdAt } = report;
  return {
    id: encodeId('DailyReport', id ?? date),
    date,
    soFar: id === null,
    health,
    rating,
    predictions: figures.predictions,
    requests: figures.requests,
    errorRate: errorRateOf(figures) ?? 0,
    fallbackRate: fallbackRateOf(figures),
    latencyMs: figures.latencyMs,
    diversity: figures.segmentation?.diversity ?? null,
    alertsFired: figures.alerts.fired,
    alertsResolved: figures.alerts.resolved,
    alertsFiring: figures.alerts.firing,
    drifted: figures.drifted.map(({ model }) => model),
    recommendations,
    markdown,
    figures: figures as unknown as Record<string, unknown>,
    createdAt,
  };
}

export type DailyReportNode = ReturnType<typeof dailyReportNode>;
