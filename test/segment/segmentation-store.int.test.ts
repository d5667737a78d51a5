import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore, VERSIONS_WITH_POINTS } from '../../src/segment/segmentation.store.js';
import type { SegmentationModel } from '../../src/segment/segmentation.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { reportOf } from '../support/segment-lab.js';

const clock = manualClock(new Date('2026-07-01T12:00:00Z'));
const SPEC = segmentationSpec.parse({
  name: 'persona',
  task: 'CLUSTERING',
  description: 'test',
  features: [{ name: 'spend' }],
  algorithms: ['kmeans'],
});

let database: TestDatabase;
let store: ReturnType<typeof segmentationStore>;
let model: SegmentationModel;

beforeAll(async () => {
  database = await testDatabase();
  store = segmentationStore(database.db, clock);
  model = await store.ensure(SPEC);
});
afterAll(() => database.drop());

const version = (modelId: string, keys: readonly string[]) =>
  modelStore(database.db, clock, auditStore).registerVersion({
    ...{ modelId, algorithm: 'kmeans', hyperparameters: {}, seed: 1, featureNames: ['spend'] },
    ...{ threshold: null, trainingRows: 1, testRows: 0, dataFrom: null, dataUntil: null },
    ...{ dataHash: 'x', report: { segmentation: reportOf({ keys }, ['spend']) } },
    artifact: { sha256: 'a'.repeat(64), bytes: new Uint8Array(1), opset: 21 },
    ...{ trainedAt: clock.wall(), jobId: null },
  });

describe('keys that were ever used', () => {
  it('are those with a name and those of every version, named or not, of this segmentation alone', async () => {
    const other = await store.ensure({ ...SPEC, name: 'other' });
    await version(model.id, ['segment-1', 'segment-2']);
    await version(model.id, ['segment-2', 'segment-5']);
    await version(other.id, ['segment-9']);
    await database.db.query(
      `insert into segment_name (model_id, key, name, updated_at) values
         ($1, 'segment-2', 'Two', now()), ($1, 'segment-3', 'Three', now()), ($2, 'segment-8', 'Eight', now())`,
      [model.id, other.id],
    );
    expect(await store.usedKeys(model.id)).toEqual([
      'segment-1',
      'segment-2',
      'segment-3',
      'segment-5',
    ]);
    expect(await store.usedKeys(other.id)).toEqual(['segment-8', 'segment-9']);
  });
});

describe('points of the scatter chart', () => {
  it('leave out who opted out or was erased meanwhile, replace those before, and are read in order', async () => {
    const { db } = database;
    const [one = 0, out = 0, two = 0] = (
      await db.query<{ id: number }>(
        `insert into customer (external_id, consent_profiling, attributes, created_at, updated_at)
         values ('one', true, '{}', now(), now()), ('out', false, '{}', now(), now()), ('two', true, '{}', now(), now())
         returning id`,
      )
    ).map(({ id }) => id);
    const { id } = await version(model.id, ['segment-1']);
    const point = (userId: number, x: number) => ({ userId, segmentKey: 'segment-1', x, y: -x });
    await store.writePoints(id, [point(one, 9)]);
    await store.writePoints(id, [point(two, 1), point(out, 2), point(999_999, 3), point(one, 4)]);
    expect(await store.points(id, 10)).toEqual([point(two, 1), point(one, 4)]);
    expect(await store.points(id, 1)).toEqual([point(two, 1)]);
    await db.query('update customer set consent_profiling = false where id = $1', [two]);
    expect(await store.points(id, 10)).toEqual([point(one, 4)]);
  });
});

describe('a recipe', () => {
  it('is taken on by the segmentation of its key, and never by a model that scores', async () => {
    const again = await store.ensure({ ...SPEC, description: 'anew', maxK: 4 });
    expect(again).toMatchObject({ id: model.id, description: 'anew', spec: { maxK: 4 } });
    expect((await store.list()).map(({ name }) => name)).toEqual(['other', 'persona']);
    await database.db.query(
      `insert into model (id, name, task, description, spec, created_at)
       values (gen_random_uuid(), 'churn', 'BINARY_CLASSIFICATION', '', '{}', now())`,
    );
    await expect(store.ensure({ ...SPEC, name: 'churn' })).rejects.toThrow(
      'key churn is the name of a model that scores',
    );
    expect(await store.byKey('churn')).toBeNull();
  });
});

describe('points of versions long replaced', () => {
  it('are gone, but for those of the live one; other segmentations keep theirs', async () => {
    const { db } = database;
    const kept = await store.ensure({ ...SPEC, name: 'kept' });
    const beside = await store.ensure({ ...SPEC, name: 'beside' });
    const [customer] = await db.query<{ id: number }>(
      `insert into customer (external_id, consent_profiling, attributes, created_at, updated_at)
       values ('plotted', true, '{}', now(), now()) returning id`,
    );
    const point = { userId: customer?.id ?? 0, segmentKey: 'segment-1', x: 1, y: 2 };
    const write = async (modelId: string): Promise<string> => {
      const { id } = await version(modelId, ['segment-1']);
      await store.writePoints(id, [point]);
      return id;
    };
    const other = await write(beside.id);
    const ids = [await write(kept.id)];
    await db.query(`update model_version set stage = 'PRODUCTION' where id = $1`, [ids[0]]);
    for (let i = 0; i < VERSIONS_WITH_POINTS + 2; i += 1) ids.push(await write(kept.id));
    const counts = await Promise.all(ids.map(async (id) => (await store.points(id, 9)).length));
    expect(counts).toEqual([1, 0, 0, ...Array.from({ length: VERSIONS_WITH_POINTS }, () => 1)]);
    expect(await store.points(other, 9)).toEqual([point]);
  });
});
