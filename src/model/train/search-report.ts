import { shiftOf } from './class-weight.js';
import { hyperparametersOf } from './candidates.js';
import { metricsOf } from './evaluate.js';
import { meanOf, roundsOf, selectionLogLoss, standardErrorOf, type Trial } from './search.js';
import { choiceLogLoss, type Chosen } from './stack-choice.js';
import type { MetricName, ReportMetric, TrainingReport, TrialReport } from './training.js';
import type { FoldScore } from './trial.js';

/** The shares of a blend; nothing for a classifier that stands alone. */
export function blendReport({ choices, algorithm }: Chosen): Pick<TrainingReport, 'blend'> {
  if (algorithm !== 'blend') return {};
  return {
    blend: choices.map(({ candidate, weight }) => ({ algorithm: candidate.algorithm, weight })),
  };
}

function foldMetrics(scores: readonly FoldScore[], logLoss: number): ReportMetric[] {
  const aucs = scores.map(({ auc }) => auc);
  const losses = scores.map((score) => score.logLoss);
  const values: [MetricName, number][] = [
    ['auc', meanOf(aucs)],
    ['aucStandardError', standardErrorOf(aucs)],
    ['logLoss', logLoss],
    ['logLossStandardError', standardErrorOf(losses)],
  ];
  return values.map(([name, value]) => ({ name, split: 'CROSS_VALIDATION', value }));
}

/**
 * AUC and its error as means over the folds, the rest of all folds together, on the scale of the finished classifier.
 * The log loss is the mean by which the choice was made, unless calibration or class weights moved the scale.
 */
export function crossValidationMetrics(
  chosen: Chosen,
  labels: Uint8Array,
  margins: Float64Array,
  threshold: number,
): ReportMetric[] {
  const together = metricsOf(labels, margins, threshold, 'CROSS_VALIDATION');
  const moved = margins.some((margin, row) => margin !== chosen.outOfFold[row]);
  const weighted = chosen.choices.some(({ candidate }) => shiftOf(candidate) !== 0);
  const logLoss = together.find(({ name }) => name === 'logLoss')?.value;
  const means = foldMetrics(
    chosen.scores,
    (moved || weighted ? logLoss : undefined) ?? choiceLogLoss(chosen),
  );
  return [...means, ...together.filter(({ name }) => !means.some((mean) => mean.name === name))];
}

/** Everything that was tried, and the blend where one was chosen. */
export function reportTrials(trials: readonly Trial[], chosen: Chosen): TrialReport[] {
  const reports = trials.map((trial) => reportTrial(trial, trial === chosen.trial));
  if (chosen.trial) return reports;
  const { hyperparameters, scores } = chosen;
  const blend: TrialReport = {
    algorithm: 'blend',
    hyperparameters,
    metrics: foldMetrics(scores, choiceLogLoss(chosen)),
    folds: scores.length,
    seconds: 0,
    chosen: true,
  };
  return [...reports, blend];
}

function reportTrial(trial: Trial, chosen: boolean): TrialReport {
  const { candidate, scores, seconds } = trial;
  return {
    algorithm: candidate.algorithm,
    hyperparameters: hyperparametersOf(candidate, roundsOf(trial), trial.members),
    metrics: foldMetrics(scores, selectionLogLoss(trial)),
    folds: scores.length,
    seconds,
    chosen,
  };
}
