import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorker } from '../../jobs/compose.js';
import { answerStore } from '../../src/drift/answer.store.js';
import { windowStore } from '../../src/drift/window.store.js';
import { composeIngest } from '../../src/compose-data.js';
import { auditStore } from '../../src/access/audit.store.js';
import { featureStore } from '../../src/feature/feature.store.js';
import { registerAttributeFeatures } from '../../src/feature/register-attribute-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import { DAY_MS, systemClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { modelStore } from '../../src/model/model.store.js';
import { readConfig } from '../../src/plant/env.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { outcomeSpec } from '../support/drift-lab.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';
import { keptLog } from '../support/quiet-log.js';

const clock = systemClock();
const NOW = Date.now();
let database: TestDatabase;
let graph: TestGraph;
let worker: { close(): Promise<void> };

const random = seededRandom(9);
/** Registered so many days ago; the label follows `top`. */
const customers = (prefix: string, count: number, daysAgo: number, moved: number) =>
  Array.from({ length: count }, (_, i) => {
    const base = random.normal();
    return {
      externalId: `${prefix}-${i}`,
      registeredAt: new Date(NOW - daysAgo * DAY_MS),
      attributes: { top: base + moved, idle: random.normal() },
      positive: base + 0.3 * random.normal() > 0,
    };
  });

beforeAll(async () => {
  database = await testDatabase();
  const { db, url } = database;
  const store = featureStore(db, auditStore);
  const register = registerFeature({
    registry: () => store.all(),
    insert: (...row) => store.insert(...row),
    wall: () => clock.wall(),
  });
  await registerAttributeFeatures({ registry: () => store.all(), register })(
    ['top', 'idle'].map((name) => ({ name, type: 'numerical', distinct: 2, rows: 100 })),
    'test',
  );
  await modelStore(db, clock, auditStore).ensure(outcomeSpec());
  graph = await openGraph(url, clock);
  const log = keptLog();
  const config = readConfig({});
  worker = await startWorker({ databaseUrl: url, redisUrl: null, log, config, clock });
  const trained = customers('trained', 300, 20, 0);
  const { upsertUsers } = composeIngest(db, clock);
  const profiles = [...trained, ...customers('new', 100, 2, 2)];
  await upsertUsers(profiles.map(({ positive: _, ...row }) => row));
  const outcomes = trained.map(({ externalId, positive }) => ({
    ...{ user: externalId, model: 'lab', positive, source: 'test' },
    at: new Date(NOW - 10 * DAY_MS).toISOString(),
  }));
  const { data, errors } = await graph.ask(
    `mutation ($outcomes: [OutcomeInput!]!) { recordOutcomes(outcomes: $outcomes) { rejected { message } } }`,
    { outcomes },
  );
  expect([errors, data]).toEqual([undefined, { recordOutcomes: { rejected: [] } }]);
}, 60_000);
afterAll(async () => {
  await worker.close();
  await graph.close();
  await database.drop();
});

/** Follows a job until it ends; what the subscription told last. */
async function followed(id: string, selection: string): Promise<Answer> {
  const stream = await graph.follow(
    `subscription ($id: ID!) { job(id: $id) { status error result { __typename ${selection} } } }`,
    { id },
  );
  let last: Answer = null;
  for await (const { data, errors } of stream) {
    expect(errors).toBeUndefined();
    last = (data as Answer).job;
    if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(last.status)) break;
  }
  return last;
}

it(
  'a worker keeps a reference at the training, and a check becomes a field of its job that is followed',
  { timeout: 60_000 },
  async () => {
    const { data: training } = await graph.ask(
      'mutation { trainModel(input: { model: "lab", promote: true }) { job { id } userErrors { message } } }',
    );
    expect(training.trainModel.userErrors).toEqual([]);
    const version = await followed(
      training.trainModel.job.id,
      '... on ModelVersion { driftReference { source rows } }',
    );
    expect(version).toMatchObject({
      ...{ status: 'SUCCEEDED', error: null },
      result: { __typename: 'ModelVersion', driftReference: { source: 'TRAINING', rows: 300 } },
    });

    const { data: asked } = await graph.ask(
      `mutation ($input: DetectDriftInput!) { detectDrift(input: $input) { job { id } userErrors { message } } }`,
      { input: { model: 'lab', currentFrom: new Date(NOW - 5 * DAY_MS) } },
    );
    expect(asked.detectDrift.userErrors).toEqual([]);
    const check = await followed(
      asked.detectDrift.job.id,
      `... on DriftReport { drifted currentRows referenceSource action retraining { id kind createdBy }
      features { feature level } }`,
    );
    expect(check).toMatchObject({
      ...{ status: 'SUCCEEDED', error: null },
      result: {
        ...{ __typename: 'DriftReport', drifted: true, currentRows: 100, action: 'RETRAINING' },
        ...{ referenceSource: 'TRAINING', retraining: { kind: 'TRAIN', createdBy: 'drift' } },
        features: [
          { feature: 'idle', level: 'NONE' },
          { feature: 'top', level: 'SEVERE' },
        ],
      },
    });
    const retrained = await followed(
      check.result.retraining.id,
      '... on ModelVersion { version stage }',
    );
    // it learnt from the same labels: no better than what is there
    expect(retrained).toMatchObject({
      status: 'SUCCEEDED',
      result: { version: 2, stage: 'CANDIDATE' },
    });
  },
);

it('a window holds its beginning and not its end, of registrations and of events', async () => {
  const { db } = database;
  const day = (n: number): Date => new Date(Date.UTC(2025, 0, n));
  const rows = await db.query<{ id: number }>(
    `insert into customer (external_id, registered_at) values ('edge-0', $1), ('edge-1', $2) returning id`,
    [day(10), day(11)],
  );
  const [first = 0, second = 0] = rows.map(({ id }) => id).sort((a, b) => a - b);
  const { within } = windowStore(db);
  const inside = (from: Date, until: Date, eventTypes: string[] | null = null) =>
    within({ after: first - 1, until: second }, { from, until, eventTypes });
  expect(await inside(day(10), day(11))).toEqual([first]);
  expect(await inside(day(11), day(12))).toEqual([second]);
  await db.query(`insert into event_type (name) values ('visit') on conflict do nothing`);
  await db.query('select ensure_event_partition($1::timestamptz, now(), now())', [day(1)]);
  await db.query(
    `insert into event (source_id, key, user_id, type_id, at)
     select 1, 'edge', $1, id, $2 from event_type where name = 'visit'`,
    [first, day(13)],
  );
  expect(await inside(day(12), day(13), ['visit'])).toEqual([]);
  expect(await inside(day(13), day(14), ['visit'])).toEqual([first]);
  expect(await inside(day(13), day(14), ['other'])).toEqual([]);
  expect(await inside(day(13), day(14))).toEqual([first]);
});

it('two workers answer the drift of a model one after the other', async () => {
  const { alone } = answerStore(database.db);
  const told: string[] = [];
  let letGo = (): void => undefined;
  let isIn = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const entered = new Promise<void>((resolve) => (isIn = resolve));
  const first = alone('01900000-0000-7000-8000-000000000001', async () => {
    isIn();
    await held;
    told.push('first');
  });
  await entered;
  const second = alone('01900000-0000-7000-8000-000000000001', () =>
    Promise.resolve(told.push('second')),
  );
  for (let waits = 0; waits === 0 && told.length === 0;) {
    const [row] = await database.db.query<{ waits: number }>(
      `select count(*) as waits from pg_locks where locktype = 'advisory' and not granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    waits = row?.waits ?? 0;
  }
  letGo();
  await Promise.all([first, second]);
  expect(told).toEqual(['first', 'second']);
});
