import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { cuped, type CovariateMoments } from '../../src/numeric/cuped.js';
import {
  confidenceSequence,
  sequentialPValue,
  tightestAt,
} from '../../src/numeric/mixture-sprt.js';

describe('sequential p-value', () => {
  // scipy 1.17.1: m / (-lambertw(-alpha^2 / e, -1) - 1)
  it.each([
    [1_000, 0.05, 121.77348869865692],
    [1_000, 0.01, 85.0602606088632],
    [5_000, 0.2, 997.454567106856],
  ])('tightest at %d units, alpha %d: a mixture worth %d units (scipy)', (units, alpha, worth) => {
    expect(tightestAt(units, alpha)).toBeCloseTo(worth, 8);
  });

  it('by hand: 1,000 units, mixture 250, z = 3: sqrt(5) exp(-3.6)', () => {
    expect(sequentialPValue(3, 1, 1_000, 250)).toBeCloseTo(Math.sqrt(5) * Math.exp(-3.6), 12);
    expect(sequentialPValue(0, 1, 1_000, 250)).toBe(1);
    expect(sequentialPValue(100, 1, 1_000, 250)).toBe(0);
  });

  it('nowhere is the interval of 95 % narrower at its sample size than with the mixture chosen for it', () => {
    const width = (mixture: number): number => {
      const { low, high } = confidenceSequence(0, 1 / 4_000, 4_000, mixture);
      return high - low;
    };
    const chosen = tightestAt(4_000);
    for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2])
      expect(width(chosen * factor)).toBeGreaterThan(width(chosen));
  });

  it('is at most alpha exactly where the confidence sequence leaves out 0', () => {
    const alpha = fc.constantFrom(0.001, 0.01, 0.05, 0.2);
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        fc.integer({ min: 2, max: 1_000_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        alpha,
        (difference, variance, units, planned, level) => {
          const mixture = tightestAt(planned);
          const p = sequentialPValue(difference, variance, units, mixture);
          const { low, high } = confidenceSequence(difference, variance, units, mixture, level);
          if (Math.abs(p - level) < 1e-9) return;
          expect(p <= level).toBe(low > 0 || high < 0);
        },
      ),
    );
  });

  it('is never smaller than the p-value of a fixed horizon allows: 1.96 standard errors never suffice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1e7 }), fc.integer({ min: 2, max: 1e7 }), (n, m) => {
        expect(sequentialPValue(1.96, 1, n, tightestAt(m))).toBeGreaterThan(0.05);
      }),
    );
  });

  it.each([
    ['units must be > 0, got 0', () => tightestAt(0)],
    ['alpha must be above 0 and below 1, got 1', () => tightestAt(10, 1)],
  ])('refuses: %s', (message, call) => {
    expect(call).toThrow(message);
  });
});

interface Drawn {
  before: number[];
  after: number[];
}

/** Users with a habit: what they do after follows what they did before, with noise. */
function drawArm(users: number, effect: number, seed: number): Drawn {
  const random = seededRandom(seed);
  const before = Array.from({ length: users }, () => 10 + 3 * random.normal());
  return { before, after: before.map((habit) => 0.8 * habit + effect + random.normal()) };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + (value - mean(a)) * ((b[at] ?? 0) - mean(b)), 0) /
  (a.length - 1);

function momentsOf({ before, after }: Drawn): CovariateMoments {
  return {
    n: after.length,
    mean: mean(after),
    variance: covariance(after, after),
    meanBefore: mean(before),
    varianceBefore: covariance(before, before),
    covariance: covariance(after, before),
  };
}

describe('CUPED', () => {
  it('finds the slope, takes the variance that it explains, and the effect stays', () => {
    const arms = [drawArm(400, 0, 1), drawArm(400, 0.5, 2)];
    const adjusted = cuped(arms.map(momentsOf));
    expect(adjusted?.theta).toBeCloseTo(0.8, 1);
    // of 0.64 x 9 + 1 the noise is left
    expect(adjusted?.reduction).toBeCloseTo(1 - 1 / 6.76, 1);
    const [control, treatment] = adjusted?.arms ?? [];
    expect((treatment?.mean ?? 0) - (control?.mean ?? 0)).toBeCloseTo(0.5, 0);
    // the same from every row: y - theta (x - mean x)
    const centre = mean(arms.flatMap(({ before }) => before));
    const rows = arms[1]!.after.map(
      (value, at) => value - (adjusted?.theta ?? 0) * (arms[1]!.before[at]! - centre),
    );
    expect(treatment?.mean).toBeCloseTo(mean(rows), 10);
    expect(treatment?.variance).toBeCloseTo(covariance(rows, rows), 10);
  });

  it('never raises the variance within the arms, and keeps the mean over all users, whatever the figures', () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true });
    const arm = fc
      .array(fc.tuple(value, value), { minLength: 2, maxLength: 30 })
      .map((rows) => ({ before: rows.map(([x]) => x), after: rows.map(([, y]) => y) }));
    fc.assert(
      fc.property(fc.array(arm, { minLength: 2, maxLength: 4 }), (arms) => {
        const moments = arms.map(momentsOf);
        const adjusted = cuped(moments);
        if (!adjusted) return;
        const spread = (each: readonly { n: number; variance: number }[]): number =>
          each.reduce((sum, { n, variance }) => sum + (n - 1) * variance, 0);
        expect(spread(adjusted.arms)).toBeLessThanOrEqual(spread(moments) * (1 + 1e-9) + 1e-9);
        expect(adjusted.reduction).toBeGreaterThanOrEqual(0);
        expect(adjusted.reduction).toBeLessThanOrEqual(1);
        const total = (each: readonly { n: number; mean: number }[]): number =>
          each.reduce((sum, { n, mean: own }) => sum + n * own, 0);
        expect(total(adjusted.arms)).toBeCloseTo(total(moments), 3);
      }),
    );
  });

  it('a covariate that is the outcome leaves nothing; one that never varies is no covariate', () => {
    const { after } = drawArm(50, 0, 3);
    const same = momentsOf({ before: after, after });
    expect(cuped([same, same])?.reduction).toBeCloseTo(1, 10);
    const still = momentsOf({ before: after.map(() => 4), after });
    expect(cuped([still, still])).toBeNull();
    expect(cuped([])).toBeNull();
    expect(cuped([{ ...same, n: 1 }, same])).toBeNull();
  });
});
