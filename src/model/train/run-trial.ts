import { marginsOf, type LogisticFit } from '../../numeric/logistic.js';
import { logLossOfMargins } from '../../numeric/metrics.js';
import { fitPerceptron, marginsOfPerceptron } from '../../numeric/perceptron-fit.js';
import { predictMargin } from '../../numeric/predictor.js';
import { areaUnderRoc, sweepThresholds } from '../../numeric/threshold-sweep.js';
import type { Candidate } from './candidates.js';
import { shiftOf } from './class-weight.js';
import type { Fold } from './fold-data.js';
import { fitLinear, fitRanked, growTrees } from './refit.js';
import type { FoldScore, RunTrials, TrialOutcome, TrialTask } from './trial.js';

/**
 * Does one task in this thread: every candidate on folds [from, until), in that order. A logistic candidate
 * starts from the fit of the one before it in the task.
 * @param folds as `foldsOf` makes them, all of them
 * @param now any steady clock, milliseconds
 */
export function runTrialHere(
  folds: readonly Fold[],
  task: TrialTask,
  now: () => number,
): TrialOutcome[] {
  const outcomes = task.candidates.map((): TrialOutcome => ({ scores: [], seconds: 0 }));
  for (let at = task.from; at < task.until; at++) {
    const fold = folds[at];
    if (!fold)
      throw new RangeError(`fold must be 0..${String(folds.length - 1)}, got ${String(at)}`);
    let start: LogisticFit | null = null;
    task.candidates.forEach((candidate, k) => {
      const startedAt = now();
      const { margins, curve, fit } = fitFold(candidate, fold, start);
      start = fit ?? start;
      outcomes[k]?.scores.push(scoreFold(fold, margins, curve, shiftOf(candidate)));
      const outcome = outcomes[k];
      if (outcome) outcome.seconds += (now() - startedAt) / 1000;
    });
  }
  return outcomes;
}

/** Does tasks one after the other in this thread. */
export function runTrialsHere(folds: readonly Fold[], now: () => number): RunTrials {
  return (tasks, onDone) =>
    Promise.resolve(
      tasks.map((task, k) => {
        const outcomes = runTrialHere(folds, task, now);
        onDone?.(k + 1);
        return outcomes;
      }),
    );
}

/**
 * How well margins do on the validation rows of a fold. The log loss is that of the margins without `shift`, what
 * class weights add to them, so that weighted candidates compare as probabilities.
 */
export function scoreFold(
  { validation }: Fold,
  margins: Float64Array,
  curve: Float64Array,
  shift: number,
): FoldScore {
  return {
    margins,
    curve,
    logLoss: logLossOfMargins(
      validation.labels,
      shift === 0 ? margins : margins.map((margin) => margin - shift),
    ),
    auc: areaUnderRoc(sweepThresholds(validation.labels, margins)),
  };
}

interface FoldFit {
  margins: Float64Array;
  curve: Float64Array;
  fit?: LogisticFit;
}

function fitFold(candidate: Candidate, fold: Fold, start: LogisticFit | null): FoldFit {
  if (candidate.algorithm === 'logistic' && candidate.ranked) {
    const { forest, terms } = fitRanked(candidate, fold.train, start);
    const margins = predictMargin(forest, fold.validation.x);
    return { margins, curve: new Float64Array(0), fit: terms };
  }
  if (candidate.algorithm === 'logistic') {
    const { train, validation } = fold.linear();
    const fit = fitLinear(candidate, train, fold.train.labels, start);
    return { margins: marginsOf(fit, validation), curve: new Float64Array(0), fit };
  }
  if (candidate.algorithm === 'perceptron') {
    const { train, validation } = fold.linear();
    const stopper = { data: validation, labels: fold.validation.labels };
    const { patience } = candidate.parameters;
    const fit = fitPerceptron(train, fold.train.labels, candidate.parameters, {
      ...(patience > 0 ? { validation: stopper } : {}),
    });
    return { margins: marginsOfPerceptron(fit, validation), curve: fit.validationLogLoss };
  }
  const { train, validation } = fold;
  const stops = candidate.algorithm === 'boosting' && candidate.parameters.earlyStoppingRounds > 0;
  const { forest, curve } = growTrees(candidate, fold.encoding, train, stops ? validation : null);
  return { margins: predictMargin(forest, validation.x), curve };
}
