import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeDevicesTickets } from '../../src/compose-devices-tickets.js';
import { demoStore } from '../../src/demo/demo.store.js';
import { demoPopulation } from '../../src/demo/population.js';
import { seedDemo, type SeedDemoDeps } from '../../src/demo/seed-demo.js';
import { systemClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventFixture } from '../support/event-fixture.js';

const now = new Date('2026-02-03T04:05:06Z');
const clock = systemClock();
const users = 400;
let test: TestDatabase;
let deps: SeedDemoDeps;

beforeAll(async () => {
  test = await testDatabase();
  const { db } = test;
  const { record: recordEvents, upsert, users: people } = eventFixture(db, clock);
  const { recordTickets, upsertDevices } = composeDevicesTickets({
    db,
    clock,
    users: people,
    recordEvents,
  });
  deps = { ...demoStore(db), recordEvents, upsertUsers: upsert, recordTickets, upsertDevices };
});
afterAll(() => test.drop());

interface Counts {
  customers: number;
  events: number;
  tickets: number;
  devices: number;
  links: number;
}

async function counts(): Promise<Counts> {
  const [row] = await test.db.query<Counts>(
    `select (select count(*) from customer) as customers, (select count(*) from ticket) as tickets,
       (select count(*) from event e where type_id not in (
         select id from event_type where name like 'ticket%')) as events,
       (select count(*) from device where os_version is not null) as devices,
       (select count(*) from user_device) as links`,
  );
  return row ?? { customers: -1, events: -1, tickets: -1, devices: -1, links: -1 };
}

const told = [...demoPopulation({ end: new Date('2026-02-03T00:00:00Z'), users })];
const expected = {
  customers: users,
  events: told.flatMap(({ events }) => events).length,
  tickets: told.flatMap(({ tickets }) => tickets).length,
  devices: new Set(told.flatMap(({ devices }) => devices.map(({ key }) => key))).size,
  links: told.flatMap(({ devices }) => devices).length,
};

describe('seeding the demo', () => {
  it('takes up, days later and with the same end, a run that was cut off', async () => {
    let calls = 0;
    const failing: SeedDemoDeps = {
      ...deps,
      recordEvents: (rows) => {
        calls++;
        return calls === 2 ? Promise.reject(new Error('cut off')) : deps.recordEvents(rows);
      },
    };
    await expect(seedDemo(failing, { now, users })).rejects.toThrow('cut off');
    const half = await counts();
    expect(half.customers).toBe(users);
    expect(half.events).toBeGreaterThan(0);
    expect(half.events).toBeLessThan(expected.events);
    const later = new Date('2026-02-09T00:00:00Z');
    const result = await seedDemo(deps, { now: later, users });
    expect(result).toEqual({
      seeded: true,
      end: new Date('2026-02-03T00:00:00Z'),
      users,
      events: expected.events,
      tickets: expected.tickets,
    });
    expect(await counts()).toEqual(expected);
  });

  it('does nothing once everything is there', async () => {
    expect(await seedDemo(deps, { now, users })).toMatchObject({ seeded: false });
    expect(await counts()).toEqual(expected);
  });

  it('leaves a database with customers of its own alone', async () => {
    await test.db.query(
      'truncate customer, event, event_key, ticket, device, user_device restart identity cascade',
    );
    await deps.upsertUsers([{ externalId: 'mine' }]);
    expect(await seedDemo(deps, { now, users })).toMatchObject({ seeded: false });
    expect(await counts()).toEqual({ customers: 1, events: 0, tickets: 0, devices: 0, links: 0 });
  });
});
