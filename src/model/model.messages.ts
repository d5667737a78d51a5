import { z } from 'zod';
import { modelSpec } from './model-spec.js';
import { algorithms } from './spec-parts.js';

/** Bus topic: the stage of a version changed; serving processes re-read. */
export const MODEL_TOPIC = 'model';
export const modelChangedMessage = z.object({
  modelId: z.uuid(),
  versionId: z.uuid(),
  /** The stage it now has. */
  stage: z.enum(['CANDIDATE', 'SHADOW', 'PRODUCTION', 'ARCHIVED']),
});
export type ModelChanged = z.infer<typeof modelChangedMessage>;

const ALGORITHMS = `must be one or more of ${algorithms.join(', ')}`;
/** A whole number `min`..`max`; says so where it is not. */
export const whole = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number ${min}..${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

/** Input of a TRAIN job; instants are pinned when it is asked for, so that a second attempt does the same. */
export const trainJobInput = z.strictObject({
  model: z.string(),
  /** Features are as of this instant (BEHAVIOUR), outcomes up to it count (OUTCOMES). */
  asOf: z.iso.datetime(),
  label: z.enum(['BEHAVIOUR', 'OUTCOMES']),
  horizonDays: whole(1, 3650),
  algorithms: z
    .array(z.enum(algorithms, { error: ALGORITHMS }), { error: ALGORITHMS })
    .min(1, { error: ALGORITHMS }),
  trials: whole(1, 200),
  seed: whole(0, 0xffff_ffff),
  promote: z.enum(['NO', 'YES', 'IF_BETTER']),
  /** `name@version` of the candidates, in order; absent: those the spec wants. */
  features: z.array(z.string()).min(1).optional(),
  /** Instead of the model's spec: that of a record which is made again. */
  spec: modelSpec.optional(),
  /** The version whose record this repeats. */
  reproduces: z.uuid().optional(),
});
export type TrainJobInput = z.infer<typeof trainJobInput>;

/** Result of a TRAIN job. */
export const trainJobResult = z.object({ modelVersionId: z.uuid() });
