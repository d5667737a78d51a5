import { DAY_MS } from '../kernel/clock.js';
import type { ModelSpec } from './model-spec.js';

/** How long after the as-of instant of a prediction its label may lie, in ms; null where the spec sets no end. */
export function horizonMsOf({ label }: Pick<ModelSpec, 'label'>): number | null {
  return label.kind === 'NO_EVENT' ? label.horizonDays * DAY_MS : null;
}
