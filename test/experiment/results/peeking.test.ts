import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/experiment/experiment.js';
import type { EventSums } from '../../../src/experiment/results/metric-samples.js';
import { judge } from '../../../src/experiment/results/read-results.js';
import { decide } from '../../../src/experiment/results/results.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { seededRandom, type Random } from '../../../src/kernel/random.js';
import { madeExperiment } from './made-experiment.js';

const DAYS = 21;
/** New customers of an arm on a day. */
const A_DAY = 40;

/** What a customer's figure is. */
type Draw = (random: Random, effect: number) => number;

const visits: Draw = (random, effect) => Number(random.next() < 0.1 + effect);
const rare: Draw = (random, effect) => Number(random.next() < 0.02 + effect);
/** Mostly nothing, sometimes a lot: a skew of about 12, as money is. */
const spend: Draw = (random, effect) =>
  random.next() < 0.08 ? Math.exp(3 + random.normal()) * (1 + effect) : 0;

/** Sums over customers as they come, as the database answers them. */
function growing(): { add(value: number): void; sums(): EventSums } {
  let [n, sum, squares] = [0, 0, 0];
  return {
    add(value) {
      n++;
      sum += value;
      squares += value * value;
    },
    sums: () => ({
      ...{ n, mean: sum / n, variance: (squares - (sum * sum) / n) / (n - 1), outcomes: sum },
      ...{ meanBefore: 0, varianceBefore: 0, covariance: 0, eventsBefore: 0, ratio: null },
    }),
  };
}

interface Looked {
  /** Days at which any difference was significant. */
  significant: number;
  /** The first decision that was not to keep running. */
  decision: string | null;
  /** Whether the p-value of a fixed horizon was ever below 0.05. */
  naive: boolean;
}

/** One experiment, looked at every day. */
function lookDaily(experiment: Experiment, draw: Draw, effects: number[], random: Random): Looked {
  const kind = experiment.primaryMetric.startsWith('share') ? 'share' : 'sum';
  const events = [{ kind, type: 'visit' }] as const;
  const arms = experiment.variants.map(({ key }) => ({ key, ...growing() }));
  const looked: Looked = { significant: 0, decision: null, naive: false };
  for (let day = 1; day <= DAYS; day++) {
    for (const [at, arm] of arms.entries())
      for (let user = 0; user < A_DAY; user++) arm.add(draw(random, effects[at] ?? 0));
    const asOf = new Date(experiment.startsAt.getTime() + day * DAY_MS);
    const evidence = judge(experiment, asOf, {
      arms: arms.map(({ key, sums }) => ({
        ...{ variant: key, users: day * A_DAY, exposures: day * A_DAY, metrics: [sums()] },
      })),
      events,
      labels: new Map(),
    });
    if (evidence.comparisons.some(({ significant }) => significant)) looked.significant++;
    if (evidence.comparisons.some(({ pValue }) => pValue < 0.05)) looked.naive = true;
    const { decision } = decide(experiment, evidence);
    if (decision !== 'KEEP_RUNNING') looked.decision ??= decision;
  }
  return looked;
}

interface Simulated {
  experiment: Experiment;
  draw: Draw;
  effects: number[];
  seed: number;
  simulations: number;
}

function simulate({ experiment, draw, effects, seed, simulations }: Simulated): Looked[] {
  const random = seededRandom(seed);
  return Array.from({ length: simulations }, () => lookDaily(experiment, draw, effects, random));
}

/** Share of experiments that something is true of. */
const among = (looked: readonly Looked[], is: (each: Looked) => boolean): number =>
  looked.filter(is).length / looked.length;

const share = madeExperiment();
const sum = madeExperiment({ primaryMetric: 'sum:visit' });
const arm = { weight: 1, modelVersionId: null, payload: {} };
const four = madeExperiment({
  variants: ['control', 'one', 'two', 'three'].map((key, at) => ({
    ...{ ...arm, key, control: at === 0 },
  })),
});

describe('experiments looked at on each of 21 days', () => {
  it.each([
    ['1,000, shares of 10 %', share, visits, 1, 1_000],
    ['300, shares of 2 %', share, rare, 2, 300],
    ['300, money, skewed', sum, spend, 3, 300],
    ['300, four arms', four, visits, 4, 300],
  ] as const)(
    'without a difference, %s: at most 5 % are ever significant',
    (_, experiment, draw, seed, simulations) => {
      const looked = simulate({ experiment, draw, effects: [0, 0, 0, 0], seed, simulations });
      expect(among(looked, ({ significant }) => significant > 0)).toBeLessThanOrEqual(0.05);
      // a test of a fixed horizon would have been fooled many times
      expect(among(looked, ({ naive }) => naive)).toBeGreaterThan(0.15);
    },
  );

  it.each([
    ['gain of 8 points', 0.08, 5, 'SHIP', 'ROLL_BACK'],
    ['loss of 6 points', -0.06, 6, 'ROLL_BACK', 'SHIP'],
  ])('with a %s: at least 85 % end in what it calls for, none in the opposite', (...given) => {
    const [, effect, seed, wanted, opposite] = given;
    const effects = [0, effect];
    const looked = simulate({ experiment: share, draw: visits, effects, seed, simulations: 200 });
    expect(among(looked, ({ decision }) => decision === wanted)).toBeGreaterThan(0.85);
    expect(among(looked, ({ decision }) => decision === opposite)).toBe(0);
  });
});
