import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import type { ModelVersion } from '../model/model.js';
import type { Clusterer } from '../numeric/clusterer.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { choiceRules, clusterAlgorithms, type SegmentationSpec } from './segmentation-spec.js';
import { segmentReport } from './segment.js';

/** One thing that was tried. Silhouette -1..1; the larger the better but for daviesBouldin, inertia and bic. */
export const clusterCandidate = z.object({
  algorithm: z.enum(clusterAlgorithms),
  /** Groups found; noise is none. */
  k: z.int().min(0),
  silhouette: z.number().nullable(),
  calinskiHarabasz: z.number().nullable(),
  daviesBouldin: z.number().nullable(),
  inertia: z.number().nullable(),
  bic: z.number().nullable(),
  gap: z.number().nullable(),
  gapStandardError: z.number().nullable(),
  /** Mean adjusted Rand index of resampled runs; of those only between which stability could decide. */
  stability: z.number().nullable().default(null),
  /** Rows in no group. */
  noise: z.int().min(0),
  /** Share of the rows in the smallest group, 0..1. */
  smallestShare: z.number(),
  seconds: z.number().min(0),
  chosen: z.boolean(),
  /** Why it could not be chosen, in words; null where it could. */
  refused: z.string().nullable(),
  /** Rows it was fitted on, where that was a sample; null: all. */
  sampledRows: z.int().nullable(),
});
export type ClusterCandidate = z.infer<typeof clusterCandidate>;

/** Adjusted Rand index between runs on samples, over the rows that both saw. */
export const stability = z.object({
  runs: z.int(),
  /** 0..1 */
  sampleShare: z.number(),
  mean: z.number(),
  standardDeviation: z.number(),
});
export type Stability = z.infer<typeof stability>;

/** One-way analysis of variance of a feature over the segments; rank 1 separates most. */
const clusterFeatureImportance = z.object({
  feature: z.string(),
  f: z.number(),
  p: z.number(),
  rank: z.int(),
});
export type ClusterFeatureImportance = z.infer<typeof clusterFeatureImportance>;

/** What became of the segments of the version before. */
const identityChange = z.object({
  kind: z.enum(['KEPT', 'SPLIT', 'MERGED', 'APPEARED', 'VANISHED']),
  /** Keys of the version before. */
  from: z.array(z.string()),
  /** Keys of this version. */
  to: z.array(z.string()),
  /** The sentence for people. */
  text: z.string(),
});
export type IdentityChange = z.infer<typeof identityChange>;

/** What `model_version.report` of a segmentation holds under `segmentation`. */
export const segmentationReport = z.object({
  /** Of the customers grouped. */
  rows: z.int(),
  k: z.int(),
  candidates: z.array(clusterCandidate),
  chosenBecause: z.string(),
  choose: z.enum(choiceRules),
  stability,
  featureImportance: z.array(clusterFeatureImportance),
  /** Shares of the variance of the scaled features on the two axes of the projection. */
  explainedVariance: z.array(z.number()),
  /** 1 - sum of the squared shares when it was made. */
  diversity: z.number(),
  /** Against labels that were given: adjusted Rand index, normalised mutual information, homogeneity, completeness. */
  external: z
    .object({
      ari: z.number(),
      nmi: z.number(),
      homogeneity: z.number(),
      completeness: z.number(),
    })
    .nullable(),
  identity: z.array(identityChange),
  /** In the order of the graph's outputs. */
  segments: z.array(segmentReport),
  /** What was done to the data and is worth saying: columns left out, outliers cut, samples taken. */
  treatments: z.array(z.string()),
  /** Enough to make it again. */
  recipe: z.object({
    asOf: z.string(),
    seed: z.int(),
    algorithms: z.array(z.enum(clusterAlgorithms)),
    minK: z.int(),
    maxK: z.int(),
    /** `name@version` */
    features: z.array(z.string()),
    spec: z.record(z.string(), z.unknown()),
  }),
  parity: z.object({ rows: z.int(), worstDifference: z.number() }),
  seconds: z.number(),
});
export type SegmentationReport = z.infer<typeof segmentationReport>;

const parsed = new WeakMap<object, SegmentationReport>();

/** The report of a version that is a segmentation; parsed once an object. @throws AppError INTERNAL when the row is damaged */
export function segmentationOf(version: Pick<ModelVersion, 'id' | 'report'>): SegmentationReport {
  const known = parsed.get(version.report);
  if (known) return known;
  const result = segmentationReport.safeParse(version.report['segmentation']);
  if (!result.success)
    throw new AppError(
      'INTERNAL',
      `report of segmentation ${version.id}: ${z.prettifyError(result.error)}`,
    );
  parsed.set(version.report, result.data);
  return result.data;
}

/** The segmentation that is meant where none is named. */
export const STANDARD_SEGMENTATION = 'persona';

/** A way of grouping customers; a row of `model` with task CLUSTERING. */
export interface SegmentationModel {
  /** uuid v7. */
  id: string;
  /** Its key, such as persona. */
  name: string;
  description: string;
  spec: SegmentationSpec;
  createdAt: Date;
}

/** A version of a segmentation with what is needed to ask it. */
export interface ServedSegmentation {
  model: SegmentationModel;
  version: ModelVersion;
  report: SegmentationReport;
  /** As the artifact holds it; scoring itself is the scorer's. */
  clusterer: Clusterer;
  inputs: { numericNames: readonly string[]; categoricalNames: readonly string[] };
  /** The features of the inputs, in their order. */
  features: readonly FeatureDefinition[];
}

/** What answers now, for each segmentation by key; follows promotions made in any process. */
export interface SegmentServing {
  /** The live version, loaded; null when there is none. Never waits. */
  current(key: string): ServedSegmentation | null;
  /** Every live one. */
  all(): ServedSegmentation[];
  /** Any version, loaded until `work` has ended. @throws AppError NOT_FOUND */
  use<T>(versionId: string, work: (served: ServedSegmentation) => Promise<T>): Promise<T>;
  /** Calls back whenever another version becomes live in this process. */
  onSwitch(listener: (served: ServedSegmentation) => void): void;
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** 1 - sum of squared shares (Simpson, 1949); 0 for nobody or one segment only. */
export function diversityOf(sizes: readonly number[]): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return 0;
  return 1 - sizes.reduce((sum, size) => sum + (size / total) ** 2, 0);
}
