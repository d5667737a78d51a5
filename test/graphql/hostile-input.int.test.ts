import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCursor } from '../../src/graphql/cursor.js';
import { systemClock } from '../../src/kernel/clock.js';
import { AppError } from '../../src/kernel/error.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 5);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

/** The code that the caller sees, and not a masked error. */
async function codeOf(document: string, variables: Record<string, unknown>): Promise<unknown> {
  const { errors } = await graph.ask(document, variables);
  const cause = errors?.[0]?.originalError;
  return cause instanceof AppError ? cause.code : (cause ?? 'no error');
}

describe('a cursor that is not ours', () => {
  const versions = `query ($after: String) { model(name: "churn") { versions(after: $after) { nodes { version } } } }`;
  const ledger = `query ($after: String) { user(externalId: "demo-00001") { predictions(after: $after) { nodes { id } } } }`;
  const jobs = `query ($after: String) { jobs(after: $after) { nodes { id } } }`;
  it.each([
    ['versions', versions, ['x']],
    ['versions', versions, [1.5]],
    ['versions', versions, [-1]],
    ['predictions', ledger, ['x']],
    ['predictions', ledger, [1e300]],
    ['jobs', jobs, ['2026-01-01T00:00:00Z', 'x']],
    ['jobs', jobs, ['not a time', '01900000-0000-7000-8000-000000000001']],
  ])('of %s is INVALID (%#)', async (_name, document, parts) => {
    expect(await codeOf(document, { after: encodeCursor(parts) })).toBe('INVALID');
  });

  it('beyond every row is an empty page', async () => {
    const after = encodeCursor([Number.MAX_SAFE_INTEGER]);
    const { data } = await graph.ask(versions, { after });
    expect(data.model.versions.nodes).toHaveLength(1);
  });
});

describe('a text with U+0000', () => {
  it.each([
    ['a customer', `query ($text: String!) { user(externalId: $text) { id } }`],
    [
      'an attribute',
      `query ($text: String!) { users(filter: { attribute: { name: "x", in: [$text] } }) { nodes { id } } }`,
    ],
    ['a model', `query ($text: String!) { model(name: $text) { name } }`],
    [
      'a comment',
      `mutation ($text: String!) { moveFeature(name: "purchase_count", to: DEPRECATED, comment: $text) { userErrors { code } } }`,
    ],
  ])('in the place of %s is INVALID', async (_name, document) => {
    expect(await codeOf(document, { text: 'a\u0000b' })).toBe('INVALID');
  });

  it('is INVALID for who sent it, and not for who asked at the same moment', async () => {
    const question = `query ($text: String!) { user(externalId: $text) { externalId } }`;
    const [bad, good] = await Promise.all([
      codeOf(question, { text: 'a\u0000b' }),
      graph.ask(question, { text: 'demo-00001' }),
    ]);
    expect(bad).toBe('INVALID');
    expect(good.errors).toBeUndefined();
    expect(good.data.user.externalId).toBe('demo-00001');
  });

  it('in a comment leaves what it comments on as it was: nothing moves without its audit entry', async () => {
    const { data } = await graph.ask(`{ feature(name: "purchase_count") { status } }`);
    expect(data.feature.status).toBe('APPROVED');
  });
});
