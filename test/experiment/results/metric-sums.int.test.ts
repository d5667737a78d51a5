import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/experiment/experiment.js';
import { metricSums, type EventMetric } from '../../../src/experiment/results/metric-sums.store.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { seededRandom } from '../../../src/kernel/random.js';
import {
  openResultsLab,
  type MadeAssignment,
  type MadeEvent,
  type ResultsLab,
} from './results-lab.js';

const USERS = 400;
const start = new Date('2026-01-10');
const now = new Date('2026-01-25T12:00:00Z');
const day = (n: number): Date => new Date(start.getTime() + n * DAY_MS);

let lab: ResultsLab;
let experiment: Experiment;
const assignments: MadeAssignment[] = [];
const events: MadeEvent[] = [];

const metrics: EventMetric[] = [
  { kind: 'share', type: 'visit' },
  { kind: 'count', type: 'visit' },
  { kind: 'sum', type: 'purchase' },
  { kind: 'mean', type: 'purchase' },
  { kind: 'share', type: 'never' },
];

beforeAll(async () => {
  lab = await openResultsLab(USERS, now);
  experiment = await lab.make({
    startsAt: start,
    endsAt: day(20),
    primaryMetric: 'share:visit',
    prePeriodDays: 7,
  });
  const random = seededRandom(7);
  for (let user = 1; user <= USERS; user++) {
    const variant = random.next() < 0.5 ? 'control' : 'treatment';
    if (random.next() < 0.8)
      assignments.push({
        user,
        variant,
        at: day(random.next() * 18),
        exposures: random.int(4) + 1,
      });
    for (let k = random.int(6); k > 0; k--)
      events.push({ user, type: 'visit', at: day(-15 + random.next() * 35) });
    for (let k = random.int(4); k > 0; k--)
      events.push({
        ...{ user, type: 'purchase', at: day(-15 + random.next() * 35) },
        value: random.next() < 0.2 ? null : Math.round(random.next() * 1000) / 8,
      });
  }
  // of this very millisecond: the first exposure is part of the experiment, its end is not
  const [first] = assignments;
  events.push({ user: first?.user ?? 1, type: 'visit', at: first?.at ?? start });
  await lab.assign(experiment, assignments);
  await lab.record(events);
});
afterAll(() => lab.close());

interface Figures {
  n: number;
  mean: number;
  variance: number;
  meanBefore: number;
  varianceBefore: number;
  covariance: number;
  outcomes: number;
  eventsBefore: number;
}

/** The same from the rows, as it is written in the contract. */
function recount(
  variant: string,
  metric: EventMetric,
  until: Date,
  prePeriodDays: number,
): Figures {
  const arm = assignments.filter((each) => each.variant === variant && each.at < until);
  const rows = arm.map(({ user, at }) => {
    const own = events.filter((event) => event.user === user && event.type === metric.type);
    const after = own.filter((event) => event.at >= at && event.at < until);
    const from = at.getTime() - prePeriodDays * DAY_MS;
    const before = own.filter((event) => event.at < at && event.at.getTime() >= from);
    return { after, before };
  });
  const sum = (list: readonly MadeEvent[]): number =>
    list.reduce((total, { value }) => total + (value ?? 0), 0);
  const valued = (list: readonly MadeEvent[]): number =>
    list.filter(({ value }) => typeof value === 'number').length;
  const of = { share: figureOfShare, count: figureOfCount, sum, mean: sum }[metric.kind];
  const y = rows.map(({ after }) => of(after));
  const x = rows.map(({ after, before }) => (metric.kind === 'mean' ? valued(after) : of(before)));
  const counted = { share: figureOfShare, count: figureOfCount, sum: figureOfCount, mean: valued };
  return {
    n: rows.length,
    mean: mean(y),
    variance: covariance(y, y),
    meanBefore: mean(x),
    varianceBefore: covariance(x, x),
    covariance: covariance(y, x),
    outcomes: rows.reduce((total, { after }) => total + counted[metric.kind](after), 0),
    eventsBefore: rows.reduce((total, { before }) => total + before.length, 0),
  };
}

const figureOfShare = (list: readonly MadeEvent[]): number => Number(list.length > 0);
const figureOfCount = (list: readonly MadeEvent[]): number => list.length;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + (value - mean(a)) * ((b[at] ?? 0) - mean(b)), 0) /
  (a.length - 1);

async function sumsOf(until: Date, prePeriodDays = 7) {
  const arms = await metricSums(lab.db)({
    ...{ experimentId: experiment.id, metrics, prePeriodDays, until },
  });
  return new Map(arms.map((arm) => [arm.variant, arm]));
}

describe('sums of metrics', () => {
  it.each([
    ['now', now, 7],
    ['in the middle', day(6), 7],
    ['without a time before', now, 0],
    ['after its end', day(20), 30],
  ] as const)('are those of a recount, %s', async (_, until, prePeriodDays) => {
    const arms = await sumsOf(until, prePeriodDays);
    for (const variant of ['control', 'treatment']) {
      const arm = arms.get(variant);
      for (const [at, metric] of metrics.entries()) {
        const expected = recount(variant, metric, until, prePeriodDays);
        const actual = arm?.metrics[at];
        const seen = { ...actual, ...ratioFigures(actual?.ratio) };
        for (const [name, value] of Object.entries(expected))
          expect(Number(seen[name as keyof Figures]), `${metric.kind} ${name}`).toBeCloseTo(
            value,
            9,
          );
      }
      const told = assignments.filter((each) => each.variant === variant && each.at < until);
      expect(arm?.users).toBe(told.length);
      expect(arm?.exposures).toBe(told.reduce((sum, { exposures }) => sum + (exposures ?? 1), 0));
    }
  });

  it('leave out who is told and what happens at the very end', async () => {
    const users = async (until: Date): Promise<number> =>
      [...(await sumsOf(until)).values()].reduce((sum, arm) => sum + arm.users, 0);
    const told = Math.max(...assignments.map(({ at }) => at.getTime()));
    const last = assignments.filter(({ at }) => at.getTime() === told).length;
    expect(await users(new Date(told))).toBe(assignments.length - last);
    const since = new Map(assignments.map(({ user, at }) => [user, at]));
    const event = events.find(({ user, at, type }) => {
      const begin = since.get(user);
      return (
        begin && at > begin && metrics.some((each) => each.kind === 'count' && each.type === type)
      );
    });
    const count = metrics.findIndex(({ kind, type }) => kind === 'count' && type === event?.type);
    const done = async (ms: number): Promise<number> =>
      [...(await sumsOf(new Date((event?.at.getTime() ?? NaN) + ms))).values()].reduce(
        (sum, arm) => sum + (arm.metrics[count]?.outcomes ?? 0),
        0,
      );
    expect(await done(1)).toBeGreaterThan(await done(0));
  });

  it('are one statement', async () => {
    let statements = 0;
    const counting = {
      query: <Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> => {
        statements++;
        return lab.db.query<Row>(text, values);
      },
    };
    const request = { experimentId: experiment.id, metrics, prePeriodDays: 7, until: now };
    await metricSums(counting)(request);
    expect(statements).toBe(1);
  });

  it('leave out arms without anybody, and there are none before the first exposure', async () => {
    expect([...(await sumsOf(start)).keys()]).toEqual([]);
    const alone = Math.min(...assignments.map(({ at }) => at.getTime())) + 1;
    const arms = await sumsOf(new Date(alone));
    expect(arms.size).toBe(1);
    expect([...arms.values()][0]?.metrics[0]).toMatchObject({ n: 1, variance: 0, covariance: 0 });
  });
});

function ratioFigures(
  ratio:
    { meanDenominator: number; varianceDenominator: number; covariance: number } | null | undefined,
): Partial<Figures> {
  if (!ratio) return {};
  const { meanDenominator: meanBefore, varianceDenominator: varianceBefore } = ratio;
  return { meanBefore, varianceBefore, covariance: ratio.covariance };
}

describe('results', () => {
  it('count events until the experiment was stopped, and as of an instant', async () => {
    const at = { status: 'STOPPED', stoppedAt: day(6) } as const;
    const stopped = await lab.looks.read({ ...experiment, ...at }, now);
    const then = await lab.looks.read(experiment, day(6));
    expect(stopped.until).toEqual(day(6));
    expect(stopped.variants).toEqual(then.variants);
    expect(stopped.comparisons).toEqual(then.comparisons);
    const ended = await lab.looks.read({ ...experiment, endsAt: day(3) }, now);
    expect(ended.until).toEqual(day(3));
    expect(ended.reason).toContain('The experiment is over.');
  });

  it('adjust by what was before where there was anything, and only there', async () => {
    const metric = { primaryMetric: 'count:visit', minimumUsers: 50 };
    const adjusted = await lab.looks.read({ ...experiment, ...metric }, now);
    expect(adjusted.comparisons[0]).toMatchObject({ method: 'Welch t with CUPED' });
    const { varianceReduction } = adjusted.comparisons[0] ?? {};
    expect(varianceReduction).toBeGreaterThanOrEqual(0);
    const plain = await lab.looks.read({ ...experiment, ...metric, prePeriodDays: 0 }, now);
    expect(plain.comparisons[0]).toMatchObject({ method: 'Welch t', varianceReduction: null });
    // the figures of the arms are as measured either way
    expect(adjusted.variants).toEqual(plain.variants);
  });

  it('an arm that nobody was told, a metric that nobody did: named, never a number that is none', async () => {
    const arm = { weight: 1, control: false, modelVersionId: null, payload: {} };
    const results = await lab.looks.read(
      {
        ...experiment,
        variants: [...experiment.variants, { ...arm, key: 'empty' }],
        primaryMetric: 'share:never',
        guardrails: ['sum:never', 'mean:never', 'mean:purchase'],
        minimumUsers: 50,
      },
      now,
    );
    expect(results.variants.find(({ variant }) => variant === 'empty')).toMatchObject({
      ...{ users: 0, exposures: 0, outcomes: 0, mean: null, low: null, high: null },
    });
    expect(results.sampleRatio.mismatch).toBe(true);
    expect(results.decision).toBe('INCONCLUSIVE');
    expect(results.waitingFor).toContain('share:never: empty has 0 of 50 customers');
    expect(results.waitingFor).toContain('share:never: it does not vary in control and treatment');
    expect(results.waitingFor).toContain('mean:never: control has nothing to measure yet');
    expect(results.comparisons.map(({ metric }) => metric)).toEqual(['mean:purchase']);
    expect(JSON.stringify(results)).not.toMatch(/NaN|Infinity/);
    for (const each of results.comparisons)
      for (const value of Object.values(each))
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  });
});
