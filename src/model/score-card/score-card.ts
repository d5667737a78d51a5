import { z } from 'zod';

/** An additive card: base points and the points of the bin each input lies in are the margin, in log-odds. */
export const scoreCard = z.object({
  base: z.number(),
  inputs: z.array(
    z.object({
      feature: z.string(),
      /** Upper bounds of the bins, ascending, the last bin open; null for a category. */
      bounds: z.array(z.number()).nullable(),
      categories: z.array(z.string()).nullable(),
      /** One a bin or category, and last the points of a missing value or an unlisted category. */
      points: z.array(z.number()),
    }),
  ),
  /** On the test part. */
  auc: z.number().nullable(),
  logLoss: z.number().nullable(),
  /** Share of test rows on which card and model say the same at the threshold. */
  agreement: z.number(),
});
export type ScoreCard = z.infer<typeof scoreCard>;
