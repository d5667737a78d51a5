import { z } from 'zod';

export type Level = 'LOW' | 'MEDIUM' | 'HIGH';
const QUADRANTS = ['KEEP', 'RAISE_VALUE', 'RAISE_ACTIVITY', 'WATCH'] as const;
export type Quadrant = (typeof QUADRANTS)[number];

/** One number over the members of a segment, beside everybody. */
const featureFacts = z.object({
  feature: z.string(),
  mean: z.number(),
  standardDeviation: z.number(),
  median: z.number(),
  overallMean: z.number(),
  overallStandardDeviation: z.number(),
  /** Mean over the members of the share of all customers below them, ties half: 0..1, 0.5 = like everybody. */
  meanRank: z.number(),
  /** Members without a value. */
  missing: z.int(),
});
export type FeatureFacts = z.infer<typeof featureFacts>;

/** The mix of a profile attribute's values over the members of a segment, the most frequent first. */
const mixFacts = z.object({
  attribute: z.string(),
  values: z.array(
    z.object({
      /** Null: unknown. */
      value: z.string().nullable(),
      count: z.int(),
      /** 0..1, of the segment and of everybody. */
      share: z.number(),
      overallShare: z.number(),
    }),
  ),
});
export type MixFacts = z.infer<typeof mixFacts>;

/** A persona's label with the rule that gave it. */
const personaLabel = z.object({
  dimension: z.string(),
  label: z.string(),
  rule: z.string(),
});
export type PersonaLabel = z.infer<typeof personaLabel>;

/** What a segment is like, as found when its version was made; texts for people are put together when asked. */
export const persona = z.object({
  labels: z.array(personaLabel),
  /** 1..3 each */
  value: z.int().min(1).max(3),
  activity: z.int().min(1).max(3),
  quadrant: z.enum(QUADRANTS),
});
export type Persona = z.infer<typeof persona>;

/** A segment of one version. */
export const segmentReport = z.object({
  /** Its place among the graph's outputs, 0.. */
  number: z.int().min(0),
  /** Stable over versions: follows the centroid. */
  key: z.string(),
  /** When the version was made. */
  size: z.int().min(0),
  share: z.number(),
  /** Mean of the members in the units of the features; what identity is found by lies in `center`. */
  features: z.array(featureFacts),
  mixes: z.array(mixFacts),
  persona,
  /** Raw means of the numerical inputs in their order, missing ones filled: for the match with the next version. */
  center: z.array(z.number()),
});
export type SegmentReport = z.infer<typeof segmentReport>;

/** A segment's name, kept over versions. */
export interface SegmentName {
  modelId: string;
  key: string;
  name: string;
  /** Null: by the rules of personas. */
  namedBy: string | null;
}
