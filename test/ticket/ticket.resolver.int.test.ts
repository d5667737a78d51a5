import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { TicketResolver, UserTicketsResolver } from '../../src/ticket/ticket.resolver.js';
import { ticketsLoader } from '../../src/ticket/tickets-loader.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventFixture } from '../support/event-fixture.js';
import type { Answer } from '../support/graph.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';
import { ticketFixture } from '../support/ticket-fixture.js';

let database: TestDatabase;
let graph: RoomGraph;
const personal: string[] = [];
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));

beforeAll(async () => {
  database = await testDatabase();
  const data = eventFixture(database.db, clock);
  const fixture = ticketFixture(database.db, clock, data);
  const users = userLoaders(data.users);
  graph = roomGraph(
    [
      new UserResolver({
        users: data.users,
        loaders: users,
        upsertUsers: data.upsert,
        setConsent: () => Promise.resolve(null),
      }),
      new UserConnectionResolver(),
      new TicketResolver({
        ticketsByIds: fixture.tickets.byIds,
        recordTickets: fixture.record,
        users,
        tellPersonalRead: (_, userId, field) => personal.push(`${userId} ${field}`),
      }),
      new UserTicketsResolver({ tickets: ticketsLoader(fixture.tickets) }),
    ],
    clock,
  );
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock.set(new Date('2026-06-01T12:00:00Z'));
  personal.length = 0;
  await database.db.query('truncate customer, event, event_key, ticket restart identity cascade');
});

const may = (day: number): string => new Date(Date.UTC(2026, 4, day)).toISOString();

function ticket(change: Record<string, unknown> = {}) {
  return { key: 't1', user: 'u1', issueType: 'billing', openedAt: may(1), ...change };
}

async function record(tickets: object[], role: 'ADMIN' | 'CRM' = 'ADMIN'): Promise<Answer> {
  const { data, errors } = await graph.ask(
    `mutation ($tickets: [TicketInput!]!) { recordTickets(tickets: $tickets) {
       created updated unchanged rejected { index code message } userErrors { code message path } } }`,
    { tickets },
    role,
  );
  return errors ? { errors: errors.map(({ message }) => message) } : data.recordTickets;
}

async function ask(question: string, role?: 'ADMIN' | 'ANALYST' | 'CRM'): Promise<Answer> {
  const { data, errors } = await graph.ask(question, {}, role);
  return errors ? { errors: errors.map(({ message }) => message) } : data;
}

describe('recordTickets in the graph', () => {
  it('refuses more than 10,000 rows whole, and a role that may not write', async () => {
    const tickets = Array.from({ length: 10_001 }, (_, i) => ticket({ key: `t${i}` }));
    expect(await record(tickets)).toMatchObject({
      created: 0,
      userErrors: [
        {
          code: 'TOO_LARGE',
          message: 'tickets must be at most 10,000 a call, got 10001',
          path: ['tickets'],
        },
      ],
    });
    expect(await record([ticket()], 'CRM')).toEqual({ errors: ['role CRM may not event:write'] });
    expect(await database.db.query('select 1 from ticket')).toEqual([]);
  });

  it('answers for every row, by index, and says what is wrong with a field', async () => {
    const answer = await record([
      ticket(),
      ticket({ key: 't2', resolvedAt: '2026-04-30T00:00:00Z' }),
      ticket(),
      ticket({ openedAt: may(2) }),
    ]);
    expect(answer).toEqual({
      created: 1,
      updated: 0,
      unchanged: 1,
      rejected: [
        { index: 1, code: 'INVALID', message: expect.stringContaining('resolvedAt must be at or') },
        { index: 3, code: 'CONFLICT', message: expect.stringContaining('openedAt is recorded as') },
      ],
      userErrors: [],
    });
  });
});

describe('tickets in the graph', () => {
  const done = ticket({
    resolvedAt: may(3),
    satisfaction: 2,
    ratedAt: may(5),
    text: 'my card was charged twice',
  });
  const FIELDS = `id source key issueType text redacted openedAt resolvedAt resolutionSeconds
    satisfaction ratedAt user { externalId }`;

  it.each([
    ['an id of another kind', '{ ticket(id: "User:1") { id } }', 'not the id of a ticket'],
    [
      'a page above 1,000',
      '{ user(externalId: "u1") { tickets(first: 1001) { nodes { id } } } }',
      'first must be 0..1000, got 1001',
    ],
    [
      'a cursor of something else',
      '{ user(externalId: "u1") { tickets(after: "WzFd") { nodes { id } } } }',
      'after is not a cursor of this connection',
    ],
  ])('refuse %s', async (_, question, message) => {
    await record([ticket()]);
    expect((await ask(question)).errors[0]).toContain(message);
  });

  it('are reachable by id, with the text for those who may see it, which is told', async () => {
    await record([done]);
    const question = `{ ticket(id: "Ticket:1") { ${FIELDS} } nothing: ticket(id: "Ticket:9") { id } }`;
    const shown = {
      id: 'Ticket:1',
      source: 'crm',
      key: 't1',
      issueType: 'billing',
      text: 'my card was charged twice',
      redacted: [],
      openedAt: may(1),
      resolvedAt: may(3),
      resolutionSeconds: 172_800,
      satisfaction: 2,
      ratedAt: may(5),
      user: { externalId: 'u1' },
    };
    expect(await ask(question)).toEqual({ ticket: shown, nothing: null });
    expect(personal).toEqual(['1 ticket.text']);
    expect(await ask(question, 'ANALYST')).toEqual({
      ticket: { ...shown, text: null, redacted: ['text'] },
      nothing: null,
    });
    expect(personal).toHaveLength(1);
  });

  it('show what was known at the instant that the installation stands at', async () => {
    await record([done, ticket({ key: 't2', openedAt: may(20) })]);
    clock.set(new Date(may(4)));
    const question = `{ user(externalId: "u1") {
      tickets { nodes { key resolvedAt satisfaction ratedAt } }
      open: tickets(open: true) { nodes { key } } } later: ticket(id: "Ticket:2") { id } }`;
    expect(await ask(question)).toEqual({
      user: {
        tickets: {
          nodes: [{ key: 't1', resolvedAt: may(3), satisfaction: null, ratedAt: null }],
        },
        open: { nodes: [] },
      },
      later: null,
    });
    clock.set(new Date(may(2)));
    expect((await ask(question)).user.open).toEqual({ nodes: [{ key: 't1' }] });
  });

  it('come newest first, page by page, open and resolved apart', async () => {
    const rows = Array.from({ length: 50 }, (_, i) =>
      ticket({
        key: `t${i}`,
        openedAt: may(1 + (i % 5)),
        ...(i % 3 === 0 ? { resolvedAt: may(10) } : {}),
      }),
    );
    await record(rows);
    const keys: Record<string, string[]> = {};
    for (const open of ['true', 'false', 'null']) {
      const seen: { key: string; openedAt: string }[] = [];
      for (let after: string | null = null, more = true; more;) {
        const { data } = await graph.ask(
          `query ($after: String) { user(externalId: "u1") { tickets(first: 7, open: ${open}, after: $after) {
             nodes { key openedAt } pageInfo { hasNextPage endCursor } } } }`,
          { after },
        );
        const { nodes, pageInfo } = data.user.tickets;
        seen.push(...nodes);
        ({ endCursor: after, hasNextPage: more } = pageInfo);
      }
      const instants = seen.map(({ openedAt }) => openedAt);
      expect(instants).toEqual([...instants].sort().reverse());
      keys[open] = seen.map(({ key }) => key).sort();
    }
    const wanted = (keep: (i: number) => boolean): string[] =>
      rows.flatMap(({ key }, i) => (keep(i) ? [key] : [])).sort();
    expect(keys).toEqual({
      true: wanted((i) => i % 3 > 0),
      false: wanted((i) => i % 3 === 0),
      null: wanted(() => true),
    });
  });

  it('cost one statement for a list of customers, however long it is', async () => {
    const question = `{ users(first: 100) { nodes { externalId tickets(first: 2, open: true) {
      nodes { key text user { externalId } } } } } }`;
    await record([ticket()]);
    const few = await graph.ask(question);
    await record(
      Array.from({ length: 200 }, (_, i) => ticket({ key: `k${i}`, user: `u${i % 40}` })),
    );
    const many = await graph.ask(question);
    expect(many.errors).toBeUndefined();
    // customers, their tickets, and the customers of these
    expect([few.counts.sql, many.counts.sql]).toEqual([3, 3]);
    for (const { externalId, tickets } of many.data.users.nodes) {
      expect(tickets.nodes).toHaveLength(2);
      for (const { user } of tickets.nodes) expect(user.externalId).toBe(externalId);
    }
  });
});
