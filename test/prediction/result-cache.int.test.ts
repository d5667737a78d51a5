import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composePrivacyRoom } from '../../src/compose-privacy.js';
import { composeServing, type ServingParts } from '../../src/compose-serving.js';
import { composeFeatureReading } from '../../src/compose-models.js';
import { temporaryTombstones } from '../support/canary.js';
import {
  askFor,
  openServingLab,
  scoredOf,
  until,
  type ServingLab,
} from '../support/serving-lab.js';

let lab: ServingLab;
let here: ServingParts;
let there: ServingParts;

beforeAll(async () => {
  lab = await openServingLab(60);
});
afterAll(() => lab.close());

const open = (): ServingParts => {
  const plant = { ...lab.graph.plant, scorer: lab.scorer };
  const { read } = composeFeatureReading(lab.database.db);
  return composeServing(plant, lab.serving, read, { resultCacheEntries: 1_000 });
};

const opened = async (): Promise<void> => {
  here = open();
  there = open();
  await new Promise((resolve) => setTimeout(resolve, 100)); // the bus listens
};
afterEach(async () => {
  await here.close();
  await there.close();
  await lab.database.db.query('truncate prediction');
});

const asked = async (parts: ServingParts, userId: number, question: object = {}) => {
  const { deps } = lab.setting(parts.predicting);
  return (await askFor(lab, deps, userId, { asOf, ...question })).answer;
};
let asOf: Date;
const entries = (parts: ServingParts): number =>
  parts.resultCache.of(lab.production().model.id).entries;
const rows = async (): Promise<number> => {
  const [row] = await lab.database.db.query<{ n: number }>(
    'select count(*)::int as n from prediction',
  );
  return row?.n ?? NaN;
};

describe('an answer whose inputs have not changed', () => {
  it('is the stored one: no model run, no new row, its own id, instant and version', async () => {
    await opened();
    asOf = lab.clock.now();
    const user = lab.scorable[0] ?? 0;
    const first = await asked(here, user);
    const runs = lab.scorer.stats().runs;
    const second = await asked(here, user);
    expect(second).toEqual({ ...scoredOf(first), source: 'CACHE' });
    expect(lab.scorer.stats().runs).toBe(runs);
    expect(await rows()).toBe(1);
    expect(here.resultCache.of(lab.production().model.id)).toEqual({
      hits: 1,
      misses: 1,
      evictions: 0,
      entries: 1,
    });
    const { deps } = lab.setting(here.predicting);
    const { resultCache } = await lab.health(deps, { resultCache: here.resultCache });
    expect(resultCache).toEqual({ hits: 1, misses: 1, hitRatio: 0.5, evictions: 0, entries: 1 });
  });

  it('is the stored one while days since something run on, as long as no threshold of the trees is crossed', async () => {
    await opened();
    const { deps } = lab.setting(here.predicting);
    const first = [];
    for (const user of lab.scorable) first.push(scoredOf((await askFor(lab, deps, user)).answer));
    const again = [];
    for (const user of lab.scorable) again.push(scoredOf((await askFor(lab, deps, user)).answer));
    const served = lab.production();
    expect(served.tellsApart).not.toBeNull();
    const cached = again.filter((answer) => answer?.source === 'CACHE');
    expect(cached.length).toBeGreaterThan(lab.scorable.length / 2);
    for (const [i, answer] of again.entries())
      if (answer?.source === 'CACHE') expect(answer).toEqual({ ...first[i], source: 'CACHE' });
    // what is told is what the model says now
    for (const user of lab.scorable) {
      const fresh = scoredOf((await askFor(lab, deps, user, { maxStalenessSeconds: 0 })).answer);
      const told = again.find((answer) => answer?.userId === user);
      if (told?.source === 'CACHE') expect(told.probability).toBe(fresh?.probability);
    }
  });

  it('is scored all the same where no staleness is allowed, and where inputs are imagined', async () => {
    await opened();
    asOf = lab.clock.now();
    const user = lab.scorable[1] ?? 0;
    await asked(here, user);
    expect((await asked(here, user, { maxStalenessSeconds: 0 }))?.source).toBe('MODEL');
    expect((await asked(here, user, { purchases: 3 }))?.source).toBe('WHAT_IF');
    expect(await rows()).toBe(2);
    expect(here.resultCache.of(lab.production().model.id).hits).toBe(0);
  });

  it('is forgotten with an event of the customer: at once in the process that took it, soon in the others', async () => {
    await opened();
    asOf = lab.clock.now();
    const [one = 0, other = 0] = lab.scorable;
    for (const parts of [here, there]) for (const user of [one, other]) await asked(parts, user);
    here.customersChanged([one]);
    expect(entries(here)).toBe(1);
    await until(() => entries(there) === 1);
    expect((await asked(here, one))?.source).toBe('MODEL');
    expect((await asked(there, other))?.source).toBe('CACHE');
  });

  it('is not told any more when the customer objects, not even in the process that has not heard of it', async () => {
    await opened();
    asOf = lab.clock.now();
    const user = lab.scorable[2] ?? 0;
    await asked(there, user);
    await lab.database.db.query('update customer set consent_profiling = false where id = $1', [
      user,
    ]);
    expect(await asked(there, user)).toMatchObject({ eligibility: 'OPTED_OUT' });
    expect(entries(there)).toBe(0);
  });

  it('is forgotten by every process with an erasure, and the customer is unknown', async () => {
    await opened();
    asOf = lab.clock.now();
    const [user = 0, other = 0] = lab.scorable.slice(3);
    for (const id of [user, other]) await asked(there, id);
    const [customer] = await lab.database.db.query<{ key: string }>(
      'select external_id as key from customer where id = $1',
      [user],
    );
    // tombstones in a place of this test's own: another shop has customers of the same keys
    const place = temporaryTombstones();
    const room = composePrivacyRoom({ ...lab.graph.plant, tombstones: place.file });
    const { error } = await room.eraseUser(customer?.key ?? '', 'test');
    expect(error).toBeNull();
    place.remove();
    await until(() => entries(there) === 0);
    expect(await asked(there, user)).toBeNull();
  });

  it('is forgotten when another version is promoted', async () => {
    await opened();
    asOf = lab.clock.now();
    const user = lab.scorable.at(-1) ?? 0;
    await asked(here, user);
    const [version] = await lab.database.db.query<{ id: string }>(
      `insert into model_version (id, model_id, version, algorithm, hyperparameters, seed, feature_names, threshold,
         training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
       select gen_random_uuid(), model_id, 2, algorithm, hyperparameters, seed, feature_names, 0.11, training_rows,
         test_rows, data_hash, report, artifact_sha256, now() from model_version where version = 1 returning id`,
    );
    await lab.graph.ask(
      `mutation ($v: ID!) { promoteModel(version: $v) { userErrors { message } } }`,
      {
        v: `ModelVersion:${version?.id}`,
      },
    );
    await until(() => lab.production().version.version === 2);
    expect(entries(here)).toBe(0);
    expect(await asked(here, user)).toMatchObject({ source: 'MODEL', threshold: 0.11 });
  });
});
