import { z } from 'zod';

/** Bus topic of new rows in the ledger of a model; sent after they are committed. */
export const predictionTopic = (modelId: string): string => `prediction:${modelId}`;

/** Single scores by id; a batch by its job and a range of ids, both ends included. */
export const predictionMadeMessage = z.union([
  z.object({ ids: z.array(z.int().positive()).min(1).max(500) }),
  z.object({ jobId: z.uuid(), from: z.int().positive(), until: z.int().positive() }),
]);
export type PredictionMade = z.infer<typeof predictionMadeMessage>;

/** Input of a SCORE job: version and instant are pinned, so that a second attempt does the same. */
export const scoreJobInput = z.strictObject({
  model: z.string(),
  modelVersionId: z.uuid(),
  asOf: z.iso.datetime(),
});
export type ScoreJobInput = z.infer<typeof scoreJobInput>;

/** Result of a SCORE job. */
export const scoreJobResult = z.object({
  modelId: z.uuid(),
  rows: z.int(),
  positive: z.int(),
  seconds: z.number(),
  rowsPerSecond: z.number(),
  /** What each stage took, in seconds; they overlap. Not told of runs of earlier versions of the program. */
  readSeconds: z.number().optional(),
  scoreSeconds: z.number().optional(),
  writeSeconds: z.number().optional(),
});
export type ScoreJobResult = z.infer<typeof scoreJobResult>;
