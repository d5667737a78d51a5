import type { Interval } from '../../numeric/confidence.js';
import { wilsonInterval, Z95 } from '../../numeric/confidence.js';
import { cuped, type CovariateMoments } from '../../numeric/cuped.js';
import { normalDifference, type Difference, type Estimate } from '../../numeric/difference.js';
import { holmAdjusted } from '../../numeric/holm.js';
import { confidenceSequence, sequentialPValue, tightestAt } from '../../numeric/mixture-sprt.js';
import { twoProportion } from '../../numeric/two-proportion.js';
import { studentInterval, welchT, type Moments } from '../../numeric/welch.js';
import { ALPHA, type Comparison, type MetricFigure } from './results.js';

/** What is measured of a metric in an arm: enough to estimate and to compare. */
export type ArmFigure =
  | {
      kind: 'share';
      successes: number;
      trials: number;
      /** With the same figure before the experiment; null where nobody had any event then. */
      before: CovariateMoments | null;
    }
  | { kind: 'mean'; moments: Moments; before: CovariateMoments | null }
  | {
      kind: 'estimate';
      /** Null where it cannot be made. */
      estimate: Estimate | null;
      interval: Interval | null;
      /** How. */
      method: string;
    };

/** A metric in an arm. */
export interface ArmSample {
  /** Key of the arm. */
  variant: string;
  users: number;
  /** Customers, or predictions whose outcome is known: what must not be too few. */
  units: number;
  outcomes: number;
  figure: ArmFigure;
}

/** A metric over the arms. */
export interface MetricSamples {
  metric: string;
  lowerIsBetter: boolean;
  /** Key of the control. */
  control: string;
  /** In the order of the arms. */
  arms: readonly ArmSample[];
}

/** Units of both arms, as a multiple of the least that an arm must have, at which the sequential interval is tightest. */
const TIGHTEST_AT = 20;

/** The figure of an arm with its interval. */
export function metricFigure(metric: string, { figure }: ArmSample): MetricFigure {
  const of = (value: number | null, interval: Interval | null): MetricFigure => ({
    metric,
    value: finite(value),
    low: finite(interval?.low),
    high: finite(interval?.high),
  });
  switch (figure.kind) {
    case 'share':
      return of(
        figure.trials > 0 ? figure.successes / figure.trials : null,
        wilsonInterval(figure.successes, figure.trials),
      );
    case 'mean':
      return of(figure.moments.n > 0 ? figure.moments.mean : null, studentInterval(figure.moments));
    case 'estimate':
      return of(figure.estimate?.value ?? null, figure.interval);
  }
}

/** 95 % interval of an estimate that is about normal. */
export function normalInterval({ value, variance }: Estimate): Interval {
  const half = Z95 * Math.sqrt(variance);
  return { low: value - half, high: value + half };
}

/**
 * The treatments against the control in one metric. What cannot be compared is left out and named in `waitingFor`: too
 * few customers or outcomes, nothing measured, nothing that varies.
 */
export function compareArms(
  { metric, lowerIsBetter, control: controlKey, arms }: MetricSamples,
  minimumUsers: number,
): { comparisons: Comparison[]; waitingFor: string[] } {
  const waitingFor: string[] = [];
  const tooFew = arms.filter(({ units, users }) => Math.min(units, users) < minimumUsers);
  for (const { variant, units, users } of tooFew)
    waitingFor.push(
      `${metric}: ${variant} has ${Math.min(units, users)} of ${minimumUsers} ${units < users ? 'outcomes' : 'customers'}`,
    );
  const control = arms.find(({ variant }) => variant === controlKey);
  if (!control || tooFew.includes(control)) return { comparisons: [], waitingFor };
  const enough = arms.filter((arm) => arm !== control && !tooFew.includes(arm));
  const adjusted = adjustedArms([control, ...enough]);
  const tested = enough.flatMap((treatment, at) => {
    const test = differenceOf(treatment, control, adjusted && { arms: adjusted, at: at + 1 });
    if (!test) waitingFor.push(`${metric}: ${missingOf(treatment, control)}`);
    if (!test) return [];
    const units = control.units + treatment.units;
    return [{ treatment, ...test, sequential: sequentialOf(test.difference, units, minimumUsers) }];
  });
  // the family is all treatments from the first look on, or it would grow while they come
  const missing = arms.slice(1 + tested.length).map(() => 1);
  const holm = holmAdjusted([...tested.map(({ sequential }) => sequential.pValue), ...missing]);
  const comparisons = tested.map((test, at) => ({
    ...{ metric, control: control.variant, treatment: test.treatment.variant },
    ...comparisonOf(test, holm[at] ?? 1, lowerIsBetter),
  }));
  return { comparisons, waitingFor };
}

function comparisonOf(
  {
    difference,
    base,
    method,
    reduction,
    sequential,
  }: Tested & { sequential: Interval & { pValue: number } },
  adjustedPValue: number,
  lowerIsBetter: boolean,
): Omit<Comparison, 'metric' | 'control' | 'treatment'> {
  const significant = adjustedPValue < ALPHA;
  const verdict = difference.difference > 0 !== lowerIsBetter ? 'BETTER' : 'WORSE';
  return {
    difference: difference.difference,
    relativeLift: base === 0 ? null : finite(difference.difference / base),
    low: difference.interval.low,
    high: difference.interval.high,
    pValue: difference.pValue,
    sequentialPValue: sequential.pValue,
    adjustedPValue,
    sequentialLow: sequential.low,
    sequentialHigh: sequential.high,
    significant,
    verdict: significant ? verdict : null,
    method,
    varianceReduction: reduction,
  };
}

interface Tested {
  difference: Difference;
  method: string;
  reduction: number | null;
  /** The control's figure. */
  base: number;
}

interface AdjustedArms {
  /** The control first. */
  arms: Moments[];
  reduction: number;
}

/** The arms by CUPED where any of them had events before; null where it does not apply or does not help. */
function adjustedArms(arms: readonly ArmSample[]): AdjustedArms | null {
  const before = arms.flatMap(({ figure }) =>
    figure.kind !== 'estimate' && figure.before ? [figure.before] : [],
  );
  if (before.length < arms.length) return null;
  const adjusted = cuped(before);
  return adjusted && adjusted.reduction > 0 ? adjusted : null;
}

function differenceOf(
  treatment: ArmSample,
  control: ArmSample,
  adjusted: { arms: AdjustedArms; at: number } | null,
): Tested | null {
  const [first, second] = [treatment.figure, control.figure];
  const [own, base] = [adjusted?.arms.arms[adjusted.at], adjusted?.arms.arms[0]];
  if (adjusted && own && base)
    return tested(welchT(own, base), 'Welch t with CUPED', base.mean, adjusted.arms.reduction);
  if (first.kind === 'share' && second.kind === 'share')
    return tested(
      twoProportion(first, second),
      'two-proportion z',
      second.successes / second.trials,
    );
  if (first.kind === 'mean' && second.kind === 'mean')
    return tested(welchT(first.moments, second.moments), 'Welch t', second.moments.mean);
  if (first.kind !== 'estimate' || second.kind !== 'estimate') return null;
  if (!first.estimate || !second.estimate) return null;
  return tested(
    normalDifference(first.estimate, second.estimate),
    first.method,
    second.estimate.value,
  );
}

function tested(
  difference: Difference | null,
  method: string,
  base: number,
  reduction: number | null = null,
): Tested | null {
  if (!difference) return null;
  const { low, high } = difference.interval;
  const all = [difference.difference, low, high, difference.pValue, difference.nullVariance];
  return all.every(Number.isFinite) ? { difference, method, reduction, base } : null;
}

function sequentialOf(
  { difference, variance, nullVariance }: Difference,
  units: number,
  minimumUsers: number,
): { pValue: number } & Interval {
  const mixture = tightestAt(TIGHTEST_AT * minimumUsers);
  return {
    pValue: sequentialPValue(difference, nullVariance, units, mixture),
    ...confidenceSequence(difference, variance, units, mixture),
  };
}

function missingOf(treatment: ArmSample, control: ArmSample): string {
  const nothing = [control, treatment].find(
    ({ figure }) =>
      (figure.kind === 'estimate' && !figure.estimate) ||
      (figure.kind === 'share' && figure.trials === 0),
  );
  return nothing
    ? `${nothing.variant} has nothing to measure yet`
    : `it does not vary in ${control.variant} and ${treatment.variant}`;
}

function finite(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
