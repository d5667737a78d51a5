import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FITTED_SET } from '../../src/feature/fitted-set.js';
import { registerFeature, type RegisterFeatureInput } from '../../src/feature/register-feature.js';
import { lineageOf, sourcesOf } from '../../src/feature/lineage.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { randomEvents, randomUsers } from './population.js';
import { referenceFeatures, referenceTiers } from './reference.js';

const asOf = new Date('2026-03-01T09:30:00.500Z');
const clock = manualClock(new Date(asOf.getTime() - 1));
const random = seededRandom(31);
const users = randomUsers(random, 1_000, asOf);
const events = randomEvents(random, 1_000, 15_000, asOf).filter(({ at }) => at < asOf);

let database: TestDatabase;
let fixture: FeatureFixture;
let ids: number[];

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  await fixture.seed();
});
afterAll(() => database.drop());

function tier(definition: Record<string, unknown>): RegisterFeatureInput {
  return {
    name: 'spender',
    description: 'How much the customer spends beside the others',
    type: 'CATEGORICAL',
    owner: 'test',
    definition: { kind: 'bucket', of: { feature: 'purchase_sum' }, ...definition },
  };
}
const FOURTHS = { quantiles: 4, labels: ['low', 'medium', 'high', 'vip'] };

describe('a bucket', () => {
  it('with quantiles is refused on fewer than 20 customers, and the fitted set waits', async () => {
    const { errors } = await fixture.register(tier(FOURTHS), 'test');
    expect(errors).toEqual([
      {
        code: 'INVALID',
        message: 'purchase_sum has a value for 0 customers, fitting needs at least 20',
        path: ['definition', 'quantiles'],
      },
    ]);
    expect(await fixture.seedFitted()).toBe(0);
    await fixture.upsert(users);
    await fixture.record(events);
    const byKey = await fixture.users.idsByExternalId(users.map(({ externalId }) => externalId));
    ids = users.map(({ externalId }) => byKey.get(externalId) ?? -1);
  });

  it.each<[string, Record<string, unknown>, string[], string]>([
    [
      'bounds that do not ascend',
      { bounds: [2, 2], labels: ['a', 'b', 'c'] },
      ['bounds'],
      'must ascend',
    ],
    ['a label too few', { bounds: [1, 2], labels: ['a', 'b'] }, ['labels'], 'one more than bounds'],
    ['labels that are equal', { bounds: [1], labels: ['a', 'a'] }, ['labels'], 'must differ'],
    ['labels of two kinds', { bounds: [1], labels: ['a', 2] }, ['labels', '1'], ''],
    ['one quantile', { quantiles: 1, labels: ['a'] }, ['quantiles'], 'at least 2, got 1'],
    ['21 quantiles', { quantiles: 21, labels: ['a'] }, ['quantiles'], 'at most 20, got 21'],
    [
      'as many labels as bounds',
      { quantiles: 3, labels: ['a', 'b'] },
      ['labels'],
      'as many as quantiles',
    ],
    ['bounds and quantiles', { ...FOURTHS, bounds: [1] }, [], 'has no field "bounds"'],
    [
      'a claim to be fitted',
      {
        bounds: [1],
        labels: ['a', 'b'],
        fitted: { quantiles: 2, asOf: '2026-01-01T00:00:00Z', customers: 9 },
      },
      ['fitted'],
      'write quantiles instead',
    ],
    [
      'an unknown feature',
      { ...FOURTHS, of: { feature: 'nonsense' } },
      ['of'],
      'nonsense is not registered',
    ],
    ['a text', { ...FOURTHS, of: { feature: 'gender' } }, ['quantiles'], 'gender is not a number'],
    [
      'too few distinct values',
      { ...FOURTHS, of: { feature: 'evening_user' } },
      ['quantiles'],
      'fewer than 4 distinct values',
    ],
  ])('is refused with %s, naming the field', async (_, definition, path, message) => {
    const { feature, errors } = await fixture.register(tier(definition), 'test');
    expect(feature).toBeNull();
    expect(errors[0]?.path).toEqual(['definition', ...path]);
    expect(errors[0]?.message).toContain(message);
  });

  it('is refused where nothing can fit it', async () => {
    const { registry, insert, wall } = fixture.registration;
    const { errors } = await registerFeature({ registry, insert, wall })(tier(FOURTHS), 'test');
    expect(errors[0]?.message).toBe('quantiles cannot be fitted here: give bounds');
  });

  it('keeps its bounds and when they were fitted; a refit is the next version', async () => {
    const { feature } = await fixture.register(tier(FOURTHS), 'test', 'APPROVED');
    expect(feature?.definition).toMatchObject({
      of: { feature: 'purchase_sum', version: 1 },
      fitted: { quantiles: 4, asOf: asOf.toISOString(), customers: 1_000 },
    });
    expect(feature && sourcesOf(feature)).toEqual(['feature:purchase_sum@1']);
    expect(feature && lineageOf(feature)).toContain('event.value');
    const again = await fixture.register(tier(FOURTHS), 'test');
    expect(again.feature).toMatchObject({ version: 2, definition: feature?.definition });
  });

  it('gives the fitted set what an independent reference gives 1,000 random customers, also of one alone', async () => {
    expect(await fixture.seedFitted()).toBe(FITTED_SET.length);
    expect(await fixture.seedFitted()).toBe(0);
    const features = await fixture.features.byNames(FITTED_SET.map(({ name }) => name));
    const rows = await fixture.read({ features, users: ids, asOf });
    const everyone = users.map((user) => referenceFeatures(user, events, asOf));
    const tiersOf = referenceTiers(everyone);
    const wrong: unknown[] = [];
    everyone.forEach((reference, row) => {
      for (const [name, value] of Object.entries(tiersOf(reference))) {
        const cell = rows.columns.get(name)?.[row] ?? null;
        if ((Number.isNaN(cell) ? null : cell) !== value) wrong.push([name, row, cell, value]);
      }
    });
    expect(wrong.slice(0, 10)).toEqual([]);
    const alone = await fixture.read({ features, users: ids.slice(7, 8), asOf });
    for (const [name, column] of alone.columns)
      expect(column[0]).toEqual(rows.columns.get(name)?.[7]);
  });
});

describe('a unit', () => {
  const count: RegisterFeatureInput = {
    name: 'measured',
    description: 'Something',
    type: 'NUMERICAL',
    owner: 'test',
    definition: { kind: 'events', aggregate: 'count' },
  };
  it.each([
    ['is asked for of a number', null, 'unit is missing: a number has one of count, currency'],
    ['must be declared', 'furlong', 'unit must be one of count, currency'],
    ['is no property that every object has', 'toString', 'unit must be one of'],
  ])('%s', async (_, unit, message) => {
    const { errors } = await fixture.register({ ...count, unit }, 'test');
    expect(errors[0]?.path).toEqual(['unit']);
    expect(errors[0]?.message).toContain(message);
  });

  it('is for numbers only', async () => {
    const definition = { kind: 'attribute', name: 'tier', as: 'text' };
    const text = { ...count, type: 'CATEGORICAL' as const, definition, unit: 'day' };
    const { errors } = await fixture.register(text, 'test');
    expect(errors).toEqual([
      {
        code: 'INVALID',
        message: 'unit is for numbers: a CATEGORICAL feature has none, got day',
        path: ['unit'],
      },
    ]);
  });
});
