import type { FeatureFacts, Level, MixFacts, SegmentReport } from '../segment.js';
import type { PersonaDimensions } from '../segmentation-spec.js';
import { goodRank, levelOf } from './persona-rules.js';
import type { SegmentFacts } from './describe-segments.js';

/** One number over a segment beside everybody, as it is shown. */
export interface FeatureProfile {
  feature: string;
  mean: number;
  standardDeviation: number;
  median: number;
  overallMean: number;
  /** mean / overallMean; null where everybody's mean is 0. */
  index: number | null;
  level: Level;
  /** The mean rank, 0..1: 0.5 = like everybody. */
  scaled: number;
}

/** A feature's facts with level and scale: those of the number itself, so many days since are HIGH. */
export function profileOf(facts: FeatureFacts): FeatureProfile {
  const { feature, mean, standardDeviation, median, overallMean, meanRank } = facts;
  return {
    feature,
    mean,
    standardDeviation,
    median,
    overallMean,
    index: overallMean === 0 ? null : mean / overallMean,
    level: levelOf(meanRank),
    scaled: meanRank,
  };
}

/** A corner of the radar. */
export interface RadarPoint {
  axis: string;
  /** 0..1; for features 0.5 = like everybody. */
  value: number;
}

const MIN_AXES = 5;
export const MAX_AXES = 12;

/**
 * A segment's polygon, 5 to 12 corners and the first again at the end. Axes are the features by mean rank, days since
 * turned round so that outside is better, those that tell a persona first; where there are fewer than five features:
 * the share beside the largest segment's, value and activity (1..3 as 0, 0.5, 1), and how uniform its customers are
 * (1 - mean of deviation / everybody's deviation, at least 0), and how unlike everybody their mix is (mean total
 * variation distance of the mixes). The same axes for every segment of a version.
 */
export function radarOf(
  segment: Pick<SegmentReport, 'features' | 'mixes' | 'share'> & {
    persona: Pick<SegmentReport['persona'], 'value' | 'activity'>;
  },
  dimensions: PersonaDimensions,
  largestShare: number,
): RadarPoint[] {
  const { spend, frequency, recency, engagement } = dimensions;
  const leading: readonly (string | null)[] = [spend, frequency, recency, engagement];
  const placeOf = (feature: string): number =>
    leading.includes(feature) ? leading.indexOf(feature) : leading.length;
  const features = [...segment.features]
    .sort((a, b) => placeOf(a.feature) - placeOf(b.feature))
    .slice(0, MAX_AXES)
    .map((facts) => ({ axis: facts.feature, value: goodRank(facts, dimensions) }));
  const { value, activity } = segment.persona;
  const others: RadarPoint[] = [
    { axis: 'share', value: largestShare > 0 ? segment.share / largestShare : 0 },
    { axis: 'value', value: (value - 1) / 2 },
    { axis: 'activity', value: (activity - 1) / 2 },
    { axis: 'uniformity', value: uniformityOf(segment.features) },
    { axis: 'distinctness', value: distinctnessOf(segment.mixes) },
  ];
  const corners = [...features, ...others.slice(0, Math.max(0, MIN_AXES - features.length))];
  const [first] = corners;
  return first ? [...corners, first] : [];
}

function uniformityOf(features: readonly FeatureFacts[]): number {
  const known = features.filter(({ overallStandardDeviation }) => overallStandardDeviation > 0);
  if (known.length === 0) return 0;
  const sum = known.reduce(
    (total, { standardDeviation, overallStandardDeviation }) =>
      total + standardDeviation / overallStandardDeviation,
    0,
  );
  return Math.min(1, Math.max(0, 1 - sum / known.length));
}

function distinctnessOf(mixes: readonly MixFacts[]): number {
  const distances = mixes.map(
    ({ values }) =>
      values.reduce((sum, { share, overallShare }) => sum + Math.abs(share - overallShare), 0) / 2,
  );
  return distances.reduce((sum, each) => sum + each, 0) / Math.max(1, distances.length);
}

export type Direction = 'ABOVE' | 'BELOW' | 'EQUAL';

/** A mean beside another. */
export interface MetricComparison {
  feature: string;
  mean: number;
  otherMean: number;
  /** mean / otherMean; null where that is 0. */
  ratio: number | null;
  direction: Direction;
}

export interface ShareComparison {
  value: string | null;
  share: number;
  otherShare: number;
}

export interface MixComparison {
  attribute: string;
  values: ShareComparison[];
}

export interface SegmentComparison {
  metrics: MetricComparison[];
  mixes: MixComparison[];
}

/** A segment beside everybody (`other` null) or another segment of the same version. */
export function compareSegments(
  segment: Pick<SegmentFacts, 'features' | 'mixes'>,
  other: Pick<SegmentFacts, 'features' | 'mixes'> | null,
): SegmentComparison {
  const metrics = segment.features.map(({ feature, mean, overallMean }) => {
    const otherMean = other
      ? (other.features.find((each) => each.feature === feature)?.mean ?? 0)
      : overallMean;
    return {
      feature,
      mean,
      otherMean,
      ratio: otherMean === 0 ? null : mean / otherMean,
      direction: directionOf(mean, otherMean),
    };
  });
  const mixes = segment.mixes.map(({ attribute, values }) => {
    const beside = other?.mixes.find((each) => each.attribute === attribute)?.values ?? [];
    return {
      attribute,
      values: values.map(({ value, share, overallShare }) => ({
        value,
        share,
        otherShare: other
          ? (beside.find((each) => each.value === value)?.share ?? 0)
          : overallShare,
      })),
    };
  });
  return { metrics, mixes };
}

function directionOf(mean: number, other: number): Direction {
  if (mean > other) return 'ABOVE';
  return mean < other ? 'BELOW' : 'EQUAL';
}
