import { kneeOf } from '../../numeric/elbow.js';
import { choiceRules, type ChoiceRule } from '../segmentation-spec.js';
import type { Judged } from './choice.js';

/** What a rule would take. */
export interface Verdict {
  rule: ChoiceRule;
  winner: Judged;
  /** The best of the others by the rule's own score; null: there is none, or the rule does not rank. */
  runnerUp: Judged | null;
  /** True where the winner was taken from equals for having the fewest groups. */
  tied: boolean;
  /** gap: no k met the condition, so the largest was taken. */
  fallback: boolean;
}

/** Rules that rank candidates by a score of each. */
export const scoreRules = ['silhouette', 'calinskiHarabasz', 'daviesBouldin', 'bic'] as const;
export type ScoreRule = (typeof scoreRules)[number];

/** Larger is better. */
const scores: Record<ScoreRule, (judged: Judged) => number> = {
  silhouette: (judged) => judged.silhouette,
  calinskiHarabasz: (judged) => judged.calinskiHarabasz,
  daviesBouldin: (judged) => -judged.daviesBouldin,
  bic: (judged) => -judged.bic,
};

/** The score of a rule with the sign that makes larger better; NaN where undefined. */
export function scoreOf(rule: ScoreRule, judged: Judged): number {
  return scores[rule](judged);
}

/**
 * How far below the best a score still counts as equal: 0.001 of a silhouette, a thousandth of a ratio, and 2 of BIC, less
 * than which is "not worth more than a bare mention" (Kass & Raftery, 1995).
 */
function tolerance(rule: ScoreRule, best: number): number {
  if (rule === 'bic') return 2;
  return rule === 'silhouette' ? 0.001 : 0.001 * Math.abs(best);
}

/**
 * What `rule` takes among the candidates that may be chosen; null where it has no answer: nothing has its score, or the
 * curve has no knee, or the candidate at the knee was refused.
 */
export function verdictOf(rule: ChoiceRule, all: readonly Judged[]): Verdict | null {
  switch (rule) {
    case 'silhouette':
    case 'calinskiHarabasz':
    case 'daviesBouldin':
    case 'bic':
      return byScore(rule, all);
    case 'gap':
      return byGap(all);
    case 'elbow':
      return byElbow(all);
  }
}

/** The verdicts of all rules that have one, in the order of `choiceRules`. */
export function allVerdicts(all: readonly Judged[]): Verdict[] {
  return choiceRules.flatMap((rule) => verdictOf(rule, all) ?? []);
}

function byScore(rule: ScoreRule, all: readonly Judged[]): Verdict | null {
  const score = scores[rule];
  const ranked = all
    .filter((judged) => judged.eligible && !Number.isNaN(score(judged)))
    .sort((a, b) => compare(score(b), score(a)));
  const [best] = ranked;
  if (!best) return null;
  const least = score(best) - tolerance(rule, score(best));
  const equals = Number.isFinite(score(best))
    ? ranked.filter((judged) => score(judged) >= least)
    : ranked.filter((judged) => score(judged) === score(best));
  const winner = simplest(equals) ?? best;
  const runnerUp = ranked.find((judged) => judged !== winner) ?? null;
  return { rule, winner, runnerUp, tied: equals.length > 1, fallback: false };
}

/** Fewest groups; of as many, the better by the scores in the order of `choiceRules`; then the first in the list. */
function simplest(equals: readonly Judged[]): Judged | undefined {
  const order = ['silhouette', 'calinskiHarabasz', 'daviesBouldin'] as const;
  return [...equals].sort((a, b) => {
    if (a.k !== b.k) return a.k - b.k;
    const rule = order.find((each) => compare(scores[each](a), scores[each](b)) !== 0);
    return rule ? compare(scores[rule](b), scores[rule](a)) : 0;
  })[0];
}

function compare(a: number, b: number): number {
  return a === b || Number.isNaN(a) || Number.isNaN(b) ? 0 : a < b ? -1 : 1;
}

/** Within each algorithm Tibshirani's rule; of several algorithms the largest gap. */
function byGap(all: readonly Judged[]): Verdict | null {
  const judged = all.filter(({ gap }) => !Number.isNaN(gap));
  const found = [...new Set(judged.map(({ algorithm }) => algorithm))].flatMap((name) => {
    const curve = judged.filter(({ algorithm }) => algorithm === name);
    const ascending = curve.sort((a, b) => a.k - b.k);
    const sufficient = ascending.find((judged) => {
      const next = ascending.find(({ k }) => k === judged.k + 1);
      return judged.eligible && next && judged.gap >= next.gap - next.gapStandardError;
    });
    const winner = sufficient ?? ascending.findLast(({ eligible }) => eligible);
    return winner ? [{ winner, next: followerOf(winner, ascending), fallback: !sufficient }] : [];
  });
  const [best] = found.sort((a, b) => b.winner.gap - a.winner.gap);
  if (!best) return null;
  const { winner, next, fallback } = best;
  return { rule: 'gap', winner, runnerUp: next, tied: false, fallback };
}

function followerOf(judged: Judged, curve: readonly Judged[]): Judged | null {
  return curve.find(({ k }) => k === judged.k + 1) ?? null;
}

/** The knee of the inertia of k-means; of the first algorithm that takes a k where k-means did not run. */
function byElbow(all: readonly Judged[]): Verdict | null {
  const takers = all.filter(({ findsK, inertia }) => !findsK && !Number.isNaN(inertia));
  const name = takers.some(({ algorithm }) => algorithm === 'kmeans')
    ? 'kmeans'
    : takers[0]?.algorithm;
  const curve = takers.filter(({ algorithm }) => algorithm === name).sort((a, b) => a.k - b.k);
  const at = kneeOf(
    curve.map(({ k }) => k),
    curve.map(({ inertia }) => inertia),
  );
  const winner = at === null ? undefined : curve[at];
  if (!winner?.eligible) return null;
  return { rule: 'elbow', winner, runnerUp: null, tied: false, fallback: false };
}
