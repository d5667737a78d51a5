import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitionSchema, kindOf, type Definition } from '../../src/feature/definition.js';
import { linkFeatures, type FeatureDefinition } from '../../src/feature/feature.js';
import { featureReader } from '../../src/feature/feature.store.js';
import { checkMagnitude } from '../../src/feature/magnitude.js';
import { readFeatures, type FeatureRows, type ReadAny } from '../../src/feature/read-features.js';
import { stretchReader } from '../../src/feature/stretch.store.js';
import type { ReadStretch } from '../../src/feature/stretch.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture } from '../support/feature-fixture.js';
import { bucketOf, formulaOver, HOSTILE, simpleDefinition } from './definitions.js';
import { randomEvents } from './population.js';

const asOf = new Date('2026-03-01T09:30:00.500Z');
const USERS = 120;
const random = seededRandom(77);
const one = <T>(list: readonly T[]): T => list[random.int(list.length)] as T;

/** JSON as a caller may write it; PostgreSQL keeps every digit. */
const NUMBERS = [
  ...[
    '0',
    '-0',
    '0.0',
    '-0.000',
    '1',
    '-7',
    '0.1',
    '-0.30',
    '67.1406',
    '123456789.123456',
    '1e3',
    '1.5e-3',
  ],
  ...[
    '9007199254740991',
    '9007199254740993',
    '900719925474099.25',
    '999999999999999.9',
    '1e15',
    '-1e15',
  ],
  ...[
    '1000000000000000.000000000000001',
    '1000000000000000.5',
    '-1000000000000001',
    '1e16',
    '1e300',
    '-1e-300',
  ],
  ...[
    '0.000000000000001',
    '0.0000000000000005',
    '0.00000000000000049',
    '-0.0000000000000005',
    '1e-7',
  ],
  ...[
    '0.1234567890123456789',
    '12345.678901234567890123',
    '0.3333333333333335',
    '2.675000000000000',
    '999999999999999.99999999999999999',
  ],
];
const OTHERS = [
  ...[
    'true',
    'false',
    'null',
    '""',
    '"5"',
    '"a b"',
    '"größe\\n订单"',
    '"\\\\\\" , {"',
    '"\\u0001\\t\\/"',
  ],
  ...[
    '[]',
    '{}',
    '[1, "]", {"a": "}"}]',
    '{"x": {"y": [1.50, "\\"", null]}, "z": true}',
    '[[], {}]',
  ],
];
const written = (): string => {
  const names = HOSTILE.filter(() => random.int(3) > 0);
  const pairs = names.map(
    (name) => `${JSON.stringify(name)}: ${random.int(2) ? one(NUMBERS) : one(OTHERS)}`,
  );
  return `{${pairs.sort(() => random.int(3) - 1).join(',')}}`;
};

let database: TestDatabase;
let read: ReadAny;
let stretch: ReadStretch;
let ids: number[];

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const fixture = featureFixture(db, manualClock(new Date('2026-12-01T00:00:00Z')));
  await fixture.upsert(
    Array.from({ length: USERS }, (_, i) => ({
      externalId: `u${i}`,
      registeredAt: i % 4 ? new Date(asOf.getTime() + (random.int(400) - 300) * 21_600_000) : null,
    })),
  );
  for (let i = 0; i < USERS; i += 1)
    await db.query(
      `update customer set attributes = $2::jsonb, consent_profiling = $3 where external_id = $1`,
      [`u${i}`, i % 29 === 0 ? one(['{}', '[]', '"text"', '["a b"]', '5']) : written(), i % 10 > 0],
    );
  await fixture.record(randomEvents(random, USERS, 2_000, asOf));
  await db.query(`delete from customer where external_id in ('u13', 'u14', 'u90')`);
  read = readFeatures({ run: featureReader(db), typeIds: fixture.types.idsOf });
  stretch = stretchReader(db, read);
  const rows = await db.query<{ id: number }>('select id from customer order by id');
  ids = rows.map(({ id }) => id);
});
afterAll(() => database.drop());

let made = 0;

function registryOf(definitions: readonly Definition[]): FeatureDefinition[] {
  const rows = definitions.map((definition, i) => ({
    ...{ id: `stretch-${(made += 1)}`, name: `f${i}`, version: 1, description: '' },
    ...{ businessMeaning: null, type: 'NUMERICAL' as const, unit: null, owner: '', tags: [] },
    ...{ status: 'APPROVED' as const, definition, createdAt: asOf, updatedAt: asOf },
  }));
  return linkFeatures(rows).filter((feature) => {
    const wrong = (row: FeatureDefinition): boolean =>
      checkMagnitude(row.definition, row.dependencies) !== null || row.dependencies.some(wrong);
    return !wrong(feature);
  });
}

const attribute = fc.record({
  kind: fc.constant('attribute' as const),
  name: fc.constantFrom(...HOSTILE, 'absent', ''),
  as: fc.constantFrom('number' as const, 'text' as const, 'boolean' as const),
});
const profiles = fc
  .array(fc.oneof(attribute, fc.constant({ kind: 'daysSince', of: 'registration' } as const)), {
    minLength: 1,
    maxLength: 40,
  })
  .map(registryOf);
const NUMERIC = ['f0', 'f1', 'f2'];
const simple = simpleDefinition.map((definition) => definitionSchema.parse(definition));
const anything = fc
  .tuple(
    fc.array(
      simple.filter((definition) => ['number', 'boolean'].includes(kindOf(definition))),
      { minLength: 3, maxLength: 3 },
    ),
    fc.array(simple, { minLength: 2, maxLength: 8 }),
    fc.array(
      formulaOver(NUMERIC).map((expression): Definition => ({ kind: 'expression', expression })),
      { maxLength: 3 },
    ),
    fc.array(
      bucketOf(NUMERIC).map((definition) => definitionSchema.parse(definition)),
      { maxLength: 2 },
    ),
  )
  .map((lists) => registryOf(lists.flat()));

/** Whole numbers that say where a stretch begins and ends among the ids. */
const borders = fc.tuple(fc.nat(USERS + 20), fc.nat(USERS + 20));

async function compare(
  features: FeatureDefinition[],
  [after, until]: [number, number],
  tolerance: number,
): Promise<number> {
  const first = ids[0] ?? 0;
  const range = { after: first - 5 + after, until: first - 5 + until };
  const rows = await stretch({ features, asOf, ...range }, () => true);
  const wanted = ids.filter((id) => id > range.after && id <= range.until);
  expect([...rows.userIds]).toEqual(wanted);
  expect(rows.rows).toBe(wanted.length);
  if (wanted.length === 0) return 0;
  const listed = await read({ features, users: wanted, asOf, people: true });
  const columnsOf = ({ columns, people }: FeatureRows): [string, unknown[]][] => [
    ...features.map(({ name }): [string, unknown[]] => [name, [...(columns.get(name) ?? [])]]),
    ...Object.entries(people ?? {}).map(([name, column]): [string, unknown[]] => [
      name,
      [...(column as Float64Array)],
    ]),
  ];
  const expected = new Map(columnsOf(listed));
  for (const [name, column] of columnsOf(rows))
    column.forEach((value, row) => {
      const known = expected.get(name)?.[row];
      const same =
        Object.is(value, known) ||
        (typeof value === 'number' &&
          typeof known === 'number' &&
          Math.abs(value - known) <= tolerance * Math.abs(known));
      if (!same) {
        const { definition } = features.find((feature) => feature.name === name) ?? {};
        expect({ name, definition, user: wanted[row], value }).toEqual({
          ...{ name, definition, user: wanted[row] },
          value: known,
        });
      }
    });
  return wanted.length * features.length;
}

describe('A stretch of customers', () => {
  it('has the profiles that a list of them has, to the bit, whatever their keys and values', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(profiles, borders, async (features, stretchOfIds) => {
        compared += await compare(features, stretchOfIds, 0);
      }),
      { numRuns: 150, seed: 20260301 },
    );
    expect(compared).toBeGreaterThan(15_000);
  });

  it('has the features of every kind that a list of them has', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(anything, borders, async (features, stretchOfIds) => {
        // events come in another order, and sums of floats with them
        compared += await compare(features, stretchOfIds, 1e-9);
      }),
      { numRuns: 60, seed: 20260302 },
    );
    expect(compared).toBeGreaterThan(5_000);
  });

  it('reads every number as PostgreSQL does', async () => {
    const { db } = database;
    const numbers = [
      ...NUMBERS,
      ...Array.from({ length: 3_000 }, () => {
        const digits = () =>
          Array.from({ length: 1 + random.int(18) }, () => random.int(10)).join('');
        return `${one(['', '-'])}${BigInt(digits())}${random.int(4) ? `.${digits()}` : ''}`;
      }),
    ];
    const [user] = ids;
    await db.query('update customer set attributes = $2::jsonb where id = $1', [
      user,
      `{${numbers.map((number, i) => `"n${i}": ${number}`).join(',')}}`,
    ]);
    const all = registryOf(
      numbers.map((_, i) => ({ kind: 'attribute' as const, name: `n${i}`, as: 'number' as const })),
    );
    for (let from = 0; from < all.length; from += 500)
      expect(await compare(all.slice(from, from + 500), [0, 6], 0)).toBeGreaterThan(0);
  });

  it('knows first events of whom they matter of, and of nobody else; little of wide profiles is looked up', async () => {
    const features = registryOf([{ kind: 'attribute', name: '5', as: 'text' }]);
    const range = { after: 0, until: ids.at(-1) ?? 0 };
    const all = await read({ features, users: ids, asOf, people: true });
    const some = await stretch({ features, asOf, ...range }, (_, row) => row % 3 === 0);
    expect([...(some.people?.firstEventAt ?? [])]).toEqual(
      ids.map((_, row) => (row % 3 === 0 ? all.people?.firstEventAt[row] : NaN)),
    );
    expect([...(all.people?.firstEventAt ?? [])].some((at) => at > 0)).toBe(true);

    // one attribute of wide profiles: from the second stretch on it is looked up, and first events come with it
    const again = await stretch({ features, asOf, ...range }, () => false);
    expect(again.people?.firstEventAt).toEqual(all.people?.firstEventAt);
    expect(again.columns.get('f0')).toEqual(some.columns.get('f0'));
    expect(again.userIds).toEqual(some.userIds);
  });

  it('of many messages, some of them empty, reads as one list; released memory holds the next stretch', async () => {
    const { db } = database;
    const more = (name: string): Promise<unknown> =>
      db.query(
        `insert into customer (external_id, attributes, consent_profiling, registered_at)
         select $1 || i, jsonb_build_object('5', i, 'only', $1), i % 3 > 0, $2::timestamptz - i * interval '1 hour'
         from generate_series(1, 300) i`,
        [name, asOf],
      );
    await more('near');
    await db.query(`select setval('customer_id_seq', (select max(id) from customer) + 2000)`);
    await more('far');
    ids = (await db.query<{ id: number }>('select id from customer order by id')).map(
      ({ id }) => id,
    );
    const features = registryOf([
      { kind: 'attribute', name: '5', as: 'number' },
      { kind: 'attribute', name: 'only', as: 'text' },
      { kind: 'daysSince', of: 'registration' },
    ]);
    const [first, last] = [ids[0] ?? 0, ids.at(-1) ?? 0];
    const parts = (last - first) / 125;
    expect(parts).toBeGreaterThan(20);
    const apart = registryOf([{ kind: 'attribute', name: '5', as: 'number' }]);
    for (const until of [last - 100, last, first + 400]) {
      expect(await compare(features, [0, until - first + 5], 0)).toBeGreaterThan(900);
      const range = { after: first - 1, until };
      const lent = await stretch({ features: apart, asOf, ...range }, () => false);
      lent.release?.();
      lent.release?.();
    }
    // two at once, after memory was given back twice, do not share it
    const [whole, rest] = await Promise.all(
      [first - 1, first + 200].map((after) =>
        stretch({ features, asOf, after, until: last }, () => false),
      ),
    );
    const shared = rest?.rows ?? 0;
    expect(shared).toBeGreaterThan(300);
    expect([...(whole?.columns.get('f0') ?? [])].slice(-shared)).toEqual([
      ...(rest?.columns.get('f0') ?? []),
    ]);
  });
});
