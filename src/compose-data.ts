import { auditStore } from './access/audit.store.js';
import { createAuthenticator } from './access/authenticate.js';
import { createKey } from './access/create-key.js';
import { credentialStore } from './access/credential.store.js';
import { listKeys } from './access/list-keys.js';
import { createLoginLink, openLoginLink, signInWithKey, signOut } from './access/login-link.js';
import { revokeKey } from './access/revoke-key.js';
import { composeDevicesTickets } from './compose-devices-tickets.js';
import { deviceStore, writeSeenDevices } from './device/device.store.js';
import { registerAttributeFeatures } from './feature/register-attribute-features.js';
import { registerFeature } from './feature/register-feature.js';
import { seedStartSet } from './feature/seed-start-set.js';
import type { FeatureStore } from './feature/feature.store.js';
import { eventCatalogue } from './event/event-catalogue.store.js';
import { eventStore } from './event/event.store.js';
import { recordEvents, type RecordEventsDeps } from './event/record-events.js';
import type { RetentionRule } from './event/retention.js';
import { fitQuantiles } from './feature/fit-quantiles.js';
import type { ReadFeatures } from './feature/read-features.js';
import { seedFittedSet } from './feature/seed-fitted-set.js';
import type { RejectedRow } from './job/rejected-row.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';
import { upsertUsers } from './user/upsert-users.js';
import type { FilterExtensions } from './user/user-filter.js';
import type { User } from './user/user.js';
import { userStore, type ConsentChange } from './user/user.store.js';

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

/** How data is taken in; what is left out is not looked after. */
export interface IngestOptions {
  /** Without it events are held for ever. */
  retention?: RetentionRule;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Keeps the rows of a call that were not taken; an import keeps its own, with their lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
  /** Told whose events were stored. */
  onEvents?: (userIds: readonly number[]) => void;
  /** Told whose profiles or consents were written. */
  onProfiles?: (userIds: readonly number[]) => void;
  /** Parts of the filter of customers that rooms to the right add. */
  filters?: FilterExtensions;
}

/** Customers, what they did and with what: the stores and the ways in. */
export function composeIngest(db: Database, clock: Clock, options: IngestOptions = {}) {
  const { keepRejected, retention, erasedBefore, onEvents, onProfiles, filters } = options;
  const users = userStore(db, auditStore, filters);
  const types = eventCatalogue(db, 'event_type');
  const sources = eventCatalogue(db, 'event_source');
  const events = eventStore(db, { types, sources }, { seenDevices: writeSeenDevices });
  const guards = {
    ...(retention ? { retention } : {}),
    ...(erasedBefore ? { erasedBefore } : {}),
  };
  const recording: RecordEventsDeps = {
    clock,
    resolveUsers: users.resolve,
    resolveDevices: deviceStore(db).resolve,
    typeIds: types.idsOf,
    sourceIds: sources.idsOf,
    insert: onEvents
      ? async (batch) => {
          const written = await events.insert(batch);
          onEvents(batch.userIds);
          return written;
        }
      : events.insert,
    ...guards,
  };
  const keeping = keepRejected ? { keepRejected } : {};
  const upsert: typeof users.upsert = onProfiles
    ? async (rows, at) => {
        const written = await users.upsert(rows, at);
        const ids = await users.idsByExternalId(rows.map(({ externalId }) => externalId));
        onProfiles([...ids.values()]);
        return written;
      }
    : users.upsert;
  return {
    users,
    types,
    sources,
    events,
    upsertUsers: upsertUsers({
      upsert,
      wall: () => clock.wall(),
      ...keeping,
      ...(erasedBefore ? { erased: { erasedBefore, byExternalIds: users.byExternalIds } } : {}),
    }),
    /** Sets consents, and tells of it. */
    setConsent: async (change: ConsentChange): Promise<User | null> => {
      const user = await users.setConsent(change);
      if (user) onProfiles?.([user.id]);
      return user;
    },
    recordEvents: recordEvents({ ...recording, ...keeping }),
    ...composeDevicesTickets({
      db,
      clock,
      users,
      // a ticket whose event is refused is a refused ticket, and kept as one
      recordEvents: recordEvents(recording),
      ...guards,
      ...keeping,
    }),
  };
}

/** The ways into the registry of features; bounds of buckets are fitted through `readFeatures`. */
export function composeRegistry(store: FeatureStore, clock: Clock, readFeatures: ReadFeatures) {
  const { all: registry, insert, sampleUsers } = store;
  const wall = (): Date => clock.wall();
  const fit = fitQuantiles({ readFeatures, sampleUsers, now: () => clock.now() });
  const deps = { registry, insert, wall, fitQuantiles: fit };
  const register = registerFeature(deps);
  return {
    registerFeature: register,
    registerAttributeFeatures: registerAttributeFeatures({ registry, register }),
    seedStartSet: seedStartSet(deps),
    seedFittedSet: seedFittedSet(deps),
  };
}
