import { z } from 'zod';

/** Bus topic of every change of the registry; who reads it reads the registry again. */
export const FEATURE_TOPIC = 'feature';
export const featureChangedMessage = z.object({ name: z.string() });
export type FeatureChanged = z.infer<typeof featureChangedMessage>;

/** Bus topic of new distributions of features; sent after they are committed. */
export const FEATURE_PROFILED_TOPIC = 'feature-profiled';
export const featuresProfiledMessage = z.object({ ids: z.array(z.uuid()).min(1).max(100) });
export type FeaturesProfiled = z.infer<typeof featuresProfiledMessage>;

/** Input of a PROFILE job: the instant is pinned, so that a second attempt does the same. */
export const profileJobInput = z.strictObject({ asOf: z.iso.datetime() });
export type ProfileJobInput = z.infer<typeof profileJobInput>;

/** Result of a PROFILE job. */
export const profileJobResult = z.object({
  /** Features looked at. */
  featureCount: z.int(),
  /** Customers looked at. */
  customers: z.int(),
  /** Features registered because their bounds could be fitted now. */
  fitted: z.int(),
  seconds: z.number(),
});
export type ProfileJobResult = z.infer<typeof profileJobResult>;
