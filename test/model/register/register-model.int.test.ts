import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Query, Resolver } from 'type-graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { composeRegister } from '../../../src/compose-register.js';
import { featureStore } from '../../../src/feature/feature.store.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { modelStore } from '../../../src/model/model.store.js';
import { readConfig } from '../../../src/plant/env.js';
import { projectRoot } from '../../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { fillShop } from '../../support/demo-shop.js';
import { exportedModel } from '../../support/exported-models.js';
import { openGraph, type Answer, type TestGraph } from '../../support/graph.js';
import { roomGraph, type RoomGraph } from '../../support/room-graph.js';
import { node, sumModel, toyModel } from '../../support/toy-model.js';

/** A schema has to have a question. */
@Resolver()
class Nothing {
  @Query(() => Boolean)
  nothing(): boolean {
    return true;
  }
}

const clock = systemClock();
let database: TestDatabase;
let graph: TestGraph;
let room: RoomGraph;
let close: () => Promise<void>;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 60);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  const { db } = database;
  const registering = composeRegister({
    db,
    clock,
    modelByName: modelStore(db, clock, auditStore).byName,
    featureRegistry: featureStore(db, auditStore).all,
    config: { ...readConfig({}), maxModelBytes: 100_000 },
  });
  close = registering.close;
  room = roomGraph([registering.resolver, new Nothing()], clock);
});
afterAll(async () => {
  await close();
  await graph.close();
  await database.drop();
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const FOUR = ['age', 'active_days_30d', 'device_count', 'days_since_last_purchase'];

async function register(given: Record<string, unknown>, role?: 'ANALYST'): Promise<Answer> {
  const { data, errors } = await room.ask(
    `mutation ($name: String!, $task: ModelTask!, $onnx: String!, $features: [String!]!, $threshold: Float,
        $output: String, $positiveClass: Int, $scores: ScoreKind, $missing: MissingNumbers! = FILL, $comment: String) {
      registerModel(name: $name, task: $task, onnx: $onnx, features: $features, threshold: $threshold, output: $output,
          positiveClass: $positiveClass, scores: $scores, missing: $missing, comment: $comment) {
        modelVersion { id version stage algorithm threshold trainingRows
          upload { sha256 bytes producer operators output scores columns missing uploadedBy } }
        userErrors { code message path } } }`,
    {
      task: 'BINARY_CLASSIFICATION',
      onnx: base64(exportedModel('xgboost').bytes),
      features: FOUR,
      ...given,
    },
    role,
  );
  return errors ? { errors } : data.registerModel;
}
const promote = async (id: string): Promise<Answer> =>
  (
    await graph.ask(
      `mutation ($id: ID!) { promoteModel(version: $id) { modelVersion { stage } userErrors { code message } } }`,
      { id },
    )
  ).data.promoteModel;
const predictions = async (model: string): Promise<Answer[]> => {
  const { data, errors } = await graph.ask(
    `query ($model: String!) { users(first: 10) { nodes { externalId prediction(model: $model) {
      probability threshold positive risk label eligibility baseValue confidence source reasons { feature }
      inputs { name number text isMissing }
      modelVersion { version algorithm metrics { name } targets { metric } artifact { uploaded opset }
        features { name } importances { feature } } } } } }`,
    { model },
  );
  expect(errors).toBeUndefined();
  return data.users.nodes.map(({ prediction }: Answer) => prediction);
};

describe('a file for a model that there is', () => {
  let id: string;
  it('becomes its next version, a candidate with the record of the file', async () => {
    const { bytes } = exportedModel('xgboost');
    const answer = await register({ name: 'churn', threshold: 0.37, comment: 'from the lab' });
    expect(answer.userErrors).toEqual([]);
    id = answer.modelVersion.id;
    expect(answer.modelVersion).toMatchObject({
      version: 2,
      stage: 'CANDIDATE',
      algorithm: 'upload',
      threshold: 0.37,
      trainingRows: 0,
      upload: {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        bytes: bytes.length,
        producer: 'OnnxMLTools',
        operators: ['TreeEnsembleClassifier'],
        output: 'probabilities',
        scores: 'PROBABILITY',
        columns: 2,
        missing: 'ANSWERS',
        uploadedBy: 'admin key',
      },
    });
    const [entry] = await auditStore(database.db).bySubject(`ModelVersion:${await versionId(2)}`);
    expect(entry).toMatchObject({
      actor: 'admin key',
      action: 'registered',
      detail: { model: 'churn', version: 2, comment: 'from the lab' },
    });
  });

  it('is a conflict when it comes again, and no conflict on other features', async () => {
    expect(await register({ name: 'churn' })).toEqual({
      modelVersion: null,
      userErrors: [
        {
          code: 'CONFLICT',
          message: 'the file is version 2 of churn already, on the same features',
          path: ['onnx'],
        },
      ],
    });
    const features = [...FOUR].reverse();
    expect((await register({ name: 'churn', features })).modelVersion.version).toBe(3);
    const [count] = await database.db.query<{ artifacts: number }>(
      'select count(*) as artifacts from artifact where uploaded',
    );
    expect(count?.artifacts).toBe(1);
  });

  it('answers like the bare file once it is promoted, without reasons and without a failure', async () => {
    expect(await promote(id)).toEqual({ modelVersion: { stage: 'PRODUCTION' }, userErrors: [] });
    await settled('churn', 2);
    const answers = (await predictions('churn')).filter(
      ({ eligibility }) => eligibility === 'ELIGIBLE',
    );
    expect(answers.length).toBeGreaterThan(3);
    const session = await InferenceSession.create(exportedModel('xgboost').bytes);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        threshold: 0.37,
        reasons: [],
        baseValue: null,
        source: 'MODEL',
        modelVersion: {
          version: 2,
          algorithm: 'upload',
          metrics: [],
          targets: [],
          importances: [],
          artifact: { uploaded: true, opset: 15 },
          features: FOUR.map((name) => ({ name })),
        },
      });
      const row = answer.inputs.map(({ number }: Answer) => number ?? NaN);
      const feeds = { float_input: new Tensor('float32', Float32Array.from(row), [1, 4]) };
      const { probabilities } = await session.run(feeds);
      expect(answer.probability).toBeCloseTo(Number(probabilities?.data[1]), 5);
    }
    await session.release();
  });
});

describe('a file for a new model', () => {
  it('makes the model, of categories too, and serves', async () => {
    const { bytes } = exportedModel('sklearn-mixed');
    const features = ['age', 'device_count', 'gender', 'membership_level@1'];
    const { modelVersion, userErrors } = await register({
      name: 'risk_of_the_lab',
      onnx: base64(bytes),
      features,
      comment: 'Who is at risk, as the lab sees it.',
    });
    expect(userErrors).toEqual([]);
    expect(modelVersion).toMatchObject({ version: 1, stage: 'CANDIDATE', threshold: 0.5 });
    expect((await promote(modelVersion.id)).userErrors).toEqual([]);
    await settled('risk_of_the_lab', 1);
    const answers = await predictions('risk_of_the_lab');
    expect(answers.filter(({ probability }) => probability > 0 && probability < 1).length).toBe(10);
    expect(new Set(answers.map(({ probability }) => probability)).size).toBeGreaterThan(3);
    const { data } = await graph.ask(`{ model(name: "risk_of_the_lab") { description task } }`);
    expect(data.model).toEqual({
      description: 'Who is at risk, as the lab sees it.',
      task: 'BINARY_CLASSIFICATION',
    });
  });

  it('and leaves no model behind where the file is refused', async () => {
    const nan = toyModel([node('Log', ['x'])]);
    const answer = await register({
      name: 'nothing',
      onnx: base64(nan),
      features: FOUR.slice(0, 2),
    });
    expect(answer.userErrors).toEqual([
      {
        code: 'INVALID',
        message: 'the file is refused: the model answers NaN to ordinary numbers',
        path: ['onnx'],
      },
    ]);
    const { data } = await graph.ask(`{ model(name: "nothing") { name } }`);
    expect(data.model).toBeNull();
  });
});

describe('a call that cannot be carried out', () => {
  it.each<[string, Record<string, unknown>, { code: string; message: string; path: string[] }]>([
    [
      'another task',
      { task: 'REGRESSION' },
      {
        code: 'INVALID',
        message: 'task must be BINARY_CLASSIFICATION for a file, got REGRESSION',
        path: ['task'],
      },
    ],
    [
      'a threshold above 1',
      { threshold: 1.5 },
      { code: 'INVALID', message: 'threshold must be 0..1, got 1.5', path: ['threshold'] },
    ],
    [
      'no features',
      { features: [] },
      { code: 'INVALID', message: 'features must name at least one', path: ['features'] },
    ],
    [
      'an unknown feature',
      { features: ['age', 'shoe_size'] },
      {
        code: 'NOT_FOUND',
        message: 'no feature is registered as shoe_size',
        path: ['features', '1'],
      },
    ],
    [
      'an unknown version of a feature',
      { features: ['age@7'] },
      { code: 'NOT_FOUND', message: 'no feature is registered as age@7', path: ['features', '0'] },
    ],
    [
      'a feature of no form',
      { features: ['age@one'] },
      {
        code: 'INVALID',
        message: 'a feature is told as name or name@version, got "age@one"',
        path: ['features', '0'],
      },
    ],
    [
      'a feature twice',
      { features: ['age', 'age@1'] },
      { code: 'INVALID', message: 'feature age is listed twice', path: ['features', '1'] },
    ],
    [
      'a name with blanks',
      { name: 'my model' },
      {
        code: 'INVALID',
        message: 'name must match ^[a-z][a-z0-9_-]{0,62}$, got "my model"',
        path: ['name'],
      },
    ],
    [
      'no base64',
      { onnx: 'not *base64*' },
      { code: 'INVALID', message: 'onnx must be the file in base64', path: ['onnx'] },
    ],
    [
      'nothing',
      { onnx: '' },
      { code: 'INVALID', message: 'onnx must be the file in base64', path: ['onnx'] },
    ],
    [
      'what is no ONNX file',
      { onnx: base64(new Uint8Array([0, 0, 0])) },
      {
        code: 'INVALID',
        message:
          'the file is refused: it is no ONNX file, or a damaged one: field number 0 at byte 1',
        path: ['onnx'],
      },
    ],
    [
      'too large a file',
      { onnx: base64(new Uint8Array(100_001)) },
      {
        code: 'TOO_LARGE',
        message: 'onnx must be at most 100000 bytes, got 100001',
        path: ['onnx'],
      },
    ],
    [
      'a category for a number',
      { onnx: base64(sumModel()), features: ['age', 'gender'] },
      {
        code: 'INVALID',
        message:
          'the file is refused: the graph takes 2 numbers ("x" float [N, 2]), 1 of the features are numbers: age; not so gender',
        path: ['onnx'],
      },
    ],
  ])('%s: says what is wrong and registers nothing', async (_, given, error) => {
    const before = await versions();
    expect(await register({ name: 'refused', ...given })).toEqual({
      modelVersion: null,
      userErrors: [error],
    });
    expect(await versions()).toBe(before);
  });

  it('needs the right to write models', async () => {
    expect((await register({ name: 'churn' }, 'ANALYST')).errors[0].originalError.code).toBe(
      'FORBIDDEN',
    );
  });
});

async function versions(): Promise<number> {
  const [row] = await database.db.query<{ count: number }>('select count(*) from model_version');
  return Number(row?.count);
}

async function versionId(version: number): Promise<string> {
  const [row] = await database.db.query<{ id: string }>(
    `select v.id from model_version v join model m on m.id = v.model_id where m.name = 'churn' and version = $1`,
    [version],
  );
  return row?.id ?? '';
}

/** Serving hears of a promotion by the bus. */
async function settled(model: string, version: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const answers = await predictions(model).catch(() => []);
    if (answers.some(({ modelVersion }) => modelVersion?.version === version)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`version ${version} of ${model} does not answer`);
}
