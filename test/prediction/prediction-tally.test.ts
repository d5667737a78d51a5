import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import { predictionTally } from '../../src/prediction/prediction-tally.js';

const open = () => {
  const clock = manualClock(new Date(7_000_123));
  return { clock, tally: predictionTally(() => clock.monotonicMs()) };
};

describe('questions a second', () => {
  it('are the answered and the failed ones of the last minute, each model its own', () => {
    const { tally } = open();
    tally.add('churn', { answered: 100, fromCache: 40, fromRules: 3, failed: 20 });
    tally.add('other', { failed: 6 });
    expect(['churn', 'other', 'new'].map((id) => tally.perSecond(id))).toEqual([2, 0.1, 0]);
  });

  it('are forgotten after a minute, while the sums stay', () => {
    const { clock, tally } = open();
    tally.add('churn', { answered: 60 });
    clock.advance(59_000);
    expect(tally.perSecond('churn')).toBe(1);
    clock.advance(1_000);
    expect(tally.perSecond('churn')).toBe(0);
    expect(tally.of('churn').answered).toBe(60);
  });

  it('are those of a recount, whatever came when', () => {
    const steps = fc.array(
      fc.record({
        ms: fc.integer({ min: 0, max: 70_000 }),
        amount: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (given) => {
        const { clock, tally } = open();
        const all: { second: number; amount: number }[] = [];
        for (const { ms, amount } of given) {
          clock.advance(ms % 3_000 === 0 ? ms : ms % 3_000); // mostly within the minute
          tally.add('churn', { answered: amount });
          const second = Math.floor(clock.monotonicMs() / 1_000);
          all.push({ second, amount });
          const recount = all
            .filter((each) => each.second > second - 60)
            .reduce((sum, each) => sum + each.amount, 0);
          expect(tally.perSecond('churn')).toBe(recount / 60);
        }
      }),
    );
  });
});
