import type { Viewer } from '../graphql/context.js';
import { AppError } from '../kernel/error.js';
import type { Credential, CredentialKind } from './access.js';
import { hashSecret, hasSecretForm, isLive, sameHash } from './access.js';
import type { CredentialStore } from './credential.store.js';

/** What a caller shows; the bearer key wins over the cookie. */
export interface Presented {
  /** The key of `Authorization: Bearer <key>`. */
  bearer: string | null;
  /** The session cookie's value. */
  session: string | null;
}

export interface AuthenticatorDeps {
  credentials: Pick<CredentialStore, 'byHash'>;
  wall: () => Date;
  monotonicMs: () => number;
}

export interface Authenticator {
  /**
   * Who shows this, or null. Answers from memory for up to 5 s after the row was read, so a warm
   * caller costs no SQL; expiry is looked at every time.
   * @throws AppError UNAVAILABLE when the database does not answer
   */
  authenticate: (presented: Presented) => Promise<Viewer | null>;
  /** Drops a revoked credential from memory at once. */
  forget: (id: string) => void;
}

const CACHE_MS = 5_000;
const CACHE_ENTRIES = 10_000;

interface Entry {
  credential: Credential;
  readAtMs: number;
}

/** The one check behind HTTP and WebSocket. Only live credentials are remembered, at most 10,000. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const cache = new Map<string, Entry>();
  const asking = new Map<string, Promise<Credential | null>>();

  const read = async (kind: CredentialKind, hash: Uint8Array): Promise<Credential | null> => {
    try {
      const found = await deps.credentials.byHash(kind, hash);
      return found && sameHash(found.secretHash, hash) ? found : null;
    } catch (cause) {
      throw new AppError('UNAVAILABLE', 'the database that holds the keys does not answer', {
        cause,
      });
    }
  };

  const find = async (kind: CredentialKind, secret: string): Promise<Credential | null> => {
    const hash = hashSecret(secret);
    const key = `${kind}:${Buffer.from(hash).toString('base64')}`;
    const entry = cache.get(key);
    if (entry && deps.monotonicMs() - entry.readAtMs < CACHE_MS) return entry.credential;
    cache.delete(key);
    // many requests of one key at the same moment ask once
    const running = asking.get(key);
    if (running) return running;
    const readAtMs = deps.monotonicMs();
    const promise = read(kind, hash).finally(() => asking.delete(key));
    asking.set(key, promise);
    const credential = await promise;
    if (credential && isLive(credential, deps.wall())) {
      const oldest = cache.keys().next();
      if (cache.size >= CACHE_ENTRIES && !oldest.done) cache.delete(oldest.value);
      cache.set(key, { credential, readAtMs });
    }
    return credential;
  };

  return {
    async authenticate({ bearer, session }) {
      const [kind, secret] =
        bearer === null ? (['SESSION', session] as const) : (['API_KEY', bearer] as const);
      if (secret === null || !hasSecretForm(kind, secret)) return null;
      const credential = await find(kind, secret);
      if (!credential || !isLive(credential, deps.wall())) return null;
      return { id: credential.id, name: credential.name, role: credential.role };
    },
    forget(id) {
      for (const [key, entry] of cache) if (entry.credential.id === id) cache.delete(key);
    },
  };
}
