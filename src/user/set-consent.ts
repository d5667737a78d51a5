import type { User } from './user.js';
import type { ConsentChange } from './user.store.js';

export interface SetConsentDeps {
  setConsent: (change: ConsentChange) => Promise<User | null>;
  /** Writes the audit trail. */
  audit: (entry: {
    at: Date;
    actor: string;
    action: string;
    subject: string;
    detail: Record<string, unknown>;
  }) => Promise<void>;
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
  return async (externalId, change, actor) => {
    const at = deps.wall();
    const user = await deps.setConsent({ externalId, ...change, at });
    if (user)
      await deps.audit({
        at,
        actor,
        action: 'consent set',
        subject: `User:${user.id}`,
        detail: change,
      });
    return user;
  };
}
