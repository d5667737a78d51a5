import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { Model } from '../../src/model/model.js';
import { behaviourRule } from '../../src/model/model-spec.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec } from '../support/demo-shop.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { qualityGraph } from './quality-graph.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const clock = manualClock(NOW);
const spec = churnSpec();
const model: Model = {
  id: '0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaa1',
  name: 'churn',
  task: 'BINARY_CLASSIFICATION',
  description: 'for the test',
  spec,
  createdAt: NOW,
};
const before = (days: number): Date => new Date(NOW.getTime() - days * DAY_MS);
const {
  horizonDays,
  eventTypes: [type = 'purchase'],
} = behaviourRule(spec);

let database: TestDatabase;
let fixture: FeatureFixture;
let graph: ReturnType<typeof qualityGraph>;
const ids = new Map<string, number>();

/** 40 customers in two months; every fourth comes back within the horizon. */
const people = Array.from({ length: 40 }, (_, i) => ({
  externalId: `u${i}`,
  registeredAt: i % 2 ? new Date('2026-01-10T00:00:00Z') : new Date('2025-12-10T00:00:00Z'),
  attributes: { tier: i % 3 },
}));
const random = seededRandom(4);
const events = people.flatMap(({ externalId }, i) => {
  const row = (id: string, days: number) => ({
    source: 'shop',
    id: `${externalId}-${id}`,
    user: externalId,
    type,
    at: before(days),
    value: 1 + random.int(90),
    properties: null,
  });
  const early = Array.from({ length: 1 + (i % 5) }, (_, n) => row(`e${n}`, horizonDays + 2 + n));
  return i % 4 === 0 ? [...early, row('back', horizonDays / 2)] : early;
});

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  await fixture.seed();
  await fixture.upsert(people);
  await fixture.record(events);
  graph = qualityGraph(database.db, clock, fixture, [model]);
  for (const { id, external_id: key } of await database.db.query<{
    id: number;
    external_id: string;
  }>('select id, external_id from customer'))
    ids.set(key, id);
});
afterAll(() => database.drop());

describe('exploratory analysis', () => {
  it('tells shape, imbalance and cohorts', async () => {
    const { data, errors } = await graph.ask(
      `{ eda { rows columns from until imbalanceRatio
           churnByCohort { month customers labelled positive share } } events: eda(dataset: EVENTS) { rows columns } }`,
    );
    expect(errors).toBeUndefined();
    const instants = events.map(({ at }) => at.getTime());
    const approved = (await fixture.features.all()).filter(({ status }) => status === 'APPROVED');
    expect(data.eda).toEqual({
      rows: 40,
      columns: approved.length,
      from: new Date(Math.min(...instants)).toISOString(),
      until: new Date(Math.max(...instants)).toISOString(),
      imbalanceRatio: 3,
      churnByCohort: [
        { month: '2026-01-01T00:00:00.000Z', customers: 20, labelled: 20, positive: 20, share: 1 },
        {
          month: '2025-12-01T00:00:00.000Z',
          customers: 20,
          labelled: 20,
          positive: 10,
          share: 0.5,
        },
      ],
    });
    expect(data.events).toEqual({ rows: events.length, columns: 9 });
  });

  it('counts events by day, weekday and hour', async () => {
    const { data } = await graph.ask(
      '{ eda { activityHistogram { byDay { day events } byHour { weekday hour events } } } }',
    );
    const { byDay, byHour } = data.eda.activityHistogram;
    const count = (keyOf: (at: Date) => string): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const { at } of events) counts.set(keyOf(at), (counts.get(keyOf(at)) ?? 0) + 1);
      return counts;
    };
    const days = count((at) => `${at.toISOString().slice(0, 10)}T00:00:00.000Z`);
    expect(
      new Map(byDay.map((each: { day: string; events: number }) => [each.day, each.events])),
    ).toEqual(days);
    const hours = count((at) => `${at.getUTCDay() || 7} ${at.getUTCHours()}`);
    expect(
      new Map(
        byHour.map((each: { weekday: number; hour: number; events: number }) => [
          `${each.weekday} ${each.hour}`,
          each.events,
        ]),
      ),
    ).toEqual(hours);
  });

  it('correlates features from one read of one sample', async () => {
    const { data, errors, sql } = await graph.ask(
      `{ eda { correlations(first: 5) { a b r n } correlationMatrix { names values }
           histograms(features: ["event_count"], bins: 4) { feature missing bins { low high count } } } }`,
    );
    expect(errors).toBeUndefined();
    // the registry, the sample, the features
    expect(sql).toBe(3);
    const { correlations, correlationMatrix, histograms } = data.eda;
    const names = correlationMatrix.names as string[];
    const values = correlationMatrix.values as (number | null)[];
    expect(values).toHaveLength(names.length ** 2);
    expect(names).toEqual([...names].sort());
    expect(names.length).toBeLessThanOrEqual(100);
    expect(correlations).toHaveLength(5);
    const strengths = correlations.map(({ r }: { r: number }) => Math.abs(r));
    expect(strengths).toEqual([...strengths].sort((a: number, b: number) => b - a));
    const strongest = values
      .filter((_, at) => at % names.length > Math.floor(at / names.length))
      .reduce<number>((most, r) => Math.max(most, Math.abs(r ?? 0)), 0);
    expect(strengths[0]).toBe(strongest);
    for (const { a, b, r, n } of correlations as { a: string; b: string; r: number; n: number }[]) {
      expect(values[names.indexOf(a) * names.length + names.indexOf(b)]).toBe(r);
      expect(values[names.indexOf(b) * names.length + names.indexOf(a)]).toBe(r);
      expect(n).toBeGreaterThan(2);
    }
    const [{ bins, missing }] = histograms;
    expect(missing).toBe(0);
    expect(bins.reduce((sum: number, bin: { count: number }) => sum + bin.count, 0)).toBe(40);
  });

  it.each([
    ['correlations(first: 0) { r }', 'first must be 1..1000, got 0'],
    ['histograms(bins: 500) { feature }', 'bins must be 1..200, got 500'],
    ['histograms(features: ["nothing"]) { feature }', 'nothing is not an approved numeric feature'],
  ])('refuses %s', async (field, message) => {
    expect((await graph.ask(`{ eda { ${field} } }`)).errors?.[0]?.message).toBe(message);
  });
  it('refuses a model that is not there, where labels are asked', async () => {
    const { errors } = await graph.ask('{ eda(model: "luck") { imbalanceRatio } }');
    expect(errors?.[0]?.message).toBe('no model is named luck');
  });
});

describe('labels in the report', () => {
  it('are shared out as the rule of the model says', async () => {
    const { data, errors } = await graph.ask(
      `{ dataQuality(table: DEVICE) { labelBalance { model labelled positive positiveShare imbalanceRatio } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data.dataQuality.labelBalance).toEqual([
      { model: 'churn', labelled: 40, positive: 30, positiveShare: 0.75, imbalanceRatio: 3 },
    ]);
  });

  it('are noise where outcomes contradict events, or who is alike has opposite ones', async () => {
    const outcome = (user: string, days: number, positive: boolean) =>
      database.db.query(
        `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
         values ($1, $2, $3, 'crm', $4, $3)`,
        [model.id, ids.get(user), before(days), positive],
      );
    await outcome('u0', horizonDays, true); // came back: wrong
    await outcome('u4', horizonDays, false); // came back: right
    await outcome('u1', horizonDays, true); // stayed away: right
    await outcome('u2', horizonDays, false); // stayed away: wrong
    await outcome('u3', horizonDays - 1, false); // not known yet
    const { data, errors } = await graph.ask(
      `{ dataQuality(table: DEVICE) { labelNoise {
           model outcomes contradictedPositive contradictedNegative sampleIds alike opposite method } } }`,
    );
    expect(errors).toBeUndefined();
    const camps = [0, 1, 2].map((tier) => {
      const own = people.flatMap(({ attributes }, i) =>
        attributes.tier === tier ? [i % 4 === 0] : [],
      );
      const back = own.filter(Boolean).length;
      return Math.min(back, own.length - back);
    });
    expect(data.dataQuality.labelNoise).toMatchObject({
      model: 'churn',
      outcomes: 4,
      contradictedPositive: 1,
      contradictedNegative: 1,
      sampleIds: ['u0', 'u2'].map((key) => `User:${ids.get(key)}`),
      alike: 40,
      opposite: camps.reduce((sum, n) => sum + n, 0),
    });
  });
});
