import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { blend, mostMembers } from '../../../src/model/train/blend.js';
import { logLossOfMargins } from '../../../src/numeric/metrics.js';

/** Labels drawn from margins, and `count` guesses at the margins, each with an error of its own. */
function guesses(rows: number, count: number, error: number, seed = 1) {
  const random = seededRandom(seed);
  const truth = Float64Array.from({ length: rows }, () => 2 * random.normal());
  const labels = Uint8Array.from(truth, (margin) =>
    random.next() < 1 / (1 + Math.exp(-margin)) ? 1 : 0,
  );
  const candidates = Array.from({ length: count }, () =>
    truth.map((margin) => margin + error * random.normal()),
  );
  const foldOf = Uint8Array.from({ length: rows }, (_, row) => row % 5);
  return { truth, labels, candidates, foldOf };
}

describe('blends', () => {
  test('three guesses with errors of their own are worth more together than the best of them', () => {
    const { labels, candidates, foldOf } = guesses(4000, 3, 1.2);
    const { weights, logLoss } = blend(candidates, labels, foldOf);
    const alone = Math.min(...candidates.map((margins) => logLossOfMargins(labels, margins)));
    expect(logLoss).toBeLessThan(alone);
    for (const weight of weights) expect(weight).toBeGreaterThan(0.15);
  });

  test('noise is left out, and the loss of a blend with it is not flattered', () => {
    const { labels, candidates, foldOf, truth } = guesses(4000, 1, 0.5);
    const random = seededRandom(9);
    const noise = Array.from({ length: 6 }, () => truth.map(() => random.normal()));
    const { weights, logLoss } = blend([...candidates, ...noise], labels, foldOf);
    expect(weights).toEqual([1, 0, 0, 0, 0, 0, 0]);
    expect(logLoss).toBeCloseTo(logLossOfMargins(labels, candidates[0] ?? truth), 12);
  });

  test('two equal candidates give the blend of one', () => {
    const { labels, candidates, foldOf } = guesses(500, 1, 0.5);
    const [one = new Float64Array(0)] = candidates;
    const { margins } = blend([one, one], labels, foldOf);
    margins.forEach((margin, row) => {
      expect(margin).toBeCloseTo(one[row] ?? NaN, 12);
    });
  });

  test('weights are never negative, sum to 1 and belong to few members; margins are their mean', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 99 }),
        (count, seed) => {
          const { labels, candidates, foldOf } = guesses(200, count, 1, seed);
          const { weights, margins } = blend(candidates, labels, foldOf);
          expect(weights.every((weight) => weight >= 0)).toBe(true);
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
          expect(weights.filter((weight) => weight > 0).length).toBeLessThanOrEqual(mostMembers);
          const first = candidates.reduce(
            (sum, each, k) => sum + (weights[k] ?? 0) * (each[0] ?? 0),
            0,
          );
          expect(margins[0]).toBeCloseTo(first, 12);
        },
      ),
      { numRuns: 25 },
    );
  });
});
