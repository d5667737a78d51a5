import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { composeIngest } from '../../../src/compose-data.js';
import { composeMemberships } from '../../../src/compose-memberships.js';
import { composeFeatureReading } from '../../../src/compose-models.js';
import { composeSegmentLive } from '../../../src/compose-segment-live.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { uuidv7 } from '../../../src/kernel/uuid.js';
import { modelStore } from '../../../src/model/model.store.js';
import type { PrototypeClusterer } from '../../../src/numeric/clusterer.js';
import { buildGraph } from '../../../src/schema.js';
import type { Scorer } from '../../../src/scorer/ports.js';
import { openScorer } from '../../../src/scorer/scorer.js';
import { assignEveryone } from '../../../src/segment/live/assign-everyone.js';
import { openSegmentServing } from '../../../src/segment/segment-serving.js';
import { segmentNode, segmentationNode } from '../../../src/segment/segment-nodes.js';
import { segmentationSpec } from '../../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../../src/segment/segmentation.store.js';
import type { SegmentServing } from '../../../src/segment/segmentation.js';
import { userLoaders } from '../../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../../src/user/user.resolver.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { fillShop } from '../../support/demo-shop.js';
import { memoryBus } from '../../support/memory-bus.js';
import { keptLog } from '../../support/quiet-log.js';
import { scorerModel } from '../../support/scorer.js';
import { asking, reportOf, type SegmentProcess } from '../../support/segment-lab.js';

/** The graph, the scorer and the serving of segmentations as the program has them; only the fit is made by hand. */
const FEATURES = ['purchase_count', 'days_since_last_activity', 'gender'];
const KEYS = ['rare', 'some', 'many'];

/** log1p of purchases around 0, 1.5 and 3, whatever the other inputs. */
const CLUSTERER: PrototypeClusterer = {
  kind: 'prototypes',
  preparation: {
    encoding: {
      numericNames: ['purchase_count', 'days_since_last_activity'],
      categoricalNames: ['gender'],
      categories: [['F', 'M']],
    },
    fill: Float64Array.of(0, 30),
    low: Float64Array.of(0, 0),
    high: Float64Array.of(200, 365),
    logarithm: Uint8Array.of(1, 0),
    mean: new Float64Array(4),
    scale: Float64Array.of(1, 100, 1, 1),
    weight: Float64Array.of(1, 0.1, 0.01, 0.01),
    rotation: null,
  },
  segments: 3,
  prototypes: Float64Array.of(0, 0, 0, 0, 1.5, 0, 0, 0, 3, 0, 0, 0),
  segmentOf: Int32Array.of(0, 1, 2),
  spread: 0.1,
  noise: null,
};

const clock = systemClock();
let database: TestDatabase;
let scorer: Scorer;
let serving: SegmentServing;
let live: ReturnType<typeof composeSegmentLive>;
let graph: Pick<SegmentProcess, 'ask' | 'follow'>;
let ingest: ReturnType<typeof composeIngest>;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const bus = memoryBus();
  const log = keptLog();
  await fillShop(db, clock, 1_000);
  scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 20_000, log });
  const features = composeFeatureReading(db);
  const segmentations = segmentationStore(db, clock);
  const models = modelStore(db, clock, auditStore);
  const model = await segmentations.ensure(
    segmentationSpec.parse({
      name: 'persona',
      task: 'CLUSTERING',
      description: 'by purchases',
      features: FEATURES.map((name) => ({ name })),
      algorithms: ['kmeans'],
    }),
  );
  const { sha256, bytes } = scorerModel(CLUSTERER);
  await db.query(
    'insert into artifact (sha256, bytes, opset, created_at) values ($1, $2, 21, now())',
    [sha256, Buffer.from(bytes)],
  );
  await db.query(
    `insert into model_version (id, model_id, version, stage, algorithm, hyperparameters, seed, feature_names,
       training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
     values ($1, $2, 1, 'PRODUCTION', 'kmeans', '{}', 1, $3, 1, 0, '', $4, $5, now())`,
    [
      uuidv7(clock.wall()),
      model.id,
      FEATURES,
      JSON.stringify({ segmentation: reportOf({ keys: KEYS }, FEATURES) }),
      sha256,
    ],
  );
  serving = await openSegmentServing({
    listSegmentations: segmentations.list,
    inStage: models.inStage,
    versionsByIds: models.versionsByIds,
    artifactBytes: models.artifactBytes,
    allFeatures: features.store.all,
    scorer,
    subscribe: (topic) => bus.subscribe(topic),
    log,
  });
  ingest = composeIngest(db, clock, {
    onEvents: (ids) => {
      live.customersChanged(ids);
    },
  });
  const users = userLoaders(ingest.users);
  live = composeSegmentLive({
    plant: { db, bus, clock, log },
    assign: (...asked) => scorer.assign(...asked),
    readFeatures: features.read,
    users,
    serving,
    segmentationByKey: segmentations.byKey,
    segmentOf: async (_, { modelVersionId, key }) => {
      const [row] = await models.versionsByIds([modelVersionId]);
      return row ? segmentNode(segmentationNode(model, row), key) : null;
    },
    registry: () => features.store.all(),
    models: { current: () => null },
  });
  const schema = buildGraph({
    resolvers: [
      new UserResolver({
        users: ingest.users,
        loaders: users,
        upsertUsers: ingest.upsertUsers,
        setConsent: () => Promise.resolve(null),
      }),
      new UserConnectionResolver(),
      ...live.resolvers,
    ],
    feeds: live.feeds,
  });
  graph = asking(schema, clock);
});
afterAll(async () => {
  await live.close();
  await serving.close();
  await scorer.close();
  await database.drop();
});

describe('memberships with the real graph and scorer', () => {
  it('are assigned to everybody, and asked again come out the same', async () => {
    const { db } = database;
    const deps = {
      ...composeMemberships({
        db,
        clock,
        announce: () => undefined,
        readFeatures: composeFeatureReading(db).read,
        assign: (...asked: Parameters<Scorer['assign']>) => scorer.assign(...asked),
      }),
      readStretch: composeFeatureReading(db).readStretch,
      serving,
    };
    const done = await assignEveryone(deps, {
      id: uuidv7(clock.wall()),
      attempt: 1,
      input: { kind: 'ASSIGN', key: 'persona', asOf: clock.now().toISOString() },
      createdBy: 'test',
      signal: new AbortController().signal,
      report: () => undefined,
    });
    expect(done).toMatchObject({ assigned: 1_000, moved: 1_000 });
    const found = await db.query<{ key: string; least: number; most: number }>(
      `select m.segment_key as key, min(n.count) as least, max(n.count) as most from segment_membership m
       join (select c.id, count(t.id) as count from customer c left join event e on e.user_id = c.id
         left join event_type t on t.id = e.type_id and t.name = 'purchase' group by 1) n on n.id = m.user_id
       group by 1 order by 2`,
    );
    expect(found.map(({ key }) => key)).toEqual(KEYS);
    // 0.75 and 2.25 lie halfway between the prototypes: from 2 and from 9 purchases on
    expect(found[0]?.most).toBe(1);
    expect(found[1]?.least).toBe(2);
    expect(found[2]?.least).toBeGreaterThanOrEqual(8);
    const { data, errors } = await graph.ask(
      '{ replayMemberships { checked mismatches largestDifference tolerance examples { stored } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.replayMemberships).toMatchObject({ checked: 1_000, mismatches: 0, examples: [] });
    expect(data.replayMemberships.largestDifference).toBeLessThan(1e-6);
  });

  it('of 1,000 customers are one run of the graph, and reasons add up to the odds', async () => {
    const { data, errors, counts } = await graph.ask(`{ users(first: 1000) { nodes { segment {
      probability segment { key } reasons(first: 1000) { feature number category text contribution insteadOf } } } } }`);
    expect(errors).toBeUndefined();
    expect(counts).toMatchObject({ onnxRuns: 1, onnxRows: 1_000 });
    for (const { segment } of data.users.nodes) {
      expect(segment.reasons).toHaveLength(3);
      expect(segment.reasons[0].feature).toBe('purchase_count');
      expect(segment.reasons[0].insteadOf).not.toBe(segment.segment.key);
      expect(segment.reasons[0].text).toMatch(
        /^purchase count \d+ .*speaks for (this segment|segment-\d)$/,
      );
      const odds = Math.exp(
        segment.reasons.reduce(
          (sum: number, each: { contribution: number }) => sum + each.contribution,
          0,
        ),
      );
      // odds against the runner-up alone; the third is at most as probable as that one
      const { probability } = segment;
      expect(probability).toBeLessThanOrEqual(1 / (1 + 1 / odds) + 1e-6);
      expect(probability).toBeGreaterThanOrEqual(1 / (1 + 2 / odds) - 1e-6);
    }
  });

  it('change right after an event that crosses a border, and the feed tells it', async () => {
    const [rare] = await database.db.query<{ id: number; key: string }>(
      `select c.id, c.external_id as key from customer c join segment_membership m on m.user_id = c.id
       where m.until is null and m.segment_key = 'rare' limit 1`,
    );
    const feed = await graph.follow(
      'subscription { segmentChanged { user { externalId } from { key } to { key } } }',
    );
    const next = feed.next();
    await ingest.recordEvents(
      Array.from({ length: 3 }, (_, i) => ({
        id: `real-${i}`,
        user: rare?.key ?? '',
        type: 'purchase',
        at: new Date(Date.now() - 1_000),
        value: 20,
        source: 'test',
        properties: {},
      })),
    );
    const { value } = await next;
    expect(value.data).toEqual({
      segmentChanged: {
        user: { externalId: rare?.key },
        from: { key: 'rare' },
        to: { key: 'some' },
      },
    });
    await feed.return?.();
  });
});
