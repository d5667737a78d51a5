import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import type { ModelNode } from '../../src/model/model-nodes.js';
import type { Model } from '../../src/model/model.js';
import { outcomeStore } from '../../src/model/outcome.store.js';
import { randomStream } from '../../src/numeric/random.js';
import type { Database } from '../../src/plant/ports.js';
import { PerformanceResolver } from '../../src/prediction/performance.resolver.js';
import { performanceStore } from '../../src/prediction/performance.store.js';
import {
  performanceOf,
  type PerformancePoint,
  type PerformanceStep,
} from '../../src/prediction/performance.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const MODEL = '01900000-0000-7000-8000-0000000000d1';
const OTHER = '01900000-0000-7000-8000-0000000000d2';
const HORIZON_DAYS = 30;
const START = Date.UTC(2026, 5, 20);
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const model = {
  id: MODEL,
  spec: {
    label: { kind: 'NO_EVENT', eventTypes: ['purchase'], horizonDays: HORIZON_DAYS },
    slices: ['city'],
    fairness: [],
  } as unknown as Model['spec'],
};
const window = { since: new Date(START), until: new Date(START + 100 * DAY_MS) };
let database: TestDatabase;
let db: Database;
let userIds: number[];

beforeAll(async () => {
  database = await testDatabase();
  ({ db } = database);
  const rows = await db.query<{ id: number }>(
    `insert into customer (external_id, attributes, consent_profiling)
     select 'u' || n, case when n % 4 = 0 then '{}' else jsonb_build_object('city', 'city ' || n % 3) end, n % 7 <> 0
     from generate_series(1, 60) n returning id`,
  );
  userIds = rows.map(({ id }) => id);
  await db.query('update customer set consent_profiling = true');
  await fill();
  await db.query(`update customer set consent_profiling = false where id % 7 = 0`);
});
afterAll(() => database.drop());

/** Scores of two models over 100 days, probabilities with ties, and outcomes of every kind. */
async function fill(): Promise<void> {
  const random = randomStream(7);
  const among = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const rows = Array.from({ length: 900 }, (_, i) => {
    const scoredAt = new Date(START + random() * 100 * DAY_MS);
    return {
      userId: among(userIds),
      modelId: i % 10 === 0 ? OTHER : MODEL,
      modelVersionId: MODEL,
      probability: i % 50 === 0 ? among([0, 1]) : Math.round(random() * 20) / 20,
      threshold: among([0.3, 0.5]),
      source: i % 13 === 0 ? ('RULES' as const) : ('MODEL' as const),
      asOf: new Date(scoredAt.getTime() - among([0, 1, 5]) * DAY_MS),
      scoredAt,
      latencyMs: 1,
      inputs: { numeric: new Float32Array(0), categorical: [] },
      jobId: null,
    };
  });
  const ids = await predictionStore(db).write(rows);
  const label = (source: string, at: number, change: object = {}) => ({
    modelId: among([MODEL, MODEL, OTHER]),
    userId: among(userIds),
    at: new Date(at),
    positive: random() < 0.4,
    source,
    predictionId: null,
    ...change,
  });
  const outcomes = [
    ...Array.from({ length: 150 }, () => label('crm', START + random() * 130 * DAY_MS)),
    ...rows.flatMap(({ userId, modelId, asOf }, i) =>
      i % 9 === 0
        ? [label('by id', asOf.getTime() + 40 * DAY_MS, { userId, modelId, predictionId: ids[i] })]
        : [],
    ),
  ];
  const again = outcomes
    .slice(150, 190)
    .map((row) => ({ ...row, source: 'audit', positive: true }));
  const store = outcomeStore(db, clock);
  await store.record(outcomes);
  clock.advance(1_000);
  await store.record(again);
}

interface Score {
  id: number;
  user: number;
  probability: number;
  threshold: number;
  source: string;
  asOf: Date;
  scoredAt: Date;
  city: string | null;
}
interface Label {
  user: number;
  at: Date;
  positive: boolean;
  prediction: number | null;
  recordedAt: Date;
}

/** The same figures by plain code: loops over all pairs. */
async function recount(step: PerformanceStep, cut: boolean): Promise<PerformancePoint[]> {
  const scores = await db.query<Score>(
    `select p.id, p.user_id as user, probability, threshold, source::text as source, as_of as "asOf",
       scored_at as "scoredAt", case when consent_profiling then attributes ->> 'city' end as city
     from prediction p join customer c on c.id = p.user_id where model_id = $1`,
    [MODEL],
  );
  const labels = await db.query<Label>(
    `select user_id as user, at, positive, prediction_id as prediction, recorded_at as "recordedAt"
     from outcome where model_id = $1`,
    [MODEL],
  );
  const outcomeOf = ({ id, user, asOf }: Score): boolean | null => {
    const named = labels.filter(({ prediction }) => prediction === id);
    named.sort((a, b) => b.recordedAt.getTime() - a.recordedAt.getTime());
    if (named[0]) return named[0].positive;
    const later = labels.filter(
      (each) =>
        each.user === user &&
        each.at >= asOf &&
        each.at.getTime() <= asOf.getTime() + HORIZON_DAYS * DAY_MS,
    );
    later.sort(
      (a, b) => a.at.getTime() - b.at.getTime() || b.recordedAt.getTime() - a.recordedAt.getTime(),
    );
    return later[0]?.positive ?? null;
  };
  const groups = new Map<string, Score[]>();
  for (const score of scores) {
    const inside = score.scoredAt >= window.since && score.scoredAt < window.until;
    if (!inside || score.source !== 'MODEL') continue;
    const at = score.scoredAt.toISOString().slice(0, step === 'DAY' ? 10 : 7);
    const key = JSON.stringify([at, cut ? score.city : null]);
    groups.set(key, [...(groups.get(key) ?? []), score]);
  }
  return [...groups].map(([key, rows]) => {
    const [at, slice] = JSON.parse(key) as [string, string | null];
    const told = rows.flatMap((row) => {
      const positive = outcomeOf(row);
      return positive === null ? [] : [{ ...row, positive }];
    });
    const point = { at: new Date(at), slice, predictions: rows.length, labelled: told.length };
    return { ...point, metrics: plainMetrics(told) };
  });
}

function plainMetrics(rows: (Score & { positive: boolean })[]): PerformancePoint['metrics'] {
  if (rows.length === 0) return [];
  const mean = (of: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  const called = (row: Score): boolean => row.probability >= row.threshold;
  const count = (wanted: (row: (typeof rows)[number]) => boolean): number =>
    rows.filter(wanted).length;
  const truePositives = count((row) => called(row) && row.positive);
  const allCalled = count(called);
  const positives = rows.filter(({ positive }) => positive);
  const negatives = rows.filter(({ positive }) => !positive);
  let ordered = 0;
  for (const a of positives)
    for (const b of negatives)
      ordered += a.probability > b.probability ? 1 : a.probability === b.probability ? 0.5 : 0;
  const precision = allCalled === 0 ? 0 : truePositives / allCalled;
  const recall = positives.length === 0 ? 0 : truePositives / positives.length;
  const metrics = {
    logLoss: mean(({ positive, probability }) => {
      const happened = positive ? probability : 1 - probability;
      return -Math.log(Math.min(Math.max(happened, 1e-15), 1 - 1e-15));
    }),
    brier: mean(({ positive, probability }) => (probability - Number(positive)) ** 2),
    accuracy: mean((row) => Number(called(row) === row.positive)),
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    prevalence: positives.length / rows.length,
    ...(positives.length > 0 && negatives.length > 0
      ? { auc: ordered / (positives.length * negatives.length) }
      : {}),
  };
  return Object.entries(metrics).map(([name, value]) => ({ name, value }));
}

const deps = {
  performanceSums: (query: Parameters<ReturnType<typeof performanceStore>['sums']>[0]) =>
    performanceStore(db).sums(query),
};

function expectSame(points: PerformancePoint[], plain: PerformancePoint[]): void {
  const keyed = (all: PerformancePoint[]) =>
    new Map(all.map((point) => [`${point.at.toISOString()} ${point.slice}`, point]));
  const found = keyed(points);
  expect([...found.keys()].sort()).toEqual([...keyed(plain).keys()].sort());
  for (const [key, { metrics, ...rest }] of keyed(plain)) {
    const { metrics: ours, ...point } = found.get(key) ?? { metrics: [] };
    expect(point).toEqual(rest);
    const values = Object.fromEntries(ours.map(({ name, value }) => [name, value]));
    expect(Object.keys(values).sort()).toEqual(metrics.map(({ name }) => name).sort());
    for (const { name, value } of metrics)
      expect(values[name], `${key} ${name}`).toBeCloseTo(value, 9);
  }
}

describe('Performance over time', () => {
  it.each([
    ['MONTH', null],
    ['DAY', null],
    ['MONTH', 'city'],
  ] as const)('by %s and %s equals a recount by plain code', async (step, slice) => {
    const points = await performanceOf(deps, model, { ...window, step, slice });
    expect(points.length).toBeGreaterThanOrEqual(slice ? 12 : 4);
    expect(points.some(({ metrics }) => metrics.some(({ name }) => name === 'auc'))).toBe(true);
    expectSame(points, await recount(step, slice !== null));
    const instants = points.map(({ at }) => at.getTime());
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
  });

  it('tells a late label in the point of its score, and a correction after it', async () => {
    const ask = () => performanceOf(deps, model, { ...window, step: 'MONTH', slice: null });
    const before = await ask();
    const [score] = await db.query<{ id: number; user: number; at: Date }>(
      `select p.id, p.user_id as user, p.scored_at as at from prediction p
       where p.model_id = $1 and p.source = 'MODEL' and p.scored_at < $2 and not exists (
         select from outcome o where o.model_id = p.model_id and o.user_id = p.user_id and o.at >= p.as_of) limit 1`,
      [MODEL, window.until],
    );
    if (!score) throw new Error('every score has its label');
    const store = outcomeStore(db, clock);
    const late = {
      modelId: MODEL,
      userId: score.user,
      at: clock.wall(),
      source: 'late',
      positive: true,
      predictionId: score.id,
    };
    await store.record([late]);
    const after = await ask();
    expectSame(after, await recount('MONTH', false));
    const moved = after.filter((point, i) => point.labelled !== before[i]?.labelled);
    expect(moved.map(({ at }) => at.toISOString().slice(0, 7))).toEqual([
      score.at.toISOString().slice(0, 7),
    ]);
    await store.record([{ ...late, positive: false }]);
    expectSame(await ask(), await recount('MONTH', false));
  });

  it.each([
    [{ since: window.until, until: window.until }, 'since must be before until, got 2026-09-28'],
    [{ since: new Date(0) }, 'since and until must be at most 400 days apart by DAY, got 20724'],
    [
      { slice: 'email' },
      'slice must be an attribute that the spec names under slices or fairness (city), got email',
    ],
  ])('refuses %j', async (change, message) => {
    await expect(
      performanceOf(deps, model, { ...window, step: 'DAY', slice: null, ...change }),
    ).rejects.toThrow(message);
  });

  it('is a field of the model, of the last 30 days when nothing else is asked for', async () => {
    const resolver = new PerformanceResolver(deps);
    const context = { viewer: { role: 'CRM' }, clock } as unknown as Parameters<
      PerformanceResolver['performance']
    >[5];
    const node = { ...model, key: MODEL } as unknown as ModelNode;
    expect(await resolver.performance(node, null, null, 'DAY', null, context)).toEqual([]);
    const points = await resolver.performance(
      node,
      window.since,
      window.until,
      'MONTH',
      null,
      context,
    );
    expect(points.length).toBeGreaterThan(3);
    expect(points[0]?.metrics[0]?.split).toBe('LIVE');
  });
});
