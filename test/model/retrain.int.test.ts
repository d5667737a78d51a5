import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading, composeJobs, composeModels } from '../../src/compose-models.js';
import { jobLoader } from '../../src/job/job-loader.js';
import { systemClock } from '../../src/kernel/clock.js';
import { GovernanceResolver } from '../../src/model/governance.resolver.js';
import { ModelVersionResolver } from '../../src/model/model-version.resolver.js';
import { ModelResolver } from '../../src/model/model.resolver.js';
import type { ModelSpec } from '../../src/model/model-spec.js';
import { promoteVersion, rollBackModel } from '../../src/model/move-version.js';
import { RankingResolver } from '../../src/model/ranking.resolver.js';
import { trainModel, type TrainModelDeps } from '../../src/model/train-model.js';
import { TrainModelResolver } from '../../src/model/train-model.resolver.js';
import { trainClassifier } from '../../src/model/train/train-classifier.js';
import { modelLoaders } from '../../src/model/version-loaders.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec, fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';

const clock = systemClock();
const spec = (change: Partial<ModelSpec>): ModelSpec =>
  churnSpec({ algorithms: ['logistic'], trials: 2, folds: 2, ...change });
// nobody at all may be called positive: every version that calls anybody breaks it
const NOBODY = [
  { name: 'nobody', when: [{ feature: 'event_count', gte: 0 }], tolerance: 0, veto: true },
];

let database: TestDatabase;
let graph: TestGraph;
let models: Awaited<ReturnType<typeof composeModels>>;
let room: RoomGraph;
let jobs: ReturnType<typeof composeJobs>;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 250);
  graph = await openGraph(database.url, clock);
  models = await composeModels(graph.plant, composeFeatureReading(database.db).store);
  jobs = composeJobs(graph.plant);
  await models.store.ensure(spec({ name: 'lab' }));
  const { store } = models;
  const loaders = modelLoaders({
    ...{ modelsByIds: store.registeredByIds, versionsByIds: store.versionsByIds },
    ...{ inStage: store.inStage, artifactInfos: store.artifactInfos },
  });
  const features = composeFeatureReading(database.db);
  room = roomGraph(
    [
      new ModelResolver({ ...store, listModels: store.list, modelByName: store.byName, loaders }),
      new ModelVersionResolver({
        ...{ loaders, jobLoader: jobLoader({ jobsByIds: jobs.store.byIds }) },
        ...{ featureRegistry: () => features.store.all(), provider: () => 'cpu' },
      }),
      new GovernanceResolver({
        ...{ loaders, submitJob: jobs.submit, tryOut: models.moving.tryOut },
      }),
      new RankingResolver({ loaders, versionPage: store.versionPage }),
      new TrainModelResolver({
        ...{ modelByName: store.byName, submitJob: jobs.submit, clock },
        promoteVersion: (request) => promoteVersion(models.moving, request),
        rollBackModel: (request) => rollBackModel(models.moving, request),
      }),
    ],
    clock,
  );
});
afterAll(async () => {
  await models.serving.close();
  await graph.close();
  await database.drop();
});

function deps(): TrainModelDeps {
  const features = composeFeatureReading(database.db);
  return {
    modelByName: models.store.byName,
    approvedFeatures: features.approved,
    allFeatures: () => features.store.all(),
    readFeatures: features.read,
    behaviourLabels: models.labels.behaviour,
    outcomeLabels: models.labels.outcomes,
    train: async (input, hooks) => {
      const result = await trainClassifier(input, { onProgress: hooks.onProgress, now: () => 0 });
      return { ...result, onnx: writeClassifier(result.classifier), worstDisagreement: 0 };
    },
    scorer: graph.plant.scorer,
    registerVersion: models.store.registerVersion,
    useProduction: () => Promise.resolve(null),
    promote: models.promote,
    now: () => clock.wall(),
  };
}

/** Runs the job that a mutation started; the id of the new version. */
async function runJob(started: Answer): Promise<string> {
  expect(started.userErrors).toEqual([]);
  const id = String(started.job.id).replace('Job:', '');
  const [job] = await jobs.store.byIds([id]);
  const { signal } = new AbortController();
  const running = { id, attempt: 1, createdBy: 'test', signal, report: () => undefined };
  const { modelVersionId } = await trainModel(deps(), { ...running, input: { ...job?.input } });
  return `ModelVersion:${modelVersionId}`;
}

async function ask(query: string, variables: object = {}): Promise<Answer> {
  const { data, errors } = (await room.ask(query, variables as Record<string, unknown>)) as Answer;
  expect(errors).toBeUndefined();
  return data;
}

const train = async (): Promise<string> =>
  runJob(
    (
      await ask(
        `mutation { trainModel(input: { model: "lab" }) { job { id } userErrors { message } } }`,
      )
    ).trainModel,
  );
const retrain = async (id: string): Promise<string> =>
  runJob(
    (
      await ask(
        `mutation ($v: ID!) { retrainVersion(version: $v) { job { id } userErrors { message } } }`,
        {
          v: id,
        },
      )
    ).retrainVersion,
  );

const VERSION = `version stage trainingRows searchedRows dataHash threshold metrics { name split value low high } artifact { sha256 }
  slices { dimension rows worst } thresholds { rule chosen } ruleChecks { name met violations rows }
  causes(dimension: "risk") { value rows reasons { feature meanContribution } }
  calibrationCurve { count } gate { name met blocks }
  reproduces { version { version } sameData sameMetrics sameArtifact differences }`;
const show = async (id: string): Promise<Answer> =>
  (await ask(`query ($v: ID!) { modelVersion(id: $v) { ${VERSION} card } }`, { v: id }))
    .modelVersion;

describe('a version trained on the demo shop', () => {
  let first: string;
  beforeAll(async () => {
    first = await train();
  });

  it('shows what it was judged by', async () => {
    const version = await show(first);
    const auc = version.metrics.find((m: Answer) => m.name === 'auc' && m.split === 'TEST');
    expect(auc.low).toBeLessThan(auc.value);
    expect(auc.high).toBeGreaterThan(auc.value);
    expect(version.thresholds[0]).toEqual({ rule: 'f1', chosen: true });
    expect(version.gate.slice(0, 2)).toEqual([
      { name: 'loads', met: true, blocks: true },
      { name: 'parity', met: true, blocks: true },
    ]);
    expect(version.card).toContain('# lab, version 1');
    expect(version.reproduces).toBeNull();
    expect(version.searchedRows).toBe(version.trainingRows);
    expect(version.slices[0].dimension).toBe('month');
    const counted = version.calibrationCurve.map((bin: Answer) => bin.count);
    expect(counted.every((count: number) => count > 0)).toBe(true);
  });

  it('comes out the same again, to the bit, though the spec has changed since', async () => {
    await models.store.ensure(spec({ name: 'lab', folds: 4, seed: 99, classWeight: 'balanced' }));
    const again = await show(await retrain(first));
    const before = await show(first);
    expect(again.reproduces).toEqual({
      ...{ version: { version: 1 }, sameData: true, sameMetrics: true, sameArtifact: true },
      differences: [],
    });
    expect(again).toMatchObject({ version: 2, stage: 'CANDIDATE', dataHash: before.dataHash });
    expect(again.metrics).toEqual(before.metrics);
  });

  it('says that the data have changed when customers left them', async () => {
    await database.db.query(
      `update customer set consent_profiling = false where id in (select id from customer order by id limit 12)`,
    );
    const { reproduces } = await show(await retrain(first));
    expect(reproduces.sameData).toBe(false);
    expect(reproduces.differences[0]).toMatch(/^the data have changed since: \d+ \+ \d+ rows/);
  });

  it('is ranked with the others by costs of the moment', async () => {
    const { model } = await ask(
      `{ model(name: "lab") { ranking(falsePositive: 1) { rank version { version } cost { totalCost } netCostPerPrediction }
         goals { metric goal actual met } } recommendModel(rows: 500, explain: true) { algorithms reasons } }`,
    );
    expect(model.ranking.map(({ rank }: Answer) => rank)).toEqual([1, 2, 3]);
    const nets = model.ranking.map((each: Answer) => each.netCostPerPrediction);
    expect(nets).toEqual([...nets].sort((a: number, b: number) => a - b));
    expect(model.goals[0]).toEqual({ metric: 'recall', goal: 0.8, actual: null, met: null });
  });
});

describe('a version that breaks a business rule', () => {
  let broken: string;
  beforeAll(async () => {
    await models.store.ensure(spec({ name: 'lab', businessRules: NOBODY }));
    broken = await train();
  });
  const promote = async (more: string, role: 'ADMIN' | 'OPERATOR' = 'ADMIN'): Promise<Answer> =>
    room.ask(
      `mutation ($v: ID!) { promoteModel(version: $v${more}) { modelVersion { stage } userErrors { code message } } }`,
      { v: broken },
      role,
    );

  it('shows it, and does not come into production', async () => {
    const version = await show(broken);
    expect(version.ruleChecks).toMatchObject([{ name: 'nobody', met: false }]);
    expect(version.ruleChecks[0].violations).toBeGreaterThan(0);
    const { promoteModel } = (await promote('')).data;
    expect(promoteModel.userErrors[0].code).toBe('CONFLICT');
    expect(promoteModel.userErrors[0].message).toContain('violates rule nobody');
  });

  it('is not overridden by an operator', async () => {
    const { errors } = await promote(', overrideRules: true, comment: "x"', 'OPERATOR');
    expect(errors?.[0]?.message).toBe('role OPERATOR may not model:override');
  });

  it('is overridden by an administrator, who says why; the audit trail tells it', async () => {
    const { data } = await promote(', overrideRules: true, comment: "a trial week"');
    expect(data.promoteModel).toEqual({ modelVersion: { stage: 'PRODUCTION' }, userErrors: [] });
    const [row] = await database.db.query<{ comment: string }>(
      `select detail ->> 'comment' as comment from audit_entry where subject = $1 order by id desc limit 1`,
      [broken],
    );
    expect(row?.comment).toBe('overrode rule nobody: a trial week');
  });
});
