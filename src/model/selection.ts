import { z } from 'zod';
import { AppError } from '../kernel/error.js';

/** How candidate features are ranked, the cheap ways first. */
export const selectionMethods = [
  'CORRELATION',
  'MUTUAL_INFORMATION',
  'ANOVA_F',
  'CHI_SQUARE',
  'MODEL_IMPORTANCE',
  'RFECV',
] as const;
export type SelectionMethod = (typeof selectionMethods)[number];

/** From where on a feature is selected; bounds are in selection.messages.ts. */
export interface SelectionThresholds {
  /** CORRELATION: least |r|. */
  correlation: number;
  /** MUTUAL_INFORMATION: features at most. */
  mutualInformationK: number;
  /** ANOVA_F: features at most, and the p-value they must be below. */
  anovaK: number;
  anovaP: number;
  /** CHI_SQUARE: features at most, and the p-value they must be below. */
  chiSquareK: number;
  chiSquareP: number;
  /** MODEL_IMPORTANCE: least share of the total split gain. */
  importance: number;
  /** RFECV: folds, and features taken away at a time. */
  rfecvFolds: number;
  rfecvStep: number;
  /** Pairs above this |r| (categories: Cramér's V) are told as redundant. */
  redundancy: number;
}

export const defaultSelectionThresholds: SelectionThresholds = {
  correlation: 0.1,
  mutualInformationK: 20,
  anovaK: 20,
  anovaP: 0.05,
  chiSquareK: 20,
  chiSquareP: 0.05,
  importance: 0.01,
  rfecvFolds: 5,
  rfecvStep: 1,
  redundancy: 0.95,
};

/** Candidates of one selection at most. */
export const MAX_CANDIDATES = 500;

const rankedFeature = z.object({
  /** `name@version`. */
  feature: z.string(),
  /** What the method measures; null where it could not. */
  score: z.number().nullable(),
  pValue: z.number().nullable(),
  /** 1 = best. */
  rank: z.int(),
  selected: z.boolean(),
});
export type RankedFeature = z.infer<typeof rankedFeature>;

const methodReport = z.object({
  method: z.enum(selectionMethods),
  /** Least score; null where the method has none. */
  threshold: z.number().nullable(),
  /** Features at most; of RFECV the number it chose; null where the method has none. */
  k: z.int().nullable(),
  maxPValue: z.number().nullable(),
  /** Rows it looked at. */
  rows: z.int(),
  seconds: z.number(),
  ranking: z.array(rankedFeature),
});
export type MethodReport = z.infer<typeof methodReport>;

const overallFeature = z.object({
  feature: z.string(),
  /** Methods that selected it, and that ranked it. */
  votes: z.int(),
  rankedBy: z.int(),
  /** Mean of its ranks in those methods. */
  meanRank: z.number(),
  rank: z.int(),
  /** Selected by at least half of the methods that ranked it. */
  selected: z.boolean(),
});
export type OverallFeature = z.infer<typeof overallFeature>;

const curvePoint = z.object({ features: z.int(), meanScore: z.number(), sd: z.number() });
/** Cross-validated F1 with that many features. */
export type RfecvPoint = z.infer<typeof curvePoint>;

const redundantPair = z.object({ a: z.string(), b: z.string(), r: z.number() });
export type RedundantPair = z.infer<typeof redundantPair>;

const leftOutFeature = z.object({
  feature: z.string(),
  reason: z.enum(['CONSTANT', 'ALL_MISSING', 'INFINITE']),
});
/** A candidate that cannot tell rows apart, or that float32 cannot hold. */
export type LeftOutFeature = z.infer<typeof leftOutFeature>;

/** What the ranking itself finds; features by name. */
const ranking = z.object({
  methods: z.array(methodReport),
  overall: z.array(overallFeature),
  /** Rising number of features; empty without RFECV. */
  rfecvCurve: z.array(curvePoint),
  /** Strongest first. */
  redundant: z.array(redundantPair),
  leftOut: z.array(leftOutFeature),
});
export type FeatureRanking = z.infer<typeof ranking>;

/** What `feature_selection.report` holds: the ranking, features as `name@version`, and how to make it again. */
const selectionReport = ranking.extend({
  recipe: z.object({
    label: z.enum(['BEHAVIOUR', 'OUTCOMES']),
    horizonDays: z.int(),
    seed: z.int(),
    /** Customers that had a label; `rows` of them were looked at. */
    labelled: z.int(),
    thresholds: z.record(z.string(), z.number()),
  }),
});
export type SelectionReport = z.infer<typeof selectionReport>;

/** A ranking of candidate features for a model, by several methods; never edited. */
export interface FeatureSelection {
  /** uuid v7. */
  id: string;
  modelId: string;
  jobId: string | null;
  asOf: Date;
  rows: number;
  /** Of `rows`. */
  positive: number;
  report: SelectionReport;
  createdAt: Date;
  createdBy: string;
}

/** A selection before it has a row. */
export type NewFeatureSelection = Omit<FeatureSelection, 'id' | 'createdAt'>;

/** @throws AppError INTERNAL for a report of another shape */
export function parseSelectionReport(value: unknown, id: string): SelectionReport {
  const parsed = selectionReport.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('INTERNAL', `report of selection ${id}: ${z.prettifyError(parsed.error)}`);
}
