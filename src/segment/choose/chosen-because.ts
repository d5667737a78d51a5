import type { Stability } from '../segmentation.js';
import type { ChoiceRule } from '../segmentation-spec.js';
import { nameOfGrouping, type Judged } from './choice.js';
import { asGoodWithin, type Final } from './finalists.js';
import { scoreOf, scoreRules, type Verdict } from './winner.js';

/** What the sentence is made of. */
export interface Reason {
  asked: ChoiceRule;
  /** The one that decided; of another rule than asked where that had no answer, null where none had. */
  verdict: Verdict | null;
  /** Another than the verdict's where stability decided between equals. */
  winner: Judged;
  /** How stable those are that score about as well; the winner among them. */
  measured: Final['measured'];
  verdicts: readonly Verdict[];
  candidates: readonly Judged[];
  stability: Stability;
  /** Set where the caller left no choice of k. */
  fixedK: number | null;
  /** Gaps of one group and of two, where the first says that there are no groups; null where it does not. */
  ungrouped: { one: number; two: number } | null;
}

const ruleNames: Record<ChoiceRule, string> = {
  silhouette: 'silhouette',
  calinskiHarabasz: 'Calinski-Harabasz',
  daviesBouldin: 'Davies-Bouldin',
  gap: 'gap statistic',
  elbow: 'elbow',
  bic: 'BIC',
};

/** What the number of a rule says, for people who never met it. */
const meanings: Record<ChoiceRule, string> = {
  silhouette: 'how much nearer customers are to their own group than to the next; at most 1',
  calinskiHarabasz: 'differences between the groups over those inside them',
  daviesBouldin: 'width of neighbouring groups over their distance, 0 at best',
  gap: 'how much tighter the groups are than those of evenly scattered points',
  elbow: 'from there on more groups gain little',
  bic: 'fit less a price for every group',
};

/**
 * Why this grouping was taken, for people who are no statisticians: what decided and what that means, how separate the
 * groups are, whether they come back, and what the other rules would have taken. About 600 characters at most.
 */
export function chosenBecause(reason: Reason): string {
  return [
    ...fixedSentence(reason),
    ...unansweredSentence(reason),
    mainSentence(reason),
    ...structureSentence(reason),
    ...stabilitySentence(reason),
    ...otherRules(reason),
  ].join(' ');
}

function fixedSentence({ fixedK }: Reason): string[] {
  return fixedK === null ? [] : [`The number of groups was fixed at ${fixedK} by the request.`];
}

function unansweredSentence({ asked, verdict }: Reason): string[] {
  if (verdict?.rule === asked) return [];
  const instead = verdict
    ? `the ${ruleNames[verdict.rule]} decided`
    : 'the fewest groups were taken';
  return [`The ${ruleNames[asked]} was to decide but has no answer here: ${instead} instead.`];
}

function mainSentence(reason: Reason): string {
  const { verdict, winner, candidates } = reason;
  const eligible = candidates.filter((judged) => judged.eligible).length;
  const name = capital(nameOfGrouping(winner));
  const of =
    eligible === 1
      ? `is the only one left of ${candidates.length} candidates`
      : `of ${eligible} candidates (${candidates.length - eligible} more refused)`;
  if (!verdict) return `${name} ${of}.`;
  const meaning = meanings[verdict.rule];
  if (eligible === 1) return `${name} ${of}; ${valueOf(verdict.rule, winner)} (${meaning}).`;
  return `${name}, ${of}: ${claimOf(reason, verdict)} (${meaning}).`;
}

function claimOf({ winner, measured }: Reason, verdict: Verdict): string {
  const value = valueOf(verdict.rule, winner);
  if (winner !== verdict.winner) {
    const beaten = `${numberOf(verdict.rule, verdict.winner)} of ${nameOfGrouping(verdict.winner)}`;
    const own = measured.find(({ judged }) => judged === winner)?.stability;
    const other = measured.find(({ judged }) => judged === verdict.winner)?.stability;
    const more = own && other ? `: ${spreadOf(own)} against ${spreadOf(other)}` : '';
    return `${value}, as good as ${beaten} within ${toleranceOf(verdict)}, and more stable${more}`;
  }
  return ownClaim(verdict, value);
}

function ownClaim({ rule, winner, runnerUp, tied, fallback }: Verdict, value: string): string {
  const rival = runnerUp
    ? `${numberOf(rule, runnerUp)} of ${nameOfGrouping(runnerUp)}`
    : 'no other has one';
  if (rule === 'elbow') return `${value}, where the curve over k bends most`;
  if (rule === 'gap') {
    if (fallback)
      return `${value}; no k reached the next one's less its standard error, so the largest`;
    return `${value}, the fewest groups as good as the next (${rival}) less its standard error`;
  }
  if (tied) {
    const equal = `${value}, as good as ${rival}`;
    return runnerUp && runnerUp.k === winner.k
      ? `${equal} and better by the other scores`
      : `${equal}, and with fewer groups`;
  }
  const best = rule === 'silhouette' || rule === 'calinskiHarabasz' ? 'highest' : 'lowest';
  return `the ${best} ${value}, against ${rival}`;
}

function toleranceOf({ rule, winner }: Verdict): string {
  const ranks = scoreRules.find((each) => each === rule);
  if (!ranks) return '0';
  if (ranks === 'silhouette') return '0.02';
  return ranks === 'bic' ? numeral(asGoodWithin(ranks, scoreOf(ranks, winner)), 0) : '2 %';
}

/** Readings of Kaufman & Rousseeuw, Finding Groups in Data (1990), table 4, in words. */
function structureSentence({ winner: { silhouette }, ungrouped }: Reason): string[] {
  const none = 'the groups cut a continuum, and customers near a border differ little';
  if (ungrouped) {
    const [one, two] = [numeral(ungrouped.one, 2), numeral(ungrouped.two, 2)];
    return [`By the gap statistic (${one} for one group, ${two} for two) ${none}.`];
  }
  if (Number.isNaN(silhouette)) return [];
  if (silhouette > 0.7) return ['The structure is strong: the groups lie clearly apart.'];
  if (silhouette > 0.5)
    return ['The structure is reasonable: groups can be told apart, with customers between them.'];
  if (silhouette > 0.25) return ['The structure is weak: the groups shade into one another.'];
  return [`There is hardly a structure: ${none}.`];
}

function stabilitySentence({ verdict, winner, stability, measured }: Reason): string[] {
  if (stability.runs < 2) return ['Its stability could not be measured: too few rows to resample.'];
  const runs = `${stability.runs} runs on ${Math.round(100 * stability.sampleShare)} % of the customers`;
  if (verdict && winner !== verdict.winner)
    return [`(Stable: how much ${runs} agree; 1 = the same groups.)`];
  const rest = measured.length > 1 ? '; nothing as good is clearly more stable' : '';
  return [`${capital(runs)} agree by ${spreadOf(stability)} (1 = the same groups)${rest}.`];
}

function otherRules({ verdict, winner, verdicts }: Reason): string[] {
  const takers = new Map<Judged, string[]>();
  for (const other of verdicts) {
    if (other.rule === verdict?.rule) continue;
    takers.set(other.winner, [...(takers.get(other.winner) ?? []), ruleNames[other.rule]]);
  }
  const agree = takers.get(winner) ?? [];
  takers.delete(winner);
  const differ = [...takers].map(
    ([taken, rules]) => `${nameOfGrouping(taken).replace(/ groups?$/, '')} (${rules.join(', ')})`,
  );
  return [
    ...(agree.length > 0
      ? [`${capital(listOf(agree))} ${agree.length > 1 ? 'agree' : 'agrees'}.`]
      : []),
    ...(differ.length > 0 ? [`Other rules would take ${listOf(differ)}.`] : []),
  ];
}

/** "0.97 ± 0.01" */
function spreadOf({ mean, standardDeviation }: Stability): string {
  return `${numeral(mean, 2)} ± ${numeral(standardDeviation, 2)}`;
}

function valueOf(rule: ChoiceRule, judged: Judged): string {
  const names: Record<ChoiceRule, string> = { ...ruleNames, elbow: 'inertia', gap: 'gap' };
  return `${names[rule]} ${numberOf(rule, judged)}`;
}

function numberOf(rule: ChoiceRule, judged: Judged): string {
  switch (rule) {
    case 'silhouette':
    case 'daviesBouldin':
    case 'gap':
      return numeral(judged[rule], 3);
    case 'calinskiHarabasz':
    case 'bic':
      return numeral(judged[rule], 0);
    case 'elbow':
      return numeral(judged.inertia, 1);
  }
}

function numeral(value: number, digits: number): string {
  if (!Number.isFinite(value)) return 'without bound';
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function listOf(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

/** But for "k-means", which keeps its k. */
function capital(text: string): string {
  return text.startsWith('k-') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
