import 'reflect-metadata';
import { graphql } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeEventUpkeep } from '../../src/compose-event-upkeep.js';
import { EventNamesResolver } from '../../src/event/event-names.resolver.js';
import { eventNamesStore } from '../../src/event/event-names.store.js';
import { RetentionResolver } from '../../src/event/retention.resolver.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import { RejectedRowResolver } from '../../src/job/rejected-row.resolver.js';
import { rejectedRowStore } from '../../src/job/rejected-row.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { zeroCounts } from '../../src/kernel/count.js';
import { upsertUsers } from '../../src/user/upsert-users.js';
import { eventFixture, type EventFixture } from '../support/event-fixture.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import type { Answer } from '../support/graph.js';

const DAYS = 365;
const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
let test: TestDatabase;
let data: EventFixture;
let upsert: ReturnType<typeof upsertUsers>;

beforeAll(async () => {
  test = await testDatabase();
  const keepRejected = rejectedRowStore(test.db).write;
  data = eventFixture(test.db, clock, {
    keepRejected,
    retention: { days: DAYS, history: false },
    erasedBefore: () => Promise.resolve(new Map([['gone', new Date('2026-05-20T00:00:00Z')]])),
  });
  upsert = upsertUsers({ upsert: data.users.upsert, wall: () => clock.wall(), keepRejected });
});
afterAll(() => test.drop());

/** What was told of reads of personal data. */
const told: [number | string, string][] = [];

async function ask(source: string, role: RoleName = 'ADMIN') {
  const instances = new Map<unknown, object>([
    [
      RejectedRowResolver,
      new RejectedRowResolver({
        page: rejectedRowStore(test.db).page,
        userIds: data.users.idsByExternalId,
        tellPersonalRead: (_context, of, field) => void told.push([of, field]),
      }),
    ],
    [EventNamesResolver, new EventNamesResolver(eventNamesStore(test.db))],
    [
      RetentionResolver,
      new RetentionResolver({
        days: DAYS,
        partitions: composeEventUpkeep(test.db, clock, DAYS).partitions,
      }),
    ],
  ]);
  const schema = buildSchemaSync({
    resolvers: [RejectedRowResolver, EventNamesResolver, RetentionResolver],
    container: { get: (type) => instances.get(type) },
    validate: false,
  });
  const contextValue: RequestContext = {
    viewer: { id: 'key', name: 'key', role },
    requestId: 'test',
    signal: new AbortController().signal,
    clock,
    counts: zeroCounts(),
    loaderKey: {},
  };
  const { data: answer, errors } = await graphql({ schema, source, contextValue });
  return { data: answer as Answer, messages: errors?.map(({ message }) => message) ?? [] };
}

const event = (id: string, change: object = {}) => ({
  source: 'shop',
  id,
  user: 'u1',
  type: 'purchase',
  at: new Date('2026-05-10T00:00:00Z'),
  value: 1,
  properties: null,
  ...change,
});

const FIELDS = `nodes { source user job line code message row at } pageInfo { hasNextPage endCursor }`;

describe('rows that were not taken', () => {
  it('are kept with their reason in the same call, and read newest first', async () => {
    const events = await data.record([
      event('good'),
      event('nan', { value: NaN }),
      event('text', { value: 'twelve' }),
      event('future', { at: new Date('2026-06-01T12:05:00.002Z') }),
      event('old', { at: new Date('2025-06-01T00:00:00Z') }),
      event('erased', { user: 'gone' }),
      event('came back', { user: 'gone', at: new Date('2026-05-20T00:00:00.001Z') }),
      event('large', { properties: { text: 'x'.repeat(9_000) } }),
      event('device', { device: '' }),
    ]);
    expect(events).toMatchObject({ accepted: 2, duplicates: 0 });
    clock.advance(1_000);
    await upsert([{ externalId: 'u2', name: 'Ada', email: 'ada at home' }, { externalId: 'u3' }]);
    const { data: answer } = await ask(`{ rejectedRows { ${FIELDS} } }`);
    const { nodes, pageInfo } = answer.rejectedRows;
    expect(pageInfo.hasNextPage).toBe(false);
    expect(nodes[0]).toEqual({
      source: 'upsertUsers',
      user: 'u2',
      job: null,
      line: 0,
      code: 'INVALID',
      message: 'email is not an e-mail address: ada at home',
      row: { externalId: 'u2', name: 'Ada', email: 'ada at home' },
      at: '2026-06-01T12:00:01.000Z',
    });
    const told = nodes
      .slice(1)
      .map((row: { line: number; code: string; message: string }) => [
        ...[row.line, row.code, row.message],
      ]);
    expect(told).toEqual([
      [8, 'INVALID', 'device is missing'],
      [7, 'TOO_LARGE', 'properties must be at most 8192 bytes of JSON, got 9011'],
      [
        5,
        'FORBIDDEN',
        'user was erased at 2026-05-20T00:00:00.000Z, no event until then is taken, got 2026-05-10T00:00:00.000Z',
      ],
      [4, 'INVALID', expect.stringContaining('(AUGURY_RETENTION_DAYS)')],
      [3, 'INVALID', expect.stringMatching(/^at must not be after 2026-06-01T12:05:00.001Z/)],
      [2, 'INVALID', 'value must be a number, got a string'],
      [1, 'INVALID', 'value must be finite, got NaN'],
    ]);
    expect(nodes[3]).toMatchObject({ user: null, row: {} }); // who was erased is not written down again
    expect(nodes[4]).toMatchObject({ source: 'recordEvents', user: 'u1', row: { id: 'old' } });
    expect(nodes.at(-1).row.value).toBe('NaN');
  });

  it('come in pages, by source, since an instant, and by import', async () => {
    const walked: number[] = [];
    let after = '';
    for (;;) {
      const { data: answer } = await ask(
        `{ rejectedRows(source: "recordEvents", first: 3${after}) { ${FIELDS} } }`,
      );
      const { nodes, pageInfo } = answer.rejectedRows;
      walked.push(...nodes.map(({ line }: { line: number }) => line));
      if (!pageInfo.hasNextPage) break;
      after = `, after: "${String(pageInfo.endCursor)}"`;
    }
    expect(walked).toEqual([8, 7, 5, 4, 3, 2, 1]);
    const { data: late } = await ask(
      '{ rejectedRows(since: "2026-06-01T12:00:01Z") { nodes { source } } }',
    );
    expect(late.rejectedRows.nodes).toEqual([{ source: 'upsertUsers' }]);
    const { data: none } = await ask(
      '{ rejectedRows(job: "Job:00000000-0000-4000-8000-000000000000") { nodes { source } } }',
    );
    expect(none.rejectedRows.nodes).toEqual([]);
  });

  it('hide their values from who may not see personal data, and all of it from who may not read jobs', async () => {
    const { data: answer } = await ask(
      '{ rejectedRows(source: "upsertUsers") { nodes { message row } } }',
      'ANALYST',
    );
    expect(answer.rejectedRows.nodes).toEqual([
      {
        message: 'email is not an e-mail address: [hidden]',
        row: { externalId: '[hidden]', name: '[hidden]', email: '[hidden]' },
      },
    ]);
    expect((await ask('{ rejectedRows { nodes { line } } }', 'CRM')).messages).toEqual([
      'role CRM may not job:read',
    ]);
  });

  it('are told as read where personal data may be seen: the customer, else the row; none of who was erased', async () => {
    const question = '{ rejectedRows(first: 5) { nodes { id user code } } }';
    told.length = 0;
    await ask(question, 'ANALYST');
    expect(told).toEqual([]);
    const { data: answer } = await ask(question);
    const [ofNobody] = answer.rejectedRows.nodes;
    const known = (await data.users.idsByExternalId(['u1'])).get('u1');
    expect(ofNobody.user).toBe('u2');
    expect(answer.rejectedRows.nodes.map(({ code }: { code: string }) => code)).toContain(
      'FORBIDDEN',
    );
    expect(new Set(told.map(([of]) => of))).toEqual(new Set([ofNobody.id, known]));
    expect(told.map(([, field]) => field)).toEqual(Array(4).fill('rejectedRow'));
  });

  it.each([
    ['after: "WzFd"', 'after is not a cursor of this connection: WzFd'],
    ['job: "Model:1"', 'job is not the id of a job: Model:1'],
    ['first: 1001', 'first must be 0..1000, got 1001'],
  ])('refuse a bad argument by its name: %s', async (argument, message) => {
    const { messages } = await ask(`{ rejectedRows(${argument}) { nodes { line } } }`);
    expect(messages).toEqual([message]);
  });

  it('are removed 30 days later', async () => {
    const store = rejectedRowStore(test.db);
    expect(await store.forget(new Date('2026-07-01T12:00:00Z'))).toBe(0);
    expect(await store.forget(new Date('2026-07-01T12:00:01Z'))).toBe(7);
    expect(await store.forget(new Date('2026-07-01T12:00:02Z'))).toBe(1);
  });
});

describe('what is held', () => {
  it('is shown with its bounds and what becomes of it', async () => {
    const { data: answer } = await ask(
      '{ retention { days heldFrom partitions { name from until rows bytes kept dropsAt } } }',
    );
    expect(answer.retention).toMatchObject({ days: DAYS, heldFrom: '2025-06-01T12:00:01.000Z' });
    const may = answer.retention.partitions.find(
      ({ name }: { name: string }) => name === 'event_2026_05',
    );
    expect(may).toEqual({
      name: 'event_2026_05',
      from: '2026-05-01T00:00:00.000Z',
      until: '2026-06-01T00:00:00.000Z',
      rows: expect.any(Number) as number,
      bytes: expect.any(Number) as number,
      kept: false,
      dropsAt: '2027-06-01T01:00:00.000Z',
    });
    expect(may.bytes).toBeGreaterThan(8_000);
    expect((await ask('{ retention { days } }', 'CRM')).messages).toEqual([
      'role CRM may not quality:read',
    ]);
  });

  it('is named: every source and type with its first and last event', async () => {
    await data.record([
      event('x', { source: 'crm', type: 'ticket', at: new Date('2026-04-01T00:00:00Z') }),
    ]);
    await data.types.idsOf(['never met']);
    const { data: answer } = await ask(
      `{ eventSources { name events firstAt lastAt sampledShare } eventTypes { name events lastAt } }`,
    );
    expect(answer.eventSources).toEqual([
      {
        name: 'crm',
        events: 1,
        firstAt: '2026-04-01T00:00:00.000Z',
        lastAt: '2026-04-01T00:00:00.000Z',
        sampledShare: 1,
      },
      {
        name: 'shop',
        events: 2,
        firstAt: '2026-05-10T00:00:00.000Z',
        lastAt: '2026-05-20T00:00:00.001Z',
        sampledShare: 1,
      },
    ]);
    expect(answer.eventTypes).toEqual([
      { name: 'never met', events: 0, lastAt: null },
      { name: 'purchase', events: 2, lastAt: '2026-05-20T00:00:00.001Z' },
      { name: 'ticket', events: 1, lastAt: '2026-04-01T00:00:00.000Z' },
    ]);
  });
});
