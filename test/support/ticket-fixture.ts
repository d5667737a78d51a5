import type { Clock } from '../../src/kernel/clock.js';
import type { Database } from '../../src/plant/ports.js';
import { recordTickets, type RecordTicketsDeps } from '../../src/ticket/record-tickets.js';
import { ticketStore, type TicketStore } from '../../src/ticket/ticket.store.js';
import type { EventFixture } from './event-fixture.js';

/** The ticket room on a test database, wired as the composition root wires it. */
export interface TicketFixture {
  tickets: TicketStore;
  deps: RecordTicketsDeps;
  record: ReturnType<typeof recordTickets>;
}

/** Builds store and use case on the data rooms; opens nothing of its own. */
export function ticketFixture(db: Database, clock: Clock, data: EventFixture): TicketFixture {
  const tickets = ticketStore(db);
  const deps: RecordTicketsDeps = {
    clock,
    resolveUsers: data.users.resolve,
    write: tickets.write,
    recordEvents: data.record,
  };
  return { tickets, deps, record: recordTickets(deps) };
}
