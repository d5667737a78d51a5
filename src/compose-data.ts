import { auditStore } from './access/audit.store.js';
import { createAuthenticator } from './access/authenticate.js';
import { createKey } from './access/create-key.js';
import { credentialStore } from './access/credential.store.js';
import { listKeys } from './access/list-keys.js';
import { createLoginLink, openLoginLink, signInWithKey, signOut } from './access/login-link.js';
import { revokeKey } from './access/revoke-key.js';
import { moveFeature } from './feature/move-feature.js';
import { registerAttributeFeatures } from './feature/register-attribute-features.js';
import { registerFeature } from './feature/register-feature.js';
import { seedStartSet } from './feature/seed-start-set.js';
import type { FeatureStore } from './feature/feature.store.js';
import type { AuditStore } from './access/audit.store.js';
import { eventCatalogue } from './event/event-catalogue.store.js';
import { eventStore } from './event/event.store.js';
import { recordEvents } from './event/record-events.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';
import { upsertUsers } from './user/upsert-users.js';
import { userStore } from './user/user.store.js';

/** Who may come in: keys, sessions, one-time links, the audit trail. */
export function composeAccess(db: Database, clock: Clock) {
  const credentials = credentialStore(db);
  const audit = auditStore(db);
  const wall = (): Date => clock.wall();
  const { authenticate, forget } = createAuthenticator({
    credentials,
    wall,
    monotonicMs: () => clock.monotonicMs(),
  });
  const login = { credentials, audit, wall };
  return {
    audit,
    authenticate,
    createKey: createKey({ credentials, audit, wall }),
    listKeys: listKeys({ credentials, wall }),
    revokeKey: revokeKey({ credentials, audit, wall, forget }),
    createLoginLink: createLoginLink(login),
    openLoginLink: openLoginLink(login),
    signInWithKey: signInWithKey({ ...login, authenticate }),
    signOut: signOut({ ...login, forget }),
  };
}

/**
 * Customers and what they did: the stores and the two ways in. `inOrder` resolves the customers of
 * parallel batches one after the other, so that ids follow the order of a file.
 */
export function composeIngest(db: Database, clock: Clock, options: { inOrder?: boolean } = {}) {
  const users = userStore(db, auditStore);
  const types = eventCatalogue(db, 'event_type');
  const sources = eventCatalogue(db, 'event_source');
  const events = eventStore(db, { types, sources });
  return {
    users,
    types,
    sources,
    events,
    upsertUsers: upsertUsers({ upsert: users.upsert, wall: () => clock.wall() }),
    recordEvents: recordEvents({
      clock,
      resolveUsers: options.inOrder ? inTurn(users.resolve) : users.resolve,
      typeIds: types.idsOf,
      sourceIds: sources.idsOf,
      insert: events.insert,
    }),
  };
}

/** Runs calls one after the other, in the order in which they were made. */
function inTurn<A extends unknown[], T>(
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = last.then(() => work(...args));
    last = next.catch(() => undefined);
    return next;
  };
}

/** The registry of features and its ways in. */
export function composeRegistry(store: FeatureStore, audit: AuditStore, clock: Clock) {
  const wall = (): Date => clock.wall();
  const deps = { registry: store.all, insert: store.insert, audit: audit.write, wall };
  const register = registerFeature(deps);
  return {
    registerFeature: register,
    registerAttributeFeatures: registerAttributeFeatures({ registry: store.all, register }),
    moveFeature: moveFeature({ registry: store.all, move: store.move, wall }),
    seedStartSet: seedStartSet(deps),
  };
}
