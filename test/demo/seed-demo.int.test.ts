import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  const { record, upsert } = eventFixture(test.db, clock);
  deps = { ...demoStore(test.db), recordEvents: record, upsertUsers: upsert };
});
afterAll(() => test.drop());

async function counts(): Promise<{ customers: number; events: number }> {
  const [row] = await test.db.query<{ customers: number; events: number }>(
    'select (select count(*) from customer) as customers, (select count(*) from event) as events',
  );
  return row ?? { customers: -1, events: -1 };
}

const expected = [...demoPopulation({ end: new Date('2026-02-03T00:00:00Z'), users })].reduce(
  (sum, { events }) => sum + events.length,
  0,
);

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
    expect(half.events).toBeLessThan(expected);
    const later = new Date('2026-02-09T00:00:00Z');
    const result = await seedDemo(deps, { now: later, users });
    expect(result).toEqual({
      seeded: true,
      end: new Date('2026-02-03T00:00:00Z'),
      users,
      events: expected,
    });
    expect(await counts()).toEqual({ customers: users, events: expected });
  });

  it('does nothing once everything is there', async () => {
    expect(await seedDemo(deps, { now, users })).toMatchObject({ seeded: false });
    expect(await counts()).toEqual({ customers: users, events: expected });
  });

  it('leaves a database with customers of its own alone', async () => {
    await test.db.query('truncate customer, event, event_key restart identity cascade');
    await deps.upsertUsers([{ externalId: 'mine' }]);
    expect(await seedDemo(deps, { now, users })).toMatchObject({ seeded: false });
    expect(await counts()).toEqual({ customers: 1, events: 0 });
  });
});
