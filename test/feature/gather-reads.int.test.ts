import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import { gatherReads } from '../../src/feature/gather-reads.js';
import type {
  FeatureRows,
  OwnInstantsRequest,
  ReadFeatures,
} from '../../src/feature/read-features.js';
import { manualClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { seededRandom } from '../../src/kernel/random.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { randomEvents, randomUsers } from './population.js';

const asOf = new Date('2026-03-01T09:30:00.500Z');
const clock = manualClock(new Date('2026-12-01T00:00:00Z'));
const random = seededRandom(7);
const users = randomUsers(random, 60, asOf);
const events = randomEvents(random, 60, 4_000, asOf);

let database: TestDatabase;
let fixture: FeatureFixture;
let registry: FeatureDefinition[];
let ids: number[];
let asked: OwnInstantsRequest[] = [];
let read: ReadFeatures;

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  await fixture.seed();
  await fixture.upsert(users);
  await fixture.record(events);
  registry = await fixture.features.all();
  const byKey = await fixture.users.idsByExternalId(users.map(({ externalId }) => externalId));
  ids = users.map(({ externalId }) => byKey.get(externalId) ?? -1);
  read = gatherReads((request) => {
    asked.push(request);
    return fixture.read(request);
  });
});
afterAll(() => database.drop());

/** Everything read, with NaN made comparable. */
function dump({ userIds, rows, columns, people }: FeatureRows): unknown {
  const texts = (values: ArrayLike<unknown>): string[] => Array.from(values, String);
  return {
    userIds: texts(userIds),
    rows,
    columns: [...columns].map(([name, column]) => [name, texts(column)]),
    people: people && Object.entries(people).map(([name, column]) => [name, texts(column)]),
  };
}

describe('reads put together', () => {
  it('of other users as of other instants are one statement, and give what each gives alone', async () => {
    const requests = ids.slice(0, 40).map((id, i) => ({
      features: registry,
      users: i % 3 === 0 ? [id, ids[i + 10] ?? -1] : [id],
      asOf: new Date(asOf.getTime() - i * 3_600_001),
      people: true,
    }));
    asked = [];
    const counts = requests.map(() => zeroCounts());
    const together = await Promise.all(
      requests.map((request, i) => withCounts(counts[i]!, () => read(request))),
    );
    expect(asked).toHaveLength(1);
    expect(counts.map(({ sql }) => sql)).toEqual(requests.map(() => 1));
    const alone = [];
    for (const request of requests) alone.push(await fixture.read(request));
    expect(together.map(dump)).toEqual(alone.map(dump));
  });

  it('of other features, or without the people, stay apart', async () => {
    asked = [];
    const one = { users: [ids[0] ?? -1], asOf, features: registry.slice(0, 1) };
    const two = { ...one, features: registry.slice(1, 2) };
    const [a, b, c] = await Promise.all([read(one), read(two), read({ ...one, people: true })]);
    expect(asked).toHaveLength(3);
    expect([...a.columns.keys()]).toEqual([registry[0]?.name]);
    expect([...b.columns.keys()]).toEqual([registry[1]?.name]);
    expect(a.people).toBeNull();
    expect(c.people).not.toBeNull();
  });

  it('of long lists and of everyone go as they are', async () => {
    asked = [];
    const [long, everyone] = await Promise.all([
      read({ features: registry, users: ids, asOf }),
      read({ features: registry, users: 'everyone', asOf }),
    ]);
    expect(asked.map(({ asOf: at }) => at)).toEqual([asOf, asOf]);
    expect(long.rows).toBe(60);
    expect(everyone.rows).toBe(60);
  });

  it('see what was recorded before they were asked, however many are under way', async () => {
    const purchases = registry.filter(({ name }) => name === 'purchase_count_30d');
    const countOf = async (id: number): Promise<number> => {
      const rows = await read({ features: purchases, users: [id], asOf });
      return Number(rows.columns.get('purchase_count_30d')?.[0]);
    };
    const reader = ids[5] ?? -1;
    const key = users[5]?.externalId ?? '';
    const before = await countOf(reader);
    let stop = false;
    const noise = Promise.all(
      ids.slice(10, 30).map(async (id) => {
        while (!stop) await countOf(id);
      }),
    );
    for (let i = 1; i <= 20; i += 1) {
      const at = new Date(asOf.getTime() - 1000);
      const row = { source: 'own', id: `w${i}`, user: key, type: 'purchase', at, value: 1 };
      await fixture.record([{ ...row, properties: null }]);
      expect(await countOf(reader)).toBe(before + i);
    }
    stop = true;
    await noise;
  });
});

describe('what is known of people', () => {
  it('is consent, registration and first event before the instant; an unknown id is nobody', async () => {
    const rows = await fixture.read({ features: [], users: [...ids, 999_999], asOf, people: true });
    users.forEach((user, i) => {
      const own = events.filter((event) => event.user === user.externalId && event.at < asOf);
      const first = own.length > 0 ? Math.min(...own.map(({ at }) => at.getTime())) : NaN;
      expect(rows.people?.consentProfiling[i]).toBe(1);
      expect(rows.people?.registeredAt[i]).toBe(user.registeredAt?.getTime() ?? NaN);
      expect(rows.people?.firstEventAt[i]).toBe(first);
    });
    expect(rows.people?.consentProfiling[60]).toBeNaN();
  });

  it('follows a change of consent at once', async () => {
    const consent = async (): Promise<number | undefined> => {
      const rows = await read({ features: [], users: [ids[3] ?? -1], asOf, people: true });
      return rows.people?.consentProfiling[0];
    };
    expect(await consent()).toBe(1);
    const change = { profiling: false, marketing: null, actor: 'test', at: clock.wall() };
    await fixture.users.setConsent({ externalId: users[3]?.externalId ?? '', ...change });
    expect(await consent()).toBe(0);
  });

  it('refuses instants that are not one for each user', async () => {
    const request = { features: registry, users: ids, asOf: [asOf] };
    await expect(fixture.read(request)).rejects.toMatchObject({ code: 'INVALID' });
  });
});
