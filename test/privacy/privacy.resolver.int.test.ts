import 'reflect-metadata';
import { graphql, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composePrivacyRoom } from '../../src/compose-privacy.js';
import { EventResolver, UserEventsResolver } from '../../src/event/event.resolver.js';
import { eventsLoader } from '../../src/event/events-loader.js';
import { beforeAnswer, type RequestContext, type RoleName } from '../../src/graphql/context.js';
import { manualClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import { buildGraph } from '../../src/schema.js';
import { setConsent } from '../../src/user/set-consent.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { CANARY, plantCanary, temporaryTombstones } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventFixture } from '../support/event-fixture.js';
import { keptLog } from '../support/quiet-log.js';
import type { Answer } from '../support/graph.js';

let database: TestDatabase;
let userId: number;
let ask: (
  source: string,
  role?: RoleName,
) => Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }>;
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const place = temporaryTombstones();

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  ({ userId } = await plantCanary(db, clock));
  const room = composePrivacyRoom({ db, clock, log: keptLog(), bus: null, tombstones: place.file });
  const data = eventFixture(db, clock);
  const loaders = userLoaders(data.users);
  const wall = (): Date => clock.wall();
  const schema = buildGraph({
    resolvers: [
      new UserResolver({
        users: data.users,
        loaders,
        upsertUsers: data.upsert,
        setConsent: setConsent({ setConsent: data.users.setConsent, wall }),
        personalRead: room.personalRead,
      }),
      new UserConnectionResolver(),
      new EventResolver({ recordEvents: data.record, users: loaders }),
      new UserEventsResolver({
        events: eventsLoader(data.events),
        knownTypeIds: data.types.knownIdsOf,
      }),
      ...room.resolvers,
    ],
    feeds: {},
  });
  ask = async (source, role = 'ADMIN') => {
    const counts = zeroCounts();
    const context: RequestContext = {
      viewer: { id: 'key', name: `${role.toLowerCase()} key`, role },
      requestId: 'request-1',
      signal: new AbortController().signal,
      clock,
      counts,
      loaderKey: {},
    };
    const { data: answer, errors } = await withCounts(counts, async () => {
      const result = await graphql({ schema, source, contextValue: context });
      for (const work of beforeAnswer(context)) await work();
      return result;
    });
    return { data: answer, errors, counts };
  };
});
afterAll(async () => {
  await database.drop();
  place.remove();
});

const reads = () =>
  database.db.query(
    `select actor, subject, detail from audit_entry where action = 'personal data read' order by id`,
  );

describe('Whoever may not', () => {
  it.each(['CRM', 'ANALYST', 'OPERATOR'] as const)(
    'neither exports nor erases nor looks up who did: %s',
    async (role) => {
      const questions = [
        `mutation { exportUser(externalId: "neighbour") { data } }`,
        `mutation { eraseUser(externalId: "neighbour") { receipt { id } } }`,
        `{ auditTrail { nodes { action } } }`,
        `{ user(externalId: "neighbour") { accessLog { nodes { action } } } }`,
      ];
      for (const question of questions) {
        const { errors } = await ask(question, role);
        expect(errors?.[0]?.message).toBe(`role ${role} may not privacy:write`);
      }
    },
  );
});

describe('A read of personal data', () => {
  beforeEach(async () => {
    await database.db.query(`delete from audit_entry where action = 'personal data read'`);
  });

  it('is not one when nothing personal was asked for, or was there, or may be seen', async () => {
    await ask('{ users { nodes { id externalId redacted consent { profiling } } } }');
    await ask('{ user(externalId: "neighbour") { email } }');
    await ask('{ user(externalId: "neighbour") { name } }', 'ANALYST');
    expect(await reads()).toEqual([]);
  });

  it('is written down once a customer and operation, with fields, reader and request', async () => {
    const { data } = await ask(
      `{ user(externalId: "${CANARY.externalId}") { name called: name email events { nodes { user { name } } } } }`,
      'CRM',
    );
    expect(data.user.email).toBe(CANARY.email);
    expect(await reads()).toEqual([
      {
        actor: 'crm key',
        subject: `User:${userId}`,
        detail: { fields: ['name', 'email'], requestId: 'request-1' },
      },
    ]);
  });

  it('of many customers costs one statement', async () => {
    const without = await ask('{ users { nodes { id } } }');
    const one = await ask('{ users(first: 1) { nodes { name } } }');
    const all = await ask('{ users { nodes { name } } }');
    expect(one.counts.sql).toBe(without.counts.sql + 1);
    expect(all.counts.sql).toBe(one.counts.sql);
    expect(await reads()).toHaveLength(3);
  });

  it('shows in the access log of the customer and in the audit trail, page by page', async () => {
    for (let i = 0; i < 3; i += 1) await ask('{ user(externalId: "neighbour") { name } }', 'CRM');
    const { data } = await ask(
      `{ users { nodes { externalId accessLog(first: 2) { nodes { actor action subject } pageInfo { hasNextPage endCursor } } } } }`,
    );
    const neighbour = data.users.nodes.find((node: Answer) => node.externalId === 'neighbour');
    expect(neighbour.accessLog.nodes[0]).toEqual({
      actor: 'crm key',
      action: 'personal data read',
      subject: expect.stringMatching(/^User:/) as string,
    });
    expect(neighbour.accessLog.pageInfo.hasNextPage).toBe(true);
    const after = neighbour.accessLog.pageInfo.endCursor as string;
    const next = await ask(
      `{ auditTrail(actor: "crm key", action: "personal data read", since: "2026-11-21T00:00:00Z", first: 5, after: "${after}") { nodes { action } pageInfo { hasNextPage } } }`,
    );
    expect(next.data.auditTrail).toEqual({
      nodes: [{ action: 'personal data read' }],
      pageInfo: { hasNextPage: false },
    });
    const refused = await ask('{ auditTrail(first: 1001) { nodes { action } } }');
    expect(refused.errors?.[0]?.message).toBe('first must be 0..1000, got 1001');
  });

  it('of a list of customers with their access logs costs a constant number of statements', async () => {
    const one = await ask('{ users(first: 1) { nodes { accessLog { nodes { action } } } } }');
    const two = await ask('{ users(first: 2) { nodes { accessLog { nodes { action } } } } }');
    expect(two.counts.sql).toBe(one.counts.sql);
  });
});

describe('exportUser', () => {
  it('tells a key that nobody has', async () => {
    const { data } = await ask(
      'mutation { exportUser(externalId: "nobody") { data userErrors { code message path } } }',
    );
    expect(data.exportUser).toEqual({
      data: null,
      userErrors: [
        {
          code: 'NOT_FOUND',
          message: 'no customer has the externalId nobody',
          path: ['externalId'],
        },
      ],
    });
  });

  it('answers every table that erasure would touch, in words, and is audited itself', async () => {
    const { data } = await ask(
      `mutation { exportUser(externalId: "${CANARY.externalId}") { data userErrors { message } } }`,
    );
    const { tables, truncated } = data.exportUser.data;
    expect(truncated).toEqual([]);
    expect(tables.customer).toMatchObject([{ id: `User:${userId}`, email: CANARY.email }]);
    expect(tables.event).toMatchObject([
      { type: 'purchase', source: 'api', key: CANARY.eventKey, user: `User:${userId}` },
      { key: 'CANARY-event-2' },
    ]);
    expect(tables.prediction).toMatchObject([
      { model: 'churn', model_version: 'churn@1', inputs: { amount: 1, note: CANARY.attribute } },
    ]);
    expect(tables.model_version[0]).toEqual({ name: 'churn@1' });
    expect(tables.user_device.map((row: Answer) => row.device).sort()).toEqual([
      CANARY.device,
      'shared-till',
    ]);
    expect(tables.ticket).toMatchObject([{ text: CANARY.ticketText }]);
    expect(tables.rejected_row).toHaveLength(3);
    const [entry] = await database.db.query<{ actor: string }>(
      `select actor from audit_entry where action = 'exported' and subject = $1`,
      [`User:${userId}`],
    );
    expect(entry?.actor).toBe('admin key');
    // the last question of this file: what erasure removes was all in the export
    const erased = await ask(
      `mutation { eraseUser(externalId: "${CANARY.externalId}") { receipt { id rows modelsTrainedOn } userErrors { message } } }`,
    );
    const { receipt } = erased.data.eraseUser;
    expect(receipt.id).toMatch(/^Erasure:[0-9a-f-]{36}$/);
    expect(Object.keys(tables)).toEqual(expect.arrayContaining(Object.keys(receipt.rows)));
  });
});
