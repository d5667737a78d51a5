import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/event/event.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { dataGraph, type DataGraph } from '../support/data-graph.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';

let database: TestDatabase;
let fixture: FeatureFixture;
let graph: DataGraph;
const now = new Date('2026-06-01T00:00:00Z');
const clock = manualClock(now);
const random = seededRandom(3);
const TYPES = ['purchase', 'page_view', 'ticket'];

// few instants, so that many events share one
const rows: EventRow[] = Array.from({ length: 4000 }, (_, i) => ({
  source: random.int(2) ? 'shop' : 'crm',
  id: `key-${i}-${random.int(2) ? 'a' : 'Z'}`,
  user: `u${random.int(100)}`,
  type: TYPES[random.int(3)] ?? 'purchase',
  at: new Date(now.getTime() - 1000 * (1 + random.int(12))),
  value: random.int(3) ? random.int(100) : null,
  properties: random.int(3) ? null : { n: i },
}));

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  graph = dataGraph(fixture, clock);
  await fixture.record(rows);
});
afterAll(() => database.drop());

interface Connection {
  nodes: { id: string; type: string; at: string; value: number | null; source: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function page(args: string, after: string | null): Promise<Connection> {
  const { data, errors } = await graph.ask(
    `query ($after: String) { user(externalId: "u7") { events(${args}, after: $after) {
      nodes { id type at value source properties } pageInfo { hasNextPage endCursor } } } }`,
    { after },
  );
  expect(errors).toBeUndefined();
  return (data as unknown as { user: { events: Connection } }).user.events;
}

async function walk(args: string): Promise<Connection['nodes']> {
  const nodes: Connection['nodes'] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes: more, pageInfo } = await page(args, after);
    nodes.push(...more);
    if (!pageInfo.hasNextPage) return nodes;
    expect(more.length).toBeGreaterThan(0);
    after = pageInfo.endCursor;
  }
}

function idsOf(keep: (row: EventRow) => boolean): string[] {
  return rows
    .filter((row) => row.user === 'u7' && keep(row))
    .map((row) => `Event:${row.source}:${row.id}`)
    .sort();
}

describe('User.events', () => {
  const half = new Date(now.getTime() - 6000).toISOString();

  it.each<[string, (row: EventRow) => boolean]>([
    ['first: 3', () => true],
    ['first: 7, types: ["purchase"]', (row) => row.type === 'purchase'],
    ['first: 1, types: ["ticket", "purchase", "nothing"]', (row) => row.type !== 'page_view'],
    [`first: 4, since: "${half}"`, (row) => row.at >= new Date(half)],
    [
      `first: 4, until: "${half}", types: ["page_view"]`,
      (row) => row.at < new Date(half) && row.type === 'page_view',
    ],
    ['first: 100, types: ["nothing"]', () => false],
  ])('walks every event exactly once, newest first, through ties: %s', async (args, keep) => {
    const nodes = await walk(args);
    expect(nodes.map(({ id }) => id).sort()).toEqual(idsOf(keep));
    const instants = nodes.map(({ at }) => Date.parse(at));
    expect(instants).toEqual([...instants].sort((a, b) => b - a));
  });

  it('gives the values as they were sent', async () => {
    const nodes = await walk('first: 50');
    for (const row of rows.filter(({ user }) => user === 'u7'))
      expect(nodes).toContainEqual({
        id: `Event:${row.source}:${row.id}`,
        type: row.type,
        at: row.at.toISOString(),
        value: row.value,
        source: row.source,
        properties: row.properties ?? {},
      });
  });

  it('costs the same number of statements for 1, 10 and 100 users, and names the user of each event', async () => {
    const query = `query ($first: Int!) { users(first: $first) { nodes { externalId
      events(first: 3) { nodes { at user { externalId } } }
      purchases: events(first: 2, types: ["purchase", "nothing"]) { nodes { type } } } } }`;
    const counts = [];
    for (const first of [1, 10, 100]) {
      const { data, errors, counts: caused } = await graph.ask(query, { first });
      expect(errors).toBeUndefined();
      counts.push(caused.sql);
      const { users } = data as unknown as {
        users: {
          nodes: { externalId: string; events: { nodes: { user: { externalId: string } }[] } }[];
        };
      };
      expect(users.nodes).toHaveLength(first);
      for (const user of users.nodes)
        for (const event of user.events.nodes) expect(event.user.externalId).toBe(user.externalId);
    }
    // users, the unknown type, events, purchases, users of the events
    expect(counts).toEqual([5, 5, 5]);
  });

  it('hides what lies after now, and shows it on request', async () => {
    await fixture.record([
      {
        source: 'shop',
        id: 'soon',
        user: 'soon',
        type: 'purchase',
        at: new Date(now.getTime() + 200_000),
        value: 1,
        properties: null,
      },
    ]);
    clock.set(new Date(now.getTime() - 3_600_000));
    const ask = (args: string): Promise<unknown> =>
      graph
        .ask(`{ user(externalId: "soon") { events${args} { nodes { id } } } }`)
        .then(
          ({ data }) =>
            (data as unknown as { user: { events: { nodes: unknown[] } } }).user.events.nodes
              .length,
        );
    expect(await ask('')).toBe(0);
    expect(await ask('(until: "2027-01-01T00:00:00Z")')).toBe(1);
    clock.set(now);
  });

  it('refuses a page of 1,001 and a cursor that is not its own', async () => {
    const large = await graph.ask(
      '{ user(externalId: "u7") { events(first: 1001) { nodes { id } } } }',
    );
    expect(large.errors?.[0]?.message).toBe('first must be 0..1000, got 1001');
    for (const parts of [
      [1, 2],
      ['x', 1, 'k'],
      [1, 99_999, 'k'],
      [1e300, 1, 'k'],
    ]) {
      const after = Buffer.from(JSON.stringify(parts)).toString('base64url');
      const { errors } = await graph.ask(
        `{ user(externalId: "u7") { events(after: "${after}") { nodes { id } } } }`,
      );
      expect(errors?.[0]?.message).toContain('after is not a cursor');
    }
  });
});

describe('recordEvents', () => {
  const record = `mutation ($events: [EventInput!]!) { recordEvents(events: $events) {
    accepted duplicates rejected { index code message } userErrors { code message path } } }`;

  it('takes rows with the source api by default, counts repeats, and names what it rejects', async () => {
    const good = { id: 'g1', user: 'graph', type: 'purchase', at: now.toISOString(), value: 3 };
    const events = [good, good, { ...good, id: 'g2', type: '?' }];
    const { data } = await graph.ask(record, { events });
    expect(data).toMatchObject({
      recordEvents: {
        accepted: 1,
        duplicates: 1,
        rejected: [
          { index: 2, code: 'INVALID', message: expect.stringContaining('type must be') as string },
        ],
        userErrors: [],
      },
    });
    const { data: read } = await graph.ask(
      '{ user(externalId: "graph") { lastActiveAt events { nodes { id } } } }',
    );
    expect(read).toEqual({
      user: { lastActiveAt: now.toISOString(), events: { nodes: [{ id: 'Event:api:g1' }] } },
    });
  });

  it('refuses more than 10,000 rows as a whole, and a role without the right', async () => {
    const events = Array.from({ length: 10_001 }, (_, i) => ({
      id: `m${i}`,
      user: 'many',
      type: 'purchase',
      at: now.toISOString(),
    }));
    const { data } = await graph.ask(record, { events });
    expect(data).toMatchObject({
      recordEvents: {
        accepted: 0,
        userErrors: [
          {
            code: 'TOO_LARGE',
            message: 'events must be at most 10,000 a call, got 10001',
            path: ['events'],
          },
        ],
      },
    });
    const { errors } = await graph.ask(record, { events: [] }, 'CRM');
    expect(errors?.[0]?.message).toBe('role CRM may not event:write');
  });
});
