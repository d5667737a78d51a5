import type { Clusterer } from '../numeric/clusterer.js';
import type { Population, SegmentFacts } from './persona/describe-segments.js';
import type { ClusterAlgorithm, ClusterFeature, SegmentationSpec } from './segmentation-spec.js';
import type {
  ClusterCandidate,
  ClusterFeatureImportance,
  SegmentationReport,
} from './segmentation.js';

/** What the thread is given: the customers, and how to group them. */
export interface ClusterTask {
  /** The table holds the inputs, and nothing else; attributes are for the profiles. */
  population: Population;
  /** Treatment of each input by name; those not named are treated as the recipe's defaults say. */
  features: readonly ClusterFeature[];
  algorithms: readonly ClusterAlgorithm[];
  minK: number;
  maxK: number;
  seed: number;
  recipe: Pick<
    SegmentationSpec,
    'choose' | 'winsorise' | 'explainedVariance' | 'restarts' | 'dbscan' | 'minShare'
  >;
  /** Attribute that holds ages, which are also told as bands; null: none. */
  age: string | null;
  /** Labels to compare with, one a customer; '' = unknown. Null: none were given. */
  labels: readonly string[] | null;
}

/** A customer of the scatter chart. */
export interface ProjectedRow {
  row: number;
  x: number;
  y: number;
}

/** What the thread gives back. */
export interface ClusterOutcome {
  algorithm: ClusterAlgorithm;
  hyperparameters: Record<string, unknown>;
  clusterer: Clusterer;
  onnx: Uint8Array;
  /** Largest difference between the clusterer and the one read back from `onnx`. */
  worstDifference: number;
  /** What the clusterer says of each customer: 0..segments-1, that of noise included. */
  segmentOf: Int32Array;
  segments: number;
  candidates: ClusterCandidate[];
  chosenBecause: string;
  stability: SegmentationReport['stability'];
  featureImportance: ClusterFeatureImportance[];
  explainedVariance: number[];
  projection: ProjectedRow[];
  facts: SegmentFacts[];
  /** Of each segment the means of the numerical inputs, missing ones filled, in their order. */
  centers: number[][];
  /** Standard deviation of each numerical input over everybody, > 0: the scale that centres are compared in. */
  spread: number[];
  external: SegmentationReport['external'];
  ignored: { feature: string; reason: string }[];
  treatments: string[];
}

/** Points of the scatter chart, a seeded sample. */
export const PROJECTED_ROWS = 5_000;
