import type { User } from './user.js';
import type { ConsentChange } from './user.store.js';

export interface SetConsentDeps {
  setConsent: (change: ConsentChange) => Promise<User | null>;
  wall: () => Date;
}

/** Records a consent and who recorded it; null when no customer has the key. */
export function setConsent(
  deps: SetConsentDeps,
): (
  externalId: string,
  change: { profiling: boolean | null; marketing: boolean | null },
  actor: string,
) => Promise<User | null> {
  return (externalId, change, actor) =>
    deps.setConsent({ externalId, ...change, at: deps.wall(), actor });
}
