import { confusionAt, sigmoid } from '../../numeric/metrics.js';
import type { SliceColumn } from '../train/training.js';
import type { Fairness } from './judgement.js';
import type { MeasuredRows } from './metric-intervals.js';
import { groupsOf, rowsAt } from './slices.js';

/**
 * Rates of the groups of each attribute that is to be compared, at the threshold, of groups with at least 30 test
 * rows. Parity gap: of the shares called positive (demographic parity). Opportunity gap: of the true positive rates
 * (Hardt, Price & Srebro, Equality of Opportunity, 2016). Rows whose value is unknown are a group of no name and take
 * no part in the gaps.
 */
export function judgeFairness(columns: readonly SliceColumn[], rows: MeasuredRows): Fairness[] {
  return columns
    .filter(({ fairness }) => fairness)
    .map(({ dimension, values }) => {
      const groups = groupsOf(values).map(([value, positions]) =>
        ratesOfGroup(value, rowsAt(rows, positions)),
      );
      const named = groups.filter(({ value }) => value !== '');
      return {
        attribute: dimension,
        groups,
        parityGap: gapOf(named.map(({ positiveRate }) => positiveRate)),
        opportunityGap: gapOf(named.flatMap(({ truePositiveRate }) => truePositiveRate ?? [])),
      };
    });
}

function ratesOfGroup(
  value: string,
  { labels, margins, threshold }: MeasuredRows,
): Fairness['groups'][number] {
  const counts = confusionAt(labels, margins.map(sigmoid), threshold);
  const positives = counts.truePositives + counts.falseNegatives;
  const negatives = labels.length - positives;
  return {
    value,
    rows: labels.length,
    positiveRate: (counts.truePositives + counts.falsePositives) / labels.length,
    truePositiveRate: positives > 0 ? counts.truePositives / positives : null,
    falsePositiveRate: negatives > 0 ? counts.falsePositives / negatives : null,
  };
}

function gapOf(rates: readonly number[]): number | null {
  return rates.length < 2 ? null : Math.max(...rates) - Math.min(...rates);
}
