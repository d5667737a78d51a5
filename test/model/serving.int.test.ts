import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { MODEL_TOPIC } from '../../src/model/model.messages.js';
import { projectRoot } from '../../src/plant/paths.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { scaleMargins } from '../../src/numeric/calibration.js';
import { readClassifier } from '../../src/onnx/read-classifier.js';
import { scorerModel } from '../support/scorer.js';

const clock = systemClock();
let database: TestDatabase;
let here: TestGraph;
let there: TestGraph;

beforeAll(async () => {
  database = await testDatabase();
  await fillShop(database.db, clock, 60);
  here = await openGraph(database.url, clock);
  await here.prepare(`${projectRoot}/models`);
  there = await openGraph(database.url, clock);
});
afterAll(async () => {
  await here.close();
  await there.close();
  await database.drop();
});

/** Another version with the same bytes but its own threshold, so that answers tell which one gave them. */
async function addVersion(threshold: number): Promise<string> {
  const [row] = await database.db.query<{ id: string }>(
    `insert into model_version (id, model_id, version, algorithm, hyperparameters, seed, feature_names, threshold,
       training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
     select gen_random_uuid(), model_id, (select max(version) + 1 from model_version), algorithm, hyperparameters, seed,
       feature_names, $1, training_rows, test_rows, data_hash, report, artifact_sha256, now()
     from model_version where version = 1 returning id`,
    [threshold],
  );
  return `ModelVersion:${row?.id}`;
}

const threshold = async (graph: TestGraph): Promise<number> =>
  (
    await graph.ask(
      `{ user(externalId: "demo-00001") { prediction { threshold modelVersion { version } } } }`,
    )
  ).data.user.prediction.threshold;

async function until(graph: TestGraph, expected: number): Promise<void> {
  for (let i = 0; i < 60 && (await threshold(graph)) !== expected; i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await threshold(graph)).toBe(expected);
}

const promote = (version: string) =>
  here.ask(
    `mutation ($v: ID!) { promoteModel(version: $v, comment: "test") { modelVersion { version stage promotedBy } userErrors { code message } } }`,
    { v: version },
  );

describe('promotion', () => {
  let first: number;
  it('starts with the shipped version', async () => {
    first = await threshold(here);
    const { data } = await here.ask(
      `{ model(name: "churn") { production { version stage artifact { bytes } metrics { name split value } features { name } } } }`,
    );
    expect(data.model.production).toMatchObject({ version: 1, stage: 'PRODUCTION' });
  });

  it('reaches every process, and a subscriber, without a dropped request', async () => {
    const feed = await there.follow(
      `subscription { modelPromoted(name: "churn") { version threshold } }`,
    );
    const told = feed.next();
    const second = await addVersion(0.11);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const asked = { enough: false };
    let answers = 0;
    const asking = (async () => {
      while (!asked.enough) {
        const { errors } = await there.ask(
          `{ users(first: 5) { nodes { prediction { probability } } } }`,
        );
        expect(errors).toBeUndefined();
        answers++;
      }
    })();
    const { data } = await promote(second);
    expect(data.promoteModel).toEqual({
      modelVersion: { version: 2, stage: 'PRODUCTION', promotedBy: 'test' },
      userErrors: [],
    });
    await until(here, 0.11);
    await until(there, 0.11);
    asked.enough = true;
    await asking;
    expect(answers).toBeGreaterThan(0);
    expect((await told).value.data.modelPromoted).toEqual({ version: 2, threshold: 0.11 });
    await feed.return?.();
  });

  it('is rolled back to the version before, once, and audited', async () => {
    const back = `mutation { rollBackModel(model: "churn") { modelVersion { version } userErrors { code message } } }`;
    const followed = `subscription { modelPromoted(name: "churn") { version stage } }`;
    const feed = await there.follow(followed);
    const told = feed.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await here.ask(back)).data.rollBackModel.modelVersion.version).toBe(1);
    expect((await told).value.data.modelPromoted).toEqual({ version: 1, stage: 'PRODUCTION' });
    await feed.return?.();
    await until(there, first);
    const again = (await here.ask(back)).data.rollBackModel;
    expect(again.userErrors).toEqual([
      { code: 'CONFLICT', message: 'churn has no earlier production version' },
    ]);
    const audit = await database.db.query<{ action: string; to: string; actor: string }>(
      `select action, detail ->> 'to' as to, actor from audit_entry where subject like 'ModelVersion:%' order by id`,
    );
    const shipped = audit[0]?.actor;
    expect(shipped).not.toBe('');
    // of each move both versions, each with who did it
    expect(audit).toEqual([
      { action: 'moved', to: 'PRODUCTION', actor: shipped },
      { action: 'moved', to: 'ARCHIVED', actor: 'test' },
      { action: 'moved', to: 'PRODUCTION', actor: 'test' },
      { action: 'rolled back', to: 'ARCHIVED', actor: 'test' },
      { action: 'rolled back', to: 'PRODUCTION', actor: 'test' },
    ]);
  });

  it('of a version whose artifact cannot be loaded is refused, and leaves the old one answering', async () => {
    const third = await addVersion(0.22);
    await database.db.query(
      `insert into artifact (sha256, bytes, opset, created_at) values ('broken', 'no onnx', 21, now())`,
    );
    await database.db.query(
      `update model_version set artifact_sha256 = 'broken' where threshold = 0.22`,
    );
    const { promoteModel } = (await promote(third)).data;
    expect(promoteModel.modelVersion).toBeNull();
    expect(promoteModel.userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect(promoteModel.userErrors[0].message).toContain('cannot be loaded: ');

    // an older program, which does not try it out, puts it there all the same
    const stageOf = (version: string, stage: string) =>
      database.db.query(
        `update model_version v set stage = $2::model_stage where id = $1 returning model_id as "modelId"`,
        [version, stage],
      );
    const [shipped] = await database.db.query<{ id: string }>(
      `select id from model_version where stage = 'PRODUCTION'`,
    );
    const versionId = third.replace('ModelVersion:', '');
    await stageOf(shipped?.id ?? '', 'ARCHIVED');
    const [moved] = await stageOf(versionId, 'PRODUCTION');
    here.plant.bus.publish(MODEL_TOPIC, { ...moved, versionId, stage: 'PRODUCTION' });
    const told = () => here.log.lines.some((line) => line.message.includes('cannot be loaded'));
    for (let i = 0; i < 200 && !told(); i++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    expect(told()).toBe(true);
    expect(await threshold(here)).toBe(first);
    await stageOf(versionId, 'ARCHIVED');
    await stageOf(shipped?.id ?? '', 'PRODUCTION');
  });

  it('is refused to a role without the right, and for an unknown version', async () => {
    const mutation = `mutation { promoteModel(version: "ModelVersion:01900000-0000-7000-8000-000000000000") { userErrors { code } } }`;
    expect((await here.ask(mutation)).data.promoteModel.userErrors[0].code).toBe('NOT_FOUND');
    expect((await here.ask(mutation, {}, 'CRM')).errors?.[0]?.message).toContain(
      'may not model:write',
    );
  });
});

describe('old predictions', () => {
  it('of more versions than stay loaded are all explained in one question', async () => {
    const [shipped] = await database.db.query<{ bytes: Buffer }>(
      `select a.bytes from artifact a join model_version v on v.artifact_sha256 = a.sha256 where v.version = 1`,
    );
    const classifier = shipped && readClassifier(shipped.bytes);
    if (!classifier) throw new Error('the shipped model is one of ours');
    await here.ask(`{ user(externalId: "demo-00001") { prediction { probability } } }`);
    const OLD = 9;
    for (let i = 1; i <= OLD; i++) {
      const { sha256, bytes } = scorerModel(
        scaleMargins(classifier, { slope: 1, intercept: i / 16 }),
      );
      await database.db.query(
        `insert into artifact (sha256, bytes, opset, created_at) values ($1, $2, 21, now())`,
        [sha256, bytes],
      );
      const version = (await addVersion(0.3 + i / 100)).replace('ModelVersion:', '');
      await database.db.query('update model_version set artifact_sha256 = $2 where id = $1', [
        version,
        sha256,
      ]);
      await database.db.query(
        `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of,
           scored_at, latency_ms, numeric, categorical)
         select user_id, model_id, $1, probability, threshold, source, as_of, scored_at, latency_ms, numeric, categorical
         from prediction order by id limit 1`,
        [version],
      );
    }
    const { data, errors } = await here.ask(
      `{ user(externalId: "demo-00001") { predictions(first: ${OLD}) { nodes { baseValue inputs { name } reasons { feature } } } } }`,
    );
    expect(errors).toBeUndefined();
    const bases: number[] = data.user.predictions.nodes.map(
      (node: { baseValue: number }) => node.baseValue,
    );
    expect(new Set(bases).size).toBe(OLD);
  });
});
