import type { MeasuredStability } from './resample.js';
import type { Judged } from './choice.js';
import { scoreOf, scoreRules, type ScoreRule, type Verdict } from './winner.js';

/** Finalists at most; each costs as many runs as its stability is measured by. */
const MOST_FINALISTS = 4;
/** Runs of the first round; whoever is far behind after it gets no more. */
const FIRST_RUNS = 5;
/** A difference of stability below it is none, however sure. */
const LEAST_GAIN = 0.02;
/** So many standard errors behind after the first round is out. */
const OUT_OF_REACH = 3;

/**
 * How far below the best a score means no better groups: 0.02 of a silhouette, 2 % of a ratio, and 10 of BIC, above which
 * the evidence is "very strong" (Kass & Raftery, 1995). Above the standard error of a mean silhouette of 5,000 rows
 * (about 0.004), below what separates the readings of Kaufman and Rousseeuw.
 */
export function asGoodWithin(rule: ScoreRule, best: number): number {
  if (rule === 'bic') return 10;
  return rule === 'silhouette' ? 0.02 : 0.02 * Math.abs(best);
}

/**
 * Whom the verdict's rule cannot tell from the best, its own winner first, then by score; at most four. Elbow and gap
 * compare the k of one curve and have a tolerance of their own: their winner alone.
 */
export function finalistsOf(verdict: Verdict, all: readonly Judged[]): Judged[] {
  const rule = scoreRules.find((each) => each === verdict.rule);
  if (!rule) return [verdict.winner];
  const own = (judged: Judged): number => scoreOf(rule, judged);
  const eligible = all.filter((judged) => judged.eligible && !Number.isNaN(own(judged)));
  const best = Math.max(...eligible.map(own));
  if (!Number.isFinite(best)) return [verdict.winner];
  const others = eligible
    .filter((judged) => judged !== verdict.winner && own(judged) >= best - asGoodWithin(rule, best))
    .sort((a, b) => own(b) - own(a));
  return [verdict.winner, ...others].slice(0, MOST_FINALISTS);
}

/** One whose stability can be measured with more and more runs. */
export interface Finalist {
  judged: Judged;
  /** With so many runs in all. */
  measure: (runs: number) => Promise<MeasuredStability>;
}

export interface Final {
  winner: Judged;
  /** In the order of the finalists. */
  measured: { judged: Judged; stability: MeasuredStability }[];
}

/**
 * The best by score among the finalists that are as stable as the most stable one: behind it by no more than the standard
 * error of the difference, or by less than 0.02. All get a few runs, those within reach the rest.
 */
export async function mostStable(finalists: readonly Finalist[], runs: number): Promise<Final> {
  const first = finalists.length === 1 ? runs : Math.min(runs, FIRST_RUNS);
  let measured: Final['measured'] = [];
  for (const { judged, measure } of finalists)
    measured.push({ judged, stability: await measure(first) });
  if (first < runs) {
    const lead = leaderOf(measured);
    const within = measured.map(({ stability }) => isNear(stability, lead, OUT_OF_REACH));
    measured = [];
    for (const [i, { judged, measure }] of finalists.entries())
      measured.push({ judged, stability: await measure(within[i] ? runs : first) });
  }
  const lead = leaderOf(measured);
  const winner = measured.find(({ stability }) => isNear(stability, lead, 1)) ?? measured[0];
  if (!winner) throw new RangeError('a choice needs at least one finalist');
  return { winner: winner.judged, measured };
}

function leaderOf(measured: Final['measured']): MeasuredStability | null {
  return measured.reduce<MeasuredStability | null>(
    (lead, { stability }) => (!lead || stability.mean > lead.mean ? stability : lead),
    null,
  );
}

function isNear(own: MeasuredStability, lead: MeasuredStability | null, errors: number): boolean {
  if (!lead) return true;
  const error = Math.hypot(own.standardError, lead.standardError);
  return lead.mean - own.mean <= Math.max(LEAST_GAIN, errors * error);
}
