import { z } from 'zod';

/** Bus topic of every change of the registry; who reads it reads the registry again. */
export const FEATURE_TOPIC = 'feature';
export const featureChangedMessage = z.object({ name: z.string() });
export type FeatureChanged = z.infer<typeof featureChangedMessage>;
