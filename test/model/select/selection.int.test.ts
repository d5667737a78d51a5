import 'reflect-metadata';
import { graphql, validateSchema, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectionProcessor } from '../../../jobs/selection.js';
import { auditStore } from '../../../src/access/audit.store.js';
import { composeFeatureReading, composeJobs } from '../../../src/compose-models.js';
import { composeSelections } from '../../../src/compose-selection.js';
import { composeSelectionWork } from '../../../src/compose-selection-work.js';
import { featureLoaders } from '../../../src/feature/feature-loaders.js';
import type { RequestContext, RoleName } from '../../../src/graphql/context.js';
import { QUEUE_OF_KIND } from '../../../src/job/job.messages.js';
import { JobResolver } from '../../../src/job/job.resolver.js';
import { JOB_LEASE_MS } from '../../../src/job/run-job.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../../src/kernel/count.js';
import { labelStore } from '../../../src/model/label.store.js';
import { ModelResolver } from '../../../src/model/model.resolver.js';
import { modelStore } from '../../../src/model/model.store.js';
import { modelLoaders } from '../../../src/model/version-loaders.js';
import { openBus } from '../../../src/plant/bus.js';
import { openQueues } from '../../../src/plant/queue.js';
import { buildGraph } from '../../../src/schema.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { churnSpec, fillShop } from '../../support/demo-shop.js';
import type { Answer } from '../../support/graph.js';
import { keptLog } from '../../support/quiet-log.js';

const clock = systemClock();
let database: TestDatabase;
let schema: GraphQLSchema;
let close: () => Promise<void>;

beforeAll(async () => {
  database = await testDatabase();
  const { url: databaseUrl, db } = database;
  await fillShop(db, clock, 400);
  const log = keptLog();
  const bus = await openBus({ databaseUrl, redisUrl: null, log });
  const queues = await openQueues({ databaseUrl, redisUrl: null, log });
  const jobs = composeJobs({ db, bus, queues, clock, log });
  const features = composeFeatureReading(db);
  const store = modelStore(db, clock, auditStore);
  for (const name of ['churn', 'other', 'third']) await store.ensure(churnSpec({ name }));
  const models = { store, labels: labelStore(db) };
  const modelsOf = modelLoaders({
    modelsByIds: store.registeredByIds,
    versionsByIds: store.versionsByIds,
    inStage: store.inStage,
    artifactInfos: store.artifactInfos,
  });
  const featuresOf = featureLoaders({
    store: features.store,
    recent: features.recent,
    readFeatures: features.read,
    auditBySubjects: (subjects) => auditStore(db).bySubjects(subjects),
  });
  const plant = { db, clock };
  const selections = composeSelections({ plant, jobs, models, modelsOf, featuresOf });
  schema = buildGraph({
    resolvers: [
      new JobResolver({
        getJob: jobs.store.get,
        jobPage: jobs.store.page,
        cancelJob: () => Promise.resolve({ job: null, userErrors: [] }),
      }),
      new ModelResolver({
        listModels: store.list,
        modelByName: store.byName,
        versionPage: store.versionPage,
        loaders: modelsOf,
      }),
      ...selections.resolvers,
    ],
    feeds: {},
  });
  const run = {
    claim: jobs.store.claim,
    extend: jobs.store.extend,
    writeProgress: jobs.store.progress,
    succeed: jobs.store.succeed,
    fail: jobs.store.fail,
    release: jobs.store.release,
    publishJob: jobs.publishJob,
    onFailure: () => undefined,
    workerId: 'test',
    leaseMs: JOB_LEASE_MS,
  };
  await queues.work(
    QUEUE_OF_KIND.SELECT,
    { concurrency: 1 },
    selectionProcessor(run, composeSelectionWork({ plant, models, features })),
  );
  close = async () => {
    await queues.close();
    await bus.close();
  };
});
afterAll(async () => {
  await close();
  await database.drop();
});

async function ask(source: string, variableValues: object = {}, role: RoleName = 'ADMIN') {
  const counts = zeroCounts();
  const contextValue: RequestContext = {
    viewer: { id: 'key', name: 'an analyst', role },
    requestId: 'test',
    signal: new AbortController().signal,
    clock,
    counts,
    loaderKey: {},
  };
  const { data, errors } = (await withCounts(counts, () =>
    graphql({ schema, source, variableValues: { ...variableValues }, contextValue }),
  )) as ExecutionResult<Answer>;
  return { data: data, errors, counts };
}

const SELECT = `mutation ($input: SelectFeaturesInput!) {
  selectFeatures(input: $input) { job { id kind status } userErrors { code message path } }
}`;

async function select(input: object): Promise<string> {
  const { data, errors } = await ask(SELECT, { input });
  expect(errors).toBeUndefined();
  expect(data.selectFeatures.userErrors).toEqual([]);
  return data.selectFeatures.job.id as string;
}

async function finished(id: string): Promise<Answer> {
  for (let i = 0; i < 300; i++) {
    const { data } = await ask('query ($id: ID!) { job(id: $id) { status error stage } }', { id });
    if (!['QUEUED', 'RUNNING'].includes(data.job.status as string)) return data.job;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`job ${id} did not end`);
}

const WHOLE = `id asOf label horizonDays seed rows positiveShare createdAt createdBy
  model { name } job { id status }
  methods { method threshold k maxPValue rows seconds ranking { feature { name version } name score pValue rank selected } }
  overall { feature { name } name votes rankedBy meanRank rank selected }
  rfecvCurve { features meanScore sd } redundant { a b r } leftOut { feature reason }`;

describe('a selection in the graph', () => {
  it('is asked for, made by a worker, and read by id and from its model', async () => {
    const candidates = ['days_since_last_activity', 'event_count', 'evening_user'];
    const input = { model: 'churn', candidates, thresholds: { correlation: 0.2 }, seed: 3 };
    const id = await select(input);
    expect(await finished(id)).toMatchObject({ status: 'SUCCEEDED', error: null });
    const { data, errors } = await ask(
      `query { model(name: "churn") { selections { ${WHOLE} } } }`,
    );
    expect(errors).toBeUndefined();
    const [selection] = data.model.selections;
    expect(selection).toMatchObject({
      ...{ seed: 3, label: 'BEHAVIOUR', horizonDays: 30, createdBy: 'an analyst' },
      model: { name: 'churn' },
      job: { id, status: 'SUCCEEDED' },
    });
    expect(selection.positiveShare).toBeGreaterThan(0);
    expect(selection.positiveShare).toBeLessThan(1);
    expect(selection.methods[0]).toMatchObject({ method: 'CORRELATION', threshold: 0.2, k: null });
    expect(selection.methods[0].ranking[0].feature).toEqual({
      name: selection.methods[0].ranking[0].name,
      version: 1,
    });
    const again = await ask(`query ($id: ID!) { featureSelection(id: $id) { ${WHOLE} } }`, {
      id: selection.id,
    });
    expect(again.data.featureSelection).toEqual(selection);
  });

  it('of many models costs as many statements as of one; the newest come first', async () => {
    const input = { methods: ['CORRELATION'], candidates: ['event_count', 'purchase_count'] };
    const ids = [];
    for (const model of ['churn', 'other', 'other', 'third'])
      ids.push(await select({ ...input, model }));
    for (const id of ids) expect((await finished(id)).status).toBe('SUCCEEDED');
    const fields = `name selections(first: 2) { createdAt model { name } job { id }
      methods { ranking { feature { name } } } overall { feature { name } } }`;
    const one = await ask(`query { model(name: "third") { ${fields} } }`);
    const all = await ask(`query { models { ${fields} } }`);
    expect(all.errors).toBeUndefined();
    const lengths = all.data.models.map((model: Answer) => [model.name, model.selections.length]);
    expect(lengths).toEqual([
      ['churn', 2],
      ['other', 2],
      ['third', 1],
    ]);
    for (const { name, selections } of all.data.models) {
      const times = selections.map((each: Answer) => new Date(each.createdAt as string).getTime());
      expect(times).toEqual([...times].sort((a: number, b: number) => b - a));
      for (const each of selections) expect(each.model.name).toBe(name);
    }
    expect(all.counts.sql).toBe(one.counts.sql);
  });

  it.each([
    [{ model: 'nope' }, 'NOT_FOUND', ['input', 'model']],
    [{ thresholds: { correlation: 1.01 } }, 'INVALID', ['input', 'thresholds', 'correlation']],
    [{ thresholds: { rfecvFolds: 1 } }, 'INVALID', ['input', 'thresholds', 'rfecvFolds']],
    [{ methods: [] }, 'INVALID', ['input', 'methods']],
    [{ candidates: ['event_count', 'nope'] }, 'NOT_FOUND', ['input', 'candidates', '1']],
    [{ statuses: ['ARCHIVED'] }, 'INVALID', ['input', 'statuses']],
    [{ seed: -4 }, 'INVALID', ['input', 'seed']],
  ])('refuses %o as data, and starts no job', async (wish, code, path) => {
    const jobs = async () => (await ask('{ jobs(first: 1000) { nodes { id } } }')).data.jobs.nodes;
    const before = (await jobs()).length;
    const { data } = await ask(SELECT, { input: { model: 'churn', ...wish } });
    expect(data.selectFeatures.job).toBeNull();
    expect(data.selectFeatures.userErrors).toMatchObject([{ code, path }]);
    expect((await jobs()).length).toBe(before);
  });

  it('refuses a method that there is none of, too long a list, and who may not', async () => {
    const method = await ask(SELECT, { input: { model: 'churn', methods: ['VOODOO'] } });
    expect(method.errors?.[0]?.message).toContain('"VOODOO" does not exist in "SelectionMethod"');
    const long = await ask('{ models { selections(first: 101) { id } } }');
    expect(long.errors?.[0]?.message).toBe('first must be 0..100, got 101');
    const analyst = await ask(SELECT, { input: { model: 'churn' } }, 'ANALYST');
    expect(analyst.errors?.[0]?.message).toContain('may not job:run');
    const unknown = await ask('{ featureSelection(id: "FeatureSelection:nope") { id } }');
    expect(unknown.data.featureSelection).toBeNull();
  });

  it('fails the job, with the reason, when nobody has a label', async () => {
    const id = await select({ model: 'churn', label: 'OUTCOMES' });
    expect(await finished(id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('at least 50 labelled customers, got 0'),
    });
  });

  it('is a valid schema in which everything is described', () => {
    expect(validateSchema(schema)).toEqual([]);
    const { FeatureSelection } = schema.getTypeMap();
    expect(FeatureSelection?.description).toContain('ranking of candidate features');
  });
});
