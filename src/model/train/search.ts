import { fitBoosting } from '../../numeric/boosting.js';
import {
  defaultLogisticParameters,
  fitLogistic,
  marginsOf,
  type LogisticFit,
} from '../../numeric/logistic.js';
import { logLossOfMargins } from '../../numeric/metrics.js';
import { predictMargin } from '../../numeric/predictor.js';
import { areaUnderRoc, sweepThresholds } from '../../numeric/threshold-sweep.js';
import { memberOf, type Candidate } from './candidates.js';
import type { Fold } from './fold-data.js';
import type { TrainingOptions } from './training.js';

/** What a candidate did on one fold. */
export interface FoldScore {
  /** Validation margins, in the order of the fold's rows. */
  margins: Float64Array;
  logLoss: number;
  auc: number;
  /** Validation log loss after each round; empty for logistic regression. */
  curve: Float64Array;
}

/** A candidate with what it did so far; folds are tried in order. */
export interface Trial {
  candidate: Candidate;
  scores: FoldScore[];
  seconds: number;
  /** Logistic fits of each fold, the start of the next penalty. */
  fits: LogisticFit[];
  /** Forests averaged, each with a seed of its own; 1 = no bag. */
  members: number;
}

export interface SearchHooks {
  /** Called after each fit with the share of the planned fits done, 0..1. */
  onFit: (share: number) => void;
  /** Any steady clock, milliseconds. */
  now: () => number;
}

/** Folds every candidate is tried on before the weaker boosting candidates are given up. */
export const racingFolds = 2;

/** Share of the boosting candidates that goes on to all folds. */
export const survivingShare = 1 / 3;

/**
 * Tries the candidates: logistic regression on all folds, boosting on `racingFolds` first, then the
 * best third (at least 2) on the rest. All see the same folds, so their scores are paired.
 */
export function search(
  candidates: readonly Candidate[],
  folds: readonly Fold[],
  metric: TrainingOptions['selectionMetric'],
  hooks: SearchHooks,
): Trial[] {
  const trials = candidates.map((candidate): Trial => ({
    candidate,
    scores: [],
    seconds: 0,
    fits: [],
    members: 1,
  }));
  const linear = trials.filter((trial) => trial.candidate.algorithm === 'logistic');
  const boosted = trials.filter((trial) => trial.candidate.algorithm === 'boosting');
  const first = Math.min(racingFolds, folds.length);
  const survivors = Math.min(
    boosted.length,
    Math.max(2, Math.round(boosted.length * survivingShare)),
  );
  const planned =
    linear.length * folds.length + boosted.length * first + survivors * (folds.length - first);
  let done = 0;
  const advance = (trial: Trial, until: number, start?: Trial) => {
    while (trial.scores.length < until) {
      tryFold(trial, folds, start, hooks);
      hooks.onFit(++done / planned);
    }
  };
  linear.forEach((trial, k) => {
    advance(trial, folds.length, linear[k - 1]);
  });
  for (const trial of boosted) advance(trial, first);
  for (const trial of ranked(boosted, metric).slice(0, survivors)) advance(trial, folds.length);
  return trials;
}

/** Forests in a bag. */
export const bagSize = 3;

/** Share by which a bag must lower the log loss to be worth its size and scoring time. */
export const bagGain = 0.001;

/**
 * The same boosting candidate as the average of `bagSize` forests that differ in their seed, tried on all
 * folds. The rounds stay those of the single forest.
 */
export function tryBag(trial: Trial, folds: readonly Fold[], hooks: SearchHooks): Trial {
  const { candidate } = trial;
  if (candidate.algorithm !== 'boosting') throw new RangeError('only boosting can be bagged');
  const startedAt = hooks.now();
  const scores = trial.scores.map((score, index) => {
    const fold = folds[index];
    if (!fold) throw new RangeError(`no fold ${String(index)}`);
    const sum = score.margins.slice();
    for (let member = 1; member < bagSize; member++) {
      tryBoosting(memberOf(candidate, member), fold).margins.forEach((margin, i) => {
        sum[i] = (sum[i] ?? 0) + margin;
      });
      hooks.onFit((index * (bagSize - 1) + member) / (folds.length * (bagSize - 1)));
    }
    return scoreFold(
      fold,
      sum.map((margin) => margin / bagSize),
      score.curve,
    );
  });
  const seconds = trial.seconds + (hooks.now() - startedAt) / 1000;
  return { candidate, scores, seconds, fits: [], members: bagSize };
}

/** True if the bag's mean log loss over the folds is lower than the single forest's by `bagGain`. */
export function isBagWorthwhile(single: Trial, bag: Trial): boolean {
  const loss = (trial: Trial) => meanOf(trial.scores.map(({ logLoss }) => logLoss));
  return loss(bag) < loss(single) * (1 - bagGain);
}

/** Best first; a trial that saw fewer folds than another comes after it. */
export function ranked(
  trials: readonly Trial[],
  metric: TrainingOptions['selectionMetric'],
): Trial[] {
  const value = (trial: Trial) =>
    metric === 'auc' ? -meanOf(trial.scores.map(({ auc }) => auc)) : selectionLogLoss(trial);
  return [...trials].sort((a, b) => b.scores.length - a.scores.length || value(a) - value(b));
}

/**
 * Mean log loss over the folds; of a single forest at the one round that is best for all folds together,
 * since the best round of each fold would flatter candidates whose curves are noisy.
 */
export function selectionLogLoss(trial: Trial): number {
  if (trial.candidate.algorithm === 'boosting' && trial.members === 1)
    return commonRound(trial).logLoss;
  return meanOf(trial.scores.map(({ logLoss }) => logLoss));
}

/** The number of rounds with the lowest mean validation log loss, a stopped fold keeping its last value. */
export function commonRound(trial: Trial): { rounds: number; logLoss: number } {
  const curves = trial.scores.map(({ curve }) => curve);
  const longest = Math.max(...curves.map((curve) => curve.length));
  let best = { rounds: 0, logLoss: Infinity };
  for (let round = 0; round < longest; round++) {
    const logLoss = meanOf(curves.map((curve) => curve[Math.min(round, curve.length - 1)] ?? NaN));
    if (logLoss < best.logLoss) best = { rounds: round + 1, logLoss };
  }
  return best;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of the mean of fold values; 0 for one fold. */
export function standardErrorOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function tryFold(
  trial: Trial,
  folds: readonly Fold[],
  start: Trial | undefined,
  hooks: SearchHooks,
): void {
  const index = trial.scores.length;
  const fold = folds[index];
  if (!fold) throw new RangeError(`no fold ${String(index)}`);
  const startedAt = hooks.now();
  const { margins, curve } =
    trial.candidate.algorithm === 'boosting'
      ? tryBoosting(trial.candidate, fold)
      : tryLogistic(trial, trial.candidate.c, fold, start?.fits[index]);
  trial.scores.push(scoreFold(fold, margins, curve));
  trial.seconds += (hooks.now() - startedAt) / 1000;
}

function scoreFold({ validation }: Fold, margins: Float64Array, curve: Float64Array): FoldScore {
  return {
    margins,
    curve,
    logLoss: logLossOfMargins(validation.labels, margins),
    auc: areaUnderRoc(sweepThresholds(validation.labels, margins)),
  };
}

function tryBoosting(candidate: Candidate & { algorithm: 'boosting' }, fold: Fold) {
  const { train, validation } = fold;
  const fit = fitBoosting(train.x, train.labels, candidate.parameters, { validation });
  return { margins: predictMargin(fit.forest, validation.x), curve: fit.validationLogLoss };
}

function tryLogistic(trial: Trial, c: number, fold: Fold, start: LogisticFit | undefined) {
  const { train, validation } = fold.linear();
  const parameters = { ...defaultLogisticParameters, c };
  const fit = fitLogistic(train, fold.train.labels, parameters, start ? { start } : {});
  trial.fits.push(fit);
  return { margins: marginsOf(fit, validation), curve: new Float64Array(0) };
}
