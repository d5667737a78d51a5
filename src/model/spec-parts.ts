import { z } from 'zod';

export const share = z.number().min(0).max(1);

/** What is tried; `src/model/train/candidates.ts` says how. */
export const algorithms = ['logistic', 'boosting', 'forest', 'perceptron', 'isolation'] as const;

/** Money for each kind of answer, in the installation's currency; all >= 0. */
export const costMatrix = z.strictObject({
  truePositive: z.number().min(0),
  falsePositive: z.number().min(0),
  falseNegative: z.number().min(0),
  trueNegative: z.number().min(0),
  savedPerTruePositive: z.number().min(0),
});

/** How the threshold is found, always on out-of-fold predictions of the training part. */
export const thresholdRule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), value: share }),
  z.strictObject({ kind: z.literal('f1') }),
  /** The highest recall among thresholds whose precision is at least so much. */
  z.strictObject({ kind: z.literal('precision'), atLeast: share }),
  /** The least total cost minus what is saved. */
  z.strictObject({ kind: z.literal('cost'), costs: costMatrix }),
]);

/** A bound on one input: numbers compare, categories are among `in`; exactly one of the two. */
export const inputCondition = z
  .strictObject({
    feature: z.string().min(1),
    /** Each bound holds where given: gt < value, value <= lte, … A missing value meets none. */
    gt: z.number().optional(),
    gte: z.number().optional(),
    lt: z.number().optional(),
    lte: z.number().optional(),
    in: z.array(z.string()).min(1).optional(),
  })
  .refine(({ gt, gte, lt, lte, in: among }) => {
    const bounds = [gt, gte, lt, lte].filter((bound) => bound !== undefined);
    return bounds.length > 0 !== (among !== undefined);
  }, 'a condition must have either bounds (gt, gte, lt, lte) or in');
export type InputCondition = z.infer<typeof inputCondition>;

/** Who must not be called positive, such as customers of high value who were active yesterday. */
export const businessRule = z.strictObject({
  name: z.string().min(1).max(100),
  /** All must hold. */
  when: z.array(inputCondition).min(1),
  /** Largest share of the test rows it covers that may be called positive all the same. */
  tolerance: share.default(0),
  /** Whether a violation keeps the version out of production. */
  veto: z.boolean().default(true),
});
export type BusinessRule = z.infer<typeof businessRule>;

/** What answers while the model cannot: rules first, in order, then the score card distilled from the model. */
export const fallback = z.strictObject({
  /** Inputs of the card at most, and bins a numerical input. */
  maxFeatures: z.int().min(1).max(20).default(6),
  bins: z.int().min(2).max(10).default(5),
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        when: z.array(inputCondition).min(1),
        probability: share,
      }),
    )
    .default([]),
});
export type FallbackSpec = z.infer<typeof fallback>;

/** Trained without being told: so many days after the last training was asked for. */
export const trainingSchedule = z.strictObject({
  everyDays: z.int().min(1).max(3650),
  promote: z.enum(['NO', 'IF_BETTER']),
});
export type TrainingSchedule = z.infer<typeof trainingSchedule>;

/** Lower bounds of the bands that call for somebody's eyes, and for a stop. */
export const decisions = z
  .strictObject({ review: share, block: share })
  .refine(({ review, block }) => review < block, 'decisions must rise: review < block');
