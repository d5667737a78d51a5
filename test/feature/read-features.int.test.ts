import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FITTED_SET } from '../../src/feature/fitted-set.js';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import { toFeatureTable, type FeatureRows } from '../../src/feature/read-features.js';
import { START_SET } from '../../src/feature/start-set.js';
import { manualClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { seededRandom } from '../../src/kernel/random.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { randomEvents, randomUsers } from './population.js';
import { referenceFeatures } from './reference.js';

const asOf = new Date('2026-03-01T09:30:00.500Z');
const clock = manualClock(new Date('2026-12-01T00:00:00Z'));
const USERS = 1000;

let database: TestDatabase;
let fixture: FeatureFixture;
let registry: FeatureDefinition[];
let ids: Map<string, number>;
const random = seededRandom(20260301);
const users = randomUsers(random, USERS, asOf);
const events = randomEvents(random, USERS, 20_000, asOf);

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  await fixture.seed();
  await fixture.upsert(users);
  await fixture.record(events);
  expect(await fixture.seedFitted()).toBe(FITTED_SET.length);
  registry = await fixture.features.all();
  ids = await fixture.users.idsByExternalId(users.map(({ externalId }) => externalId));
});
afterAll(() => database.drop());

function idOf(externalId: string): number {
  return ids.get(externalId) ?? -1;
}

function cell(rows: FeatureRows, name: string, row: number): number | string | null {
  const value = rows.columns.get(name)?.[row];
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Everything read, with texts and NaN made comparable. */
function dump(rows: FeatureRows): unknown {
  return [...rows.columns].map(([name, column]) => [name, Array.from(column, String)]);
}

describe('readFeatures', () => {
  it('equals an independent plain-code reference for every start feature of 1,000 random users', async () => {
    const rows = await fixture.read({
      features: registry,
      users: users.map(({ externalId }) => idOf(externalId)),
      asOf,
    });
    expect(START_SET.length).toBeGreaterThan(40);
    const wrong: string[] = [];
    users.forEach((user, row) => {
      const expected = referenceFeatures(user, events, asOf);
      expect(Object.keys(expected).sort()).toEqual(START_SET.map(({ name }) => name).sort());
      for (const [name, value] of Object.entries(expected)) {
        const actual = cell(rows, name, row);
        const same =
          typeof value === 'number' && typeof actual === 'number'
            ? Math.abs(value - actual) <= 1e-9 * Math.max(1, Math.abs(value))
            : value === actual;
        if (!same) wrong.push(`${user.externalId} ${name}: ${actual}, reference ${value}`);
      }
    });
    expect(wrong.slice(0, 10)).toEqual([]);
  });

  it('gives everyone the same values as asked user by user, ids ascending', async () => {
    const everyone = await fixture.read({ features: registry, users: 'everyone', asOf });
    expect([...everyone.userIds]).toEqual([...ids.values()].sort((a, b) => a - b));
    const listed = await fixture.read({ features: registry, users: [...everyone.userIds], asOf });
    for (const [name, column] of listed.columns)
      for (let row = 0; row < USERS; row += 1) {
        const [one, all] = [column[row], everyone.columns.get(name)?.[row]];
        if (typeof one === 'number' && typeof all === 'number' && !Number.isNaN(one))
          expect(all).toBeCloseTo(one, 6);
        else expect(all).toEqual(one);
      }
  });

  it('keeps the order given, repeats included, and gives an unknown user no events', async () => {
    const order = [idOf('u7'), idOf('u0'), 999_999_999, idOf('u7')];
    const features = await fixture.features.byNames(['event_count', 'age', 'gender']);
    const rows = await fixture.read({ features, users: order, asOf });
    expect([...rows.userIds]).toEqual(order);
    const reference = ['u7', 'u0'].map((key) =>
      referenceFeatures(
        users.find(({ externalId }) => externalId === key) ?? { externalId: key },
        events,
        asOf,
      ),
    );
    expect(cell(rows, 'event_count', 0)).toBe(reference[0]?.['event_count']);
    expect(cell(rows, 'event_count', 1)).toBe(reference[1]?.['event_count']);
    expect(cell(rows, 'event_count', 2)).toBe(0);
    expect(cell(rows, 'age', 2)).toBeNull();
    expect(cell(rows, 'gender', 2)).toBeNull();
    expect(cell(rows, 'event_count', 3)).toBe(cell(rows, 'event_count', 0));
  });

  it('costs one statement for 1, 100 and 1,000 users and for everyone', async () => {
    const all = [...ids.values()];
    for (const asked of [all.slice(0, 1), all.slice(0, 100), all, 'everyone'] as const) {
      const counts = zeroCounts();
      await withCounts(counts, () => fixture.read({ features: registry, users: asked, asOf }));
      expect(counts.sql).toBe(1);
    }
  });

  it('makes a model input of it: numbers, then categories, missing as NaN and empty', async () => {
    const names = ['gender', 'age', 'purchase_count', 'device_type'];
    const features = await fixture.features.byNames(names);
    const rows = await fixture.read({ features, users: [idOf('u0'), idOf('u1')], asOf });
    const table = toFeatureTable(
      rows,
      names,
      features.map(({ type }) => type),
    );
    expect(table.numericNames).toEqual(['age', 'purchase_count']);
    expect(table.categoricalNames).toEqual(['gender', 'device_type']);
    expect(table.numeric[1]).toBe(rows.columns.get('purchase_count')?.[0]);
    expect(table.categorical[1]).toBe('');
    expect(table.rows).toBe(2);
  });

  it('does not move when rows at or after asOf are changed, added or removed', async () => {
    const before = await fixture.read({ features: registry, users: [...ids.values()], asOf });
    const chance = seededRandom(5);
    await database.db.query(
      `update event set value = value * 17 + 3, type_id = 1, properties = '{"quantity": 99}',
         device_id = (select max(id) from device) where at >= $1`,
      [asOf],
    );
    await database.db.query(`delete from event where at >= $1 and hashtext(key) % 3 = 0`, [asOf]);
    await fixture.record(
      randomEvents(chance, USERS, 3000, asOf)
        .filter(({ at }) => at >= asOf)
        .map((event) => ({ ...event, id: `late-${event.id}` })),
    );
    await fixture.record([
      {
        source: 'shop',
        id: 'edge',
        user: 'u0',
        type: 'purchase',
        at: asOf,
        value: 5,
        properties: null,
      },
    ]);
    const after = await fixture.read({ features: registry, users: [...ids.values()], asOf });
    expect(dump(after)).toEqual(dump(before));
  });

  it('sees an event one millisecond after its instant', async () => {
    const features = await fixture.features.byNames(['purchase_count']);
    const at = new Date('2026-11-01T00:00:00.000Z');
    const read = async (ms: number): Promise<unknown> =>
      cell(
        await fixture.read({ features, users: [idOf('u3')], asOf: new Date(at.getTime() + ms) }),
        'purchase_count',
        0,
      );
    const before = await read(1);
    await fixture.record([
      { source: 'shop', id: 'now', user: 'u3', type: 'purchase', at, value: 5, properties: null },
    ]);
    expect(await read(0)).toBe(before);
    expect(await read(1)).toBe(Number(before) + 1);
  });
});

describe('replay', () => {
  it('gives the same features whatever the order of arrival and however often an event comes', async () => {
    const own = await testDatabase();
    try {
      const other = featureFixture(own.db, clock);
      await other.seed();
      const shuffle = seededRandom(99);
      const twice = [...events, ...events.filter(() => shuffle.int(3) === 0)]
        .map((event) => ({ event, key: shuffle.next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ event }) => event);
      for (let start = 0; start < twice.length; start += 700)
        await other.record(twice.slice(start, start + 700));
      await other.upsert(users);
      await other.seedFitted();
      const keys = users.map(({ externalId }) => externalId);
      const otherIds = await other.users.idsByExternalId(keys);
      const rows = await other.read({
        features: await other.features.all(),
        users: keys.map((key) => otherIds.get(key) ?? -1),
        asOf,
      });
      const expected = await fixture.read({
        features: registry,
        users: keys.map(idOf),
        asOf,
      });
      for (const [name, column] of expected.columns)
        for (let row = 0; row < USERS; row += 1) {
          const [a, b] = [column[row], rows.columns.get(name)?.[row]];
          if (typeof a === 'number' && typeof b === 'number' && !Number.isNaN(a))
            expect(Math.abs(a - b), name).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(a)));
          else expect(b).toEqual(a);
        }
    } finally {
      await own.drop();
    }
  });
});
