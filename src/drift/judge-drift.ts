import { populationStabilityIndex } from '../numeric/population-stability.js';
import { twoProportion } from '../numeric/two-proportion.js';
import type { DriftLevel, FeatureDrift } from './drift.js';

/** A comparison that nobody has judged yet. */
export type Shift = Omit<FeatureDrift, 'weight' | 'level'>;

/** Rows of both windows. */
export interface WindowRows {
  reference: number;
  current: number;
}

/** Population stability index from which a feature has moved, and moved severely; Siddiqi, Credit Risk Scorecards (2006). */
const PSI_LEVELS = { moderate: 0.1, severe: 0.25 };
/** Kolmogorov-Smirnov statistic from which a feature has moved. */
const KS_MODERATE = 0.1;
/** From which the mean jumped, in standard deviations, and the variance, as a ratio either way. */
const JUMP = { mean: 0.5, variance: 2 };
/** Consequence from which a model has drifted. */
const CONSEQUENCE_LIMIT = 0.1;
/** Fewer rows in a window tell nothing. */
export const LEAST_ROWS = 30;
/** Chance that one of all features looks moved although none is. */
const FALSE_ALARM = 0.01;

const LEVELS: readonly DriftLevel[] = ['NONE', 'MODERATE', 'SEVERE'];

/** A shift with its level and weight, and how far it counts for the consequence, 0..1. */
export interface JudgedShift {
  drift: FeatureDrift;
  strength: number;
}

/**
 * The level of a shift: by PSI, by PSI of the share without a value, by KS; a step more where mean or variance jumped. What the
 * size of the windows explains counts nothing: each figure needs its test to be sure.
 * @param among how many shifts are judged together; the tests are corrected for so many looks
 */
export function judgeShift(
  shift: Shift,
  weight: number,
  rows: WindowRows,
  among: number,
): JudgedShift {
  const enough = Math.min(rows.reference, rows.current) >= LEAST_ROWS;
  const alpha = FALSE_ALARM / Math.max(1, among);
  const moved = enough && isSure(shift, alpha);
  const psi = moved ? shift.psi : 0;
  const missing = enough ? missingIndex(shift, rows, alpha) : 0;
  const byKs = moved && (shift.ks ?? 0) > KS_MODERATE && (shift.ksPValue ?? 1) < alpha;
  const base = Math.max(stepOf(psi), stepOf(missing), byKs ? 1 : 0);
  const raised = Math.min(base + (moved && jumped(shift) ? 1 : 0), LEVELS.length - 1);
  const level = LEVELS[raised] ?? 'NONE';
  // a level that another figure gives counts as the PSI it stands for
  const index = Math.max(psi, missing, LEAST_PSI[level]);
  const strength = level === 'NONE' ? 0 : Math.min(1, index / PSI_LEVELS.severe);
  return { drift: { ...shift, weight, level }, strength };
}

const LEAST_PSI = { NONE: 0, MODERATE: PSI_LEVELS.moderate, SEVERE: PSI_LEVELS.severe };

function stepOf(index: number): number {
  if (index >= PSI_LEVELS.severe) return 2;
  return index >= PSI_LEVELS.moderate ? 1 : 0;
}

/** Whether chance alone would hardly move it as far. */
function isSure({ chiSquarePValue, ksPValue }: Shift, alpha: number): boolean {
  return (chiSquarePValue ?? 1) < alpha || (ksPValue ?? 1) < alpha;
}

/** The PSI of known against missing; 0 where chance explains it. Both windows hold rows. */
function missingIndex(
  { missingReference, missingCurrent }: Shift,
  rows: WindowRows,
  alpha: number,
): number {
  const test = twoProportion(
    { successes: missingCurrent * rows.current, trials: rows.current },
    { successes: missingReference * rows.reference, trials: rows.reference },
  );
  if (test === null || test.pValue >= alpha) return 0;
  return populationStabilityIndex(
    Float64Array.of(missingReference, 1 - missingReference),
    Float64Array.of(missingCurrent, 1 - missingCurrent),
  );
}

function jumped(shift: Shift): boolean {
  const { meanReference, meanCurrent, deviationReference, deviationCurrent } = shift;
  if (meanReference === null || meanCurrent === null) return false;
  const [before, now] = [(deviationReference ?? 0) ** 2, (deviationCurrent ?? 0) ** 2];
  const pooled = Math.sqrt((before + now) / 2);
  if (pooled === 0) return meanReference !== meanCurrent;
  if (Math.abs(meanCurrent - meanReference) / pooled > JUMP.mean) return true;
  const [low, high] = before < now ? [before, now] : [now, before];
  return high > JUMP.variance * low;
}

/** Share of each input in what all inputs do to the score; equal where the version's record does not say. */
export function weightsOf(
  inputs: readonly string[],
  importances: readonly { feature: string; meanAbsoluteContribution: number }[],
): Map<string, number> {
  const of = new Map(importances.map((each) => [each.feature, each.meanAbsoluteContribution]));
  const total = inputs.reduce((sum, name) => sum + (of.get(name) ?? 0), 0);
  return new Map(
    inputs.map((name) => [
      name,
      total > 0 ? (of.get(name) ?? 0) / total : 1 / Math.max(1, inputs.length),
    ]),
  );
}

/** What the shifts together say. */
export interface DriftVerdict {
  features: FeatureDrift[];
  drifted: boolean;
  /** Share of the features that moved severely, 0..1. */
  driftedShare: number;
  /** Sum over the features that moved of weight x min(1, PSI / 0.25), 0..1. */
  consequence: number;
  /** One sentence a reason; says so where there is none. */
  reasons: string[];
}

/**
 * Drifted is a model where moved features carry enough of the score, or its scores or labels moved severely, or it is right less
 * often. A feature that does nothing to the score is listed and keeps quiet; one that does much is not hidden by the others.
 * @param shifts of the model's inputs
 */
export function judgeDrift(
  shifts: readonly Shift[],
  weights: ReadonlyMap<string, number>,
  rows: WindowRows,
  others: {
    prediction: FeatureDrift | null;
    label: FeatureDrift | null;
    conceptDetected: boolean;
  },
): DriftVerdict {
  const judged = shifts.map((shift) =>
    judgeShift(shift, weights.get(shift.feature) ?? 0, rows, shifts.length),
  );
  const features = judged.map(({ drift }) => drift);
  const severe = features.filter(({ level }) => level === 'SEVERE').length;
  const consequence = Math.min(
    1,
    judged.reduce((sum, { drift, strength }) => sum + drift.weight * strength, 0),
  );
  const reasons = [
    ...(consequence >= CONSEQUENCE_LIMIT ? [carriers(judged, consequence)] : []),
    ...(others.prediction?.level === 'SEVERE'
      ? [`the scores moved severely (PSI ${figure(others.prediction.psi)})`]
      : []),
    ...(others.label?.level === 'SEVERE'
      ? [`the labels moved severely (PSI ${figure(others.label.psi)})`]
      : []),
    ...(others.conceptDetected ? ['it is right less often than before'] : []),
  ];
  return {
    features,
    drifted: reasons.length > 0,
    driftedShare: features.length === 0 ? 0 : severe / features.length,
    consequence,
    reasons,
  };
}

const NAMED = 3;

function carriers(judged: readonly JudgedShift[], consequence: number): string {
  const named = judged
    .filter(({ strength, drift }) => strength * drift.weight > 0)
    .sort((a, b) => b.strength * b.drift.weight - a.strength * a.drift.weight)
    .slice(0, NAMED)
    .map(
      ({ drift }) =>
        `${drift.feature} (PSI ${figure(drift.psi)}, ${Math.round(100 * drift.weight)} % of the score)`,
    );
  return `inputs moved that carry the score, consequence ${figure(consequence)}: ${named.join(', ')}`;
}

const figure = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
