import type { RoleName, Viewer } from '../graphql/context.js';
import type { Credential } from './access.js';
import {
  hashSecret,
  hasSecretForm,
  LOGIN_LINK_MINUTES,
  minutesLater,
  newSecret,
  SESSION_HOURS,
} from './access.js';
import type { AuditStore } from './audit.store.js';
import type { Authenticator } from './authenticate.js';
import { credentialName } from './create-key.js';
import type { CredentialStore } from './credential.store.js';

export interface LoginDeps {
  credentials: Pick<
    CredentialStore,
    'insert' | 'useLoginLink' | 'deleteEnded' | 'byHash' | 'revoke'
  >;
  audit: Pick<AuditStore, 'write'>;
  wall: () => Date;
}

/** A browser session: `secret` goes into the cookie and nowhere else. */
export interface OpenedSession {
  secret: string;
  expiresAt: Date;
  viewer: Viewer;
}

/** Makes the secret of a link `/login?key=<secret>`: good once, for 15 minutes. */
export function createLoginLink(deps: Pick<LoginDeps, 'credentials' | 'wall'>) {
  return async (request: {
    role: RoleName;
    name: string;
    createdBy: string;
  }): Promise<{ secret: string; expiresAt: Date }> => {
    const now = deps.wall();
    await deps.credentials.deleteEnded(minutesLater(now, -24 * 60));
    const secret = newSecret();
    const expiresAt = minutesLater(now, LOGIN_LINK_MINUTES);
    await deps.credentials.insert({
      kind: 'LOGIN_LINK',
      name: credentialName(request.name),
      role: request.role,
      secretHash: hashSecret(secret),
      createdAt: now,
      createdBy: request.createdBy,
      expiresAt,
    });
    return { secret, expiresAt };
  };
}

async function openSession(deps: LoginDeps, from: Credential, at: Date): Promise<OpenedSession> {
  const secret = newSecret();
  const twelveHours = minutesLater(at, SESSION_HOURS * 60);
  // a session never outlives the key it was opened with
  const keyEnds = from.kind === 'API_KEY' ? from.expiresAt : null;
  const expiresAt = keyEnds !== null && keyEnds < twelveHours ? keyEnds : twelveHours;
  const { id } = await deps.credentials.insert({
    kind: 'SESSION',
    name: from.name,
    role: from.role,
    secretHash: hashSecret(secret),
    createdAt: at,
    createdBy: `Credential:${from.id}`,
    expiresAt,
  });
  await deps.audit.write({
    at,
    actor: from.name,
    action: 'signed-in',
    subject: `Credential:${id}`,
    detail: { with: from.kind, role: from.role },
  });
  return { secret, expiresAt, viewer: { id, name: from.name, role: from.role } };
}

/** Turns a one-time link into a session of 12 hours; null when it is unknown, used or expired. */
export function openLoginLink(deps: LoginDeps) {
  return async (secret: string): Promise<OpenedSession | null> => {
    if (!hasSecretForm('LOGIN_LINK', secret)) return null;
    const at = deps.wall();
    const link = await deps.credentials.useLoginLink(hashSecret(secret), at);
    return link ? openSession(deps, link, at) : null;
  };
}

/** Turns a pasted API key into a session; revoking the key ends it. Null when the key opens nothing. */
export function signInWithKey(deps: LoginDeps & Pick<Authenticator, 'authenticate'>) {
  return async (key: string): Promise<OpenedSession | null> => {
    if ((await deps.authenticate({ bearer: key, session: null })) === null) return null;
    const credential = await deps.credentials.byHash('API_KEY', hashSecret(key));
    return credential ? openSession(deps, credential, deps.wall()) : null;
  };
}

/** Ends the session with this cookie value; nothing happens when there is none. */
export function signOut(deps: LoginDeps & Pick<Authenticator, 'forget'>) {
  return async (secret: string): Promise<void> => {
    if (!hasSecretForm('SESSION', secret)) return;
    const session = await deps.credentials.byHash('SESSION', hashSecret(secret));
    if (!session) return;
    const at = deps.wall();
    for (const id of await deps.credentials.revoke(session.id, at)) deps.forget(id);
    await deps.audit.write({
      at,
      actor: session.name,
      action: 'signed-out',
      subject: `Credential:${session.id}`,
      detail: {},
    });
  };
}
