import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceLinkStore } from '../../src/device/device-link.store.js';
import { deviceLoaders } from '../../src/device/device-loaders.js';
import { DeviceResolver, UserDevicesResolver } from '../../src/device/device.resolver.js';
import { deviceStore } from '../../src/device/device.store.js';
import { upsertDevices } from '../../src/device/upsert-devices.js';
import { DeviceStatsResolver } from '../../src/event/device-stats.resolver.js';
import { deviceStatsStore } from '../../src/event/device-stats.store.js';
import type { RejectedRow } from '../../src/job/rejected-row.js';
import { manualClock } from '../../src/kernel/clock.js';
import { DevicePositivesResolver } from '../../src/model/device-positives.resolver.js';
import { linkedPositivesStore } from '../../src/model/linked-positives.store.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { USER_COLUMNS } from '../../src/user/user.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventFixture, type EventFixture } from '../support/event-fixture.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';

let database: TestDatabase;
let fixture: EventFixture;
let graph: RoomGraph;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  fixture = eventFixture(db, clock);
  const devices = deviceStore(db);
  const loaders = deviceLoaders(devices, deviceLinkStore(db, USER_COLUMNS));
  graph = roomGraph(
    [
      new UserResolver({
        users: fixture.users,
        loaders: userLoaders(fixture.users),
        upsertUsers: fixture.upsert,
        setConsent: () => Promise.resolve(null),
      }),
      new UserConnectionResolver(),
      new DeviceResolver({
        loaders,
        upsertDevices: upsertDevices({
          clock,
          resolveUsers: fixture.users.resolve,
          upsert: devices.upsert,
        }),
      }),
      new UserDevicesResolver({ loaders }),
      new DeviceStatsResolver(deviceStatsStore(db)),
      new DevicePositivesResolver(linkedPositivesStore(db)),
    ],
    clock,
  );
});
afterAll(() => database.drop());
beforeEach(() =>
  database.db.query(
    'truncate customer, event, event_key, device, user_device, outcome restart identity cascade',
  ),
);

interface Row {
  key: string;
  type?: string | null;
  osVersion?: string | null;
  firstSeenAt?: string;
  users?: string[];
}

async function upsert(devices: Row[], role: 'ADMIN' | 'ANALYST' = 'ADMIN') {
  const { data, errors } = await graph.ask(
    `mutation ($devices: [DeviceInput!]!) { upsertDevices(devices: $devices) {
       created updated rejected { index code message } userErrors { code message path } } }`,
    { devices },
    role,
  );
  return errors ? { errors: errors.map(({ message }) => message) } : data.upsertDevices;
}

const may = '2026-05-01T00:00:00.000Z';
const april = '2026-04-01T00:00:00.000Z';

describe('upsertDevices', () => {
  it('refuses bad rows by index and takes the others', async () => {
    const answer = await upsert([
      { key: '' },
      { key: 'd1', type: 'mobile' },
      { key: 'd2', users: ['u1'] },
      { key: 'd3', firstSeenAt: '2026-06-01T12:05:01Z' },
      { key: 'd4', firstSeenAt: '2026-06-01T12:05:00Z' },
    ]);
    expect(answer).toEqual({
      created: 2,
      updated: 0,
      rejected: [
        { index: 0, code: 'INVALID', message: 'key is missing' },
        { index: 2, code: 'INVALID', message: expect.stringContaining('firstSeenAt is missing') },
        { index: 3, code: 'INVALID', message: expect.stringContaining('firstSeenAt must not be') },
      ],
      userErrors: [],
    });
  });

  it('refuses more than 10,000 rows whole, and a role that may not write', async () => {
    const rows = Array.from({ length: 10_001 }, (_, i) => ({ key: `d${i}` }));
    expect(await upsert(rows)).toEqual({
      created: 0,
      updated: 0,
      rejected: [],
      userErrors: [
        {
          code: 'TOO_LARGE',
          message: 'devices must be at most 10,000 a call, got 10001',
          path: ['devices'],
        },
      ],
    });
    expect(await upsert([{ key: 'd1' }], 'ANALYST')).toEqual({
      errors: ['role ANALYST may not user:write'],
    });
    expect(await database.db.query('select 1 from device')).toEqual([]);
  });

  it('is idempotent, counts a new sighting as a change, and keeps what is left out', async () => {
    const row = { key: 'd1', type: 'mobile', osVersion: 'iOS 17', firstSeenAt: may, users: ['u1'] };
    expect(await upsert([row, row])).toMatchObject({ created: 1, updated: 0 });
    expect(await upsert([row])).toMatchObject({ created: 0, updated: 0 });
    expect(await upsert([{ key: 'd1', firstSeenAt: may, users: ['u2'] }])).toMatchObject({
      updated: 1,
    });
    expect(await upsert([{ key: 'd1', osVersion: null }])).toMatchObject({ updated: 1 });
    expect(await upsert([{ key: 'd1', firstSeenAt: '2026-05-20T00:00:00Z' }])).toMatchObject({
      updated: 0,
    });
    expect(await upsert([{ key: 'd1', firstSeenAt: april }])).toMatchObject({ updated: 1 });
    const { data } = await graph.ask(
      `{ device(key: "d1") { type osVersion firstSeenAt lastSeenAt ageDays userCount } }`,
    );
    expect(data.device).toEqual({
      type: 'mobile',
      osVersion: null,
      firstSeenAt: april,
      lastSeenAt: may,
      ageDays: expect.closeTo(61.5, 6),
      userCount: 2,
    });
  });

  it('links each row of one device at its own instant, and survives overlapping calls', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({
      key: `d${i % 20}`,
      firstSeenAt: new Date(Date.parse(may) + i * 1000).toISOString(),
      users: [`u${i % 7}`],
    }));
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => upsert(i % 2 ? rows : rows.toReversed())),
    );
    expect(await upsert(rows)).toMatchObject({ created: 0, updated: 0, rejected: [] });
    const [link] = await database.db.query(
      `select l.first_seen_at, l.last_seen_at from user_device l join device d on d.id = l.device_id
       join customer c on c.id = l.user_id where d.key = 'd0' and c.external_id = 'u0'`,
    );
    expect(link).toEqual({
      first_seen_at: new Date(may),
      last_seen_at: new Date(Date.parse(may) + 140_000),
    });
  });
});

describe('rows of devices that are not taken', () => {
  it('are kept with their reason but without their customers, erased ones among them', async () => {
    const kept: RejectedRow[] = [];
    const record = upsertDevices({
      clock,
      resolveUsers: fixture.users.resolve,
      upsert: deviceStore(database.db).upsert,
      erasedBefore: () => Promise.resolve(new Map([['gone', new Date(may)]])),
      keepRejected: (rows) => Promise.resolve(void kept.push(...rows)),
    });
    const result = await record([
      { key: 'd1', firstSeenAt: new Date(may), users: ['u1', 'gone'] },
      { key: 'd2', firstSeenAt: new Date(Date.parse(may) + 1), users: ['gone'] },
      { key: 'd3', type: '' },
    ]);
    expect(result).toMatchObject({
      created: 1,
      rejected: [
        { index: 0, code: 'FORBIDDEN', message: expect.stringContaining('users.1 was erased at') },
        { index: 2, code: 'INVALID' },
      ],
    });
    expect(kept).toMatchObject([
      { source: 'upsertDevices', line: 0, userKey: null, row: { key: 'd1' } },
      { line: 2 },
    ]);
    expect(JSON.stringify(kept)).not.toMatch(/gone|u1/);
  });
});

describe('devices in the graph', () => {
  it.each([
    ['neither id nor key', '{ device { id } }', 'device needs exactly one of id and key'],
    ['both', '{ device(id: "Device:1", key: "d") { id } }', 'exactly one of id and key'],
    ['an id of another kind', '{ device(id: "User:1") { id } }', 'not the id of a device'],
    [
      'a page below 0',
      '{ device(key: "d") { users(first: -1) { nodes { id } } } }',
      'first must be 0..1000, got -1',
    ],
    [
      'a cursor of something else',
      '{ device(key: "d") { users(after: "WyJhIl0") { nodes { id } } } }',
      'after is not a cursor of this connection',
    ],
  ])('refuses %s', async (_, question, message) => {
    await upsert([{ key: 'd' }]);
    const { errors } = await graph.ask(question);
    expect(errors?.[0]?.message).toContain(message);
  });

  it('answers null for an unknown device, and names only what the role may see', async () => {
    await upsert([{ key: 'd', firstSeenAt: may, users: ['u1'] }]);
    expect((await graph.ask('{ device(id: "Device:999") { id } }')).data).toEqual({ device: null });
    const ask = '{ device(key: "d") { userCount users { nodes { externalId name } } } }';
    expect((await graph.ask(ask, {}, 'CRM')).errors?.[0]?.message).toBe(
      'role CRM may not user:list',
    );
    expect((await graph.ask('{ device(key: "d") { userCount } }', {}, 'CRM')).data).toEqual({
      device: { userCount: 1 },
    });
  });

  it('walks customers, devices and customers again with one statement a level', async () => {
    const rows = (n: number) =>
      Array.from({ length: n }, (_, i) => ({
        key: `d${String(i).padStart(3, '0')}`,
        firstSeenAt: may,
        users: [`u${i % 10}`, `u${(i + 1) % 10}`],
      }));
    const question = `{ users(first: 100) { nodes { externalId devices { edges { node {
      key userCount stats { events userCount } linkedPositives(model: "fraud") { known }
      users { nodes { externalId } } } } } } } }`;
    await upsert(rows(3));
    const few = await graph.ask(question);
    await upsert(rows(60));
    const many = await graph.ask(question);
    expect(many.errors).toBeUndefined();
    // customers, their devices, figures, labels, the devices' customers
    expect([few.counts.sql, many.counts.sql]).toEqual([5, 5]);
    const first = many.data.users.nodes[0];
    expect(first.devices.edges).toHaveLength(12);
    for (const { node } of first.devices.edges) {
      expect(node.users.nodes.map((user: { externalId: string }) => user.externalId)).toContain(
        first.externalId,
      );
      expect(node).toMatchObject({ userCount: 2, stats: { userCount: 2, events: 0 } });
    }
  });

  it('pages over the customers of a device and over the devices of a customer', async () => {
    const users = Array.from({ length: 25 }, (_, i) => `u${i}`);
    await upsert([{ key: 'kiosk', firstSeenAt: may, users }]);
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { data } = await graph.ask(
        `query ($after: String) { device(key: "kiosk") { users(first: 10, after: $after) {
           edges { cursor firstSeenAt lastSeenAt node { externalId } } pageInfo { hasNextPage endCursor } } } }`,
        { after },
      );
      const { edges, pageInfo } = data.device.users;
      for (const edge of edges) {
        expect(edge.firstSeenAt).toBe(may);
        seen.push(edge.node.externalId);
      }
      ({ endCursor: after, hasNextPage: more } = pageInfo);
    }
    expect(seen.sort()).toEqual(users.sort());
    const { data } = await graph.ask(
      '{ user(externalId: "u3") { devices(first: 0) { nodes { key } pageInfo { hasNextPage endCursor } } } }',
    );
    expect(data.user.devices).toEqual({
      nodes: [],
      pageInfo: { hasNextPage: true, endCursor: null },
    });
  });
});

describe('figures of a device', () => {
  const day = (n: number): Date => new Date(Date.UTC(2026, 4, n));

  async function record(): Promise<void> {
    const event = (id: string, type: string, at: Date) => ({
      source: 'shop',
      id,
      user: 'u1',
      type,
      at,
      value: null,
      properties: null,
      device: 'd',
    });
    await upsert([{ key: 'd', firstSeenAt: day(2).toISOString(), users: ['u1'] }, { key: 'idle' }]);
    await fixture.record([
      event('1', 'session_start', day(3)),
      event('2', 'session_start', day(5)),
      event('3', 'purchase', day(6)),
      event('4', 'session_start', day(7)),
      event('5', 'purchase', day(20)),
    ]);
  }

  it('count what lies strictly before the instant', async () => {
    await record();
    const { data } = await graph.ask(
      `query ($a: DateTime, $b: DateTime, $c: DateTime) { device(key: "d") {
         a: stats(asOf: $a) { ...f } b: stats(asOf: $b) { ...f } c: stats(asOf: $c) { ...f } now: stats { events } } }
       fragment f on DeviceStats { userCount events transactions sessionsPerDay ageDays }`,
      { a: day(7), b: day(2), c: new Date(day(3).getTime() + 1) },
    );
    expect(data.device).toEqual({
      a: { userCount: 1, events: 3, transactions: 1, sessionsPerDay: 2 / 3, ageDays: 5 },
      b: { userCount: 0, events: 0, transactions: 0, sessionsPerDay: 0, ageDays: null },
      c: {
        userCount: 1,
        events: 1,
        transactions: 0,
        sessionsPerDay: 1,
        ageDays: expect.closeTo(1, 6),
      },
      now: { events: 5 },
    });
  });

  it('are nothing, not an error, for a device without events', async () => {
    await record();
    const { data } = await graph.ask(
      `{ device(key: "idle") { firstSeenAt lastSeenAt ageDays userCount
         stats { userCount events transactions sessionsPerDay ageDays } } }`,
    );
    expect(data.device).toEqual({
      firstSeenAt: null,
      lastSeenAt: null,
      ageDays: null,
      userCount: 0,
      stats: { userCount: 0, events: 0, transactions: 0, sessionsPerDay: 0, ageDays: null },
    });
  });
});

describe('labels of the customers of a device', () => {
  it('count the latest outcome from before the instant, without who opted out', async () => {
    await upsert([
      { key: 'd', firstSeenAt: april, users: ['u1', 'u2', 'u3', 'u4'] },
      { key: 'd', firstSeenAt: '2026-05-20T00:00:00Z', users: ['late'] },
    ]);
    const model = '01900000-0000-7000-8000-000000000001';
    const { db } = database;
    await db.query(
      `insert into model (id, name, task, description, spec, created_at)
       values ($1, 'fraud', 'BINARY_CLASSIFICATION', '', '{}', now())`,
      [model],
    );
    await db.query(
      `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
       select $1, c.id, o.at::timestamptz, 'test', o.positive, now() from (values
         ('u1', '2026-05-02', true), ('u2', '2026-05-02', true), ('u2', '2026-05-03', false),
         ('u3', '2026-05-02', true), ('late', '2026-05-02', true), ('u1', '2026-05-30', false))
         as o(user_key, at, positive) join customer c on c.external_id = o.user_key`,
      [model],
    );
    await db.query(`update customer set consent_profiling = false where external_id = 'u3'`);
    const { data } = await graph.ask(
      `{ device(key: "d") {
         before: linkedPositives(model: "fraud", asOf: "2026-05-02T00:00:00Z") { known positive }
         first: linkedPositives(model: "fraud", asOf: "2026-05-02T12:00:00Z") { known positive }
         now: linkedPositives(model: "fraud") { known positive }
         none: linkedPositives(model: "nothing") { known positive } } }`,
    );
    expect(data.device).toEqual({
      before: { known: 0, positive: 0 },
      first: { known: 2, positive: 2 },
      now: { known: 3, positive: 1 },
      none: null,
    });
  });
});
