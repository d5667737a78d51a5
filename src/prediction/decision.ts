import type { ModelSpec } from '../model/model-spec.js';

/** What to do with what was scored: let it pass, have somebody look at it, stop it. */
export type Decision = 'ALLOW' | 'REVIEW' | 'BLOCK';

/** The band a probability lies in, lower bounds included; null where the model has no bands. */
export function decisionOf(probability: number, bands: ModelSpec['decisions']): Decision | null {
  if (!bands) return null;
  if (probability < bands.review) return 'ALLOW';
  return probability < bands.block ? 'REVIEW' : 'BLOCK';
}
