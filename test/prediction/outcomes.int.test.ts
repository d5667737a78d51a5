import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeIngest } from '../../src/compose-data.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import type { Model } from '../../src/model/model.js';
import type { ModelSpec } from '../../src/model/model-spec.js';
import { outcomeStore } from '../../src/model/outcome.store.js';
import { recordOutcomes, type RecordOutcomes } from '../../src/model/record-outcomes.js';
import { ledgerLabelStore } from '../../src/prediction/ledger-labels.store.js';
import type { PredictionSource } from '../../src/prediction/prediction.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const CHURN = '01900000-0000-7000-8000-0000000000c1';
const FRAUD = '01900000-0000-7000-8000-0000000000c2';
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
let database: TestDatabase;
let record: RecordOutcomes;
const ids = new Map<string, number>();

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const rows = await db.query<{ id: number; name: string }>(
    `insert into customer (external_id) values ('ann'), ('bob') returning id, external_id as name`,
  );
  for (const { id, name } of rows) ids.set(name, id);
  const labels = ledgerLabelStore(db);
  const model = (id: string, name: string, label: ModelSpec['label']) =>
    ({ id, name, spec: { label } }) as Model;
  record = recordOutcomes({
    models: () =>
      Promise.resolve([
        model(CHURN, 'churn', { kind: 'NO_EVENT', eventTypes: ['purchase'], horizonDays: 30 }),
        model(FRAUD, 'fraud', { kind: 'OUTCOMES' }),
      ]),
    userIds: composeIngest(db, clock).users.idsByExternalId,
    predictionTargets: labels.targets,
    predictionsOf: labels.predictionsOf,
    record: outcomeStore(db, clock).record,
    wall: () => clock.wall(),
  });
});
afterAll(() => database.drop());
beforeEach(() => database.db.query('truncate prediction, outcome'));

const day = (offset: number): Date => new Date(clock.wall().getTime() + offset * DAY_MS);

async function score(
  user: string,
  asOf: Date,
  { model = CHURN, source = 'MODEL' }: { model?: string; source?: PredictionSource } = {},
): Promise<number> {
  const [id] = await predictionStore(database.db).write([
    {
      userId: ids.get(user) ?? 0,
      modelId: model,
      modelVersionId: CHURN,
      probability: 0.5,
      threshold: 0.5,
      source,
      asOf,
      scoredAt: clock.wall(),
      latencyMs: 1,
      inputs: { numeric: Float32Array.of(1), categorical: [] },
      jobId: null,
    },
  ]);
  return id ?? 0;
}

interface Stored {
  at: Date;
  source: string;
  positive: boolean;
  prediction: number | null;
}
const stored = () =>
  database.db.query<Stored>(
    'select at, source, positive, prediction_id as prediction from outcome order by at, source',
  );
const label = (at: Date, positive = true, change: object = {}) => ({
  user: 'ann',
  model: 'churn',
  at,
  positive,
  source: 'crm',
  ...change,
});

describe('A label told by customer and instant', () => {
  it('belongs to the latest score of the model as of that instant or before', async () => {
    await score('ann', day(-20));
    const middle = await score('ann', day(-10));
    const later = await score('ann', day(-1));
    await score('bob', day(-9));
    await score('ann', day(-9), { model: FRAUD });
    await record([label(day(-5)), label(day(-1)), label(day(0))]);
    expect((await stored()).map(({ prediction }) => prediction)).toEqual([middle, later, later]);
  });

  it.each([
    ['on the last instant of the horizon', 30, true],
    ['a millisecond later', 30 + 1 / DAY_MS, false],
  ])('%s of the rule joins: %s', async (_, daysAfter, joins) => {
    const id = await score('ann', day(-40));
    await record([label(new Date(day(-40).getTime() + daysAfter * DAY_MS))]);
    expect((await stored())[0]?.prediction).toBe(joins ? id : null);
  });

  it('has no horizon where only outcomes tell', async () => {
    const id = await score('ann', day(-400), { model: FRAUD });
    await record([label(day(0), true, { model: 'fraud' })]);
    expect((await stored())[0]?.prediction).toBe(id);
  });

  it('joins a score that rules gave, and of two as of the same instant the newer', async () => {
    await score('ann', day(-3));
    const rules = await score('ann', day(-3), { source: 'RULES' });
    await record([label(day(-2))]);
    expect((await stored())[0]?.prediction).toBe(rules);
  });

  it('is kept without a score before it', async () => {
    await score('ann', day(-1));
    expect(await record([label(day(-2))])).toMatchObject({ accepted: 1, rejected: [] });
    expect(await stored()).toEqual([
      { at: day(-2), source: 'crm', positive: true, prediction: null },
    ]);
  });

  it('said again changes nothing, also when a score that lies nearer has come meanwhile', async () => {
    const first = await score('ann', day(-10));
    expect(await record([label(day(-2))])).toMatchObject({ accepted: 1, duplicates: 0 });
    await score('ann', day(-3));
    expect(await record([label(day(-2))])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await stored()).toMatchObject([{ positive: true, prediction: first }]);
  });

  it('is corrected by a later one of the same source, and stands beside one of another', async () => {
    const id = await score('ann', day(-10));
    await record([label(day(-2), true)]);
    expect(await record([label(day(-2), false)])).toMatchObject({ accepted: 1, duplicates: 0 });
    await record([label(day(-2), true, { source: 'shop' })]);
    expect(await stored()).toEqual([
      { at: day(-2), source: 'crm', positive: false, prediction: id },
      { at: day(-2), source: 'shop', positive: true, prediction: id },
    ]);
  });
});

describe('A label that names a prediction', () => {
  it('belongs to it, whatever lies nearer, and overrules what was joined before', async () => {
    const old = await score('ann', day(-20));
    const near = await score('ann', day(-3));
    await record([label(day(-2))]);
    expect((await stored())[0]?.prediction).toBe(near);
    await record([{ at: day(-2), positive: true, source: 'crm', predictionId: old }]);
    expect((await stored())[0]?.prediction).toBe(old);
    await record([label(day(-2), false)]);
    expect(await stored()).toMatchObject([{ positive: false, prediction: old }]);
  });

  it('that nobody made, and a customer who was erased, are refused row by row', async () => {
    const id = await score('bob', day(-3));
    const told = await record([
      { at: day(-2), positive: true, source: 'crm', predictionId: 999_999_999 },
      label(day(-2), true, { user: 'nobody' }),
      { at: day(-2), positive: false, source: 'crm', predictionId: id },
    ]);
    expect(told.rejected.map(({ index, message }) => [index, message])).toEqual([
      [0, 'no prediction has the id Prediction:999999999'],
      [1, 'no customer has the externalId nobody'],
    ]);
    expect(told.accepted).toBe(1);
  });

  it('of a customer who is erased while it comes in is not written', async () => {
    const { db } = database;
    const [gone] = await db.query<{ id: number }>(
      `insert into customer (external_id) values ('gone') returning id`,
    );
    ids.set('gone', gone?.id ?? 0);
    const id = await score('gone', day(-3));
    await db.query('delete from customer where id = $1', [gone?.id]);
    const told = await record([{ at: day(-2), positive: true, source: 'crm', predictionId: id }]);
    expect(told.accepted).toBe(0);
    expect(await stored()).toEqual([]);
  });
});
