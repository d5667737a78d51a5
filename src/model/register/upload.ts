import { z } from 'zod';

/** What is known of a file that was trained elsewhere. */
export const upload = z.object({
  /** Of the file as it came; the artifact is what it was made to serve as. */
  sha256: z.string(),
  bytes: z.number(),
  producer: z.string(),
  operators: z.array(z.string()),
  /** What it does with missing numbers: answers, or refuses (they are filled with 0 then). */
  missing: z.enum(['ANSWERS', 'FILLED']),
  /** The output of the file that holds its scores. */
  output: z.string(),
  /** What those are: shares in 0..1, or log-odds. */
  scores: z.enum(['PROBABILITY', 'LOGIT']),
  /** How many columns they have: one, or one a class. */
  columns: z.number(),
  uploadedBy: z.string(),
});
export type Upload = z.infer<typeof upload>;
