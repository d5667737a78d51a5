import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { MODEL_TOPIC } from '../../src/model/model.messages.js';
import { predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { Classifier } from '../../src/numeric/classifier.js';
import { sigmoid } from '../../src/numeric/metrics.js';
import { readClassifier } from '../../src/onnx/read-classifier.js';
import { projectRoot } from '../../src/plant/paths.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { tableOf } from '../../src/prediction/input-rows.js';
import { addVersion, plainLogistic } from '../support/added-version.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type Answer, type TestGraph } from '../support/graph.js';

const clock = systemClock();
const SWAP_EVERY_MS = 250;
const SWAPS = 18;
let database: TestDatabase;
let replicas: TestGraph[];
/** Id of each version by its number; number 4 is damaged. */
const versions = new Map<number, string>();

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 200);
  const first = await openGraph(database.url, clock);
  await first.prepare(`${projectRoot}/models`);
  replicas = [first, await openGraph(database.url, clock)];
  const { db } = database;
  const [shipped] = await db.query<{ id: string }>(
    'select id from model_version where version = 1',
  );
  versions.set(1, shipped?.id ?? '');
  const names = ['days_since_last_purchase', 'purchase_count_30d'];
  versions.set(2, await addVersion(db, plainLogistic(names, [0.03, -0.2], -0.4), 0.31));
  versions.set(3, await addVersion(db, plainLogistic(['event_count_30d'], [-0.02], 0.2), 0.62));
  const damaged = await addVersion(db, plainLogistic(['event_count_30d'], [0.5], 1), 0.93);
  versions.set(4, damaged);
  await db.query(
    `insert into artifact (sha256, bytes, opset, created_at) values ('damaged', 'no onnx', 21, now())`,
  );
  await db.query(`update model_version set artifact_sha256 = 'damaged' where id = $1`, [damaged]);
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await database.drop();
});

const ASK = `query ($after: String) { users(first: 6, after: $after) { nodes { prediction {
  id eligibility probability threshold source modelVersion { version }
  baseValue reasons(first: 1000) { contribution } } } pageInfo { endCursor } } }`;

/** Puts the damaged version into production as a program that does not try it out would. */
async function forceDamaged(by: TestGraph): Promise<void> {
  const [modelId] = await database.db.transaction(async (sql) => {
    await sql.query(`update model_version set stage = 'ARCHIVED' where stage = 'PRODUCTION'`);
    const rows = await sql.query<{ modelId: string }>(
      `update model_version set stage = 'PRODUCTION' where id = $1 returning model_id as "modelId"`,
      [versions.get(4)],
    );
    return rows.map((row) => row.modelId);
  });
  by.plant.bus.publish(MODEL_TOPIC, { modelId, versionId: versions.get(4), stage: 'PRODUCTION' });
}

async function promote(by: TestGraph, version: number): Promise<Answer> {
  const { data } = await by.ask(
    `mutation ($v: ID!) { promoteModel(version: $v) { userErrors { code message } } }`,
    { v: `ModelVersion:${versions.get(version)}` },
  );
  return data.promoteModel.userErrors;
}

interface Told {
  replica: number;
  after: number;
  prediction: Answer;
}

async function askUntil(
  replica: number,
  swaps: { done: number; over: boolean },
  told: Told[],
  failed: unknown[],
): Promise<void> {
  let after: string | null = null;
  while (!swaps.over) {
    const { data, errors } = await replicas[replica]!.ask(ASK, { after });
    if (errors) failed.push(...errors);
    for (const { prediction } of data?.users.nodes ?? [])
      if (prediction?.eligibility === 'ELIGIBLE')
        told.push({ replica, after: swaps.done, prediction });
    after = data?.users.pageInfo.endCursor ?? null;
  }
}

it('versions that change under load, some of them damaged: no request fails, no answer mixes two versions, every replica switches', async () => {
  const swaps = { done: 0, over: false };
  const told: Told[] = [];
  const failed: unknown[] = [];
  const load = Promise.all([0, 1, 0, 1].map((replica) => askUntil(replica, swaps, told, failed)));
  try {
    for (let swap = 0; swap < SWAPS; swap++) {
      const by = replicas[swap % 2]!;
      const kind = swap % 6;
      if (kind === 2)
        expect(await promote(by, 4)).toMatchObject([{ code: 'CONFLICT' }]); // refused: it is tried out first
      else if (kind === 4) await forceDamaged(by);
      else expect(await promote(by, [2, 3, 0, 1, 0, 3][kind] ?? 1)).toEqual([]);
      swaps.done += 1;
      await new Promise((resolve) => setTimeout(resolve, SWAP_EVERY_MS));
    }
    expect(await promote(replicas[0]!, 2)).toEqual([]);
    const lastSwap = told.length;
    const answeredBy = (replica: number): boolean =>
      told
        .slice(lastSwap)
        .some((each) => each.replica === replica && each.prediction.modelVersion.version === 3);
    while (!answeredBy(0) || !answeredBy(1))
      await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    swaps.over = true;
    await load;
  }
  expect(failed).toEqual([]);

  const byVersion = new Map<number, Told[]>();
  for (const each of told) {
    const { version } = each.prediction.modelVersion;
    byVersion.set(version, [...(byVersion.get(version) ?? []), each]);
  }
  expect([...byVersion.keys()].sort()).toEqual([1, 2, 3]);
  const seen = new Set(
    told.map(({ replica, prediction }) => `${replica}:${prediction.modelVersion.version}`),
  );
  expect(seen.size).toBe(6);
  for (const [version, answers] of byVersion) await checkAnswers(version, answers);
  console.log(`${told.length} scores over ${SWAPS + 1} swaps, ${failed.length} failed`);
});

/** Every answer is what its stated version says of the inputs in the ledger, and its reasons add up to it. */
async function checkAnswers(version: number, answers: readonly Told[]): Promise<void> {
  const [stored] = await database.db.query<{ bytes: Buffer; threshold: number }>(
    `select bytes, threshold from model_version v join artifact a on a.sha256 = v.artifact_sha256 where v.id = $1`,
    [versions.get(version)],
  );
  const classifier: Classifier | null = stored ? readClassifier(stored.bytes) : null;
  if (!stored || !classifier) throw new Error(`version ${version} cannot be read`);
  const ids = answers.map(({ prediction }) => Number(prediction.id.split(':')[1]));
  const rows = new Map((await predictionStore(database.db).byIds(ids)).map((row) => [row.id, row]));
  const ledger = ids.map((id) => rows.get(id)!);
  const inputs = classifierInputs(classifier);
  const margins = predictClassifier(
    classifier,
    tableOf(
      inputs,
      ledger.map((row) => row.inputs),
    ),
  );
  for (const [at, { prediction }] of answers.entries()) {
    const { probability, threshold, source, baseValue, reasons } = prediction;
    expect(source).toBe('MODEL');
    expect(threshold).toBe(stored.threshold);
    expect(ledger[at]?.modelVersionId).toBe(versions.get(version));
    expect(ledger[at]?.probability).toBe(probability);
    expect(Math.abs(sigmoid(margins[at]!) - probability)).toBeLessThan(1e-5);
    const sum = reasons.reduce(
      (total: number, each: Answer) => total + Number(each.contribution),
      Number(baseValue),
    );
    expect(Math.abs(sum - margins[at]!)).toBeLessThan(1e-4);
  }
}

function classifierInputs(classifier: Classifier) {
  const encoding = 'encoding' in classifier ? classifier.encoding : null;
  if (!encoding) throw new Error('the versions of this test have an encoding');
  return { numericNames: encoding.numericNames, categoricalNames: encoding.categoricalNames };
}
