import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { composeFeatureReading } from '../../src/compose-models.js';
import { composeIngest } from '../../src/compose-data.js';
import { buildTrainingTable, candidateFeatures } from '../../src/model/build-training-table.js';
import { labelStore } from '../../src/model/label.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec, fillShop } from '../support/demo-shop.js';

const clock = systemClock();
const asOf = new Date(Date.UTC(2020, 5, 1));
const day = (offset: number): Date => new Date(asOf.getTime() + offset * 86_400_000);
const query = {
  asOf,
  horizonDays: 30,
  eventTypes: ['purchase', 'login'],
  minAgeDays: 30,
  activeWithinDays: 90,
};

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** Days of a customer's events, by type, relative to `asOf`. */
async function customer(
  name: string,
  events: [type: string, day: number][],
  profile: { registered?: number; optedOut?: boolean } = {},
): Promise<void> {
  const ingest = composeIngest(database.db, clock);
  const registeredAt = profile.registered === undefined ? null : day(profile.registered);
  await ingest.upsertUsers([{ externalId: name, registeredAt }]);
  const rows = events.map(([type, at], index) => ({
    ...{ source: 'test', id: `${name}-${index}`, user: name, type },
    ...{ at: day(at), value: 1, properties: null },
  }));
  await ingest.recordEvents(rows);
  if (profile.optedOut)
    await database.db.query(
      'update customer set consent_profiling = false where external_id = $1',
      [name],
    );
}

describe('labels from behaviour', () => {
  it('follow the rule at its borders', async () => {
    const cases: [string, [string, number][], object, 'churn' | 'stay' | 'left out'][] = [
      [
        'comes-back',
        [
          ['purchase', -50],
          ['purchase', 10],
        ],
        {},
        'stay',
      ],
      ['never-again', [['purchase', -50]], {}, 'churn'],
      [
        'at-as-of',
        [
          ['purchase', -50],
          ['purchase', 0],
        ],
        {},
        'stay',
      ],
      [
        'just-before-the-end',
        [
          ['purchase', -50],
          ['login', 29.999],
        ],
        {},
        'stay',
      ],
      [
        'at-the-end',
        [
          ['purchase', -50],
          ['purchase', 30],
        ],
        {},
        'churn',
      ],
      [
        'only-a-ticket',
        [
          ['purchase', -50],
          ['ticket', 5],
        ],
        {},
        'churn',
      ],
      ['too-new', [['purchase', -29]], {}, 'left out'],
      ['new-by-events-old-by-registration', [['purchase', -5]], { registered: -200 }, 'churn'],
      ['left-long-ago', [['purchase', -100]], {}, 'left out'],
      ['only-later', [['purchase', 5]], { registered: -200 }, 'left out'],
      ['opted-out', [['purchase', -50]], { optedOut: true }, 'left out'],
    ];
    for (const [name, events, profile] of cases) await customer(name, events, profile);
    const labels = await labelStore(database.db).behaviour(query);
    const ids = await composeIngest(database.db, clock).users.idsByExternalId(
      cases.map(([name]) => name),
    );
    for (const [name, , , expected] of cases) {
      const at = labels.userIds.indexOf(ids.get(name) ?? -1);
      const got = at < 0 ? 'left out' : labels.positive[at] ? 'churn' : 'stay';
      expect(`${name}: ${got}`).toBe(`${name}: ${expected}`);
    }
    expect(labels.userIds).toEqual([...labels.userIds].sort((a, b) => a - b));
    expect(labels.dataFrom).toEqual(day(-50));
  });
});

describe('the training table', () => {
  it('is the same whatever happens at or after the instant: features see no later row', async () => {
    const shop = await testDatabase();
    try {
      await fillShop(shop.db, clock, 200);
      const features = composeFeatureReading(shop.db);
      const candidates = candidateFeatures(await features.approved(), churnSpec().features);
      const at = new Date(Date.now() - 60 * 86_400_000);
      const labels = await labelStore(shop.db).behaviour({
        ...query,
        asOf: at,
        eventTypes: ['purchase', 'session_start'],
      });
      const before = await buildTrainingTable(features.read, candidates, labels);
      expect(before.table.rows).toBeGreaterThan(100);
      const { length } = await shop.db.query('delete from event where at >= $1 returning key', [
        at,
      ]);
      expect(length).toBeGreaterThan(100);
      const after = await buildTrainingTable(features.read, candidates, labels);
      expect(after.table).toEqual(before.table);
      await shop.db.query('update event set at = $1 where key = (select max(key) from event)', [
        new Date(at.getTime() - 1),
      ]);
      const changed = await buildTrainingTable(features.read, candidates, labels);
      expect(changed.table).not.toEqual(before.table); // the comparison can fail
    } finally {
      await shop.drop();
    }
  });
});

describe('labels from outcomes', () => {
  it('are the latest of each customer up to the instant, each with its own instant', async () => {
    await customer('told-twice', [['purchase', -50]]);
    await customer('told-later', [['purchase', -50]]);
    const ids = await composeIngest(database.db, clock).users.idsByExternalId([
      'told-twice',
      'told-later',
    ]);
    const modelId = '01900000-0000-7000-8000-000000000001';
    const row = (user: string, at: number, positive: boolean) =>
      database.db.query(
        `insert into outcome (model_id, user_id, at, source, positive, recorded_at) values ($1, $2, $3, 'test', $4, now())`,
        [modelId, ids.get(user), day(at), positive],
      );
    await row('told-twice', -20, false);
    await row('told-twice', -10, true);
    await row('told-twice', 10, false);
    await row('told-later', 5, true);
    const labels = await labelStore(database.db).outcomes({ modelId, until: asOf });
    expect(labels.userIds).toEqual([ids.get('told-twice')]);
    expect(labels.positive).toEqual([true]);
    expect(labels.asOf).toEqual([day(-10)]);
  });
});
