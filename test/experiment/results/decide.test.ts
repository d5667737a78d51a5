import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/experiment/experiment.js';
import { sequentialPValue, tightestAt } from '../../../src/numeric/mixture-sprt.js';
import { twoProportion } from '../../../src/numeric/two-proportion.js';
import { compareArms, type ArmSample } from '../../../src/experiment/results/compare-arms.js';
import { judge } from '../../../src/experiment/results/read-results.js';
import { guardrailStates } from '../../../src/experiment/results/look.js';
import {
  decide,
  isOver,
  untilOf,
  type Comparison,
  type Decision,
  type Evidence,
} from '../../../src/experiment/results/results.js';
import { madeExperiment } from './made-experiment.js';

const running = new Date('2026-01-15');
const over = new Date('2026-02-01');
const arm = { weight: 1, modelVersionId: null, payload: {} };

function comparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    ...{ metric: 'share:visit', control: 'control', treatment: 'treatment' },
    ...{ difference: 0.02, relativeLift: 0.2, low: 0.001, high: 0.04, pValue: 0.04 },
    ...{ sequentialPValue: 0.3, adjustedPValue: 0.3, sequentialLow: -0.01, sequentialHigh: 0.05 },
    ...{ significant: false, verdict: null, method: 'two-proportion z', varianceReduction: null },
    ...changes,
  };
}

const sure = { significant: true, adjustedPValue: 0.001, sequentialPValue: 0.001 };
const better = comparison({ ...sure, verdict: 'BETTER' });
const worse = comparison({ ...sure, difference: -0.02, verdict: 'WORSE' });
const harm = comparison({ ...sure, metric: 'count:complaint', verdict: 'WORSE' });
const open = comparison();

function evidence(
  asOf: Date,
  comparisons: Comparison[],
  more: { users?: number[]; mismatch?: boolean; waitingFor?: string[]; variants?: string[] } = {},
): Evidence {
  const { users = [500, 500], variants = ['control', 'treatment'] } = more;
  return {
    asOf,
    comparisons,
    waitingFor: more.waitingFor ?? [],
    sampleRatio: { pValue: more.mismatch ? 1e-9 : 0.6, mismatch: more.mismatch ?? false },
    variants: variants.map((variant, at) => ({
      ...{ variant, users: users[at] ?? 500, exposures: 500, outcomes: 50 },
      ...{ mean: 0.1, low: 0.08, high: 0.12, metrics: [] },
    })),
  };
}

interface Row {
  title: string;
  given: Evidence;
  experiment?: Partial<Experiment>;
  decision: Decision;
  winner?: string;
  reason: RegExp;
}

const three = {
  variants: ['control', 'one', 'two'].map((key) => ({ ...arm, key, control: key === 'control' })),
};
const ofThree = { variants: ['control', 'one', 'two'], users: [500, 500, 500] };

const table: Row[] = [
  {
    title: 'arms of other sizes than planned -> INCONCLUSIVE, whatever the difference',
    given: evidence(running, [better], { mismatch: true, users: [700, 300] }),
    decision: 'INCONCLUSIVE',
    reason: /control 700 where 500 were planned, treatment 300 where 500 were planned \(p 1e-9/,
  },
  {
    title: 'too few customers, running -> KEEP_RUNNING: not enough data',
    given: evidence(running, [], { users: [99, 100], waitingFor: ['share:visit: …'] }),
    decision: 'KEEP_RUNNING',
    reason: /^There is not enough data: control has 99 of at least 100 customers\.$/,
  },
  {
    title: 'too few customers, over -> INCONCLUSIVE: not enough data',
    given: evidence(over, [], { users: [0, 0] }),
    decision: 'INCONCLUSIVE',
    reason: /not enough data: control has 0, treatment has 0 .* The experiment is over\.$/,
  },
  {
    title: 'too few customers, stopped -> INCONCLUSIVE',
    given: evidence(running, [], { users: [5, 5] }),
    experiment: { status: 'STOPPED' },
    decision: 'INCONCLUSIVE',
    reason: /not enough data/,
  },
  {
    title: 'a guardrail is worse -> ROLL_BACK',
    given: evidence(running, [open, harm]),
    experiment: { guardrails: ['count:complaint'], lowerIsBetter: ['count:complaint'] },
    decision: 'ROLL_BACK',
    reason: /^treatment is worse: count:complaint differs by 0\.02/,
  },
  {
    title: 'the primary metric is better, a guardrail is worse -> ROLL_BACK',
    given: evidence(running, [better, harm]),
    experiment: { guardrails: ['count:complaint'] },
    decision: 'ROLL_BACK',
    reason: /count:complaint/,
  },
  {
    title: 'the primary metric is better -> SHIP',
    given: evidence(running, [better]),
    decision: 'SHIP',
    winner: 'treatment',
    reason:
      /^treatment is better: share:visit differs by 0\.02 \(\+20 %\), 95 % 0\.001 to 0\.04, sequential p 0\.001\.$/,
  },
  {
    title: 'the primary metric is worse -> ROLL_BACK',
    given: evidence(running, [worse]),
    decision: 'ROLL_BACK',
    reason: /^treatment is worse: share:visit differs by -0\.02/,
  },
  {
    title: 'a guardrail is worse, over -> ROLL_BACK all the same',
    given: evidence(over, [open, harm]),
    decision: 'ROLL_BACK',
    reason: /^treatment is worse: count:complaint differs/,
  },
  {
    title: 'a guardrail that is better alone ships nothing',
    given: evidence(running, [open, comparison({ ...better, metric: 'sum:purchase' })]),
    experiment: { guardrails: ['sum:purchase'] },
    decision: 'KEEP_RUNNING',
    reason: /No difference is significant yet/,
  },
  {
    title: 'no difference, running -> KEEP_RUNNING, though the p-value of a fixed horizon is small',
    given: evidence(running, [open]),
    decision: 'KEEP_RUNNING',
    reason: /^No difference is significant yet\. treatment: share:visit/,
  },
  {
    title: 'no difference, over -> INCONCLUSIVE: a tie',
    given: evidence(over, [open]),
    decision: 'INCONCLUSIVE',
    reason: /^It is a tie\. treatment: share:visit .* The experiment is over\.$/,
  },
  {
    title: 'a significant difference, over -> SHIP all the same',
    given: evidence(over, [better]),
    decision: 'SHIP',
    winner: 'treatment',
    reason: /is better/,
  },
  {
    title: 'nothing that varies, running -> KEEP_RUNNING, named',
    given: evidence(running, [], { waitingFor: ['share:visit: it does not vary'] }),
    decision: 'KEEP_RUNNING',
    reason: /^Nothing can be compared in share:visit: it does not vary\.$/,
  },
  {
    title: 'of two treatments that are better the one that is by more -> SHIP',
    given: evidence(
      running,
      [
        comparison({ ...better, treatment: 'one', difference: 0.02 }),
        comparison({ ...better, treatment: 'two', difference: 0.03 }),
      ],
      ofThree,
    ),
    experiment: three,
    decision: 'SHIP',
    winner: 'two',
    reason: /^two is better/,
  },
  {
    title: 'where less is better, by less',
    given: evidence(
      running,
      [
        comparison({ ...better, treatment: 'one', difference: -0.02 }),
        comparison({ ...better, treatment: 'two', difference: -0.01 }),
      ],
      ofThree,
    ),
    experiment: { ...three, lowerIsBetter: ['share:visit'] },
    decision: 'SHIP',
    winner: 'one',
    reason: /^one is better/,
  },
  {
    title: 'the better of two treatments harms a guardrail -> SHIP the other, and say so',
    given: evidence(
      running,
      [
        comparison({ ...better, treatment: 'one', difference: 0.02 }),
        comparison({ ...better, treatment: 'two', difference: 0.03 }),
        comparison({ ...harm, treatment: 'two' }),
      ],
      ofThree,
    ),
    experiment: { ...three, guardrails: ['count:complaint'] },
    decision: 'SHIP',
    winner: 'one',
    reason: /^one is better: .* two is worse: count:complaint/,
  },
  {
    title: 'one treatment is worse, the other open -> ROLL_BACK names the one',
    given: evidence(
      running,
      [comparison({ ...worse, treatment: 'one' }), comparison({ treatment: 'two' })],
      ofThree,
    ),
    experiment: three,
    decision: 'ROLL_BACK',
    reason: /^one is worse: [^]*$/,
  },
];

describe('the decision', () => {
  it.each(table)('$title', ({ given, experiment, decision, winner, reason }) => {
    const verdict = decide(madeExperiment(experiment ?? {}), given);
    expect(verdict.decision).toBe(decision);
    expect(verdict.winner).toBe(winner ?? null);
    expect(verdict.reason).toMatch(reason);
  });
});

describe('the end of an experiment', () => {
  const at = (n: number): Date => new Date(Date.UTC(2026, 0, n));
  it.each([
    ['now', {}, at(10), at(10)],
    ['its window', { endsAt: at(8) }, at(10), at(8)],
    ['a stop', { stoppedAt: at(7), endsAt: at(8) }, at(10), at(7)],
    ['a conclusion', { concludedAt: at(6) }, at(10), at(6)],
    ['a stop that is to come', { stoppedAt: at(20) }, at(10), at(10)],
  ])('is %s', (_, changes, asOf, until) => {
    expect(untilOf(madeExperiment(changes), asOf)).toEqual(until);
  });

  it.each([
    ['RUNNING', at(31), false],
    ['RUNNING', new Date('2026-02-01'), true],
    ['DRAFT', at(5), false],
    ['STOPPED', at(5), true],
    ['CONCLUDED', at(5), true],
  ] as const)('%s at %s is over: %s', (status, asOf, expected) => {
    expect(isOver(madeExperiment({ status }), asOf)).toBe(expected);
  });
});

describe('guardrails of a look', () => {
  const rules = {
    guardrails: ['count:complaint', 'sum:purchase'],
    lowerIsBetter: ['count:complaint'],
  };

  it('tell harm in the bad direction, and the worst is the surest', () => {
    const states = guardrailStates(rules, [
      better,
      harm,
      comparison({ metric: 'sum:purchase', difference: -3, adjustedPValue: 0.2 }),
      comparison({
        metric: 'sum:purchase',
        difference: 2,
        treatment: 'two',
        adjustedPValue: 0.001,
      }),
    ]);
    expect(states).toEqual([
      {
        ...{ metric: 'count:complaint', treatment: 'treatment', harm: 0.02, harmed: true },
        sequentialPValue: 0.001,
      },
      {
        ...{ metric: 'sum:purchase', treatment: 'treatment', harm: 3, harmed: false },
        sequentialPValue: 0.2,
      },
      // it gains: no harm, however sure
      { metric: 'sum:purchase', treatment: 'two', harm: -2, harmed: false, sequentialPValue: 1 },
    ]);
  });
});

describe('arms that are compared', () => {
  const share = (
    variant: string,
    successes: number,
    trials: number,
    more: Partial<ArmSample> = {},
  ): ArmSample => ({
    ...{ variant, users: trials, units: trials, outcomes: successes },
    figure: { kind: 'share', successes, trials, before: null },
    ...more,
  });
  const compared = (...arms: ArmSample[]) =>
    compareArms({ metric: 'share:visit', lowerIsBetter: false, control: 'control', arms }, 100);
  const control = share('control', 100, 1_000);

  it('are a family of all treatments from the first look on, be there too few customers in one', () => {
    const [alone] = compared(control, share('a', 160, 1_000)).comparisons;
    const { comparisons, waitingFor } = compared(
      control,
      share('a', 160, 1_000),
      share('b', 9, 99),
    );
    expect(waitingFor).toEqual(['share:visit: b has 99 of 100 customers']);
    expect(comparisons).toHaveLength(1);
    expect(alone?.adjustedPValue).toBe(alone?.sequentialPValue);
    expect(comparisons[0]?.adjustedPValue).toBeCloseTo(2 * (alone?.adjustedPValue ?? 0), 12);
  });

  it('are significant by the p-value that may be looked at every day, of the variance without a difference', () => {
    const [found] = compared(control, share('a', 130, 1_000)).comparisons;
    expect(found?.pValue).toBeLessThan(0.04);
    expect(found).toMatchObject({ significant: false, verdict: null });
    const test = twoProportion(
      { successes: 130, trials: 1_000 },
      { successes: 100, trials: 1_000 },
    );
    expect(found?.sequentialPValue).toBe(
      sequentialPValue(0.03, test?.nullVariance ?? NaN, 2_000, tightestAt(2_000)),
    );
  });

  it('wait for outcomes, not for customers alone', () => {
    const few = share('a', 20, 60, { users: 1_000, units: 60 });
    expect(compared(control, few)).toEqual({
      comparisons: [],
      waitingFor: ['share:visit: a has 60 of 100 outcomes'],
    });
  });

  it('are adjusted only where every arm has a time before that tells something', () => {
    const moments = { n: 1_000, mean: 0.1, variance: 0.09, meanBefore: 1, varianceBefore: 1 };
    const withBefore = (arm: ArmSample, covariance: number): ArmSample => ({
      ...arm,
      figure: {
        ...{ kind: 'share' as const, successes: arm.outcomes, trials: arm.users },
        before: { ...moments, mean: arm.outcomes / arm.users, covariance },
      },
    });
    const a = share('a', 160, 1_000);
    const method = (...arms: ArmSample[]) =>
      compared(...arms).comparisons.map((each) => each.method);
    expect(method(withBefore(control, 0.1), withBefore(a, 0.1))).toEqual(['Welch t with CUPED']);
    expect(method(withBefore(control, 0), withBefore(a, 0))).toEqual(['two-proportion z']);
    expect(method(control, withBefore(a, 0.1))).toEqual(['two-proportion z']);
    expect(method(withBefore(control, 0.1), a)).toEqual(['two-proportion z']);
  });

  it('are no numbers where one is not finite', () => {
    const mean = (variant: string, variance: number): ArmSample => ({
      ...{ variant, users: 500, units: 500, outcomes: 500 },
      figure: { kind: 'mean', moments: { n: 500, mean: 3, variance }, before: null },
    });
    expect(compared(mean('control', 1), mean('a', Infinity)).comparisons).toEqual([]);
  });
});

describe('the check of the sample ratio', () => {
  it.each([
    ['1:1, 540 to 460, p 0.011', [1, 1], [540, 460], false],
    ['1:1, 560 to 440, p 0.00015', [1, 1], [560, 440], true],
    ['3:1 as planned', [3, 1], [750, 250], false],
    ['3:1, half and half', [3, 1], [500, 500], true],
    ['0.2:0.8, 230 to 770, p 0.018', [0.2, 0.8], [230, 770], false],
    ['nobody', [3, 1], [0, 0], false],
  ])('%s', (_title, weights, users, mismatch) => {
    const variants = weights.map((weight, at) => ({
      ...{ ...arm, weight, key: `arm${at}`, control: at === 0 },
    }));
    const arms = users.map((count, at) => ({
      ...{ variant: `arm${at}`, users: count, exposures: count, metrics: [] },
    }));
    const experiment = madeExperiment({ variants, primaryMetric: 'none' });
    const found = judge(experiment, running, { arms, events: [], labels: new Map() });
    expect(found.sampleRatio.mismatch).toBe(mismatch);
  });
});
