import { z } from 'zod';
import { AppError } from '../kernel/error.js';

/** What can be tried; `src/segment/choose/` says how. */
export const clusterAlgorithms = [
  'kmeans',
  'mixture',
  'ward',
  'dbscan',
  'medoids',
  'bisecting',
] as const;
export type ClusterAlgorithm = (typeof clusterAlgorithms)[number];

/** Rules of choice, in the order in which ties are broken. */
export const choiceRules = [
  'silhouette',
  'calinskiHarabasz',
  'daviesBouldin',
  'gap',
  'elbow',
  'bic',
] as const;
export type ChoiceRule = (typeof choiceRules)[number];

const clusterFeature = z.strictObject({
  name: z.string().min(1),
  /** What stands for a missing number: of the training rows. */
  missing: z.enum(['MEDIAN', 'ZERO', 'MIN', 'MAX']).default('MEDIAN'),
  /** AUTO: log1p where nothing is negative and the skewness is above 2. */
  transform: z.enum(['AUTO', 'NONE', 'LOG1P']).default('AUTO'),
  weight: z.number().positive().max(100).default(1),
});
export type ClusterFeature = z.infer<typeof clusterFeature>;

/** Which feature or profile attribute tells what of a persona; null or left out: that label is not given. */
const personaDimensions = z.strictObject({
  spend: z.string().nullable().default(null),
  frequency: z.string().nullable().default(null),
  /** Days since: fewer is better. */
  recency: z.string().nullable().default(null),
  engagement: z.string().nullable().default(null),
  age: z.string().nullable().default(null),
  gender: z.string().nullable().default(null),
  city: z.string().nullable().default(null),
});
export type PersonaDimensions = z.infer<typeof personaDimensions>;

/** The recipe of a segmentation, models/<name>/spec.json; models/README.md explains each field. */
export const segmentationSpec = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/),
  task: z.literal('CLUSTERING'),
  description: z.string().min(1),
  features: z.array(clusterFeature).min(1).max(200),
  /** Further features that profiles tell of; customers are not grouped by them. */
  describe: z.array(z.string().min(1)).max(50).default([]),
  algorithms: z.array(z.enum(clusterAlgorithms)).min(1),
  /** Number of groups tried: minK..maxK; one of them where both are equal. */
  minK: z.int().min(2).max(50).default(2),
  maxK: z.int().min(2).max(50).default(15),
  /** What decides between candidates. */
  choose: z.enum(choiceRules).default('silhouette'),
  /** Share cut off at either end of each number before it is scaled; 0 = none. */
  winsorise: z.number().min(0).max(0.25).default(0.005),
  /** Principal components that explain at least this share are taken; null: the scaled features themselves. */
  explainedVariance: z.number().min(0.1).max(1).nullable().default(null),
  restarts: z.int().min(1).max(100).default(10),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** DBSCAN; `eps` null: read off the k-distance curve. */
  dbscan: z
    .strictObject({ eps: z.number().positive().nullable(), minPoints: z.int().min(2).max(1000) })
    .default({ eps: null, minPoints: 5 }),
  /** The smallest share of the customers that a segment may have; a candidate with a smaller one is not chosen. */
  minShare: z.number().min(0).max(0.2).default(0.01),
  persona: personaDimensions.default({
    spend: null,
    frequency: null,
    recency: null,
    engagement: null,
    age: null,
    gender: null,
    city: null,
  }),
});
export type SegmentationSpec = z.infer<typeof segmentationSpec>;

/** @throws AppError CONFIGURATION naming the field; `where` names the file or row */
export function parseSegmentationSpec(value: unknown, where: string): SegmentationSpec {
  const parsed = segmentationSpec.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('CONFIGURATION', `${where}: ${z.prettifyError(parsed.error)}`);
}
