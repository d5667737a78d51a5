import 'reflect-metadata';
import { graphql } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceLinkStore } from '../../src/device/device-link.store.js';
import { deviceLoaders } from '../../src/device/device-loaders.js';
import { deviceStore } from '../../src/device/device.store.js';
import { EventDeviceResolver } from '../../src/event/event-device.resolver.js';
import { eventsLoader } from '../../src/event/events-loader.js';
import { UserEventsResolver } from '../../src/event/event.resolver.js';
import { zeroCounts, withCounts } from '../../src/kernel/count.js';
import type { EventRow } from '../../src/event/event.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { USER_COLUMNS } from '../../src/user/user.store.js';
import { eventFixture } from '../support/event-fixture.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

it('events name devices, in batches of any size and at once: spans are those of the events that were new', async () => {
  const random = seededRandom(17);
  const rows = Array.from({ length: 6_000 }, (_, i): EventRow => ({
    source: 'app',
    id: `e${i}`,
    user: `u${random.int(30)}`,
    type: 'visit',
    at: new Date(clock.wall().getTime() - random.int(80 * 86_400) * 1000),
    value: null,
    properties: null,
    device: random.int(4) === 0 ? null : `d${random.int(40)}`,
  }));
  const sizes = [1, 7, 300, 1_692, 4_000];
  const batches = sizes.map((size, i) => {
    const start = sizes.slice(0, i).reduce((a, b) => a + b, 0);
    return rows.slice(start, start + size);
  });
  const repeats = rows
    .slice(0, 3_000)
    .map((row) => ({ ...row, device: 'other', at: new Date(1e12) }));
  await Promise.all(batches.map((batch) => eventFixture(test.db, clock).record(batch)));
  await Promise.all(
    [repeats, repeats.slice(0, 100)].map((batch) => eventFixture(test.db, clock).record(batch)),
  );

  const spans = new Map<string, [number, number]>();
  for (const { user, device, at } of rows) {
    if (!device) continue;
    const pair = `${user} ${device}`;
    const [first, last] = spans.get(pair) ?? [Infinity, -Infinity];
    spans.set(pair, [Math.min(first, at.getTime()), Math.max(last, at.getTime())]);
  }
  const stored = await test.db.query<{ pair: string; first: Date; last: Date }>(
    `select c.external_id || ' ' || d.key as pair, l.first_seen_at as first, l.last_seen_at as last
     from user_device l join customer c on c.id = l.user_id join device d on d.id = l.device_id`,
  );
  expect(
    new Map(stored.map(({ pair, first, last }) => [pair, [first.getTime(), last.getTime()]])),
  ).toEqual(spans);
  const held = await test.db.query<{ key: string; device: string | null }>(
    'select e.key, d.key as device from event e left join device d on d.id = e.device_id',
  );
  expect(new Map(held.map(({ key, device }) => [key, device]))).toEqual(
    new Map(rows.map(({ id, device }) => [id, device ?? null])),
  );
});

it('an event leads to its device, all events of a list by one statement', async () => {
  const data = eventFixture(test.db, clock);
  const loaders = deviceLoaders(deviceStore(test.db), deviceLinkStore(test.db, USER_COLUMNS));
  const instances = new Map<unknown, object>([
    [
      UserResolver,
      new UserResolver({
        users: data.users,
        loaders: userLoaders(data.users),
        upsertUsers: data.upsert,
        setConsent: () => Promise.resolve(null),
      }),
    ],
    [UserConnectionResolver, new UserConnectionResolver()],
    [
      UserEventsResolver,
      new UserEventsResolver({
        events: eventsLoader(data.events),
        knownTypeIds: data.types.knownIdsOf,
      }),
    ],
    [EventDeviceResolver, new EventDeviceResolver(loaders)],
  ]);
  const schema = buildSchemaSync({
    resolvers: [UserResolver, UserConnectionResolver, UserEventsResolver, EventDeviceResolver],
    container: { get: (type) => instances.get(type) },
    validate: false,
  });
  const ask = async (first: number) => {
    const counts = zeroCounts();
    const result = await withCounts(counts, () =>
      graphql({
        schema,
        source: `{ users(first: ${first}) { nodes { events(first: 30) { nodes { id device { key } } } } } }`,
        contextValue: {
          viewer: { id: 'key', name: 'key', role: 'ADMIN' },
          requestId: 'test',
          signal: new AbortController().signal,
          clock,
          counts,
          loaderKey: {},
        },
      }),
    );
    expect(result.errors).toBeUndefined();
    return { nodes: (result.data as unknown as Answer).users.nodes, sql: counts.sql };
  };
  await ask(1);
  const [one, many] = [await ask(1), await ask(25)];
  expect(many.sql).toBe(one.sql);
  const devices = many.nodes.flatMap(({ events }) => events.nodes.map(({ device }) => device));
  expect(devices.filter((device) => device === null).length).toBeGreaterThan(0);
  const held = await test.db.query<{ id: string; key: string | null }>(
    `select 'Event:app:' || e.key as id, d.key from event e left join device d on d.id = e.device_id`,
  );
  const keyOf = new Map(held.map(({ id, key }) => [id, key]));
  for (const { events } of many.nodes)
    for (const { id, device } of events.nodes) expect(device?.key ?? null).toBe(keyOf.get(id));
});

interface Answer {
  users: { nodes: { events: { nodes: { id: string; device: { key: string } | null }[] } }[] };
}
