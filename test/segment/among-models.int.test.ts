import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { AppError } from '../../src/kernel/error.js';
import { modelStore } from '../../src/model/model.store.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import { churnSpec } from '../support/demo-shop.js';
import { exportedModel } from '../support/exported-models.js';
import type { Answer } from '../support/graph.js';
import { heaps } from '../support/made-customers.js';
import { openSegmentationShop, type SegmentationShop } from '../support/segmentation-shop.js';

/** Inputs of the exported classifier: the same numbers serve for the groups. */
const FEATURES = ['age', 'active_days_30d', 'device_count', 'days_since_last_purchase'];

const clock = systemClock();
let shop: SegmentationShop;

beforeAll(async () => {
  shop = await openSegmentationShop(
    clock,
    FEATURES.map((name) => ({ name, type: 'numerical' })),
  );
  await shop.customers(
    heaps([
      { prefix: 'a', count: 40, attributes: { age: [30, 2], device_count: [1, 0.2] } },
      { prefix: 'b', count: 40, attributes: { age: [60, 2], device_count: [5, 0.2] } },
    ]),
  );
  const run = { key: 'persona', features: ['age', 'device_count'], algorithms: ['kmeans'], k: 2 };
  const { job, refused } = await shop.run(run);
  expect({ error: job?.error, refused }).toEqual({ error: null, refused: [] });
}, 60_000);
afterAll(() => shop.close());

/** What is thrown, or the user errors of the one mutation. */
async function refusal(question: string, variables: Record<string, unknown> = {}): Promise<Answer> {
  const { data, errors } = await shop.graph.ask(question, variables);
  const [error] = errors ?? [];
  if (error) {
    const { code, message } = error.originalError as AppError;
    return { code, message };
  }
  const payload: Answer = Object.values(data)[0];
  return payload.userErrors?.[0] ?? data;
}

describe('a segmentation among the models', () => {
  it('is listed with its task; what only a score has is empty', async () => {
    const { data, errors } = await shop.graph.ask(`{
      models { name task }
      model(name: "persona") { name task description goals { metric }
        health { errorRate } performance { at } ranking { rank } schedule { nextRunAt }
        selections { id } shadow { id } production { version stage }
        versions { nodes { version } } } }`);
    expect(errors).toBeUndefined();
    expect(data.models).toContainEqual({ name: 'persona', task: 'CLUSTERING' });
    expect(data.model).toMatchObject({
      ...{ goals: [], performance: [], schedule: null, selections: [], shadow: null },
      production: { version: 1, stage: 'PRODUCTION' },
      versions: { nodes: [{ version: 1 }] },
    });
  });

  it('has every field of a version', async () => {
    const { data, errors } = await shop.graph.ask(`{ model(name: "persona") { production {
      algorithm artifact { opset } baseline { name } blend { weight } calibration { applied }
      calibrationCurve { x } card causes { value } confusionMatrix { truePositives } cost { bestThreshold }
      dataHash fairness { attribute } features { name } gate { name } hyperparameters
      ignoredFeatures { reason } importances { feature } metrics { name } precisionRecallCurve { x }
      recipe reproduces { sameData } rocCurve { x } ruleChecks { met } searchedRows seed
      shadowReport { dropped } slices { value } targets { met } testRows threshold thresholds { chosen } } } }`);
    expect(errors).toBeUndefined();
    const { production } = data.model;
    expect(production.features.map(({ name }: Answer) => name)).toEqual(['age', 'device_count']);
    expect(production.metrics.map(({ name }: Answer) => name)).toContain('silhouette');
    expect(production.card).toContain('# persona, version 1');
    expect(production).toMatchObject({ threshold: null, rocCurve: [], testRows: 0 });
  });

  it.each([
    [
      'trained',
      'mutation { trainModel(input: { model: "persona" }) { userErrors { code message path } } }',
    ],
    [
      'ranked',
      'mutation { selectFeatures(input: { model: "persona" }) { userErrors { code message path } } }',
    ],
    [
      'asked for a score',
      '{ users(first: 1) { nodes { prediction(model: "persona") { probability } } } }',
    ],
    [
      'asked for everybody',
      'mutation { scoreUsers(model: "persona") { userErrors { code message path } } }',
    ],
    ['replayed as scores', '{ replayLedger(model: "persona") { mismatches } }'],
    ['put up for review', '{ reviews(model: "persona") { nodes { id } } }'],
  ])('cannot be %s, and the answer names it', async (_, question) => {
    const answer = await refusal(question);
    expect(answer).toMatchObject({ code: 'NOT_FOUND' });
    expect(answer.message).toContain('persona');
  });

  it('takes no outcomes', async () => {
    const { data, errors } = await shop.graph.ask(`mutation {
      recordOutcomes(outcomes: [{ user: "a-0", model: "persona", positive: true, at: "2026-01-01T00:00:00Z" }]) {
        accepted rejected { code message } } }`);
    expect(errors).toBeUndefined();
    const { accepted, rejected } = data.recordOutcomes;
    expect(accepted).toBe(0);
    expect(rejected).toMatchObject([{ message: expect.stringContaining('persona') }]);
  });

  it('tells which features it takes', async () => {
    const { data, errors } = await shop.graph.ask(
      `{ features(filter: { usedByModel: "persona" }) { name } }`,
    );
    expect(errors).toBeUndefined();
    const names = data.features.map(({ name }: Answer) => name);
    expect(names.sort()).toEqual(['age', 'device_count']);
  });

  it('is not trained again as a classifier is', async () => {
    const { data } = await shop.graph.ask(`{ model(name: "persona") { production { id } } }`);
    const { id } = data.model.production;
    const answer = await refusal(
      `mutation ($id: ID!) { retrainVersion(version: $id) { userErrors { code message path } } }`,
      { id },
    );
    expect(answer).toMatchObject({ code: 'INVALID', path: ['version'] });
    expect(answer.message).toContain('segmentation');
  });
});

describe('the key of a segmentation', () => {
  it('is no name for a file from elsewhere', async () => {
    const before = await shop.versions('persona');
    const answer = await refusal(
      `mutation ($onnx: String!, $features: [String!]!) {
        registerModel(name: "persona", task: BINARY_CLASSIFICATION, onnx: $onnx, features: $features) {
          userErrors { code message path } } }`,
      {
        onnx: Buffer.from(exportedModel('xgboost').bytes).toString('base64'),
        features: FEATURES,
      },
    );
    expect(answer).toMatchObject({ code: 'CONFLICT', path: ['name'] });
    expect(await shop.versions('persona')).toEqual(before);
  });

  it('is no name for the recipe of a model, nor the other way round', async () => {
    const { db } = shop.database;
    const store = modelStore(db, clock, auditStore);
    const segmentations = segmentationStore(db, clock);
    const recipe = await segmentations.byKey('persona');
    await expect(store.ensure({ ...churnSpec(), name: 'persona' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await segmentations.byKey('persona')).toEqual(recipe);
    const { name } = await store.ensure({ ...churnSpec(), name: 'risk' });
    const answer = await refusal(
      `mutation ($key: String!) { runSegmentation(input: { key: $key, features: ["age"] }) {
        userErrors { code message path } } }`,
      { key: name },
    );
    expect(answer).toMatchObject({ code: 'CONFLICT', path: ['input', 'key'] });
  });
});
