import type { FeatureRows } from '../feature/read-features.js';
import type { EligibilityFacts } from './prediction.js';

/** What is known of the customer in a row of features that were read with `people`; null when the id is no customer's. */
export function factsOf(
  { people }: FeatureRows,
  row: number,
): Omit<EligibilityFacts, 'hasAttributes'> | null {
  const consent = people?.consentProfiling[row] ?? NaN;
  if (Number.isNaN(consent)) return null;
  return {
    consentProfiling: consent === 1,
    registeredAt: instantOf(people?.registeredAt[row]),
    firstEventAt: instantOf(people?.firstEventAt[row]),
  };
}

function instantOf(ms: number | undefined): Date | null {
  return ms === undefined || Number.isNaN(ms) ? null : new Date(ms);
}
