import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { DeviceRow } from '../device/device.js';
import type { EventRow } from '../event/event.js';
import type { TicketRow } from '../ticket/ticket.js';
import type { UserRow } from '../user/user.js';
import type { DemoStore } from './demo.store.js';
import { openPopulation, type DemoCustomer, type DemoEvent } from './population.js';

export interface SeedDemoDeps extends DemoStore {
  upsertUsers(
    rows: readonly UserRow[],
  ): Promise<{ created: number; updated: number; rejected: readonly { message: string }[] }>;
  recordEvents(
    rows: readonly EventRow[],
  ): Promise<{ accepted: number; duplicates: number; rejected: readonly { message: string }[] }>;
  /** Without it the demo has no tickets. */
  recordTickets?: (rows: readonly TicketRow[]) => Refusals;
  /** Without it nothing but their keys is known of devices. */
  upsertDevices?: (rows: readonly DeviceRow[]) => Refusals;
}

type Refusals = Promise<{ rejected: readonly { message: string }[] }>;

export interface SeedDemoOptions {
  /** Histories end at the start of this day, UTC. */
  now: Date;
  users?: number;
  seed?: number;
  /** `share` 0..1 */
  onProgress?: (share: number) => void;
}

export interface SeedDemoResult {
  /** False when the database held data of its own, or the whole demo already. */
  seeded: boolean;
  /** Only when seeded: where the histories end. */
  end: Date | null;
  users: number;
  /** Without those that tell of tickets. */
  events: number;
  tickets: number;
}

const BATCH = 10_000;
/** Batches that are written beside each other: of different customers, so none waits for another. */
const AT_ONCE = 2;

/**
 * Fills an empty database with the demo population. A run that was cut off is taken up again by the next, with
 * the same end, and changes nothing that is there. The very last event is written last and by itself: where
 * it is, everything is.
 */
export async function seedDemo(
  deps: SeedDemoDeps,
  options: SeedDemoOptions,
): Promise<SeedDemoResult> {
  const nothing = { seeded: false, end: null, users: 0, events: 0, tickets: 0 };
  const whole = new Date(Math.floor(options.now.getTime() / DAY_MS) * DAY_MS);
  const wanted = openPopulation({ ...options, end: whole });
  const first = wanted.one(0).user;
  const known = await deps.registeredAt(first.externalId);
  if (known === null && !(await deps.isEmpty())) return nothing;
  const end =
    known === null
      ? whole
      : new Date(whole.getTime() + known.getTime() - first.registeredAt.getTime());
  const population = openPopulation({ ...options, end });
  const last = lastEvent(population);
  if (known !== null && last && (await deps.hasEvent(last.source, last.id))) return nothing;
  const written = await write(deps, population, options.onProgress);
  return { seeded: true, end, users: population.users, ...written };
}

type Population = ReturnType<typeof openPopulation>;

function lastEvent(population: Population): DemoEvent | null {
  for (let index = population.users - 1; index >= 0; index--) {
    const event = population.one(index).events.at(-1);
    if (event) return event;
  }
  return null;
}

/** One batch is told while those before are written. */
async function write(
  deps: SeedDemoDeps,
  population: Population,
  onProgress: SeedDemoOptions['onProgress'],
): Promise<{ events: number; tickets: number }> {
  const customers = Array.from({ length: population.users }, (_, index) => index);
  const tickets = await writeCustomers(
    deps,
    // without the events: everybody's at once would be 400,000 objects
    customers.map((index) => {
      const { user, tickets, devices } = population.one(index);
      return { user, tickets, devices };
    }),
  );
  let total = 0;
  let batch: EventRow[] = [];
  const writing: Promise<void>[] = [];
  const send = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    total += rows.length;
    if (writing.length === AT_ONCE) await writing.shift();
    const written = deps.recordEvents(rows).then(accepted);
    written.catch(() => undefined); // told where it is awaited
    writing.push(written);
    // Lets the batch be sent before the next customers are told: telling them blocks the event loop.
    await new Promise(setImmediate);
  };
  for (const index of customers) {
    batch.push(...population.one(index).events);
    if (batch.length < BATCH) continue;
    await send();
    onProgress?.(index / population.users);
  }
  const final = batch.splice(-1);
  if (batch.length > 0) await send();
  await Promise.all(writing);
  batch = final;
  await send();
  await Promise.all(writing);
  onProgress?.(1);
  return { events: total, tickets };
}

/** Profiles, tickets and devices: few enough for a call each. Answers the number of tickets. */
async function writeCustomers(
  deps: SeedDemoDeps,
  customers: readonly Pick<DemoCustomer, 'user' | 'tickets' | 'devices'>[],
): Promise<number> {
  accepted(await deps.upsertUsers(customers.map(({ user }) => user)));
  if (deps.upsertDevices)
    accepted(await deps.upsertDevices(customers.flatMap(({ devices }) => devices)));
  if (!deps.recordTickets) return 0;
  const tickets = customers.flatMap((customer) => customer.tickets);
  accepted(await deps.recordTickets(tickets));
  return tickets.length;
}

function accepted(result: { rejected: readonly { message: string }[] }): void {
  const [refusal] = result.rejected;
  if (refusal) throw new AppError('INTERNAL', `the demo was refused: ${refusal.message}`);
}
