import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import { DAY_MS, systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 200);
  const first = await openGraph(database.url, clock);
  await first.prepare(`${projectRoot}/models`);
  await first.close();
  // nothing but the model and its stored scores can answer
  await database.db.query(`update model_version set report = report - 'scoreCard'`);
  await database.db.query(`update model set spec = spec - 'fallback'`);
  graph = await openGraph(database.url, clock);
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

/** As if every question to the scorer of the graph failed. */
async function withoutScorer(work: () => Promise<void>): Promise<void> {
  const { score } = graph.plant.scorer;
  graph.plant.scorer.score = () =>
    Promise.reject(new AppError('UNAVAILABLE', 'the scorer is full'));
  try {
    await work();
  } finally {
    graph.plant.scorer.score = score;
  }
}

const HEALTH = `{ model(name: "churn") { health { healthy errors fallbackRate } } }`;

describe('an answer', () => {
  it('tells who answered, from what, when, and how long it took', async () => {
    const { data, errors } = await graph.ask(`{ users(first: 20) { nodes { prediction {
      eligibility probability positive label confidence threshold risk source latencyMs asOf scoredAt ageSeconds
      modelVersion { version stage } reasons(first: 1) { value { name computedAt ageSeconds } } } } } }`);
    expect(errors).toBeUndefined();
    const scored = data.users.nodes
      .map(({ prediction }: Answer) => prediction)
      .filter(({ eligibility }: Answer) => eligibility === 'ELIGIBLE');
    expect(scored.length).toBeGreaterThan(10);
    for (const each of scored) {
      expect(each).toMatchObject({
        source: 'MODEL',
        positive: each.probability >= each.threshold,
        confidence: Math.max(each.probability, 1 - each.probability),
        modelVersion: { version: 1, stage: 'PRODUCTION' },
      });
      expect(each.latencyMs).toBeGreaterThan(0);
      expect(each.ageSeconds).toBeGreaterThanOrEqual(0);
      expect(Date.parse(each.scoredAt)).toBeGreaterThanOrEqual(Date.parse(each.asOf));
      const [{ value }] = each.reasons;
      expect(value.ageSeconds).toBeGreaterThanOrEqual(0);
      expect(Date.parse(value.computedAt)).not.toBeNaN();
    }
  });

  it('about a customer and about a row with the same inputs is the same', async () => {
    const { data } = await graph.ask(`{ users(first: 30) { nodes { externalId prediction {
      probability label confidence risk inputs { name number text isMissing } } } } }`);
    const scored = data.users.nodes.filter(
      ({ prediction }: Answer) => prediction.probability !== null,
    );
    const rows = scored.map(({ externalId, prediction }: Answer) => ({
      key: externalId,
      features: prediction.inputs
        .filter(({ isMissing }: Answer) => !isMissing)
        .map(({ name, number, text }: Answer) => ({ name, number, text })),
    }));
    const { data: direct, errors } = await graph.ask(
      `query ($rows: [ScoreInput!]!) { score(rows: $rows) { key probability label confidence source } }`,
      { rows },
    );
    expect(errors).toBeUndefined();
    expect(direct.score).toHaveLength(scored.length);
    for (const [at, { externalId, prediction }] of scored.entries()) {
      const { key, probability, ...rest } = direct.score[at];
      expect(key).toBe(externalId);
      expect(Math.abs(probability - prediction.probability)).toBeLessThan(1e-6);
      expect(rest).toMatchObject({ label: prediction.label, source: 'MODEL' });
    }
  });
});

describe('when the scorer cannot answer', () => {
  it('the last stored score does, marked as such and with its own instant, and the health says so', async () => {
    const ask = `{ users(first: 3) { nodes { prediction { id source probability asOf } } } }`;
    const { data: before } = await graph.ask(ask);
    const healthy = (await graph.ask(HEALTH)).data.model.health;
    expect(healthy).toEqual({ healthy: true, errors: 0, fallbackRate: 0 });
    await withoutScorer(async () => {
      const { data, errors } = await graph.ask(ask);
      expect(errors).toBeUndefined();
      expect(data.users.nodes).toEqual(
        before.users.nodes.map(({ prediction }: Answer) => ({
          prediction: { ...prediction, source: 'CACHE' },
        })),
      );
      const sick = (await graph.ask(HEALTH)).data.model.health;
      expect(sick).toMatchObject({ healthy: false, errors: 0 });
      expect(sick.fallbackRate).toBeGreaterThan(0);
    });
  });

  it('and no stored score, rule or score card does: the one field is empty, with UNAVAILABLE', async () => {
    await graph.ask(
      `mutation { upsertUsers(users: [{ externalId: "new here", registeredAt: "2020-01-01T00:00:00Z" }]) { created } }`,
    );
    await graph.ask(
      `mutation ($at: DateTime!) { recordEvents(events: [{ id: "first", user: "new here", type: "purchase", at: $at, value: 9 }]) { accepted } }`,
      { at: new Date(clock.now().getTime() - 40 * DAY_MS).toISOString() },
    );
    await withoutScorer(async () => {
      const { data, errors } = await graph.ask(
        `{ known: user(externalId: "demo-00001") { prediction { source } }
          new: user(externalId: "new here") { externalId prediction { id } } }`,
      );
      expect(data).toEqual({
        known: { prediction: { source: 'CACHE' } },
        new: { externalId: 'new here', prediction: null },
      });
      expect(errors?.map(({ path }) => path)).toEqual([['new', 'prediction']]);
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'UNAVAILABLE' });
      const { health } = (await graph.ask(HEALTH)).data.model;
      expect(health).toMatchObject({ healthy: false, errors: 1 });
    });
  });
});

describe('the probe', () => {
  it('is a real prediction: a scorer that answers something else than is in the ledger is not healthy', async () => {
    await graph.ask(`{ users(first: 3) { nodes { prediction { id } } } }`);
    const healthy = async (): Promise<boolean> =>
      (await graph.ask(HEALTH)).data.model.health.healthy;
    const { score } = graph.plant.scorer;
    const off = (by: number): void => {
      graph.plant.scorer.score = async (...asked) => {
        const scores = await score.apply(graph.plant.scorer, asked);
        return { ...scores, probability: scores.probability.map((p) => p + by) };
      };
    };
    try {
      expect(await healthy()).toBe(true);
      off(0.001);
      expect(await healthy()).toBe(false);
      off(NaN);
      expect(await healthy()).toBe(false);
      off(0);
      expect(await healthy()).toBe(true);
    } finally {
      graph.plant.scorer.score = score;
    }
  });
});
