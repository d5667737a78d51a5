import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import {
  algorithms,
  businessRule,
  costMatrix,
  decisions,
  fallback,
  share,
  thresholdRule,
  trainingSchedule,
} from './spec-parts.js';
import { metricNames } from './train/training.js';

/** The recipe of a model, models/<name>/spec.json; models/README.md explains each field. */
export const modelSpec = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/),
  task: z.literal('BINARY_CLASSIFICATION'),
  description: z.string().min(1),
  labels: z.strictObject({ positive: z.string().min(1), negative: z.string().min(1) }),
  label: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('NO_EVENT'),
      eventTypes: z.array(z.string().min(1)).min(1),
      horizonDays: z.int().min(1).max(3650),
    }),
    /** Only what was recorded tells: there is no rule on behaviour. */
    z.strictObject({ kind: z.literal('OUTCOMES') }),
  ]),
  eligible: z.strictObject({
    minAgeDays: z.int().min(0).max(3650),
    activeWithinHorizons: z.number().min(1).max(100).nullable(),
  }),
  features: z.strictObject({
    tags: z.array(z.string()).nullable(),
    include: z.array(z.string()).nullable(),
    exclude: z.array(z.string()),
  }),
  algorithms: z.array(z.enum(algorithms)).min(1),
  trials: z.int().min(1).max(200),
  folds: z.int().min(2).max(20),
  seed: z.int().min(0).max(0xffff_ffff),
  selectionMetric: z.enum(['logLoss', 'auc']),
  threshold: thresholdRule,
  /** `balanced`: rows of the rarer class weigh as much in sum as those of the other; probabilities are set right again afterwards. */
  classWeight: z.enum(['none', 'balanced']).default('none'),
  /** Features whose rise may only raise (1) or only lower (-1) the probability; trees hold it exactly. */
  monotone: z.record(z.string(), z.union([z.literal(1), z.literal(-1)])).default({}),
  /** `auto`: Platt scaling where it lowers the log loss out of fold. */
  calibration: z.enum(['auto', 'none']).default('auto'),
  costs: costMatrix.default({
    truePositive: 0,
    falsePositive: 10,
    falseNegative: 100,
    trueNegative: 0,
    savedPerTruePositive: 1000,
  }),
  /** Profile attributes by which the test part is cut, besides the month; at most 20. */
  slices: z.array(z.string().min(1)).max(20).default([]),
  /** Profile attributes between whose groups rates are compared; they need not be inputs. */
  fairness: z.array(z.string().min(1)).max(10).default([]),
  businessRules: z.array(businessRule).max(50).default([]),
  fallback: fallback.default({ maxFeatures: 6, bins: 5, rules: [] }),
  decisions: decisions.nullable().default(null),
  /** Null: trained when somebody asks for it. */
  schedule: trainingSchedule.nullable().default(null),
  targets: z.array(z.strictObject({ metric: z.enum(metricNames), goal: z.number() })),
  riskBands: z
    .strictObject({ medium: share, high: share, critical: share })
    .refine(
      ({ medium, high, critical }) => medium < high && high < critical,
      'risk bands must rise: medium < high < critical',
    ),
});

export type ModelSpec = z.infer<typeof modelSpec>;
export type BehaviourRule = Extract<ModelSpec['label'], { kind: 'NO_EVENT' }>;

/**
 * The rule on behaviour that labels a model.
 * @throws AppError INVALID when its labels are recorded outcomes
 */
export function behaviourRule({ name, label }: Pick<ModelSpec, 'name' | 'label'>): BehaviourRule {
  if (label.kind === 'NO_EVENT') return label;
  throw new AppError(
    'INVALID',
    `the labels of ${name} are recorded outcomes: label must be OUTCOMES, there is no rule on behaviour`,
  );
}

/**
 * The spec in `value`, checked.
 * @throws AppError CONFIGURATION naming every field that is wrong
 */
export function parseModelSpec(value: unknown, where: string): ModelSpec {
  const parsed = modelSpec.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('CONFIGURATION', `${where}: ${z.prettifyError(parsed.error)}`);
}

/** Rows with expected scores, models/<name>/golden.json; inputs by feature name, null = missing. */
export const goldenFile = z.strictObject({
  version: z.strictObject({
    algorithm: z.string(),
    hyperparameters: z.record(z.string(), z.unknown()),
    seed: z.int(),
    numericNames: z.array(z.string()),
    categoricalNames: z.array(z.string()),
    threshold: share,
    trainingRows: z.int(),
    testRows: z.int(),
    dataFrom: z.iso.datetime().nullable(),
    dataUntil: z.iso.datetime().nullable(),
    dataHash: z.string(),
    trainedAt: z.iso.datetime(),
    report: z.record(z.string(), z.unknown()),
  }),
  rows: z
    .array(
      z.strictObject({
        numeric: z.array(z.number().nullable()),
        categorical: z.array(z.string()),
        probability: share,
      }),
    )
    .min(1),
});

export type GoldenFile = z.infer<typeof goldenFile>;
