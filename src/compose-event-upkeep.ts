import { auditStore } from './access/audit.store.js';
import { EventNamesResolver } from './event/event-names.resolver.js';
import { eventNamesStore } from './event/event-names.store.js';
import { partitionEnsurer } from './event/event-partition.store.js';
import { createMonthsAhead, lookAfterEvents, type EventUpkeep } from './event/look-after-events.js';
import { RetentionResolver } from './event/retention.resolver.js';
import { retentionStore } from './event/retention.store.js';
import { RejectedRowResolver } from './job/rejected-row.resolver.js';
import { rejectedRowStore } from './job/rejected-row.store.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';

/** What the upkeep of events and rejected rows does, and what of it the graph shows. */
export interface EventUpkeepRoom {
  /** RetentionResolver, EventNamesResolver, RejectedRowResolver. */
  resolvers: object[];
  /** Months ahead; at the start of a worker. */
  createMonthsAhead(): Promise<void>;
  lookAfterEvents(signal?: AbortSignal): Promise<EventUpkeep>;
  forgetRejectedRows(): Promise<number>;
}

/** Parts of the table of events, their retention, the registries of names, the rows not taken. */
export function composeEventUpkeep(
  db: Database,
  clock: Clock,
  retentionDays: number,
): EventUpkeepRoom {
  const retention = retentionStore(db, auditStore);
  const rejected = rejectedRowStore(db);
  const deps = {
    clock,
    retentionDays,
    ensure: partitionEnsurer(db).ensure,
    endedBy: retention.endedBy,
    drop: retention.drop,
  };
  return {
    resolvers: [
      new RetentionResolver({ days: retentionDays, partitions: retention.partitions }),
      new EventNamesResolver(eventNamesStore(db)),
      new RejectedRowResolver({ page: rejected.page }),
    ],
    createMonthsAhead: () => createMonthsAhead(deps),
    lookAfterEvents: (signal) => lookAfterEvents(deps, signal),
    forgetRejectedRows: () => rejected.forget(clock.wall()),
  };
}
