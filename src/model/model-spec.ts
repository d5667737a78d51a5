import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import { metricNames } from './train/training.js';

const share = z.number().min(0).max(1);

/** The recipe of a model, models/<name>/spec.json; models/README.md explains each field. */
export const modelSpec = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/),
  task: z.literal('BINARY_CLASSIFICATION'),
  description: z.string().min(1),
  labels: z.strictObject({ positive: z.string().min(1), negative: z.string().min(1) }),
  label: z.strictObject({
    kind: z.literal('NO_EVENT'),
    eventTypes: z.array(z.string().min(1)).min(1),
    horizonDays: z.int().min(1).max(3650),
  }),
  eligible: z.strictObject({
    minAgeDays: z.int().min(0).max(3650),
    activeWithinHorizons: z.number().min(1).max(100).nullable(),
  }),
  features: z.strictObject({
    tags: z.array(z.string()).nullable(),
    include: z.array(z.string()).nullable(),
    exclude: z.array(z.string()),
  }),
  algorithms: z.array(z.enum(['logistic', 'boosting'])).min(1),
  trials: z.int().min(1).max(200),
  folds: z.int().min(2).max(20),
  seed: z.int().min(0).max(0xffff_ffff),
  selectionMetric: z.enum(['logLoss', 'auc']),
  threshold: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('fixed'), value: share }),
    z.strictObject({ kind: z.literal('f1') }),
  ]),
  targets: z.array(z.strictObject({ metric: z.enum(metricNames), goal: z.number() })),
  riskBands: z
    .strictObject({ medium: share, high: share, critical: share })
    .refine(
      ({ medium, high, critical }) => medium < high && high < critical,
      'risk bands must rise: medium < high < critical',
    ),
});

export type ModelSpec = z.infer<typeof modelSpec>;

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
