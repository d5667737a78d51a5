import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading } from '../../src/compose-models.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { labelStore } from '../../src/model/label.store.js';
import { eligibilityOf } from '../../src/prediction/prediction.js';
import { predictionStore, type NewPrediction } from '../../src/prediction/prediction.store.js';
import { plantCanary } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { batchOf } from '../support/ledger-batch.js';
import { eventFixture, type EventFixture } from '../support/event-fixture.js';

let database: TestDatabase;
let data: EventFixture;
let ids: { canary: number; neighbour: number };
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const MODEL = '00000000-0000-7000-8000-000000000001';
const VERSION = '00000000-0000-7000-8000-000000000002';

beforeAll(async () => {
  database = await testDatabase();
  data = eventFixture(database.db, clock);
  const { userId } = await plantCanary(database.db, clock);
  const [neighbour] = await data.users.byExternalIds(['neighbour']);
  ids = { canary: userId, neighbour: neighbour?.id ?? 0 };
});
afterAll(() => database.drop());

async function consent(profiling: boolean): Promise<void> {
  const change = {
    externalId: 'neighbour',
    profiling,
    marketing: null,
    at: clock.wall(),
    actor: 'test',
  };
  await data.users.setConsent(change);
}

function scoreOf(userId: number, jobId: string | null): NewPrediction {
  return {
    userId,
    modelId: MODEL,
    modelVersionId: VERSION,
    probability: 0.5,
    threshold: 0.5,
    source: 'MODEL',
    asOf: clock.wall(),
    scoredAt: clock.wall(),
    latencyMs: 1,
    inputs: { numeric: new Float32Array(1), categorical: [] },
    jobId,
  };
}

describe('Who opted out of profiling', () => {
  it('is never eligible, whatever else is known', () => {
    fc.assert(
      fc.property(
        fc.option(fc.date({ noInvalidDate: true })),
        fc.option(fc.date({ noInvalidDate: true })),
        fc.boolean(),
        fc.nat(3_000),
        (registeredAt, firstEventAt, hasAttributes, minAgeDays) => {
          const facts = { consentProfiling: false, registeredAt, firstEventAt, hasAttributes };
          expect(eligibilityOf(facts, minAgeDays, clock.wall())).toBe('OPTED_OUT');
        },
      ),
      { seed: 3 },
    );
  });

  // each question about the neighbour: whether profiling is going on
  const questions: [string, () => Promise<boolean>][] = [
    [
      'a stored score is served in the place of a new one',
      async () => {
        const ledger = predictionStore(database.db);
        await database.db.query(`update customer set updated_at = '2020-01-01'`);
        const wall = clock.wall();
        const rows = await ledger.fresh({
          modelVersionId: VERSION,
          modelId: MODEL,
          userIds: [ids.neighbour],
          since: new Date(wall.getTime() - DAY_MS),
          asOfFrom: new Date(wall.getTime() - DAY_MS),
          asOfUntil: wall,
        });
        return rows.length > 0;
      },
    ],
    [
      'a score that was made meanwhile is stored',
      async () =>
        (await predictionStore(database.db).write([scoreOf(ids.neighbour, null)]))[0] !== null,
    ],
    [
      'a score run writes a score',
      async () => {
        const [row] = await database.db.query<{ id: string }>('select gen_random_uuid() as id');
        const jobId = row?.id ?? '';
        const written = await predictionStore(database.db).writeBatch(
          batchOf(jobId, 0, 0, [scoreOf(ids.neighbour, jobId)]),
        );
        return written !== 'taken' && written.rows > 0;
      },
    ],
    [
      'a score run looks at the consent of the moment',
      async () => {
        const { people } = await composeFeatureReading(database.db).read({
          features: [],
          users: [ids.neighbour],
          asOf: clock.wall(),
          people: true,
        });
        return people?.consentProfiling[0] === 1;
      },
    ],
    [
      'a model learns from the behaviour',
      async () => {
        const { userIds } = await labelStore(database.db).behaviour({
          asOf: clock.wall(),
          horizonDays: 30,
          eventTypes: ['purchase'],
          minAgeDays: 0,
          activeWithinDays: null,
        });
        return userIds.includes(ids.neighbour);
      },
    ],
    [
      'a model learns from the outcomes',
      async () => {
        const query = { modelId: MODEL, until: clock.wall() };
        return (await labelStore(database.db).outcomes(query)).userIds.includes(ids.neighbour);
      },
    ],
  ];

  it.each(questions)('%s: yes with consent, no without, yes again', async (_, happens) => {
    await consent(true);
    await predictionStore(database.db).write([scoreOf(ids.neighbour, null)]);
    await database.db.query(`update event set received_at = '2020-01-01'`);
    expect(await happens()).toBe(true);
    await consent(false);
    expect(await happens()).toBe(false);
    await consent(true);
    expect(await happens()).toBe(true);
  });
});
