import type { AuditStore } from './audit.store.js';
import type { CredentialStore } from './credential.store.js';

export interface RevokeKeyDeps {
  credentials: Pick<CredentialStore, 'revoke'>;
  audit: Pick<AuditStore, 'write'>;
  /** Makes this process forget a cached credential at once; other processes follow within 5 s. */
  forget?: (id: string) => void;
  wall: () => Date;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Ends a key and every session opened with it. False when no live key has this id. */
export function revokeKey(deps: RevokeKeyDeps) {
  return async (request: { id: string; revokedBy: string }): Promise<boolean> => {
    if (!UUID.test(request.id)) return false;
    const at = deps.wall();
    const ended = await deps.credentials.revoke(request.id.toLowerCase(), at);
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
