import type { Stability } from '../segmentation.js';
import type { ChoiceRule } from '../segmentation-spec.js';
import { nameOfGrouping, type Judged } from './choice.js';
import type { Verdict } from './winner.js';

/** What the sentence is made of. */
export interface Reason {
  asked: ChoiceRule;
  /** The one that decided; of another rule than asked where that had no answer, null where none had. */
  verdict: Verdict | null;
  winner: Judged;
  verdicts: readonly Verdict[];
  candidates: readonly Judged[];
  stability: Stability;
  /** Set where the caller left no choice of k. */
  fixedK: number | null;
  /** Rows of silhouettes, where that was a sample, and all rows. */
  sample: { rows: number; of: number } | null;
  /** Gaps of one group and of two, where the first says that there are no groups; null where it does not. */
  ungrouped: { one: number; two: number } | null;
}

const ruleNames: Record<ChoiceRule, string> = {
  silhouette: 'silhouette',
  calinskiHarabasz: 'Calinski-Harabasz',
  daviesBouldin: 'Davies-Bouldin',
  gap: 'the gap statistic',
  elbow: 'the elbow of the inertia',
  bic: 'BIC',
};

/** Why this grouping was taken, with the numbers, what the other rules would have said, and how stable it is. */
export function chosenBecause(reason: Reason): string {
  return [
    ...fixedSentence(reason),
    ...unansweredSentence(reason),
    mainSentence(reason),
    ...strengthSentence(reason),
    ...otherRules(reason),
    stabilitySentence(reason.stability),
    ...ungroupedSentence(reason),
  ].join(' ');
}

function fixedSentence({ fixedK }: Reason): string[] {
  return fixedK === null ? [] : [`The number of groups was fixed at ${fixedK} by the request.`];
}

function unansweredSentence({ asked, verdict }: Reason): string[] {
  if (verdict?.rule === asked) return [];
  const instead = verdict ? `${ruleNames[verdict.rule]} decided` : 'the fewest groups were taken';
  return [
    `${capital(ruleNames[asked])} was to decide but has no answer here, so ${instead} instead.`,
  ];
}

function mainSentence({ verdict, winner, candidates }: Reason): string {
  const eligible = candidates.filter((judged) => judged.eligible).length;
  const name = nameOfGrouping(winner);
  const of =
    eligible === 1
      ? `the only one left of ${candidates.length} candidates`
      : `of ${eligible} candidates that could be chosen (${candidates.length - eligible} refused)`;
  if (!verdict) return `${capital(name)}: ${of}.`;
  const value = valueOf(verdict.rule, winner);
  if (eligible === 1) return `${capital(name)}, ${of}; ${value}.`;
  return `${capital(name)}, ${of}: ${claimOf(verdict, value)}.`;
}

function claimOf({ rule, winner, runnerUp, tied, fallback }: Verdict, value: string): string {
  const rival = runnerUp
    ? `${numberOf(rule, runnerUp)} of ${nameOfGrouping(runnerUp)}`
    : 'no other has one';
  if (rule === 'elbow') return `${value}, where the curve over k bends most`;
  if (rule === 'gap') {
    if (fallback)
      return `${value}; no k reached the next one's less its standard error, so the largest`;
    const error = runnerUp ? numeral(runnerUp.gapStandardError, 3) : '';
    return `${value}, the fewest groups at least as good as the next (${rival}) less its standard error ${error}`;
  }
  if (tied) {
    const equal = `${value}, as good as ${rival} within the tolerance`;
    return runnerUp && runnerUp.k === winner.k
      ? `${equal} and better by the other scores`
      : `${equal}, and with fewer groups`;
  }
  const best = rule === 'silhouette' || rule === 'calinskiHarabasz' ? 'highest' : 'lowest';
  return `the ${best} ${value}, against ${rival}`;
}

/** Readings of Kaufman & Rousseeuw, Finding Groups in Data (1990), table 4. */
function strengthSentence({ winner: { silhouette } }: Reason): string[] {
  if (Number.isNaN(silhouette)) return [];
  const reading =
    silhouette > 0.7
      ? 'a strong structure'
      : silhouette > 0.5
        ? 'a reasonable structure'
        : silhouette > 0.25
          ? 'a weak structure that may be artificial'
          : 'no substantial structure';
  return [
    `A silhouette of ${numeral(silhouette, 3)} is read as ${reading} (Kaufman and Rousseeuw).`,
  ];
}

function otherRules({ verdict, winner, verdicts, sample }: Reason): string[] {
  const others = verdicts.filter(({ rule }) => rule !== verdict?.rule);
  const agree = others
    .filter((other) => other.winner === winner)
    .map(({ rule }) => ruleNames[rule]);
  const differ = others
    .filter((other) => other.winner !== winner)
    .map((other) => {
      const value = valueOf(other.rule, other.winner);
      return `${ruleNames[other.rule]} would have taken ${nameOfGrouping(other.winner)} (${value})`;
    });
  const sentences =
    agree.length > 0 ? [`${capital(listOf(agree))} ${agree.length > 1 ? 'agree' : 'agrees'}.`] : [];
  if (differ.length > 0) sentences.push(`${capital(listOf(differ))}.`);
  if (sample) {
    const [rows, of] = [numeral(sample.rows, 0), numeral(sample.of, 0)];
    sentences.push(`Silhouettes are of a random ${rows} of the ${of} rows.`);
  }
  return sentences;
}

/** "10 runs on 80 % of the rows agree with an adjusted Rand index of 0.97 ± 0.01." */
export function stabilitySentence({
  runs,
  sampleShare,
  mean,
  standardDeviation,
}: Stability): string {
  if (runs < 2) return 'Its stability could not be measured: too few rows to resample.';
  const share = Math.round(100 * sampleShare);
  return `${runs} runs on ${share} % of the rows agree with an adjusted Rand index of ${numeral(mean, 2)} ± ${numeral(standardDeviation, 2)}.`;
}

function ungroupedSentence({ ungrouped }: Reason): string[] {
  if (!ungrouped) return [];
  const [one, two] = [numeral(ungrouped.one, 3), numeral(ungrouped.two, 3)];
  return [
    `By the gap statistic there are no separate groups at all (gap of one group ${one}, of two ${two}): the groups cut a continuum.`,
  ];
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
