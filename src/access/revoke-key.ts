import { isUuid } from '../kernel/id.js';
import type { AuditStore } from './audit.store.js';
import type { CredentialStore } from './credential.store.js';

export interface RevokeKeyDeps {
  credentials: Pick<CredentialStore, 'revoke'>;
  audit: Pick<AuditStore, 'write'>;
  /** Makes this process forget a cached credential at once; other processes follow within 5 s. */
  forget?: (id: string) => void;
  wall: () => Date;
}

/** Ends a key and every session opened with it. False when no live key has this id. */
export function revokeKey(deps: RevokeKeyDeps) {
  return async (request: { id: string; revokedBy: string }): Promise<boolean> => {
    const wanted = request.id.toLowerCase();
    if (!isUuid(wanted)) return false;
    const at = deps.wall();
    const ended = await deps.credentials.revoke(wanted, at);
    for (const id of ended) {
      deps.forget?.(id);
      await deps.audit.write({
        at,
        actor: request.revokedBy,
        action: 'revoked',
        subject: `Credential:${id}`,
        detail: {},
      });
    }
    return ended.length > 0;
  };
}
