import { auditStore } from './access/audit.store.js';
import { partitionEnsurer } from './event/event-partition.store.js';
import { createMonthsAhead, lookAfterEvents, type EventUpkeep } from './event/look-after-events.js';
import { retentionStore, type EventPartition } from './event/retention.store.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';

/** What the table of events needs from time to time. */
export interface ComposedEventUpkeep {
  /** Months ahead; at the start of a worker. */
  createMonthsAhead(): Promise<void>;
  lookAfterEvents(signal?: AbortSignal): Promise<EventUpkeep>;
  partitions(): Promise<EventPartition[]>;
}

/** Parts of the table of events and their retention, 0 days = for ever. */
export function composeEventUpkeep(
  db: Database,
  clock: Clock,
  retentionDays: number,
): ComposedEventUpkeep {
  const { partitions, endedBy, drop } = retentionStore(db, auditStore);
  const { ensure } = partitionEnsurer(db);
  const deps = { clock, retentionDays, ensure, endedBy, drop };
  return {
    partitions,
    createMonthsAhead: () => createMonthsAhead(deps),
    lookAfterEvents: (signal) => lookAfterEvents(deps, signal),
  };
}
