import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EventRow } from '../../src/event/event.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom, type Random } from '../../src/kernel/random.js';
import { eventState } from '../support/event-state.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const TYPES = ['page_view', 'purchase', 'session_start', 'session_end'];
const ROWS = 10_000;
const USERS = 150;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
let test: TestDatabase;
let fixture: FeatureFixture;

beforeAll(async () => {
  test = await testDatabase();
  fixture = featureFixture(test.db, clock);
  await fixture.seed();
});
afterAll(() => test.drop());

/** Every fourth at one of few instants: of several first or last events at one instant the order must not choose. */
function secondsAgo(random: Random): number {
  return random.int(4) === 0 ? (1 + random.int(5)) * 60 : random.int(300 * 86_400);
}

function list(random: Random): EventRow[] {
  return Array.from({ length: ROWS }, (_, i) => ({
    source: i % 5 === 0 ? 'shop' : 'web',
    id: `e${i}`,
    user: `u${random.int(USERS)}`,
    type: TYPES[random.int(TYPES.length)] ?? 'purchase',
    at: new Date(clock.wall().getTime() - secondsAgo(random) * 1000),
    value: random.int(4) === 0 ? null : random.int(1_000) / 4, // sums are exact in any order
    properties: random.int(10) === 0 ? { page: `/p/${i}` } : null,
  }));
}

async function features(): Promise<Record<string, unknown>[]> {
  const ids = await test.db.query<{ id: number }>('select id from customer order by external_id');
  const { columns } = await fixture.read({
    features: await fixture.features.all(),
    users: ids.map(({ id }) => id),
    asOf: clock.now(),
  });
  // nothing but rounding may depend on the order in which events lie in the table
  const rounded = (value: unknown): unknown =>
    typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(12)) : value;
  return ids.map((_, row) =>
    Object.fromEntries([...columns].map(([name, column]) => [name, rounded(column[row])])),
  );
}

it.each([1, 2])(
  'ten thousand events in any order, with repeats, in batches of any size give what one batch gives: list %i',
  async (seed) => {
    const random = seededRandom(seed);
    const rows = list(random);
    const clear = async (): Promise<void> => {
      await test.db.query('truncate event, event_key');
      await test.db.query('delete from customer');
    };
    await clear();
    expect(await fixture.record(rows)).toMatchObject({ accepted: ROWS, duplicates: 0 });
    const [state, values] = [await eventState(test.db), await features()];
    await clear();
    const replayed = [...rows, ...rows.filter(() => random.int(3) === 0)]
      .map((row) => ({ row, place: random.next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => row);
    let accepted = 0;
    for (let start = 0; start < replayed.length;) {
      const size = 1 + random.int(random.int(3) === 0 ? 6_000 : 400);
      accepted += (await fixture.record(replayed.slice(start, start + size))).accepted;
      start += size;
    }
    expect(accepted).toBe(ROWS);
    expect(await eventState(test.db)).toEqual(state);
    expect(await features()).toEqual(values);
  },
);
