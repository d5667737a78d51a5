import fs from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { projectRoot } from '../../src/plant/paths.js';
import { addVersion, plainLogistic } from '../support/added-version.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { fillShop } from '../support/demo-shop.js';
import { openGraph } from '../support/graph.js';
import {
  createKey,
  graphql,
  startSystem,
  temporaryFolder,
  type RunningSystem,
} from '../support/system.js';

const SWAP_EVERY_MS = 1_500;
const THRESHOLDS = [0.31, 0.62];
const folder = temporaryFolder();
let database: TestDatabase;
const replicas: RunningSystem[] = [];
let key: string;
/** Two that load, and one whose file is no ONNX. */
let versions: string[];

beforeAll(async () => {
  database = await testDatabase();
  const clock = systemClock();
  await fillShop(database.db, clock, 120);
  const graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  await graph.close();
  const { db } = database;
  const names = ['days_since_last_purchase', 'purchase_count_30d'];
  versions = [
    await addVersion(db, plainLogistic(names, [0.03, -0.2], -0.4), THRESHOLDS[0] ?? 0),
    await addVersion(db, plainLogistic(['event_count_30d'], [-0.02], 0.2), THRESHOLDS[1] ?? 0),
    await addVersion(db, plainLogistic(['event_count_30d'], [0.5], 1), 0.93),
  ];
  await db.query(
    `insert into artifact (sha256, bytes, opset, created_at) values ('damaged', 'no onnx', 21, now())`,
  );
  await db.query(`update model_version set artifact_sha256 = 'damaged' where id = $1`, [
    versions[2],
  ]);
  const env = { DATABASE_URL: database.url };
  for (const name of ['one', 'two'])
    replicas.push(await startSystem(`${folder}/${name}`, ['--no-demo', '--role', 'api'], env));
  key = await createKey(`${folder}/one`, 'ADMIN', env);
});
afterAll(async () => {
  for (const replica of replicas) await replica.end('SIGTERM');
  await database.drop();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Told {
  replica: number;
  version: number;
  threshold: number;
  source: string;
}

const ASK = `query ($u: String!) { user(externalId: $u) { prediction(maxStalenessSeconds: 0) {
  eligibility threshold source modelVersion { version } } } }`;

it('two replicas under load over HTTP, a swap every few seconds, two of five of a damaged version: no request fails, no answer mixes versions, both replicas switch', async () => {
  const load = { goesOn: true, failed: [] as unknown[], told: [] as Told[] };
  const client = async (replica: number, start: number): Promise<void> => {
    for (let at = start; load.goesOn; at += 1) {
      const u = `demo-${String(1 + (at % 120)).padStart(5, '0')}`;
      const { status, errors, data } = await graphql(replicas[replica]?.url ?? '', key, ASK, { u });
      if (status !== 200 || errors) load.failed.push(errors ?? status);
      else if (data.user.prediction.eligibility === 'ELIGIBLE') {
        const { threshold, source, modelVersion } = data.user.prediction;
        load.told.push({ replica, version: modelVersion.version, threshold, source });
      }
    }
  };
  const clients = Promise.all([0, 1, 0, 1].map((replica, k) => client(replica, 30 * k)));
  const promote = async (by: number, version: number): Promise<{ code: string }[]> => {
    const { data } = await graphql(
      replicas[by]?.url ?? '',
      key,
      `
        mutation ($v: ID!) {
          promoteModel(version: $v) {
            userErrors {
              code
            }
          }
        }
      `,
      { v: `ModelVersion:${versions[version] ?? ''}` },
    );
    return data.promoteModel.userErrors;
  };
  const bothAnswerBy = async (version: number): Promise<void> => {
    const before = load.told.length;
    const seen = (replica: number): boolean =>
      load.told.slice(before).some((each) => each.replica === replica && each.version === version);
    while (!seen(0) || !seen(1)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    for (const [swap, version] of [0, 2, 1, 2, 0].entries()) {
      const errors = await promote(swap % 2, version);
      if (version === 2) expect(errors).toEqual([{ code: 'CONFLICT' }]);
      else {
        expect(errors).toEqual([]);
        await bothAnswerBy(version + 2); // the shipped one is 1
      }
      await new Promise((resolve) => setTimeout(resolve, SWAP_EVERY_MS));
    }
  } finally {
    load.goesOn = false;
    await clients;
  }
  expect(load.failed).toEqual([]);
  expect(load.told.filter(({ source }) => source !== 'MODEL')).toEqual([]);
  for (const { version, threshold } of load.told)
    if (version > 1) expect(threshold).toBe(THRESHOLDS[version - 2]);
  const seen = new Set(load.told.map(({ replica, version }) => `${replica}:${version}`));
  expect(['0:2', '1:2', '0:3', '1:3'].every((each) => seen.has(each))).toBe(true);
  expect([...seen].some((each) => each.endsWith(':4'))).toBe(false);
  console.log(`${load.told.length} scores over 5 swaps, ${load.failed.length} failed`);
});
