import { z } from 'zod';

/** Bus topic: the stage of a version changed; serving processes re-read. */
export const MODEL_TOPIC = 'model';
export const modelChangedMessage = z.object({
  modelId: z.uuid(),
  versionId: z.uuid(),
  /** The stage it now has. */
  stage: z.enum(['CANDIDATE', 'SHADOW', 'PRODUCTION', 'ARCHIVED']),
});
export type ModelChanged = z.infer<typeof modelChangedMessage>;

/** Input of a TRAIN job; instants are pinned when it is asked for, so that a second attempt does the same. */
export const trainJobInput = z.strictObject({
  model: z.string(),
  /** Features are as of this instant (BEHAVIOUR), outcomes up to it count (OUTCOMES). */
  asOf: z.iso.datetime(),
  label: z.enum(['BEHAVIOUR', 'OUTCOMES']),
  horizonDays: z.int().min(1).max(3650),
  algorithms: z.array(z.enum(['logistic', 'boosting'])).min(1),
  trials: z.int().min(1).max(200),
  seed: z.int().min(0).max(0xffff_ffff),
  promote: z.enum(['NO', 'YES', 'IF_BETTER']),
});
export type TrainJobInput = z.infer<typeof trainJobInput>;

/** Result of a TRAIN job. */
export const trainJobResult = z.object({ modelVersionId: z.uuid() });
