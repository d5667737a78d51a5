import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const START = new Date();
let wall = START.getTime();
const clock = { ...manualClock(START), wall: () => new Date(wall), now: () => new Date(wall) };
let database: TestDatabase;
let graph: TestGraph;
let modelId: string;
let users: number[];

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 30);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  const [model] = await database.db.query<{ id: string }>(
    `select id from model where name = 'fraud'`,
  );
  modelId = model?.id ?? '';
  users = (await database.db.query<{ id: number }>('select id from customer order by id')).map(
    ({ id }) => id,
  );
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query('delete from review');
  await database.db.query('delete from outcome');
  wall += DAY_MS;
  // the ledger only grows: what earlier tests scored counts as looked at
  await database.db.query(
    `insert into installation_fact (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value`,
    [`reviews:${modelId}`, new Date(wall).toISOString()],
  );
});

/** A score of the n-th customer in the ledger. */
async function score(n: number, probability: number): Promise<number> {
  const [id] = await predictionStore(database.db).write([
    {
      userId: users[n] ?? 0,
      modelId,
      modelVersionId: '0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa',
      probability,
      threshold: 0.5,
      source: 'MODEL',
      asOf: new Date(wall),
      scoredAt: new Date(wall),
      latencyMs: 1,
      inputs: { numeric: new Float32Array(0), categorical: [] },
      jobId: null,
    },
  ]);
  return id ?? 0;
}

const QUEUE = `query ($status: [ReviewStatus!], $first: Int, $after: String) {
  reviews(status: $status, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id probability decision status verdictBy comment user { id } prediction { id decision } } } }`;

async function queue(variables: Record<string, unknown> = {}): Promise<Answer> {
  const { data, errors } = await graph.ask(QUEUE, variables, 'CRM');
  expect(errors).toBeUndefined();
  return data.reviews;
}

async function decide(id: string, verdict: string, comment?: string): Promise<Answer> {
  const { data, errors } = await graph.ask(
    `mutation ($id: ID!, $verdict: ReviewVerdict!, $comment: String) {
      decideReview(review: $id, verdict: $verdict, comment: $comment) {
        review { id status verdictBy comment } userErrors { code message path } } }`,
    { id, verdict, comment },
    'CRM',
  );
  expect(errors).toBeUndefined();
  return data.decideReview;
}

const shares = ({ nodes }: Answer): number[] =>
  nodes.map(({ probability }: Answer) => probability as number);

describe('the queue of what somebody is to look at', () => {
  it('holds the scores in the bands, likeliest first, and nothing below', async () => {
    await score(0, 0.05);
    await score(1, 0.2);
    await score(2, 0.9);
    await score(3, 0.25);
    const open = await queue();
    expect(shares(open)).toEqual([0.9, 0.25, 0.2]);
    expect(open.nodes.map(({ decision }: Answer) => decision)).toEqual([
      'BLOCK',
      'REVIEW',
      'REVIEW',
    ]);
    expect(open.nodes[0].prediction.decision).toBe('BLOCK');
    expect(open.totalCount).toBe(3);
  });

  it('pages by a cursor that skips and repeats nobody, equal probabilities included', async () => {
    for (let n = 0; n < 7; n++) await score(n, n < 4 ? 0.5 : 0.2);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Answer = await queue({ first: 2, after });
      seen.push(...page.nodes.map(({ id }: Answer) => id as string));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
  });

  it('has one open review a customer, moved to the newest score in a band', async () => {
    await score(0, 0.2);
    const [first] = (await queue()).nodes;
    const newer = await score(0, 0.7);
    await score(1, 0.3);
    const open = await queue();
    expect(shares(open)).toEqual([0.7, 0.3]);
    expect(open.nodes[0].id).toBe(first.id);
    expect(open.nodes[0].prediction.id).toBe(`Prediction:${newer}`);
  });

  it('takes in every score once, however many processes look at the same moment', async () => {
    for (let n = 0; n < 20; n++) await score(n, 0.4);
    const pages = await Promise.all(Array.from({ length: 8 }, () => queue({ first: 100 })));
    expect((await queue({ first: 100 })).totalCount).toBe(20);
    for (const page of pages) expect(page.nodes.length).toBeLessThanOrEqual(20);
  });

  it('finds what was written while nobody looked, days later', async () => {
    await queue();
    await score(0, 0.6);
    wall += 5 * DAY_MS;
    expect(shares(await queue())).toEqual([0.6]);
  });
});

describe('a verdict', () => {
  it.each([
    ['CONFIRM', 'CONFIRMED', true],
    ['DISMISS', 'DISMISSED', false],
  ])('%s closes the review and becomes an outcome', async (verdict, status, positive) => {
    const predictionId = await score(0, 0.6);
    const [open] = (await queue()).nodes;
    const { review, userErrors } = await decide(open.id, verdict, 'looked at the photographs');
    expect(userErrors).toEqual([]);
    expect(review).toEqual({
      id: open.id,
      status,
      verdictBy: 'test',
      comment: 'looked at the photographs',
    });
    const outcomes = await database.db.query(
      `select user_id as "userId", positive, source, prediction_id as "predictionId" from outcome`,
    );
    expect(outcomes).toEqual([{ userId: users[0], positive, source: 'review', predictionId }]);
    expect((await queue()).nodes).toEqual([]);
    expect((await queue({ status: [status] })).totalCount).toBe(1);
    const trail = await database.db.query(
      `select actor, detail from audit_entry where subject = $1 and action = 'review.decided'`,
      [open.id],
    );
    // what was said of a customer goes with them, so it is not in the trail
    expect(trail).toEqual([{ actor: 'test', detail: { status } }]);
  });

  it('is given once: of eight at the same moment one counts, the others are told who was first', async () => {
    await score(0, 0.6);
    const [open] = (await queue()).nodes;
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => decide(open.id, n % 2 ? 'CONFIRM' : 'DISMISS')),
    );
    expect(answers.filter(({ userErrors }) => userErrors.length === 0)).toHaveLength(1);
    const refused = answers.find(({ userErrors }) => userErrors.length > 0);
    expect(refused.userErrors[0].code).toBe('CONFLICT');
    expect(refused.userErrors[0].message).toMatch(
      /^the review was (CONFIRMED|DISMISSED) by test already$/,
    );
    const outcomes = await database.db.query('select 1 from outcome');
    expect(outcomes).toHaveLength(1);
  });

  it.each([
    ['the same band within 30 days', 0.2, 0.2, 29, 0],
    ['a rise from REVIEW to BLOCK', 0.2, 0.5, 1, 1],
    ['BLOCK again within 30 days', 0.5, 0.6, 29, 0],
    ['the same band after 30 days', 0.2, 0.2, 31, 1],
  ])('rests: %s', async (_, before, after, days, open) => {
    await score(0, before);
    const [review] = (await queue()).nodes;
    await decide(review.id, 'DISMISS');
    wall += days * DAY_MS;
    await score(0, after);
    expect((await queue()).nodes).toHaveLength(open);
  });

  it.each([
    ['Review:999999', undefined, 'NOT_FOUND', 'no review has the id Review:999999'],
    ['User:1', undefined, 'INVALID', 'not the id of a review (Review:<number>): User:1'],
    [
      'Review:1',
      'x'.repeat(2001),
      'TOO_LARGE',
      'comment must be at most 2000 characters, got 2001',
    ],
  ])('of %s is refused with the reason', async (id, comment, code, message) => {
    const { userErrors } = await decide(id, 'CONFIRM', comment);
    expect(userErrors[0]).toMatchObject({ code, message });
  });
});

it('who opted out or was erased is in no queue', async () => {
  await score(0, 0.6);
  await score(1, 0.6);
  await database.db.query('update customer set consent_profiling = false where id = $1', [
    users[0],
  ]);
  expect((await queue()).nodes.map(({ user }: Answer) => user.id)).toEqual([`User:${users[1]}`]);
  await database.db.query('update customer set consent_profiling = true where id = $1', [users[0]]);
});

it('a model without bands is not reviewed, and says so', async () => {
  const { errors } = await graph.ask('{ reviews(model: "churn") { nodes { id } } }');
  expect(errors?.[0]?.message).toBe(
    'churn has no bands: nothing of it is reviewed (decisions in its spec)',
  );
});

it('labels that are outcomes alone have a balance and no rule to contradict them', async () => {
  await score(0, 0.6);
  const [open] = (await queue()).nodes;
  await decide(open.id, 'CONFIRM');
  wall += 1000;
  const { data, errors } = await graph.ask(
    `{ dataQuality { labelBalance { model labelled positive } labelNoise(model: "fraud") { outcomes contradictedNegative contradictedPositive } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data.dataQuality.labelBalance).toContainEqual({
    model: 'fraud',
    labelled: 1,
    positive: 1,
  });
  expect(data.dataQuality.labelNoise).toEqual({
    outcomes: 0,
    contradictedNegative: 0,
    contradictedPositive: 0,
  });
});
