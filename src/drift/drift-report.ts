import { z } from 'zod';
import { AppError } from '../kernel/error.js';

const number = z.number();

const featureDrift = z.object({
  feature: z.string(),
  psi: number,
  ks: number.nullable(),
  ksPValue: number.nullable(),
  chiSquare: number.nullable(),
  chiSquarePValue: number.nullable(),
  missingReference: number,
  missingCurrent: number,
  meanReference: number.nullable(),
  meanCurrent: number.nullable(),
  deviationReference: number.nullable(),
  deviationCurrent: number.nullable(),
  weight: number,
  level: z.enum(['NONE', 'MODERATE', 'SEVERE']),
  histogram: z.array(
    z.object({
      label: z.string(),
      low: number.nullable(),
      high: number.nullable(),
      reference: number,
      current: number,
    }),
  ),
});

/** What `drift_report.report` holds: what is not in columns of its own. */
const driftDetails = z.object({
  features: z.array(featureDrift),
  prediction: featureDrift.nullable(),
  label: featureDrift.nullable(),
  concept: z
    .object({
      metric: z.string(),
      reference: number,
      current: number,
      difference: number,
      confidence: number,
      detected: z.boolean(),
      window: number,
    })
    .nullable(),
  referenceSource: z.enum(['TRAINING', 'RESET', 'WINDOW', 'FIRST_WINDOW']),
  accuracyFall: number.nullable(),
  because: z.string(),
});
export type DriftDetails = z.infer<typeof driftDetails>;

/** @throws AppError INTERNAL when the row is damaged */
export function parseDriftDetails(value: unknown, id: string): DriftDetails {
  const parsed = driftDetails.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('INTERNAL', `drift report ${id}: ${z.prettifyError(parsed.error)}`);
}
