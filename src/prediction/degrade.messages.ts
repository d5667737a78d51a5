import { z } from 'zod';

/** Bus topic: a process began to answer, or no longer answers, without a model; once a spell, not once an answer. */
export const DEGRADED_TOPIC = 'degraded';
export const degradedMessage = z.object({
  modelId: z.uuid(),
  degraded: z.boolean(),
  /** Why the model could not answer; null when it can again. */
  why: z.string().nullable(),
});
export type Degraded = z.infer<typeof degradedMessage>;
