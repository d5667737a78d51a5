import { describe, expect, it } from 'vitest';
import type { Judged } from '../../../src/segment/choose/choice.js';
import { finalistsOf, mostStable } from '../../../src/segment/choose/finalists.js';
import { verdictOf } from '../../../src/segment/choose/winner.js';
import type { ChoiceRule } from '../../../src/segment/segmentation-spec.js';

function judged(k: number, scores: Partial<Judged>): Judged {
  return {
    algorithm: 'kmeans',
    findsK: false,
    k,
    silhouette: NaN,
    calinskiHarabasz: NaN,
    daviesBouldin: NaN,
    inertia: NaN,
    bic: NaN,
    gap: NaN,
    gapStandardError: NaN,
    eligible: true,
    ...scores,
  };
}

describe('finalists', () => {
  it.each<{ rule: ChoiceRule; scores: number[]; taken: number[] }>([
    { rule: 'silhouette', scores: [0.5, 0.481, 0.479, 0.495], taken: [2, 5, 3] },
    { rule: 'silhouette', scores: [0.5, 0.5, 0.5, 0.5, 0.5], taken: [2, 3, 4, 5] },
    { rule: 'calinskiHarabasz', scores: [970, 981, 1000], taken: [4, 3] },
    { rule: 'daviesBouldin', scores: [1, 1.019, 1.021], taken: [2, 3] },
    { rule: 'bic', scores: [-1000, -995, -989], taken: [2, 3] },
    { rule: 'calinskiHarabasz', scores: [Infinity, 9], taken: [2] },
  ])('by $rule of $scores are the k $taken', ({ rule, scores, taken }) => {
    const all = scores.map((score, i) => judged(2 + i, { [rule]: score }));
    const verdict = verdictOf(rule, all);
    expect(verdict && finalistsOf(verdict, all).map(({ k }) => k)).toEqual(taken);
  });

  it('are never what was refused, nor others where a curve over k decides', () => {
    const all = [judged(2, { silhouette: 0.5 }), judged(3, { silhouette: 0.5, eligible: false })];
    const verdict = verdictOf('silhouette', all);
    expect(verdict && finalistsOf(verdict, all)).toEqual([all[0]]);
    const curve = [judged(2, { gap: 1, gapStandardError: 0.1 }), judged(3, { gap: 1.01, gapStandardError: 0.1 })]; // prettier-ignore
    const byGap = verdictOf('gap', curve);
    expect(byGap && finalistsOf(byGap, curve)).toEqual([curve[0]]);
  });
});

describe('the most stable', () => {
  it.each<{ stable: [mean: number, error: number][]; wins: number; runs: number[]; why: string }>([
    { why: 'alone', stable: [[0.1, 0]], wins: 0, runs: [10] },
    {
      why: 'clearly more stable',
      stable: [
        [0.7, 0.01],
        [0.98, 0.01],
      ],
      wins: 1,
      runs: [5, 10],
    },
    {
      why: 'within the standard error',
      stable: [
        [0.8, 0.1],
        [0.9, 0.1],
      ],
      wins: 0,
      runs: [10, 10],
    },
    {
      why: 'beyond one standard error',
      stable: [
        [0.7, 0.1],
        [0.9, 0.1],
      ],
      wins: 1,
      runs: [10, 10],
    },
    {
      why: 'less than anybody notices',
      stable: [
        [0.975, 0],
        [0.99, 0],
      ],
      wins: 0,
      runs: [10, 10],
    },
    {
      why: 'the best by score of the stable',
      stable: [
        [0.5, 0],
        [0.97, 0],
        [0.98, 0],
      ],
      wins: 1,
      runs: [5, 10, 10],
    },
    {
      why: 'not measurable',
      stable: [
        [0, Infinity],
        [0, Infinity],
      ],
      wins: 0,
      runs: [10, 10],
    },
  ])('$why: $stable', async ({ stable, wins, runs }) => {
    // prettier-ignore
    const made: number[] = [];
    const finalists = stable.map(([mean, standardError], i) => ({
      judged: judged(2 + i, {}),
      measure: (all: number) => {
        made[i] = all;
        return Promise.resolve({
          runs: all,
          sampleShare: 0.8,
          mean,
          standardDeviation: 0,
          standardError,
        });
      },
    }));
    const final = await mostStable(finalists, 10);
    expect(final.winner).toBe(finalists[wins]?.judged);
    expect(made).toEqual(runs);
    expect(final.measured.map(({ judged }) => judged.k)).toEqual(stable.map((_, i) => 2 + i));
  });
});
