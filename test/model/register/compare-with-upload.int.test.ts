import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeFeatureReading, composeModels } from '../../../src/compose-models.js';
import { DAY_MS, systemClock } from '../../../src/kernel/clock.js';
import type { ModelVersion } from '../../../src/model/model.js';
import { promoteTrained } from '../../../src/model/promote-trained.js';
import { isTestRow } from '../../../src/model/train/training.js';
import { projectRoot } from '../../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { fillShop } from '../../support/demo-shop.js';
import { exportedModel } from '../../support/exported-models.js';
import { openGraph, type TestGraph } from '../../support/graph.js';

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;
let models: Awaited<ReturnType<typeof composeModels>>;
let uploaded: string;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 200);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  models = await composeModels(graph.plant, composeFeatureReading(database.db).store);
  const { data } = await graph.ask(
    `mutation ($onnx: String!, $features: [String!]!) {
      registerModel(name: "churn", task: BINARY_CLASSIFICATION, onnx: $onnx, features: $features) {
        modelVersion { id } userErrors { message } } }`,
    {
      onnx: Buffer.from(exportedModel('xgboost').bytes).toString('base64'),
      features: ['age', 'active_days_30d', 'device_count', 'days_since_last_purchase'],
    },
  );
  expect(data.registerModel.userErrors).toEqual([]);
  uploaded = data.registerModel.modelVersion.id;
  const { data: moved } = await graph.ask(
    `mutation ($id: ID!) { promoteModel(version: $id) { userErrors { message } } }`,
    { id: uploaded },
  );
  expect(moved.promoteModel.userErrors).toEqual([]);
});
afterAll(async () => {
  await models.serving.close();
  await graph.close();
  await database.drop();
});

it.each([
  ['better', 1, 1],
  ['worse', -1, 0],
])(
  'a version that was just trained is held against one from elsewhere on the same customers: the %s one',
  async (_, sign, promotions) => {
    const { db } = database;
    const rows = await db.query<{ id: number }>('select id from customer order by id');
    const userIds = rows.map(({ id }) => id);
    const positive = userIds.map((id) => id % 3 === 0);
    const asOf = new Date(clock.now().getTime() - 30 * DAY_MS);
    const margins = Float64Array.from(positive, (is) => sign * (is ? 5 : -5));
    const model = await models.store.byName('churn');
    if (!model) throw new Error('no model');
    const promoted: string[] = [];
    const labels = { userIds, positive, asOf: userIds.map(() => asOf), dataFrom: null };
    await promoteTrained(
      {
        readFeatures: composeFeatureReading(db).read,
        scorer: graph.plant.scorer,
        useProduction: async (of, work) => {
          const [version] = await models.store.inStage([of.id], 'PRODUCTION');
          return version ? models.serving.use(version.id, work) : null;
        },
        promote: (_id, _actor, comment) => {
          promoted.push(comment);
          return Promise.resolve();
        },
      },
      model,
      {
        version: { id: 'new', version: 3, stage: 'CANDIDATE', report: {} } as ModelVersion,
        labels,
        margins,
      },
      'IF_BETTER',
      'test',
    );
    expect(promoted).toHaveLength(promotions);
    const tested = userIds.filter((_id, row) => isTestRow(row)).length;
    for (const comment of promoted)
      expect(comment).toMatch(
        new RegExp(
          `^log loss 0\\.0067 against \\d\\.\\d{4} of version 2 on the same ${tested} test rows$`,
        ),
      );
  },
);

it('it is not trained again by its record, because there is none: refused in words, and no job is made', async () => {
  const jobs = async (): Promise<number> =>
    (await database.db.query<{ n: number }>('select count(*)::int as n from job'))[0]?.n ?? -1;
  const before = await jobs();
  const { data, errors } = await graph.ask(
    `mutation ($id: ID!) { retrainVersion(version: $id) { job { id } userErrors { code message path } } }`,
    { id: uploaded },
  );
  expect(errors).toBeUndefined();
  expect(data.retrainVersion).toEqual({
    job: null,
    userErrors: [
      {
        code: 'CONFLICT',
        message: 'version 2 was trained elsewhere: there is no recipe to train it by',
        path: ['version'],
      },
    ],
  });
  expect(await jobs()).toBe(before);
});
