import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { dataGraph, type DataGraph } from '../support/data-graph.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';

let database: TestDatabase;
let fixture: FeatureFixture;
let graph: DataGraph;
const clock = manualClock(new Date('2026-06-01T00:00:00Z'));
const USERS = 57;

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  graph = dataGraph(fixture, clock);
  await fixture.upsert(
    Array.from({ length: USERS }, (_, i) => ({
      externalId: `u${String(i).padStart(2, '0')}`,
      name: `Name ${i}`,
      email: `u${i}@example.com`,
      // every seventh unknown, many ties
      registeredAt: i % 7 === 0 ? null : new Date(Date.UTC(2026, 0, 1 + (i % 5))),
      attributes: { age: 20 + i, plan: i % 2 ? 'pro' : 'free', ...(i % 3 ? { vip: true } : {}) },
    })),
  );
});
afterAll(() => database.drop());

interface Page {
  nodes: { externalId: string; registeredAt: string | null }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function allPages(order: string, first: number): Promise<Page['nodes']> {
  const nodes: Page['nodes'] = [];
  let after: string | null = null;
  for (let page = 0; page < 100; page += 1) {
    const { data, errors } = await graph.ask(
      `query ($after: String) { users(first: ${first}, after: $after, orderBy: ${order}) {
        nodes { externalId registeredAt } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    expect(errors).toBeUndefined();
    const { nodes: more, pageInfo } = (data as unknown as { users: Page }).users;
    nodes.push(...more);
    if (!pageInfo.hasNextPage) return nodes;
    expect(more).toHaveLength(first);
    after = pageInfo.endCursor;
  }
  throw new Error('the pages do not end');
}

describe('users', () => {
  const instant = (node: { registeredAt: string | null }): number =>
    Date.parse(node.registeredAt ?? '');

  it.each([
    ['[]', 4],
    ['[{by: REGISTERED_AT}]', 4],
    ['[{by: REGISTERED_AT, direction: ASC}]', 1],
    ['[{by: REGISTERED_AT, direction: ASC}]', 57],
    ['[{by: LAST_ACTIVE_AT}]', 10],
    ['[{by: EXTERNAL_ID, direction: DESC}]', 9],
    ['[{by: REGISTERED_AT}, {by: EXTERNAL_ID, direction: ASC}]', 3],
    ['[{by: REGISTERED_AT, direction: ASC}, {by: LAST_ACTIVE_AT}]', 5],
  ])('walks everyone exactly once by %s in pages of %d', async (order, first) => {
    const nodes = await allPages(order, first);
    expect(nodes.map(({ externalId }) => externalId).sort()).toEqual(
      Array.from({ length: USERS }, (_, i) => `u${String(i).padStart(2, '0')}`),
    );
    if (!order.startsWith('[{by: REGISTERED_AT')) return;
    const known = nodes.map(instant).filter((ms) => !Number.isNaN(ms));
    const sorted = [...known].sort((a, b) =>
      order.startsWith('[{by: REGISTERED_AT, direction: ASC}') ? a - b : b - a,
    );
    expect(known).toEqual(sorted);
    expect(nodes.slice(known.length).every((node) => node.registeredAt === null)).toBe(true);
  });

  it('sorts by the second key inside ties of the first', async () => {
    const nodes = await allPages('[{by: REGISTERED_AT}, {by: EXTERNAL_ID, direction: ASC}]', 6);
    const keys = nodes.map((node) => [instant(node), node.externalId] as const);
    for (let i = 1; i < keys.length; i += 1) {
      const [before, now] = [keys[i - 1], keys[i]];
      if (before && now && before[0] === now[0]) expect(before[1] < now[1]).toBe(true);
    }
  });

  it('refuses a page size outside 0..1,000 and a foreign cursor, naming the bound', async () => {
    const tooMany = await graph.ask('{ users(first: 1001) { nodes { id } } }');
    expect(tooMany.errors?.[0]?.message).toBe('first must be 0..1000, got 1001');
    const foreign = await graph.ask('{ users(after: "bm9uc2Vuc2U") { nodes { id } } }');
    expect(foreign.errors?.[0]?.message).toContain('after is not a cursor');
    const otherOrder = await graph.ask(
      '{ users(orderBy: [{by: REGISTERED_AT}], after: "WzFd") { nodes { id } } }',
    );
    expect(otherOrder.errors?.[0]?.message).toContain('after is not a cursor');
  });

  it.each<[string, (i: number) => boolean]>([
    ['{attribute: {name: "age", range: {gte: 30, lt: 40}}}', (i) => i >= 10 && i < 20],
    ['{attribute: {name: "age", equals: "33"}}', (i) => i === 13],
    ['{attribute: {name: "plan", in: ["pro", "gold"]}}', (i) => i % 2 === 1],
    ['{attribute: {name: "vip", isNull: true}}', (i) => i % 3 === 0],
    ['{attribute: {name: "plan", range: {gt: 0}}}', () => false],
    ['{attribute: {name: "x\' or 1=1 --", isNull: false}}', () => false],
    ['{externalIds: ["u03", "u44", "nobody"]}', (i) => i === 3 || i === 44],
    ['{registeredAt: {gte: "2026-01-03T00:00:00Z"}}', (i) => i % 7 !== 0 && i % 5 >= 2],
    ['{not: {registeredAt: {gte: "2026-01-03T00:00:00Z"}}}', (i) => i % 7 === 0 || i % 5 < 2],
    [
      '{or: [{externalIds: ["u01"]}, {attribute: {name: "age", equals: "22"}}]}',
      (i) => i === 1 || i === 2,
    ],
    ['{or: []}', () => false],
    ['{and: []}', () => true],
    [
      '{and: [{attribute: {name: "plan", equals: "pro"}}, {attribute: {name: "age", range: {lte: 25}}}]}',
      (i) => i % 2 === 1 && i <= 5,
    ],
    ['{lastActiveAt: {lt: "2030-01-01T00:00:00Z"}}', () => false],
  ])('filters by %s and counts the same rows', async (filter, keep) => {
    const { data, errors, counts } = await graph.ask(
      `{ users(first: 1000, filter: ${filter}) { totalCount nodes { externalId } } }`,
    );
    expect(errors).toBeUndefined();
    const expected = Array.from({ length: USERS }, (_, i) => i)
      .filter(keep)
      .map((i) => ({ externalId: `u${String(i).padStart(2, '0')}` }));
    expect(data).toEqual({ users: { totalCount: expected.length, nodes: expected } });
    expect(counts.sql).toBe(2);
  });

  it('counts only when totalCount is asked for', async () => {
    const { counts } = await graph.ask('{ users(first: 2) { nodes { id } } }');
    expect(counts.sql).toBe(1);
  });

  it('refuses a filter that nests deeper than 8', async () => {
    const deep = `${'{not: '.repeat(9)}{}${'}'.repeat(9)}`;
    const { errors } = await graph.ask(`{ users(filter: ${deep}) { nodes { id } } }`);
    expect(errors?.[0]?.message).toBe('filter must nest at most 8 deep');
  });
});

describe('user', () => {
  it('answers by id and by external id, and null for an unknown one', async () => {
    const { data } = await graph.ask(
      '{ user(externalId: "u05") { id name } none: user(externalId: "x") { id } unknown: user(id: "User:987654321") { id } }',
    );
    const { user } = data as unknown as { user: { id: string; name: string } };
    expect(data).toMatchObject({ user: { name: 'Name 5' }, none: null, unknown: null });
    const again = await graph.ask('query ($id: ID!) { user(id: $id) { externalId } }', {
      id: user.id,
    });
    expect(again.data).toEqual({ user: { externalId: 'u05' } });
  });

  it('refuses both, none, and the id of something else', async () => {
    const messages = await Promise.all(
      [
        'user { id }',
        'user(id: "User:1", externalId: "u1") { id }',
        'user(id: "Job:1") { id }',
      ].map(async (field) => (await graph.ask(`{ ${field} }`)).errors?.[0]?.message),
    );
    expect(messages).toEqual([
      'user needs exactly one of id and externalId',
      'user needs exactly one of id and externalId',
      'not the id of a user (User:<number>): Job:1',
    ]);
  });

  it.each([
    ['ADMIN', 'Name 5', 'u5@example.com', []],
    ['CRM', 'Name 5', 'u5@example.com', []],
    ['ANALYST', null, null, ['name', 'email']],
    ['OPERATOR', null, null, ['name', 'email']],
  ] as const)('shows %s the name %s and the e-mail %s', async (role, name, email, redacted) => {
    const { data } = await graph.ask(
      '{ user(externalId: "u05") { name email redacted } }',
      {},
      role,
    );
    expect(data).toEqual({ user: { name, email, redacted } });
  });

  it('lets a CRM key read one customer but not list them, and no key without the right write', async () => {
    const list = await graph.ask('{ users { nodes { id } } }', {}, 'CRM');
    expect(list.errors?.[0]?.message).toBe('role CRM may not user:list');
    const write = await graph.ask('mutation { upsertUsers(users: []) { created } }', {}, 'ANALYST');
    expect(write.errors?.[0]?.message).toBe('role ANALYST may not user:write');
  });

  it('looks up many in one statement', async () => {
    const fields = Array.from(
      { length: 30 },
      (_, i) => `a${i}: user(externalId: "u${String(i).padStart(2, '0')}") { id }`,
    );
    const { counts } = await graph.ask(`{ ${fields.join(' ')} }`);
    expect(counts.sql).toBe(1);
  });
});

describe('upsertUsers and setConsent', () => {
  const upsert = `mutation ($users: [UserInput!]!) { upsertUsers(users: $users) {
    created updated rejected { index code message } userErrors { code message path } } }`;

  it('creates, updates, leaves alone what is not given, and repeats without effect', async () => {
    const users = [
      { externalId: 'new', name: 'N', attributes: { a: 1, b: 'x' } },
      { externalId: 'u00', attributes: { age: 99 } },
    ];
    const first = await graph.ask(upsert, { users });
    expect(first.data).toMatchObject({ upsertUsers: { created: 1, updated: 1, rejected: [] } });
    const second = await graph.ask(upsert, { users });
    expect(second.data).toMatchObject({ upsertUsers: { created: 0, updated: 0 } });
    await graph.ask(upsert, { users: [{ externalId: 'new', attributes: { b: null, c: true } }] });
    const { data } = await graph.ask(
      '{ user(externalId: "new") { name attributes } old: user(externalId: "u00") { name attributes } }',
    );
    expect(data).toEqual({
      user: { name: 'N', attributes: { a: 1, c: true } },
      old: { name: 'Name 0', attributes: { age: 99, plan: 'free' } },
    });
  });

  it('rejects bad rows by name and takes the others', async () => {
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`k${i}`, i]));
    const users = [
      { externalId: '' },
      { externalId: 'x'.repeat(201) },
      { externalId: 'mail', email: 'nobody' },
      { externalId: 'nested', attributes: { a: { b: 1 } } },
      { externalId: 'many', attributes: many },
      { externalId: 'large', attributes: { text: 'x'.repeat(17_000) } },
      { externalId: 'fine' },
    ];
    const { data } = await graph.ask(upsert, { users });
    const payload = (
      data as unknown as {
        upsertUsers: {
          created: number;
          rejected: { index: number; code: string; message: string }[];
        };
      }
    ).upsertUsers;
    expect(payload.created).toBe(1);
    expect(
      payload.rejected.map(({ index, code, message }) => `${index} ${code} ${message}`),
    ).toEqual([
      '0 INVALID externalId is missing',
      '1 INVALID externalId must be 1..200 characters, got 201',
      '2 INVALID email is not an e-mail address: nobody',
      '3 INVALID attributes.a must be a text, number, boolean or null, got an object',
      '4 TOO_LARGE attributes must be at most 200, got 201',
      expect.stringContaining('5 TOO_LARGE attributes must be at most 16384 bytes of JSON'),
    ]);
  });

  it('rejects numbers that are not finite, which no JSON can carry but an import can', async () => {
    const { rejected } = await fixture.upsert([
      { externalId: 'nan', attributes: { n: NaN } },
      { externalId: 'inf', attributes: { n: Infinity } },
      { externalId: 'day', registeredAt: new Date(NaN) },
    ]);
    expect(rejected.map(({ message }) => message)).toEqual([
      'attributes.n must be finite, got NaN',
      'attributes.n must be finite, got Infinity',
      'registeredAt is not an instant',
    ]);
  });

  it('refuses more than 10,000 rows as a whole', async () => {
    const users = Array.from({ length: 10_001 }, (_, i) => ({ externalId: `over${i}` }));
    const { data } = await graph.ask(upsert, { users });
    expect(data).toMatchObject({
      upsertUsers: {
        created: 0,
        userErrors: [
          {
            code: 'TOO_LARGE',
            message: 'users must be at most 10,000 a call, got 10001',
            path: ['users'],
          },
        ],
      },
    });
    expect(await fixture.users.idsByExternalId(['over0'])).toEqual(new Map());
  });

  it('records consent with its time and its author', async () => {
    const { data } = await graph.ask(
      'mutation { setConsent(externalId: "u09", profiling: false) { user { id consent { profiling marketing updatedAt } } userErrors { code } } }',
    );
    expect(data).toMatchObject({
      setConsent: {
        user: {
          consent: { profiling: false, marketing: false, updatedAt: clock.wall().toISOString() },
        },
        userErrors: [],
      },
    });
    const { id } = (data as unknown as { setConsent: { user: { id: string } } }).setConsent.user;
    expect(await fixture.audit.bySubject(id)).toMatchObject([
      { actor: 'admin key', action: 'consent set', detail: { profiling: false, marketing: null } },
    ]);
    const unknown = await graph.ask(
      'mutation { setConsent(externalId: "nobody", marketing: true) { user { id } userErrors { code path } } }',
    );
    expect(unknown.data).toEqual({
      setConsent: { user: null, userErrors: [{ code: 'NOT_FOUND', path: ['externalId'] }] },
    });
  });
});
