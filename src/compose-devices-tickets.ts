import { deviceStore } from './device/device.store.js';
import { upsertDevices } from './device/upsert-devices.js';
import type { EventRow } from './event/event.js';
import type { RetentionRule } from './event/retention.js';
import type { RejectedRow } from './job/rejected-row.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';
import { recordTickets } from './ticket/record-tickets.js';
import { ticketStore } from './ticket/ticket.store.js';
import type { RowRejection } from './user/user.js';
import type { UserStore } from './user/user.store.js';

/** What the ways in of devices and tickets stand on. */
export interface DeviceTicketParts {
  db: Database;
  clock: Clock;
  users: Pick<UserStore, 'resolve'>;
  /** Records events, a repeat changes nothing; need not keep what it rejects. */
  recordEvents: (rows: readonly EventRow[]) => Promise<{ rejected: readonly RowRejection[] }>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Keeps rows that were not taken; an import does it itself. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
  /** The rule that `recordEvents` has. */
  retention?: RetentionRule;
}

/** Devices and tickets: the stores and the ways in, for the graph, imports and the demo. */
export function composeDevicesTickets(parts: DeviceTicketParts) {
  const { db, clock, users, recordEvents, erasedBefore, keepRejected, retention } = parts;
  const devices = deviceStore(db);
  const tickets = ticketStore(db);
  const common = {
    clock,
    resolveUsers: users.resolve,
    ...(erasedBefore ? { erasedBefore } : {}),
    ...(keepRejected ? { keepRejected } : {}),
  };
  return {
    devices,
    tickets,
    upsertDevices: upsertDevices({ ...common, upsert: devices.upsert }),
    recordTickets: recordTickets({
      ...common,
      write: tickets.write,
      recordEvents,
      ...(retention ? { retention } : {}),
    }),
  };
}
