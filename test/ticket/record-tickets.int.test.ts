import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { definitionSchema } from '../../src/feature/definition.js';
import { linkFeatures, type StoredFeature } from '../../src/feature/feature.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { RejectedRow } from '../../src/job/rejected-row.js';
import { recordTickets } from '../../src/ticket/record-tickets.js';
import type { TicketRow } from '../../src/ticket/ticket.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { ticketFixture, type TicketFixture } from '../support/ticket-fixture.js';

let database: TestDatabase;
let data: FeatureFixture;
let fixture: TicketFixture;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
const opened = new Date('2026-05-01T10:00:00Z');
const resolved = new Date('2026-05-02T10:00:00Z');
const rated = new Date('2026-05-03T10:00:00Z');

beforeAll(async () => {
  database = await testDatabase();
  data = featureFixture(database.db, clock);
  fixture = ticketFixture(database.db, clock, data);
});
afterAll(() => database.drop());
beforeEach(() =>
  database.db.query('truncate customer, event, event_key, ticket restart identity cascade'),
);

function row(change: Partial<TicketRow> = {}): TicketRow {
  return {
    source: 'crm',
    key: 't1',
    user: 'u1',
    issueType: 'billing',
    openedAt: opened,
    ...change,
  };
}
const done = row({ resolvedAt: resolved, satisfaction: 4, ratedAt: rated });

function events() {
  return database.db.query(
    `select e.key, t.name as type, e.at, e.value from event e join event_type t on t.id = e.type_id
     order by e.at, e.key`,
  );
}

const ALL_EVENTS = [
  { key: 'ticket:t1:opened', type: 'ticket', at: opened, value: null },
  { key: 'ticket:t1:resolved', type: 'ticket_resolved', at: resolved, value: 86_400 },
  { key: 'ticket:t1:rated', type: 'ticket_rated', at: rated, value: 4 },
];

describe('recordTickets', () => {
  it('rejects bad rows by index, takes the others, and keeps what it rejected', async () => {
    const kept: RejectedRow[] = [];
    const record = recordTickets({
      ...fixture.deps,
      keepRejected: (rows) => Promise.resolve(void kept.push(...rows)),
    });
    const result = await record([
      row({ satisfaction: 6 }),
      row({ key: 't2' }),
      row({ key: 't3', satisfaction: 3 }),
    ]);
    expect(result).toEqual({
      created: 1,
      updated: 0,
      unchanged: 0,
      rejected: [
        { index: 0, code: 'INVALID', message: 'satisfaction must be 1..5, got 6' },
        { index: 2, code: 'INVALID', message: expect.stringContaining('ratedAt is missing') },
      ],
    });
    expect(kept).toMatchObject([
      { source: 'recordTickets', line: 0, userKey: 'u1', row: { key: 't1', satisfaction: 6 } },
      { line: 2, message: expect.stringContaining('ratedAt is missing') },
    ]);
    expect(await events()).toMatchObject([{ key: 'ticket:t2:opened' }]);
  });

  it('writes the row and an event for each thing that became known, at its own instant', async () => {
    expect(await fixture.record([done])).toMatchObject({ created: 1, rejected: [] });
    expect(await events()).toEqual(ALL_EVENTS);
    expect(await database.db.query('select source, key, satisfaction from ticket')).toEqual([
      { source: 'crm', key: 't1', satisfaction: 4 },
    ]);
  });

  it('follows a ticket over calls: CREATED, UPDATED twice, then UNCHANGED however often', async () => {
    expect(await fixture.record([row()])).toMatchObject({ created: 1 });
    expect(await fixture.record([row({ resolvedAt: resolved })])).toMatchObject({ updated: 1 });
    expect(await fixture.record([done])).toMatchObject({ updated: 1 });
    expect(await fixture.record([row(), done, row({ resolvedAt: resolved })])).toEqual({
      created: 0,
      updated: 0,
      unchanged: 3,
      rejected: [],
    });
    expect(await events()).toEqual(ALL_EVENTS);
  });

  it('applies the rows of one ticket in their order, whatever else is in the call', async () => {
    const rows = [row(), row({ key: 't0' }), row({ resolvedAt: resolved }), done];
    expect(await fixture.record(rows)).toEqual({
      created: 2,
      updated: 2,
      unchanged: 0,
      rejected: [],
    });
    expect(await events()).toHaveLength(4);
  });

  it('lets what is recorded stand, and says which field is in conflict', async () => {
    await fixture.record([done]);
    const moved = new Date('2026-05-20T00:00:00Z');
    const { rejected, ...counts } = await fixture.record([
      { ...done, satisfaction: 1 },
      { ...done, resolvedAt: moved },
      { ...done, ratedAt: moved },
      row({ openedAt: moved }),
      { ...done, user: 'u2' },
      { ...done, issueType: 'refund' },
    ]);
    expect(counts).toEqual({ created: 0, updated: 1, unchanged: 0 });
    expect(
      rejected.map(({ index, code, message }) => [index, code, message.split(' ')[0]]),
    ).toEqual([
      [0, 'CONFLICT', 'satisfaction'],
      [1, 'CONFLICT', 'resolvedAt'],
      [2, 'CONFLICT', 'ratedAt'],
      [3, 'CONFLICT', 'openedAt'],
      [4, 'CONFLICT', 'user'],
    ]);
    expect(await events()).toEqual(ALL_EVENTS);
    expect(await database.db.query('select issue_type, satisfaction from ticket')).toEqual([
      { issue_type: 'refund', satisfaction: 4 },
    ]);
  });

  it('is completed by its repeat when it was cut off between the row and its events', async () => {
    await fixture.record([row()]);
    const failing = recordTickets({
      ...fixture.deps,
      recordEvents: () => Promise.reject(new Error('cut off')),
    });
    await expect(failing([done, row({ key: 't2' })])).rejects.toThrow('cut off');
    expect(await events()).toHaveLength(1);
    expect(await fixture.record([done, row({ key: 't2' })])).toMatchObject({ unchanged: 2 });
    expect(await events()).toEqual([
      ALL_EVENTS[0],
      { ...ALL_EVENTS[0], key: 'ticket:t2:opened' },
      ...ALL_EVENTS.slice(1),
    ]);
  });

  it('counts overlapping parallel calls in any order once', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      ...done,
      key: `t${i}`,
      user: `u${i % 9}`,
    }));
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => fixture.record(i % 2 ? rows : rows.toReversed())),
    );
    const sum = (of: 'created' | 'updated' | 'unchanged'): number =>
      results.reduce((total, result) => total + result[of], 0);
    expect([sum('created'), sum('updated'), sum('unchanged')]).toEqual([300, 0, 2_100]);
    expect(results.flatMap(({ rejected }) => rejected)).toEqual([]);
    expect(await events()).toHaveLength(900);
  });

  it('takes no ticket of an erased customer from before the erasure', async () => {
    const record = recordTickets({
      ...fixture.deps,
      erasedBefore: () => Promise.resolve(new Map([['u1', resolved]])),
    });
    const { created, rejected } = await record([done, row({ key: 't2', openedAt: rated })]);
    expect(created).toBe(1);
    expect(rejected).toEqual([
      { index: 0, code: 'FORBIDDEN', message: expect.stringContaining('user was erased at') },
    ]);
    expect(await database.db.query('select key from ticket')).toEqual([{ key: 't2' }]);
  });

  it('holds a ticket that is older than the events, whose events from before are left out', async () => {
    const record = recordTickets({ ...fixture.deps, retention: { days: 30, history: false } });
    const lastMay = new Date(clock.wall().getTime() - 29 * DAY_MS);
    expect(await record([row({ resolvedAt: lastMay })])).toMatchObject({
      created: 1,
      rejected: [],
    });
    expect(await events()).toMatchObject([{ type: 'ticket_resolved', at: lastMay }]);
  });

  it('tells a row whose event was refused', async () => {
    const record = recordTickets({
      ...fixture.deps,
      recordEvents: (rows) =>
        Promise.resolve({
          rejected: rows.flatMap(({ user }, index) =>
            user === 'u2'
              ? [{ index, code: 'FORBIDDEN' as const, message: 'user was erased' }]
              : [],
          ),
        }),
    });
    expect(await record([row(), row({ key: 't2', user: 'u2' })])).toEqual({
      created: 1,
      updated: 0,
      unchanged: 0,
      rejected: [{ index: 1, code: 'FORBIDDEN', message: 'user was erased' }],
    });
  });
});

/** A feature over events of one type. */
function feature(name: string, aggregate: 'count' | 'mean', type: string): StoredFeature {
  return {
    id: name,
    name,
    version: 1,
    description: name,
    businessMeaning: null,
    type: 'NUMERICAL',
    unit: 'count',
    owner: 'test',
    tags: [],
    definition: definitionSchema.parse({ kind: 'events', aggregate, types: [type] }),
    status: 'APPROVED',
    createdAt: opened,
    updatedAt: opened,
  };
}

const FEATURES = [
  feature('tickets', 'count', 'ticket'),
  feature('resolution_seconds', 'mean', 'ticket_resolved'),
  feature('satisfaction', 'mean', 'ticket_rated'),
];

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('features of tickets', () => {
  it('know nothing of a solution or a satisfaction before its instant', async () => {
    const random = seededRandom(11);
    const instant = (from: number, days: number): Date =>
      new Date(from + random.int(days * DAY_MS));
    const tickets = Array.from({ length: 120 }, (_, i) => {
      const start = instant(Date.parse('2026-01-01T00:00:00Z'), 120);
      const end = instant(start.getTime(), 10);
      const solved = random.int(4) > 0 ? { resolvedAt: end } : {};
      const stated =
        random.int(2) > 0
          ? { satisfaction: 1 + random.int(5), ratedAt: instant(end.getTime(), 5) }
          : {};
      return row({ key: `t${i}`, user: `u${i % 12}`, openedAt: start, ...solved, ...stated });
    });
    expect(await fixture.record(tickets)).toMatchObject({ created: 120, rejected: [] });
    const ids = await data.users.idsByExternalId(tickets.map(({ user }) => user));
    // each ticket is looked at on each of its instants, and a millisecond later
    const looks = tickets.flatMap(({ user, openedAt, resolvedAt, ratedAt }) =>
      [openedAt, resolvedAt, ratedAt].flatMap((at) =>
        at ? [at.getTime(), at.getTime() + 1].map((ms) => ({ user, asOf: new Date(ms) })) : [],
      ),
    );
    const { columns } = await data.read({
      features: linkFeatures(FEATURES),
      users: looks.map(({ user }) => ids.get(user) ?? 0),
      asOf: looks.map(({ asOf }) => asOf),
    });
    const expected = looks.map(({ user, asOf }) => {
      const mine = tickets.filter((ticket) => ticket.user === user);
      return [
        mine.filter(({ openedAt }) => openedAt < asOf).length,
        mean(
          mine.flatMap(({ openedAt, resolvedAt }) =>
            resolvedAt && resolvedAt < asOf
              ? [(resolvedAt.getTime() - openedAt.getTime()) / 1000]
              : [],
          ),
        ),
        mean(
          mine.flatMap(({ satisfaction, ratedAt }) =>
            satisfaction && ratedAt && ratedAt < asOf ? [satisfaction] : [],
          ),
        ),
      ].map((value) => value.toFixed(6));
    });
    const actual = looks.map((_, i) =>
      FEATURES.map(({ name }) => Number(columns.get(name)?.[i]).toFixed(6)),
    );
    expect(actual).toEqual(expected);
    expect(new Set(actual.map(([, , satisfaction]) => satisfaction)).size).toBeGreaterThan(20);
  });
});
