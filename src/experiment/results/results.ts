import type { Experiment } from '../experiment.js';

export type Decision = 'SHIP' | 'ROLL_BACK' | 'KEEP_RUNNING' | 'INCONCLUSIVE';

/** Below it the arms hold other numbers of customers than planned. */
export const SAMPLE_RATIO_ALPHA = 0.001;
/** Below it a difference is significant, over all looks and all treatments together. */
export const ALPHA = 0.05;

/** A metric in an arm. */
export interface MetricFigure {
  metric: string;
  /** Null where nothing was measured. */
  value: number | null;
  /** 95 % interval; null where there is none. */
  low: number | null;
  high: number | null;
}

/** An arm so far. */
export interface VariantResult {
  /** Key of the arm. */
  variant: string;
  /** Customers who were told it. */
  users: number;
  exposures: number;
  /**
   * Of the primary metric: customers who did it (share), events (count, sum), events with a value (mean), predictions
   * whose outcome is known (model).
   */
  outcomes: number;
  /** The primary metric. */
  mean: number | null;
  low: number | null;
  high: number | null;
  /** The primary metric and the guardrails. */
  metrics: MetricFigure[];
}

/** A treatment against the control in one metric. Every number is finite. */
export interface Comparison {
  metric: string;
  /** Keys of arms. */
  control: string;
  treatment: string;
  /** Treatment minus control. */
  difference: number;
  /** Over the control's figure; null where that is 0. */
  relativeLift: number | null;
  /** 95 %, at a horizon that was fixed beforehand. */
  low: number;
  high: number;
  pValue: number;
  /** Valid however often it is looked at. */
  sequentialPValue: number;
  /** The same adjusted by Holm over the treatments. */
  adjustedPValue: number;
  /** 95 % interval that is valid however often it is looked at. */
  sequentialLow: number;
  sequentialHigh: number;
  /** `adjustedPValue` is below ALPHA. */
  significant: boolean;
  /** What a significant difference means, by whether less is better; null where it is not significant. */
  verdict: 'BETTER' | 'WORSE' | null;
  method: string;
  /** Share of the variance that the time before the experiment explained, 0..1; null without CUPED. */
  varianceReduction: number | null;
}

/** Whether the arms hold the customers they were to hold. */
export interface SampleRatioCheck {
  pValue: number;
  mismatch: boolean;
}

/** How far arms that are model versions say different things of the same customers. */
export interface Disagreement {
  /** Customers whom both were asked about. */
  users: number;
  /** Share of them with different verdicts, each at its own threshold, 0..1. */
  share: number;
  /** Of the two probabilities, 0..1. */
  meanAbsoluteDifference: number;
}

/** What an experiment has shown. */
export interface ExperimentResults {
  asOf: Date;
  /** Events before it count: now, or the end of the experiment. */
  until: Date;
  /** In the order of the arms. */
  variants: VariantResult[];
  /** By metric, the primary first, then by treatment; what could not be compared is in `waitingFor`. */
  comparisons: Comparison[];
  sampleRatio: SampleRatioCheck;
  decision: Decision;
  /** Key of an arm. */
  winner: string | null;
  reason: string;
  /** What is missing to compare, in words. */
  waitingFor: string[];
  /** Null where arms are no versions of a model, or none was asked beside another. */
  disagreement: Disagreement | null;
}

/** What the decision is made from. */
export type Evidence = Pick<
  ExperimentResults,
  'asOf' | 'variants' | 'comparisons' | 'sampleRatio' | 'waitingFor'
>;

/** Results as one word, with why. */
export type Verdict = Pick<ExperimentResults, 'decision' | 'winner' | 'reason'>;

type Rules = Pick<
  Experiment,
  'variants' | 'primaryMetric' | 'lowerIsBetter' | 'minimumUsers' | 'endsAt' | 'status'
>;

/** Events of an experiment count before this instant: now, its end, or when it was stopped or concluded. */
export function untilOf(
  { endsAt, stoppedAt, concludedAt }: Pick<Experiment, 'endsAt' | 'stoppedAt' | 'concludedAt'>,
  asOf: Date,
): Date {
  const ends = [asOf, endsAt, stoppedAt, concludedAt].flatMap((at) => (at ? [at.getTime()] : []));
  return new Date(Math.min(...ends));
}

/** Whether nobody is assigned any more. */
export function isOver({ endsAt, status }: Pick<Rules, 'endsAt' | 'status'>, asOf: Date): boolean {
  return asOf >= endsAt || status === 'STOPPED' || status === 'CONCLUDED';
}

/**
 * What to do: arms of other sizes than planned prove nothing; too few customers neither. A treatment that is worse, in
 * the primary metric or a guardrail, cannot win; the best of the others that is better wins. Where none wins and one is
 * worse, it goes. Over without either is a tie.
 */
export function decide(experiment: Rules, evidence: Evidence): Verdict {
  const over = isOver(experiment, evidence.asOf);
  const wait = (why: string): Verdict =>
    over
      ? { decision: 'INCONCLUSIVE', winner: null, reason: `${why} The experiment is over.` }
      : { decision: 'KEEP_RUNNING', winner: null, reason: why };
  if (evidence.sampleRatio.mismatch)
    return { decision: 'INCONCLUSIVE', winner: null, reason: mismatchText(experiment, evidence) };
  const small = evidence.variants.filter(({ users }) => users < experiment.minimumUsers);
  if (small.length > 0) return wait(tooFewText(experiment, small));
  const winner = bestOf(experiment, evidence.comparisons);
  const worse = evidence.comparisons.filter(({ verdict }) => verdict === 'WORSE');
  if (winner)
    return {
      decision: 'SHIP',
      winner: winner.treatment,
      reason: [
        `${winner.treatment} is better: ${figuresOf(winner)}.`,
        ...worse.map(worseText),
      ].join(' '),
    };
  if (worse.length > 0)
    return { decision: 'ROLL_BACK', winner: null, reason: worse.map(worseText).join(' ') };
  return wait(tieText(experiment, evidence, over));
}

/** The treatment that is better by most in the primary metric, of those that are worse in nothing. */
function bestOf(
  { primaryMetric, lowerIsBetter }: Rules,
  comparisons: readonly Comparison[],
): Comparison | null {
  const harmed = new Set(
    comparisons.filter(({ verdict }) => verdict === 'WORSE').map(({ treatment }) => treatment),
  );
  const sign = lowerIsBetter.includes(primaryMetric) ? -1 : 1;
  const better = comparisons.filter(
    ({ metric, verdict, treatment }) =>
      metric === primaryMetric && verdict === 'BETTER' && !harmed.has(treatment),
  );
  return better.reduce<Comparison | null>(
    (best, each) => (best && sign * best.difference >= sign * each.difference ? best : each),
    null,
  );
}

function mismatchText({ variants }: Rules, { variants: results, sampleRatio }: Evidence): string {
  const total = results.reduce((sum, { users }) => sum + users, 0);
  const weights = variants.reduce((sum, { weight }) => sum + weight, 0);
  const arms = variants.map(({ key, weight }) => {
    const users = results.find(({ variant }) => variant === key)?.users ?? 0;
    return `${key} ${users} where ${Math.round((total * weight) / weights)} were planned`;
  });
  return `The arms do not hold the customers they were to hold: ${arms.join(', ')} (p ${figure(sampleRatio.pValue)}, below ${SAMPLE_RATIO_ALPHA}). Something decides who is counted, so that no difference can be trusted.`;
}

function tooFewText({ minimumUsers }: Rules, small: readonly VariantResult[]): string {
  const arms = small.map(({ variant, users }) => `${variant} has ${users}`);
  return `There is not enough data: ${arms.join(', ')} of at least ${minimumUsers} customers.`;
}

function worseText(comparison: Comparison): string {
  return `${comparison.treatment} is worse: ${figuresOf(comparison)}.`;
}

function tieText(
  { primaryMetric }: Rules,
  { comparisons, waitingFor }: Evidence,
  over: boolean,
): string {
  const primary = comparisons.filter(({ metric }) => metric === primaryMetric);
  if (primary.length === 0) {
    const [start, missing] = [`${primaryMetric}: `, waitingFor];
    const why = missing.flatMap((each) => (each.startsWith(start) ? each.slice(start.length) : []));
    return `Nothing can be compared in ${primaryMetric}: ${why.join('; ')}.`;
  }
  const arms = primary.map((each) => `${each.treatment}: ${figuresOf(each)}`).join('; ');
  return over ? `It is a tie. ${arms}.` : `No difference is significant yet. ${arms}.`;
}

/** The figures of a comparison in a few words. */
export function figuresOf(comparison: Comparison): string {
  const { metric, difference, relativeLift, low, high, adjustedPValue } = comparison;
  const lift =
    relativeLift === null ? '' : ` (${relativeLift < 0 ? '' : '+'}${figure(100 * relativeLift)} %)`;
  return `${metric} differs by ${figure(difference)}${lift}, 95 % ${figure(low)} to ${figure(high)}, sequential p ${figure(adjustedPValue)}`;
}

/** Three digits. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
