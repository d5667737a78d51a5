import { deviceStore, writeSeenDevices } from '../../src/device/device.store.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import { eventStore, type EventStore } from '../../src/event/event.store.js';
import { recordEvents, type RecordEventsDeps } from '../../src/event/record-events.js';
import type { Clock } from '../../src/kernel/clock.js';
import { auditStore } from '../../src/access/audit.store.js';
import type { Database } from '../../src/plant/ports.js';
import { upsertUsers } from '../../src/user/upsert-users.js';
import { userStore, type UserStore } from '../../src/user/user.store.js';

/** The data rooms on a test database, wired as the composition root wires them. */
export interface EventFixture {
  users: UserStore;
  events: EventStore;
  types: ReturnType<typeof eventCatalogue>;
  record: ReturnType<typeof recordEvents>;
  upsert: ReturnType<typeof upsertUsers>;
}

/** Builds stores and use cases; opens nothing of its own. `more` is added to what `record` is given. */
export function eventFixture(
  db: Database,
  clock: Clock,
  more: Partial<RecordEventsDeps> = {},
): EventFixture {
  const users = userStore(db, auditStore);
  const types = eventCatalogue(db, 'event_type');
  const sources = eventCatalogue(db, 'event_source');
  const events = eventStore(db, { types, sources }, { seenDevices: writeSeenDevices });
  return {
    users,
    events,
    types,
    record: recordEvents({
      clock,
      resolveUsers: users.resolve,
      typeIds: types.idsOf,
      sourceIds: sources.idsOf,
      insert: events.insert,
      resolveDevices: deviceStore(db).resolve,
      ...more,
    }),
    upsert: upsertUsers({ upsert: users.upsert, wall: () => clock.wall() }),
  };
}
