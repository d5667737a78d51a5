import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/event/event.js';
import { compileFeatures } from '../../src/feature/compile.js';
import { definitionSchema, kindOf, type Definition } from '../../src/feature/definition.js';
import { linkFeatures, type FeatureDefinition } from '../../src/feature/feature.js';
import { checkMagnitude } from '../../src/feature/magnitude.js';
import { parseDefinition } from '../../src/feature/parse-definition.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { UserRow } from '../../src/user/user.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { bucketOf, formulaOver, HOSTILE, simpleDefinition, TYPES } from './definitions.js';
import { interpret, type Value } from './interpreter.js';
import { strangeToken } from './sql-grammar.js';

const asOf = new Date('2026-03-01T09:30:00.500Z');
const random = seededRandom(4711);
const one = <T>(list: readonly T[]): T => list[random.int(list.length)] as T;
const scalar = (): unknown =>
  one([0, 5, '5', -3.25, 7.5, 20, 1e-7, 1e16, true, false, null, '', [1, 'a'], ...HOSTILE]);
const object = (size: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: size }, () => [one(HOSTILE), scalar()]));

// quarters of a second and of a unit: sums and differences of them are exact in every order
const users: UserRow[] = Array.from({ length: 20 }, (_, i) => ({
  externalId: `u${i}`,
  registeredAt: i % 4 ? new Date(asOf.getTime() + (random.int(400) - 360) * 21_600_000) : null,
  attributes: Object.fromEntries(
    Object.entries(object(5)).filter(([, value]) => !Array.isArray(value) && value !== 1e16),
  ),
}));
const events: EventRow[] = Array.from({ length: 500 }, (_, i) => ({
  source: 'fuzz',
  id: `e${i}`,
  user: `u${Math.floor(random.next() ** 2 * 20)}`,
  type: one(TYPES),
  at: new Date(
    asOf.getTime() + (random.int(2_000) - 1_800) * (random.int(9) ? 4_500_250 : 43_200_000),
  ),
  value: random.int(6) ? (random.int(200) - 40) / 4 : null,
  properties: random.int(4) ? object(random.int(5)) : null,
  device: one([null, 'd1', "d'2", 'd3']),
}));

let database: TestDatabase;
let fixture: FeatureFixture;
let ids: number[];

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, manualClock(new Date('2026-12-01T00:00:00Z')));
  expect((await fixture.upsert(users)).rejected).toEqual([]);
  expect((await fixture.record(events)).rejected).toEqual([]);
  const byKey = await fixture.users.idsByExternalId(users.map(({ externalId }) => externalId));
  ids = users.map(({ externalId }) => byKey.get(externalId) ?? -1);
});
afterAll(() => database.drop());

let made = 0;

/** Definitions as a registry would hold them, `f0`, `f1` …, those left out that registration refuses. */
function registryOf(definitions: readonly Definition[]): FeatureDefinition[] {
  const rows = definitions.map((definition, i) => ({
    id: `fuzz-${(made += 1)}`,
    name: `f${i}`,
    version: 1,
    description: '',
    businessMeaning: null,
    type: 'NUMERICAL' as const,
    unit: null,
    status: 'APPROVED' as const,
    owner: '',
    tags: [],
    definition,
    createdAt: asOf,
    updatedAt: asOf,
  }));
  return linkFeatures(rows).filter((feature) => {
    const wrong = (row: FeatureDefinition): boolean =>
      checkMagnitude(row.definition, row.dependencies) !== null || row.dependencies.some(wrong);
    return !wrong(feature);
  });
}

const NUMERIC = ['f0', 'f1', 'f2', 'f3'];
const isNumber = (definition: Definition): boolean =>
  ['number', 'boolean'].includes(kindOf(definition));

const registries = fc
  .tuple(
    fc.array(
      simpleDefinition
        .map((written) => definitionSchema.parse(written))
        .filter((definition) => isNumber(definition)),
      { minLength: 4, maxLength: 4 },
    ),
    fc.array(
      simpleDefinition.map((written) => definitionSchema.parse(written)),
      { minLength: 4, maxLength: 8 },
    ),
    fc.array(
      formulaOver(NUMERIC).map((expression): Definition => ({ kind: 'expression', expression })),
      { minLength: 2, maxLength: 4 },
    ),
    fc.array(
      bucketOf(NUMERIC).map((written) => definitionSchema.parse(written)),
      { minLength: 1, maxLength: 2 },
    ),
  )
  .map((lists) => registryOf(lists.flat()));

function reference(features: readonly FeatureDefinition[], user: UserRow): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { name, definition } of features)
    values.set(
      name,
      interpret(definition, user, events, asOf, (of) => values.get(of) ?? null),
    );
  return values;
}

function isSame(actual: Value, wanted: Value): boolean {
  if (typeof actual !== 'number' || typeof wanted !== 'number') return actual === wanted;
  return Math.abs(actual - wanted) <= 1e-8 * Math.max(1, Math.abs(wanted));
}

describe('any valid definition', () => {
  it('gives in Postgres what the plain interpreter of the language gives', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(registries, fc.boolean(), async (features, everyone) => {
        const asked = everyone ? ('everyone' as const) : ids;
        const rows = await fixture.read({ features, users: asked, asOf });
        users.forEach((user, i) => {
          const row = rows.userIds.indexOf(ids[i] ?? -1);
          const wanted = reference(features, user);
          for (const { name, definition } of features) {
            const cell = rows.columns.get(name)?.[row] ?? null;
            const actual = typeof cell === 'number' && Number.isNaN(cell) ? null : cell;
            const known = wanted.get(name) ?? null;
            compared += 1;
            if (!isSame(actual, known))
              expect({ user, definition, value: actual }).toEqual({
                user,
                definition,
                value: known,
              });
          }
        });
      }),
      { numRuns: 60, seed: 20260301 },
    );
    expect(compared).toBeGreaterThan(10_000);
  });

  it('becomes SQL of our own words, aliases and placeholders, whatever texts it holds', () => {
    fc.assert(
      fc.property(
        registries,
        fc.constantFrom('byUser' as const, 'grouped' as const),
        fc.boolean(),
        fc.boolean(),
        (features, access, everyone, own) => {
          const form = { access: everyone ? ('grouped' as const) : access, everyone };
          const instants = own && form.access === 'byUser' ? ('own' as const) : ('shared' as const);
          const { text } = compileFeatures(features, { ...form, instants, people: own });
          expect(strangeToken(text)).toBeNull();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('would be noticed if a text of it stood in the SQL', () => {
    expect(strangeToken("select e.value from event e where e.properties ->> 'x' = $1")).toBe("'x'");
    expect(strangeToken('select 1; drop table event')).toBe('; drop table event');
    expect(strangeToken('select "a"')).toBe('"a"');
    expect(strangeToken('select pg_sleep(1)')).toBe('pg_sleep');
  });
});

describe('anything else', () => {
  it('is refused with the place, and never thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text): unknown => JSON.parse(text)),
          fc.anything(),
        ),
        (written) => {
          const parsed = parseDefinition(written);
          expect(parsed.kind).toBe('issues');
          if (parsed.kind === 'issues') expect(parsed.issues[0]?.message).not.toBe('');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused also when one part of a valid definition is spoilt', () => {
    const junk = fc.constantFrom<unknown>(null, {}, [], '\u0000', NaN, -1e308, 'nonsense\ud800', [
      [],
    ]);
    fc.assert(
      fc.property(simpleDefinition, fc.nat(), junk, (definition, which, value) => {
        const keys = Object.keys(definition);
        const key = keys[which % keys.length] ?? 'kind';
        const parsed = parseDefinition({ ...definition, [key]: value });
        expect(parsed.kind).toBe('issues');
        if (parsed.kind === 'issues') expect(parsed.issues[0]?.path[0]).toBe(key);
      }),
      { numRuns: 500 },
    );
  });
});
