import { z } from 'zod';

/** Input of a DRIFT job; version and instants are pinned when it is asked for, so that a second attempt looks at the same. */
export const driftJobInput = z.strictObject({
  /** RESET: the window, the newer half of the one that was looked at last or all of it, becomes the reference. */
  kind: z.enum(['CHECK', 'RESET']),
  model: z.string(),
  modelVersionId: z.uuid(),
  /** Null, with `referenceUntil` null: what was kept for the version. */
  referenceFrom: z.iso.datetime().nullable(),
  referenceUntil: z.iso.datetime().nullable(),
  /** Null: everybody, or who would be in a training. */
  currentFrom: z.iso.datetime().nullable(),
  currentUntil: z.iso.datetime(),
});
export type DriftJobInput = z.infer<typeof driftJobInput>;

/** Result of a DRIFT job: the report, or for RESET the new reference. */
export const driftJobResult = z.union([
  z.object({ driftReportId: z.uuid() }),
  z.object({ driftReferenceId: z.uuid() }),
]);
export type DriftJobResult = z.infer<typeof driftJobResult>;
