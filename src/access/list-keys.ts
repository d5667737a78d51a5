import type { CredentialListing } from './access.js';
import { isLive } from './access.js';
import type { CredentialStore } from './credential.store.js';

export interface ListKeysDeps {
  credentials: Pick<CredentialStore, 'list'>;
  wall: () => Date;
}

/** API keys, oldest first, without their secrets; `live` tells which still open anything. */
export function listKeys(deps: ListKeysDeps) {
  return async (): Promise<(CredentialListing & { live: boolean })[]> => {
    const now = deps.wall();
    const keys = await deps.credentials.list('API_KEY');
    return keys.map((key) => ({ ...key, live: isLive(key, now) }));
  };
}
