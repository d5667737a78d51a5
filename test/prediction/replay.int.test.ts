import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading, composeLedger, composeModels } from '../../src/compose-models.js';
import { DAY_MS, systemClock } from '../../src/kernel/clock.js';
import type { Serving } from '../../src/model/serving.js';
import { projectRoot } from '../../src/plant/paths.js';
import { answerByFallback } from '../../src/prediction/fallback.js';
import { predictionNode } from '../../src/prediction/prediction-node.js';
import { answerOf } from '../../src/prediction/predict-users.js';
import { replayLedger, type ReplayLedgerDeps } from '../../src/prediction/replay-ledger.js';
import { replayRows } from '../../src/prediction/replay.js';
import { ReplayResolver } from '../../src/prediction/replay.resolver.js';
import { planScoreRun, scoreUsers } from '../../src/prediction/score-users.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';

const clock = systemClock();
const ROWS = 10_000;
let database: TestDatabase;
let graph: TestGraph;
let serving: Serving;
let room: RoomGraph;
let deps: ReplayLedgerDeps;
let resolver: ReplayResolver;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 700);
  graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  const features = composeFeatureReading(database.db);
  const models = await composeModels(graph.plant, features.store);
  ({ serving } = models);
  const { store, publish } = composeLedger(graph.plant);
  const { scorer } = graph.plant;
  deps = {
    useVersion: (id, work) => serving.use(id, work),
    scorer,
    answerByRules: answerByFallback,
    modelByName: models.store.byName,
    newestRows: store.newestRows,
  };
  resolver = new ReplayResolver({
    replayRows: (rows, signal) => replayRows(deps, rows, signal),
    replayLedger: (question, signal) => replayLedger(deps, question, signal),
  });
  room = roomGraph([resolver], clock);
  const served = serving.current('churn');
  if (!served) throw new Error('nothing in production');
  for (let back = 0, rows = 0; rows < ROWS; back += 1)
    rows += (
      await scoreUsers(
        {
          ...store,
          useVersion: deps.useVersion,
          stretches: { after: store.stretchAfter, read: features.readStretch },
          scorer,
          publishPredictions: publish,
          clock,
        },
        {
          id: randomUUID(),
          attempt: 1,
          input: planScoreRun(served, new Date(Date.now() - back * 3 * DAY_MS)),
          createdBy: 'test',
          signal: new AbortController().signal,
          report: () => undefined,
        },
      )
    ).rows;
}, 120_000);
afterAll(async () => {
  await serving.close();
  await graph.close();
  await database.drop();
});

const AUDIT = `query ($first: Int!) { replayLedger(first: $first) { predictions mismatches tolerance
  largestDifference artifacts { sha256 predictions }
  examples { prediction user stored replay { probability difference equal artifactSha256 because } } } }`;

describe('The ledger asked again', () => {
  it('10,000 scores from their logged inputs and the artifact: 0 mismatches', async () => {
    const { data, errors } = await room.ask(AUDIT, { first: ROWS });
    expect(errors).toBeUndefined();
    const { largestDifference, ...report } = data.replayLedger;
    expect(report).toMatchObject({
      predictions: ROWS,
      mismatches: 0,
      tolerance: 1e-6,
      examples: [],
    });
    expect(largestDifference).toBeLessThanOrEqual(1e-6);
    const sha256 = serving.current('churn')?.version.artifactSha256;
    expect(report.artifacts).toEqual([{ sha256, predictions: ROWS }]);
    const [inputs] = await database.db.query<{ n: number }>(
      'select count(distinct numeric) as n from prediction',
    );
    expect(inputs?.n).toBeGreaterThan(ROWS / 2); // not one row ten thousand times
  });

  it('finds a stored probability and a logged input that somebody changed', async () => {
    const tampered = await database.db.transaction(async (sql) => {
      await sql.query('set local session_replication_role = replica'); // past the trigger
      const rows = await sql.query<{ id: number }>(
        'select id from prediction order by id desc limit 2',
      );
      const [probable, input] = rows.map(({ id }) => id);
      await sql.query(
        'update prediction set probability = 1 - abs(probability - 0.001) where id = $1',
        [probable],
      );
      await sql.query(
        `update prediction set numeric = decode(repeat('0000a042', octet_length(numeric) / 4), 'hex') where id = $1`,
        [input],
      );
      return [probable, input];
    });
    const { data } = await room.ask(AUDIT, { first: 1_000 });
    expect(data.replayLedger).toMatchObject({ predictions: 1_000, mismatches: 2 });
    expect(
      data.replayLedger.examples.map((each: { prediction: string }) => each.prediction),
    ).toEqual(tampered.map((id) => `Prediction:${id}`));
  });

  it('is for those who may look at the quality of the data', async () => {
    const { errors } = await room.ask(AUDIT, { first: 1 }, 'CRM');
    expect(errors?.[0]?.message).toBe('role CRM may not quality:read');
    expect((await room.ask(AUDIT, { first: 1 }, 'ANALYST')).errors).toBeUndefined();
  });

  it('one prediction, beside what was said', async () => {
    const served = serving.current('churn');
    const query = { modelId: served?.model.id ?? '', since: new Date(0), until: clock.now() };
    const rows = await deps.newestRows({ ...query, first: 5, beforeId: null });
    const row = rows.at(-1);
    if (!served || !row) throw new Error('no row');
    const node = predictionNode(answerOf(row), served.model, clock.wall());
    const replay = await resolver.replay(node, {
      signal: new AbortController().signal,
      loaderKey: {},
    } as Parameters<ReplayResolver['replay']>[1]);
    expect(replay).toMatchObject({ equal: true, artifactSha256: served.version.artifactSha256 });
    expect(replay?.difference).toBeLessThanOrEqual(1e-6);
    const none = { ...node, explainable: null, probability: null };
    expect(await resolver.replay(none, {} as Parameters<ReplayResolver['replay']>[1])).toBeNull();
  });
});
