import { describe, expect, it } from 'vitest';
import type { Judged } from '../../../src/segment/choose/choice.js';
import { allVerdicts, verdictOf } from '../../../src/segment/choose/winner.js';

function judged(k: number, change: Partial<Judged> = {}): Judged {
  const none = { silhouette: NaN, calinskiHarabasz: NaN, daviesBouldin: NaN, inertia: NaN };
  const gaps = { bic: NaN, gap: NaN, gapStandardError: NaN };
  return { algorithm: 'kmeans', findsK: false, k, ...none, ...gaps, eligible: true, ...change };
}

const kOf = (rule: Parameters<typeof verdictOf>[0], all: readonly Judged[]) =>
  verdictOf(rule, all)?.winner.k ?? null;

describe('scores that are worth the same', () => {
  it.each([
    ['bic', [judged(2, { bic: 101.9 }), judged(3, { bic: 100 })], 2],
    ['bic', [judged(2, { bic: 102.1 }), judged(3, { bic: 100 })], 3],
    ['silhouette', [judged(2, { silhouette: 0.5 }), judged(5, { silhouette: 0.5009 })], 2],
    ['silhouette', [judged(2, { silhouette: 0.5 }), judged(5, { silhouette: 0.5011 })], 5],
    [
      'calinskiHarabasz',
      [judged(2, { calinskiHarabasz: 999.1 }), judged(4, { calinskiHarabasz: 1000 })],
      2,
    ],
    [
      'calinskiHarabasz',
      [judged(2, { calinskiHarabasz: 998 }), judged(4, { calinskiHarabasz: 1000 })],
      4,
    ],
    ['daviesBouldin', [judged(2, { daviesBouldin: 0.5 }), judged(4, { daviesBouldin: 0.4 })], 4],
  ] as const)('%s: the fewest groups within the tolerance (%#)', (rule, all, k) => {
    expect(kOf(rule, all)).toBe(k);
  });

  it('of as many groups the better by the other scores is taken', () => {
    const all = [
      judged(3, { silhouette: 0.5, daviesBouldin: 0.9 }),
      judged(3, { algorithm: 'ward', silhouette: 0.5, daviesBouldin: 0.3 }),
    ];
    const verdict = verdictOf('silhouette', all);
    expect(verdict?.winner.algorithm).toBe('ward');
    expect(verdict).toMatchObject({ tied: true, runnerUp: all[0] });
  });
});

describe('the gap statistic', () => {
  const curve = (gaps: readonly number[], error: number): Judged[] =>
    gaps.map((gap, i) => judged(i + 2, { gap, gapStandardError: error }));

  it('takes the first k whose gap the next one does not beat by more than its standard error', () => {
    expect(kOf('gap', curve([0.5, 0.58, 0.9, 0.7], 0.1))).toBe(2);
    expect(kOf('gap', curve([0.5, 0.61, 0.9, 0.7], 0.1))).toBe(4);
  });

  it('takes the largest where every next one is better, and says so', () => {
    expect(verdictOf('gap', curve([0.1, 0.5, 0.9], 0.1))).toMatchObject({
      winner: { k: 4 },
      fallback: true,
    });
  });

  it('passes over what was refused, and of several algorithms takes the larger gap', () => {
    const refused = curve([0.5, 0.5, 0.5], 0.1).map((each) => ({ ...each, eligible: each.k > 2 }));
    expect(kOf('gap', refused)).toBe(3);
    const other = curve([0.8, 0.7], 0.1).map((each) => ({ ...each, algorithm: 'ward' as const }));
    expect(verdictOf('gap', [...refused, ...other])?.winner).toMatchObject({
      algorithm: 'ward',
      k: 2,
    });
  });
});

describe('rules without an answer', () => {
  it('are left out: nothing has the score, or the candidate at the knee was refused', () => {
    const inertia = [100, 20, 18, 17, 16.5];
    const all = inertia.map((each, i) => judged(i + 2, { inertia: each, eligible: i !== 1 }));
    expect(allVerdicts(all)).toEqual([]);
    const open = all.map((each) => ({ ...each, eligible: true }));
    expect(allVerdicts(open).map(({ rule, winner }) => [rule, winner.k])).toEqual([['elbow', 3]]);
  });
});
