import { z } from 'zod';
import { trainJobInput, whole } from './model.messages.js';
import { MAX_CANDIDATES, selectionMethods } from './selection.js';

const METHODS = `must be some of ${selectionMethods.join(', ')}`;
const share = (() => {
  const error = 'must be a number 0..1';
  return z.number({ error }).min(0, { error }).max(1, { error });
})();

/** Bounds of the thresholds. */
export const selectionThresholds = z.strictObject({
  correlation: share,
  mutualInformationK: whole(1, MAX_CANDIDATES),
  anovaK: whole(1, MAX_CANDIDATES),
  anovaP: share,
  chiSquareK: whole(1, MAX_CANDIDATES),
  chiSquareP: share,
  importance: share,
  rfecvFolds: whole(2, 20),
  rfecvStep: whole(1, 100),
  redundancy: share,
});

/** Input of a SELECT job; every choice made, every instant and version pinned, so that a second attempt does the same. */
export const selectJobInput = z.strictObject({
  ...trainJobInput.pick({ model: true, asOf: true, label: true, horizonDays: true, seed: true })
    .shape,
  methods: z
    .array(z.enum(selectionMethods, { error: METHODS }), { error: METHODS })
    .min(1, { error: METHODS }),
  /** `name@version`, one version a name. */
  candidates: z.array(z.string()).min(1).max(MAX_CANDIDATES),
  thresholds: selectionThresholds,
});
export type SelectJobInput = z.infer<typeof selectJobInput>;

/** Result of a SELECT job. */
export const selectJobResult = z.object({ featureSelectionId: z.uuid() });
