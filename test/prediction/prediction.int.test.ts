import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { labelStore } from '../../src/model/label.store.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 1_200);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

const CARD = `query ($first: Int!) {
  users(first: $first) { nodes {
    externalId
    features(names: ["purchase_count_30d", "days_since_last_purchase"]) { name number }
    prediction { id eligibility probability label positive confidence risk threshold source
      reasons(first: 5) { feature contribution direction text value { number } } baseValue
      modelVersion { version } }
    events(first: 5) { nodes { type at } }
  } }
}`;

describe('the counted query', () => {
  it('costs the same statements and one model run for 1, 100 and 1,000 customers', async () => {
    await graph.ask(CARD, { first: 1_000 }); // names of event types are read once a process
    const counts = [];
    for (const first of [1, 100, 1_000]) {
      const answer = await graph.ask(CARD, { first });
      expect(answer.errors).toBeUndefined();
      expect(answer.data.users.nodes).toHaveLength(first);
      counts.push(answer.counts);
    }
    const [one, hundred, thousand] = counts;
    expect(one?.sql).toBe(hundred?.sql);
    expect(hundred?.sql).toBe(thousand?.sql);
    expect(counts.map((each) => each.onnxRuns)).toEqual([1, 1, 1]);
    expect(thousand?.onnxRows).toBeGreaterThan(900);
  });
});

describe('scores asked for by many requests at once', () => {
  it('share statements and model runs, and each is in the ledger under the id it was told', async () => {
    // some customers twice: their rows differ by the instant only
    const asked = Array.from(
      { length: 60 },
      (_, i) => `demo-${String(1 + (i % 45)).padStart(5, '0')}`,
    );
    const ask = `query ($u: String!) { user(externalId: $u) { id prediction { id probability asOf eligibility } } }`;
    const answers = await Promise.all(asked.map((u) => graph.ask(ask, { u })));
    const ledger = await database.db.query<{
      id: number;
      user: number;
      probability: number;
      asOf: Date;
    }>(`select id, user_id as user, probability, as_of as "asOf" from prediction`);
    const rowOf = new Map(ledger.map((row) => [`Prediction:${row.id}`, row]));
    const told = new Set<string>();
    for (const { data, errors, counts } of answers) {
      expect(errors).toBeUndefined();
      expect(counts.sql).toBeLessThanOrEqual(3);
      const { prediction, id } = data.user;
      if (prediction.eligibility !== 'ELIGIBLE') continue;
      expect(counts).toMatchObject({ onnxRuns: 1, onnxRows: 1 });
      const row = rowOf.get(prediction.id);
      expect(`User:${row?.user}`).toBe(id);
      expect(row?.probability).toBe(prediction.probability);
      expect(row?.asOf.toISOString()).toBe(prediction.asOf);
      told.add(prediction.id);
    }
    const scored = answers.filter(({ data }) => data.user.prediction.eligibility === 'ELIGIBLE');
    expect(told.size).toBe(scored.length);
    expect(scored.length).toBeGreaterThan(40);
  });
});

/** As if what is there had been written a while ago. */
const settled = () =>
  database.db.query(`update event set received_at = received_at - interval '1 minute'`);

describe('a live score', () => {
  it('has reasons that add up to the logit of its probability', async () => {
    const { data } = await graph.ask(`{ users(first: 200) { nodes { prediction {
      probability confidence baseValue reasons(first: 1000) { contribution } } } } }`);
    const scored = data.users.nodes
      .map((node: Answer) => node.prediction)
      .filter((p: Answer) => p.probability !== null);
    expect(scored.length).toBeGreaterThan(150);
    for (const { probability, confidence, baseValue, reasons } of scored) {
      const total = reasons.reduce(
        (sum: number, each: Answer) => sum + Number(each.contribution),
        Number(baseValue),
      );
      expect(Math.abs(total - Math.log(probability / (1 - probability)))).toBeLessThan(1e-4);
      expect(confidence).toBe(Math.max(probability, 1 - probability));
    }
  });

  it('is written to the ledger, and explained again from its logged inputs', async () => {
    const { data } = await graph.ask(`{ users(first: 3) { nodes { id prediction { id probability
      reasons { feature contribution text } inputs { name number text isMissing } } } } }`);
    for (const user of data.users.nodes) {
      const again = await graph.ask(
        `query ($id: ID!) { user(id: $id) { predictions(first: 1) { pageInfo { hasNextPage } nodes { id probability
          reasons { feature contribution text } inputs { name number text isMissing } user { id } } } } }`,
        { id: user.id },
      );
      const [stored] = again.data.user.predictions.nodes;
      expect(again.counts.onnxRuns).toBe(0);
      const { user: owner, ...rest } = stored;
      expect(owner.id).toBe(user.id);
      expect(rest).toEqual(user.prediction);
      expect(rest.inputs.length).toBeGreaterThan(20);
    }
  });

  it('serves a stored score that is fresh enough without a model run, until the customer changes', async () => {
    const ask = `query ($u: String!) { user(externalId: $u) { id prediction(maxStalenessSeconds: 3600) { id source probability } } }`;
    const u = 'demo-00001';
    await settled();
    const { data: first } = await graph.ask(
      `{ user(externalId: "${u}") { prediction { id probability source } } }`,
    );
    const cached = await graph.ask(ask, { u });
    expect(first.user.prediction.source).toBe('MODEL');
    expect(cached.data.user.prediction).toEqual({ ...first.user.prediction, source: 'CACHE' });
    expect(cached.counts).toMatchObject({ onnxRuns: 0, cacheHits: 1 });
    await graph.ask(
      `mutation ($at: DateTime!) { recordEvents(events: [{ id: "new-1", user: "${u}", type: "purchase", at: $at, value: 9 }]) { accepted } }`,
      { at: new Date(Date.now() - 1000).toISOString() },
    );
    const after = await graph.ask(ask, { u });
    expect(after.data.user.prediction.source).toBe('MODEL');
    expect(after.counts.onnxRuns).toBe(1);
  });

  it('does not serve a score beside which an event was being written: it may not have seen it', async () => {
    const u = 'demo-00002';
    const ask = `{ user(externalId: "${u}") { prediction(maxStalenessSeconds: 3600) { id source } } }`;
    await settled();
    const { data } = await graph.ask(`{ user(externalId: "${u}") { prediction { id } } }`);
    expect((await graph.ask(ask)).data.user.prediction.source).toBe('CACHE');
    // came in just before the score, and was committed just after it
    await database.db.query(
      `insert into event (source_id, key, user_id, type_id, at, received_at)
       select 1, 'late commit', user_id, 1, as_of - interval '1 second', scored_at - interval '50 milliseconds'
       from prediction where id = $1`,
      [Number(data.user.prediction.id.replace('Prediction:', ''))],
    );
    expect((await graph.ask(ask)).data.user.prediction.source).toBe('MODEL');
  });

  it('stands beside live features in one question, each with its own age', async () => {
    await graph.ask(`{ user(externalId: "demo-00008") { prediction { id } } }`);
    await settled();
    const { data } = await graph.ask(`{ user(externalId: "demo-00008") {
      features(names: ["purchase_count_30d"]) { number asOf computedAt ageSeconds }
      prediction(maxStalenessSeconds: 3600) { source scoredAt ageSeconds
        reasons(first: 1) { value { name computedAt ageSeconds } } } } }`);
    const { features, prediction } = data.user;
    const [live] = features;
    const stored = prediction.reasons[0].value;
    expect(prediction.source).toBe('CACHE');
    expect(prediction.ageSeconds).toBeGreaterThan(0.1);
    expect(stored.computedAt).toBe(prediction.scoredAt);
    expect(stored.ageSeconds).toBeGreaterThanOrEqual(prediction.ageSeconds - 1);
    expect(Date.parse(live.computedAt)).toBeGreaterThan(Date.parse(stored.computedAt));
    expect(live.ageSeconds).toBeLessThan(stored.ageSeconds);
  });

  it('imagines with overrides, and stores nothing', async () => {
    const before = await rows();
    const { data, errors } = await graph.ask(`{ user(externalId: "demo-00001") {
      prediction { id probability source }
      imagined: prediction(overrides: [{ name: "days_since_last_activity", number: 80 }]) { id probability source } } }`);
    expect(errors).toBeUndefined();
    expect(data.user.imagined.source).toBe('WHAT_IF');
    expect(data.user.imagined.id).toMatch(/^Prediction:none:/);
    expect(await rows()).toBe(before + 1);
    const refused = await graph.ask(
      `{ user(externalId: "demo-00001") { id prediction(overrides: [{ name: "nonsense", number: 1 }]) { id } } }`,
    );
    expect(refused.data.user.prediction).toBeNull();
    expect(refused.errors?.[0]?.message).toContain('nonsense is not a feature of the model');
  });
});

describe('eligibility', () => {
  it.each([
    ['OPTED_OUT', 'out', { registeredAt: -400, event: -50, consent: false }],
    ['NO_DATA', 'silent', { registeredAt: -400, event: null, consent: true }],
    ['NEW_USER', 'new', { registeredAt: -10, event: -5, consent: true }],
    ['NEW_USER', 'seen-lately', { registeredAt: null, event: -29, consent: true }],
    ['ELIGIBLE', 'old', { registeredAt: -31, event: -5, consent: true }],
    ['ELIGIBLE', 'first-seen-long-ago', { registeredAt: null, event: -31, consent: true }],
  ] as const)('%s: %s', async (eligibility, externalId, { registeredAt, event, consent }) => {
    const day = (offset: number): string =>
      new Date(Date.now() + offset * 86_400_000).toISOString();
    await graph.ask(`mutation ($users: [UserInput!]!) { upsertUsers(users: $users) { created } }`, {
      users: [{ externalId, registeredAt: registeredAt === null ? null : day(registeredAt) }],
    });
    if (event !== null)
      await graph.ask(
        `mutation ($events: [EventInput!]!) { recordEvents(events: $events) { accepted } }`,
        {
          events: [
            { id: externalId, user: externalId, type: 'purchase', at: day(event), value: 5 },
          ],
        },
      );
    if (!consent)
      await graph.ask(
        `mutation { setConsent(externalId: "${externalId}", profiling: false) { user { id } } }`,
      );
    const before = await rows();
    const { data, errors } = await graph.ask(
      `{ user(externalId: "${externalId}") { prediction { id eligibility probability reasons { text } baseValue modelVersion { id } } } }`,
    );
    expect(errors).toBeUndefined();
    const { prediction } = data.user;
    expect(prediction.eligibility).toBe(eligibility);
    const scored = eligibility === 'ELIGIBLE';
    expect(prediction.probability !== null).toBe(scored);
    expect(prediction.modelVersion !== null).toBe(scored);
    expect(await rows()).toBe(before + (scored ? 1 : 0));
    if (!scored) expect(prediction).toMatchObject({ reasons: [], baseValue: null });
  });
});

describe('score', () => {
  it('scores rows of nobody as one batch, and refuses what the model does not know', async () => {
    const row = (key: number) => ({
      key: `${key}`,
      features: [{ name: 'purchase_count_30d', number: key }],
    });
    const { data, errors, counts } = await graph.ask(
      `query ($rows: [ScoreInput!]!) { score(rows: $rows) { key probability label confidence source reasons(first: 2) { feature text } } }`,
      { rows: [0, 1, 2, 3].map(row) },
    );
    expect(errors).toBeUndefined();
    expect(data.score.map((each: Answer) => each.key)).toEqual(['0', '1', '2', '3']);
    expect(counts).toMatchObject({ onnxRuns: 1, onnxRows: 4, sql: 0 });
    const tooMany = await graph.ask(
      `query ($rows: [ScoreInput!]!) { score(rows: $rows) { key } }`,
      { rows: Array.from({ length: 1_001 }, (_, i) => row(i)) },
    );
    expect(tooMany.errors?.[0]?.message).toBe('rows must be at most 1000, got 1001');
  });
});

describe('outcomes', () => {
  it('are recorded for a prediction or for a customer and a model, and show on the prediction', async () => {
    const { data } = await graph.ask(
      `{ user(externalId: "demo-00003") { id prediction { id asOf } } }`,
    );
    const { id, asOf } = data.user.prediction;
    const record = `mutation ($outcomes: [OutcomeInput!]!) { recordOutcomes(outcomes: $outcomes) { accepted rejected { index code message } userErrors { message } } }`;
    const at = new Date(new Date(asOf).getTime() + 1).toISOString();
    const { data: recorded } = await graph.ask(record, {
      outcomes: [
        { prediction: id, at, positive: true },
        { user: 'demo-00004', model: 'churn', at, positive: false, source: 'crm' },
        { user: 'nobody', model: 'churn', at, positive: false },
        { user: 'demo-00004', model: 'nothing', at, positive: false },
        { at, positive: false },
      ],
    });
    expect(recorded.recordOutcomes.accepted).toBe(2);
    expect(recorded.recordOutcomes.rejected.map((each: Answer) => [each.index, each.code])).toEqual(
      [
        [2, 'NOT_FOUND'],
        [3, 'NOT_FOUND'],
        [4, 'INVALID'],
      ],
    );
    const { data: shown } = await graph.ask(
      `{ user(externalId: "demo-00003") { predictions(first: 5) { nodes { id outcome { positive source } } } } }`,
    );
    expect(shown.user.predictions.nodes.find((node: Answer) => node.id === id).outcome).toEqual({
      positive: true,
      source: 'api',
    });
  });
});

describe('the label set', () => {
  it('changes with an outcome that names a prediction, and again when it is corrected', async () => {
    const { data } = await graph.ask(
      `{ user(externalId: "demo-00006") { id prediction { id asOf } } }`,
    );
    const { id, asOf } = data.user.prediction;
    const [model] = await database.db.query<{ id: string }>(
      `select id from model where name = 'churn'`,
    );
    const at = new Date(Date.parse(asOf) + 1);
    const labelled = async (): Promise<boolean | undefined> => {
      const labels = labelStore(database.db);
      const found = await labels.outcomes({ modelId: model?.id ?? '', until: at });
      return found.positive[
        found.userIds.indexOf(Number(String(data.user.id).replace('User:', '')))
      ];
    };
    const tell = (positive: boolean) =>
      graph.ask(
        `mutation ($outcomes: [OutcomeInput!]!) { recordOutcomes(outcomes: $outcomes) { accepted } }`,
        { outcomes: [{ prediction: id, at: at.toISOString(), positive }] },
      );
    expect(await labelled()).toBeUndefined();
    expect((await tell(true)).data.recordOutcomes).toEqual({ accepted: 1 });
    expect(await labelled()).toBe(true);
    await tell(false);
    expect(await labelled()).toBe(false);
  });
});

describe('predictionMade', () => {
  it('tells of a stored score of the customers asked for, after it is committed', async () => {
    const { data } = await graph.ask(`{ user(externalId: "demo-00006") { id } }`);
    const feed = await graph.follow(
      `subscription ($ids: [ID!]) { predictionMade(userIds: $ids) { id probability user { externalId } reasons(first: 1) { text } } }`,
      { ids: [data.user.id] },
    );
    const next = feed.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await graph.ask(`{ user(externalId: "demo-00007") { prediction { id } } }`);
    const { data: made } = await graph.ask(
      `{ user(externalId: "demo-00006") { prediction { id probability } } }`,
    );
    const told: Answer = (await next).value.data;
    expect(told.predictionMade).toMatchObject({
      ...made.user.prediction,
      user: { externalId: 'demo-00006' },
    });
    await feed.return?.();
  });

  it('is refused to a role that may not list customers, unless it names them', async () => {
    await expect(graph.follow(`subscription { predictionMade { id } }`, {}, 'CRM')).rejects.toThrow(
      'may not user:list',
    );
  });
});

describe('modelHealth', () => {
  const FIGURES = `healthy predictions errors errorRate requestsPerSecond fallbackRate cacheHitRate
    positiveRate latencyMs { mean p50 p95 p99 }`;
  const field = async (): Promise<Answer> =>
    (await graph.ask(`{ model(name: "churn") { health { ${FIGURES} } } }`)).data.model.health;

  it('tells what the field of the model answers: at once, and again after a prediction', async () => {
    await graph.ask(`{ user(externalId: "demo-00008") { prediction { id } } }`);
    const feed = await graph.follow(`subscription { modelHealth { ${FIGURES} } }`);
    const first: Answer = (await feed.next()).value.data.modelHealth;
    const { requestsPerSecond, ...figures } = await field();
    expect(first).toMatchObject(figures);
    expect(requestsPerSecond).toBeGreaterThan(0);
    expect(first.requestsPerSecond).toBeGreaterThan(0);
    // an event: an answer that is remembered would not be a prediction
    await graph.ask(
      `mutation ($at: DateTime!) { recordEvents(events: [{ id: "new-6", user: "demo-00006", type: "purchase", at: $at, value: 9 }]) { accepted } }`,
      { at: new Date(Date.now() - 1000).toISOString() },
    );
    await graph.ask(`{ user(externalId: "demo-00006") { prediction { id } } }`);
    let later = first;
    // news of the first prediction may have been under way when the feed began
    while (later.predictions === first.predictions)
      later = (await feed.next()).value.data.modelHealth;
    expect(later.predictions - first.predictions).toBe(1);
    await feed.return?.();
  });
});

describe('a damaged score', () => {
  it.each(['NaN', 'Infinity', '1.5', '-0.1'])('%s never enters the ledger', async (value) => {
    await expect(
      database.db.query(
        `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at, latency_ms, numeric)
         select 1, model_id, id, $1::float8, 0.5, 'MODEL', now(), now(), 1, '' from model_version limit 1`,
        [value],
      ),
    ).rejects.toThrow('prediction_probability_check');
  });
});

async function rows(): Promise<number> {
  const [row] = await database.db.query<{ n: number }>('select count(*) as n from prediction');
  return row?.n ?? 0;
}
