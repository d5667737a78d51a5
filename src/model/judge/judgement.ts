import { z } from 'zod';

/** The part of the rows a metric is of. */
export const metricSplit = z.enum(['TRAIN', 'VALIDATION', 'TEST', 'CROSS_VALIDATION', 'LIVE']);

/** `low`, `high`: 95 % confidence interval, where one was computed. */
export const metric = z.object({
  name: z.string(),
  split: metricSplit,
  value: z.number(),
  low: z.number().optional(),
  high: z.number().optional(),
});

/** What an operator gets and pays at a threshold, on the test part. */
const thresholdRow = z.object({
  rule: z.string(),
  threshold: z.number(),
  precision: z.number().nullable(),
  recall: z.number().nullable(),
  f1: z.number().nullable(),
  positiveRate: z.number(),
  totalCost: z.number(),
  chosen: z.boolean(),
  /** Whether the precision that the rule asks for was reached out of fold; absent or null where it asks for none. */
  reached: z.boolean().nullable().optional(),
});

const slice = z.object({
  dimension: z.string(),
  value: z.string(),
  rows: z.number(),
  positives: z.number(),
  metrics: z.array(metric),
  /** Told apart from the rest by more than chance, and the worst of those. */
  worst: z.boolean(),
});

/** Rates of the groups of an attribute; a gap is the largest minus the smallest, null with fewer than two groups. */
const fairness = z.object({
  attribute: z.string(),
  groups: z.array(
    z.object({
      value: z.string(),
      rows: z.number(),
      positiveRate: z.number(),
      truePositiveRate: z.number().nullable(),
      falsePositiveRate: z.number().nullable(),
    }),
  ),
  parityGap: z.number().nullable(),
  opportunityGap: z.number().nullable(),
});

const ruleCheck = z.object({
  name: z.string(),
  /** Test rows the rule covers, and those called positive all the same. */
  rows: z.number(),
  violations: z.number(),
  tolerance: z.number(),
  veto: z.boolean(),
  met: z.boolean(),
  /** Features the rule names that are no inputs of the version: it cannot be checked and counts as not met. */
  unknownFeatures: z.array(z.string()).optional(),
});

/** margin = intercept + slope x raw margin, fitted out of fold; folded into the classifier where it is applied. */
const calibration = z.object({
  slope: z.number(),
  intercept: z.number(),
  logLossBefore: z.number(),
  logLossAfter: z.number(),
  applied: z.boolean(),
});

/**
 * Where a value lies among the training rows: 21 quantiles (0, 5, … 100 %) of the known numbers, or shares of the
 * categories among the known ones; an input of zeros and ones has both, as categories "0" and "1".
 */
const reference = z.object({
  feature: z.string(),
  missingShare: z.number(),
  quantiles: z.array(z.number()).nullable(),
  categories: z.array(z.object({ value: z.string(), share: z.number() })).nullable(),
});

/** Why a group scores as it does: mean contributions of its test rows, in log-odds. */
const cause = z.object({
  dimension: z.string(),
  value: z.string(),
  rows: z.number(),
  reasons: z.array(
    z.object({
      feature: z.string(),
      meanContribution: z.number(),
      meanAbsoluteContribution: z.number(),
    }),
  ),
});

/** What was found out about a classifier beyond its metrics. Records made before these were lack them. */
export const judgement = z.object({
  thresholds: z.array(thresholdRow).optional(),
  slices: z.array(slice).optional(),
  fairness: z.array(fairness).optional(),
  ruleChecks: z.array(ruleCheck).optional(),
  calibration: calibration.nullable().optional(),
  /** Shares of the members of a blend, by algorithm; absent for a single classifier. */
  blend: z.array(z.object({ algorithm: z.string(), weight: z.number() })).optional(),
  reference: z.array(reference).optional(),
  causes: z.array(cause).optional(),
});
export type Judgement = z.infer<typeof judgement>;
export type JudgedMetric = z.infer<typeof metric>;
export type ThresholdRow = z.infer<typeof thresholdRow>;
export type Slice = z.infer<typeof slice>;
export type Fairness = z.infer<typeof fairness>;
export type RuleCheck = z.infer<typeof ruleCheck>;
export type Reference = z.infer<typeof reference>;
export type Cause = z.infer<typeof cause>;
