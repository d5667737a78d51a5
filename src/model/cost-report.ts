import type { z } from 'zod';
import type { Confusion } from '../numeric/metrics.js';
import type { costMatrix } from './spec-parts.js';
import type { VersionReport } from './version-report.js';

export type CostMatrix = z.infer<typeof costMatrix>;

export interface CostReport {
  totalCost: number;
  costPerPrediction: number;
  preventedLoss: number;
  /** (prevented loss - total cost) / total cost; null when nothing is spent. */
  returnOnInvestment: number | null;
  /** Threshold of the ROC curve with the least total cost minus prevented loss. */
  bestThreshold: number;
}

/** Sum over the rows, without what is saved. */
export function costOf(counts: Confusion, costs: CostMatrix): number {
  return (
    counts.truePositives * costs.truePositive +
    counts.falsePositives * costs.falsePositive +
    counts.falseNegatives * costs.falseNegative +
    counts.trueNegatives * costs.trueNegative
  );
}

/**
 * Cost of the test part at the version's threshold, and the threshold at which it would be least.
 * Null without a confusion matrix or a ROC curve. The matrix re-ranks without training again.
 */
export function costReport(
  report: Pick<VersionReport, 'confusionMatrix' | 'rocCurve'>,
  costs: CostMatrix,
): CostReport | null {
  const counts = report.confusionMatrix;
  if (!counts) return null;
  const positives = counts.truePositives + counts.falseNegatives;
  const negatives = counts.falsePositives + counts.trueNegatives;
  let best: { threshold: number; net: number } | null = null;
  for (const { x, y, threshold } of report.rocCurve) {
    if (threshold === null) continue;
    const called = {
      truePositives: y * positives,
      falsePositives: x * negatives,
      falseNegatives: (1 - y) * positives,
      trueNegatives: (1 - x) * negatives,
    };
    const net = costOf(called, costs) - called.truePositives * costs.savedPerTruePositive;
    if (!best || net < best.net) best = { threshold, net };
  }
  if (!best || positives + negatives === 0) return null;
  const totalCost = costOf(counts, costs);
  const preventedLoss = counts.truePositives * costs.savedPerTruePositive;
  return {
    totalCost,
    costPerPrediction: totalCost / (positives + negatives),
    preventedLoss,
    returnOnInvestment: totalCost > 0 ? (preventedLoss - totalCost) / totalCost : null,
    bestThreshold: best.threshold,
  };
}
