import { areaInterval, deLong, f1Interval, type AreaEstimate } from '../../numeric/confidence.js';
import type { Estimate } from '../../numeric/difference.js';
import { confusionAt, type Confusion } from '../../numeric/metrics.js';
import { ratioOfMeans, type RatioMoments } from '../../numeric/ratio-of-means.js';
import type { CovariateMoments } from '../../numeric/cuped.js';
import type { EventMetricKind, ModelMetricName } from '../metric.js';
import { normalInterval, type ArmFigure } from './compare-arms.js';

/** Sums of an event metric over the customers of an arm. */
export interface EventSums extends CovariateMoments {
  /** Customers who did it (share), events (count, sum), events with a value (mean). */
  outcomes: number;
  /** Events in the time before, of all its customers. */
  eventsBefore: number;
  /** Of `mean`: sums of values over numbers of values; null for the others. */
  ratio: RatioMoments | null;
}

/** Predictions of an arm's version whose outcome is known, one a customer. */
export interface ArmLabels {
  labels: Uint8Array;
  probabilities: Float64Array;
  /** Whether probability >= threshold as it was then. */
  called: Uint8Array;
}

/** What an event metric is in an arm. @param adjusting whether any arm had events before */
export function eventFigure(kind: EventMetricKind, sums: EventSums, adjusting: boolean): ArmFigure {
  const before = adjusting ? sums : null;
  switch (kind) {
    case 'share':
      return { kind: 'share', successes: sums.outcomes, trials: sums.n, before };
    case 'count':
    case 'sum':
      return { kind: 'mean', moments: sums, before };
    case 'mean': {
      const estimate = sums.ratio && ratioOfMeans(sums.ratio);
      return {
        kind: 'estimate',
        estimate,
        interval: estimate && normalInterval(estimate),
        method: 'ratio of means by the delta method',
      };
    }
  }
}

/** What a metric of models is in an arm: shares for precision, recall and accuracy, estimates for AUC and F1. */
export function modelFigure(name: ModelMetricName, arm: ArmLabels): ArmFigure {
  const counts = confusionAt(arm.labels, Float64Array.from(arm.called), 1);
  const { truePositives: hit, falsePositives, falseNegatives, trueNegatives } = counts;
  const share = (successes: number, trials: number): ArmFigure => ({
    ...{ kind: 'share', successes, trials, before: null },
  });
  switch (name) {
    case 'accuracy':
      return share(hit + trueNegatives, arm.labels.length);
    case 'precision':
      return share(hit, hit + falsePositives);
    case 'recall':
      return share(hit, hit + falseNegatives);
    case 'f1':
      return {
        ...{ kind: 'estimate', method: 'F1 by the delta method', estimate: f1Estimate(counts) },
        interval: f1Interval(hit, falsePositives, falseNegatives),
      };
    case 'auc': {
      const area = deLong(arm.labels, arm.probabilities);
      return {
        ...{ kind: 'estimate', method: 'AUC by DeLong', estimate: area && areaEstimate(area) },
        interval: area && areaInterval(area),
      };
    }
  }
}

function areaEstimate({ area, variance }: AreaEstimate): Estimate {
  return { value: area, variance };
}

/**
 * F1 = 2 J / (1 + J) of J = TP / (TP + FP + FN), a plain share of the rows that are or are called positive; its variance
 * by the delta method. Null where there are no such rows.
 */
function f1Estimate({ truePositives, falsePositives, falseNegatives }: Confusion): Estimate | null {
  const rows = truePositives + falsePositives + falseNegatives;
  if (rows === 0) return null;
  const share = truePositives / rows;
  const slope = 2 / (1 + share) ** 2;
  return {
    value: (2 * share) / (1 + share),
    variance: (slope * slope * share * (1 - share)) / rows,
  };
}
