import type { FeatureFacts } from '../../../src/segment/segment.js';
import type { SegmentFacts } from '../../../src/segment/persona/describe-segments.js';

/** A segment of ten with these numbers. */
export function facts(
  features: readonly (Partial<FeatureFacts> & { feature: string })[],
): SegmentFacts {
  const plain = {
    mean: 1,
    standardDeviation: 1,
    median: 1,
    overallMean: 1,
    overallStandardDeviation: 1,
    meanRank: 0.5,
    missing: 0,
  };
  return {
    number: 0,
    size: 10,
    share: 0.1,
    features: features.map((feature) => ({ ...plain, ...feature })),
    mixes: [],
  };
}

const NAMES = ['purchase_sum', 'purchase_count', 'days_since_last_activity', 'session_count'];

/** One with these mean ranks of spend, frequency, days since and engagement, named as in the demo. */
export function ranked(ranks: readonly number[]): SegmentFacts {
  return facts(
    NAMES.map((feature, i) => ({ feature, meanRank: ranks[i] ?? 0.5, mean: ranks[i] ?? 0.5 })),
  );
}
