import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import { judgement, metric, type metricSplit } from './judge/judgement.js';
import type { ModelVersion } from './model.js';
import { scoreCard } from './score-card/score-card.js';
import { upload } from './register/upload.js';

/** `count`: rows behind a point of the calibration curve. */
const point = z.object({
  x: z.number(),
  y: z.number(),
  threshold: z.number().nullable(),
  count: z.number().optional(),
});

/** How a version was made: enough to make it again. */
const recipe = z.object({
  label: z.enum(['BEHAVIOUR', 'OUTCOMES']),
  asOf: z.string(),
  horizonDays: z.number(),
  algorithms: z.array(z.string()),
  trials: z.number(),
  folds: z.number(),
  seed: z.number(),
  selectionMetric: z.string(),
  /** `name@version` of each declared feature that was a candidate. */
  features: z.array(z.string()),
  /** The model's spec as it was; records made before it was kept lack it. */
  spec: z.record(z.string(), z.unknown()).optional(),
  /** The version whose record was repeated. */
  reproduces: z.string().optional(),
});

/** What `model_version.report` holds. */
export const versionReport = z.object({
  metrics: z.array(metric),
  confusionMatrix: z
    .object({
      truePositives: z.number(),
      falsePositives: z.number(),
      falseNegatives: z.number(),
      trueNegatives: z.number(),
    })
    .nullable(),
  rocCurve: z.array(point),
  precisionRecallCurve: z.array(point),
  calibrationCurve: z.array(point),
  importances: z.array(
    z.object({
      feature: z.string(),
      gain: z.number(),
      meanAbsoluteContribution: z.number(),
      rank: z.number(),
    }),
  ),
  trials: z.array(
    z.object({
      algorithm: z.string(),
      hyperparameters: z.record(z.string(), z.unknown()),
      metrics: z.array(metric),
      folds: z.number(),
      seconds: z.number(),
      chosen: z.boolean(),
    }),
  ),
  baseline: z.array(metric),
  targets: z.array(
    z.object({ metric: z.string(), goal: z.number(), value: z.number(), met: z.boolean() }),
  ),
  ignoredFeatures: z.array(
    z.object({ feature: z.string(), reason: z.string(), of: z.string().optional() }),
  ),
  /** Records made before it was kept lack it. */
  searchedRows: z.number().optional(),
  seconds: z.number(),
  recipe,
  parity: z.object({ rows: z.number(), worstDifference: z.number() }),
  ...judgement.shape,
  scoreCard: scoreCard.nullable().optional(),
  upload: upload.optional(),
});

export type VersionReport = z.infer<typeof versionReport>;

const parsed = new WeakMap<object, VersionReport>();

/** The version's report; parsed once an object. @throws AppError INTERNAL when the row is damaged */
export function reportOf(version: Pick<ModelVersion, 'id' | 'report'>): VersionReport {
  const known = parsed.get(version.report);
  if (known) return known;
  const result = versionReport.safeParse(version.report);
  if (!result.success)
    throw new AppError(
      'INTERNAL',
      `report of version ${version.id}: ${z.prettifyError(result.error)}`,
    );
  parsed.set(version.report, result.data);
  return result.data;
}

/** The value of a metric on a part, or null where the report has none. */
export function metricOf(
  report: VersionReport,
  name: string,
  part: z.infer<typeof metricSplit>,
): number | null {
  return report.metrics.find((each) => each.name === name && each.split === part)?.value ?? null;
}
