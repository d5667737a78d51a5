import { costReport, type CostMatrix, type CostReport } from './cost-report.js';
import type { ModelVersion } from './model.js';
import { reportOf } from './version-report.js';

/** A version by what its answers would have cost. */
export interface RankedVersion<V> {
  /** 1 costs least. */
  rank: number;
  version: V;
  cost: CostReport;
  /** Total cost minus what is saved, at the version's threshold, over the test rows; negative is a gain. */
  netCostPerPrediction: number;
}

/**
 * The versions by net cost per prediction on their own test parts, the cheapest first, the newer one on a tie; those
 * whose record has no confusion matrix are left out. Nothing is trained or scored: a cost matrix only weighs counts.
 */
export function rankVersions<V extends Pick<ModelVersion, 'id' | 'version' | 'report'>>(
  versions: readonly V[],
  costs: CostMatrix,
): RankedVersion<V>[] {
  return versions
    .flatMap((version) => {
      const report = reportOf(version);
      const cost = costReport(report, costs);
      const counts = report.confusionMatrix;
      if (!cost || !counts) return [];
      const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
      const rows = truePositives + falsePositives + falseNegatives + trueNegatives;
      return [
        { version, cost, netCostPerPrediction: (cost.totalCost - cost.preventedLoss) / rows },
      ];
    })
    .sort(
      (a, b) =>
        a.netCostPerPrediction - b.netCostPerPrediction || b.version.version - a.version.version,
    )
    .map((each, at) => ({ rank: at + 1, ...each }));
}
