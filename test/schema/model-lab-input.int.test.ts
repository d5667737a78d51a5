import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { openGraph, type TestGraph } from '../support/graph.js';

let database: TestDatabase;
let graph: TestGraph;
let version: string;

beforeAll(async () => {
  database = await testDatabase();
  graph = await openGraph(database.url, manualClock(new Date('2026-06-01T12:00:00Z')));
  await graph.prepare(path.join(projectRoot, 'models'));
  const { data } = await graph.ask('{ model(name: "churn") { production { id } } }');
  version = data.model.production.id as string;
});
afterAll(async () => {
  await graph.close();
  await database.drop();
});

const errors = 'userErrors { code message path }';
const train = (input: string) =>
  `mutation { trainModel(input: { model: "churn", ${input} }) { ${errors} } }`;
const long = 'x'.repeat(2_001);
const outcome = (prediction: string) =>
  `mutation { recordOutcomes(outcomes: [{ prediction: "${prediction}", positive: true,
     at: "2026-01-01T00:00:00Z" }]) { rejected { message } } }`;

describe('a wrong input of the model lab is told with its field, value and bound', () => {
  it.each<[string, (id: string) => string, string]>([
    [
      'a cost whose total is no number',
      () => '{ model(name: "churn") { production { cost(falsePositive: 1e308) { totalCost } } } }',
      'falsePositive must be 0..1e12, got 1e+308',
    ],
    [
      'a cost below zero',
      () => '{ model(name: "churn") { ranking(falseNegative: -1) { version { version } } } }',
      'falseNegative must be 0..1e12, got -1',
    ],
    [
      'a horizon from before there were dates',
      () => train('horizonDays: 2147483647'),
      'horizonDays must be a whole number 1..3650, got 2147483647',
    ],
    [
      'scores of a day to come',
      () => `mutation { scoreUsers(asOf: "2090-01-01T00:00:00Z") { ${errors} } }`,
      'asOf must not be after 2026-06-01T12:00:00.001Z, got 2090-01-01T00:00:00.000Z',
    ],
    [
      'a comment that is a book, at a promotion',
      (id) =>
        `mutation { promoteModel(version: "${id}", stage: SHADOW, comment: "${long}") { ${errors} } }`,
      'comment must be at most 2000 characters, got 2001',
    ],
    [
      'a comment that is a book, on the way back',
      () => `mutation { rollBackModel(model: "churn", comment: "${long}") { ${errors} } }`,
      'comment must be at most 2000 characters, got 2001',
    ],
    [
      'a column below the first',
      () =>
        `mutation { registerModel(name: "churn", task: BINARY_CLASSIFICATION, onnx: "AAAA",
           features: ["age"], positiveClass: -1) { ${errors} } }`,
      'positiveClass must be >= 0, got -1',
    ],
    [
      'an id that is none of a prediction',
      () => outcome('x'),
      'prediction is not the id of a prediction (Prediction:<number>)',
    ],
    [
      'an id that no prediction has',
      () => outcome('Prediction:77'),
      'no prediction has the id Prediction:77',
    ],
    [
      'a part of a series that the recipe does not name',
      () => '{ model(name: "churn") { performance(slice: "email") { at } } }',
      'slice must be an attribute that the spec names under slices or fairness',
    ],
  ])('%s', async (_, document, message) => {
    const answer = await graph.ask(document(version), {}, 'ADMIN');
    expect(JSON.stringify(answer)).toContain(message);
    expect(JSON.stringify(answer)).not.toContain('INTERNAL');
  });
});

it('a question that leaves every argument out is answered', async () => {
  const answer = await graph.ask(
    `{ model(name: "churn") { performance { at } ranking { version { version } } health { healthy }
         versions { nodes { causes { value } cost { totalCost } } } }
       reviews { totalCount } replayLedger { predictions } }`,
    {},
    'ADMIN',
  );
  expect(answer.errors).toBeUndefined();
});
