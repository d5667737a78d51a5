import { scaleMargins } from '../../numeric/calibration.js';
import { predictClassifier } from '../../numeric/classifier-predict.js';
import type { Classifier } from '../../numeric/classifier.js';
import { pickRows } from '../../numeric/table.js';
import { chooseThreshold } from '../judge/threshold-table.js';
import { judgeClassifier } from '../judge/judge-classifier.js';
import { distilScoreCard } from '../score-card/distil-score-card.js';
import type { ScoreCard } from '../score-card/score-card.js';
import { calibrate, calibrated, type CalibrationReport } from './calibrate.js';
import { hyperparametersOf } from './candidates.js';
import { checkTrainingInput, findIgnoredFeatures } from './check-input.js';
import { shiftOf } from './class-weight.js';
import { dataHash } from './data-hash.js';
import { metricsOf } from './evaluate.js';
import { foldsOf, pick, searchRows, splitRows } from './fold-data.js';
import { measureImportances } from './importances.js';
import { refit } from './refit.js';
import { runTrialsHere } from './run-trial.js';
import {
  commonRound,
  hasRounds,
  meanOf,
  selectionLogLoss,
  standardErrorOf,
  type Trial,
} from './search.js';
import { choiceLogLoss, choose, type Chosen } from './stack-choice.js';
import type {
  MetricName,
  ReportMetric,
  TrainingInput,
  TrainingOptions,
  TrainingProgress,
  TrainingReport,
  TrainingResult,
  TrialReport,
} from './training.js';
import type { FoldScore, RunTrials } from './trial.js';
import { blankFeatures } from './twins.js';

export interface TrainingHooks {
  onProgress?: (progress: TrainingProgress) => void;
  /** Any steady clock, milliseconds; for the seconds in the report. */
  now: () => number;
  /** Who does the trials; absent: this thread, one after the other. They see the folds of `foldsOf(input)`. */
  runTrials?: RunTrials;
}

/**
 * Chooses a classifier, or a blend of several, by stratified cross-validation inside the training part (rows that are
 * not `isTestRow`), fits the choice on the whole training part, calibrates it where that lowers the log loss out of
 * fold, and measures it on the test part, which decides nothing. Deterministic for equal input, apart from the seconds,
 * whoever does the trials. Blocks its thread for what it does itself: use `trainInWorker` in a server.
 * Rejects with AppError INVALID for input that cannot be trained on; the message names the bound
 */
export async function trainClassifier(
  input: TrainingInput,
  hooks: TrainingHooks,
): Promise<TrainingResult> {
  const startedAt = hooks.now();
  const progress = (share: number, stage: string) => hooks.onProgress?.({ share, stage });
  checkTrainingInput(input);
  const { table, labels, options } = input;
  progress(0, 'preparing folds');
  const { train, test } = splitRows(table.rows);
  const ignoredFeatures = findIgnoredFeatures(table, train);
  const searchedLabels = pick(labels, searchRows(train, options.seed));
  const folds = foldsOf(input);
  const runTrials = hooks.runTrials ?? runTrialsHere(folds, hooks.now);
  const { trials, chosen } = await choose(options, folds, searchedLabels, runTrials, (share) =>
    progress(0.02 + 0.85 * share, 'searching'),
  );
  const calibration = calibrationOf(options, chosen, searchedLabels);
  const by = calibration?.applied ? calibration : { slope: 1, intercept: 0 };
  const outOfFold = { labels: searchedLabels, margins: calibrated(chosen.outOfFold, by) };
  const threshold = chooseThreshold(options.thresholdRule, outOfFold);
  const twins = new Set(
    ignoredFeatures.filter(({ reason }) => reason === 'TWIN').map(({ feature }) => feature),
  );
  const fitted = refit(
    chosen.choices,
    blankFeatures(table, twins),
    train,
    pick(labels, train),
    (share) => progress(0.87 + 0.08 * share, 'fitting the choice'),
  );
  const classifier = calibration?.applied
    ? scaleMargins(fitted.classifier, calibration)
    : fitted.classifier;
  progress(0.95, 'measuring');
  const slices = input.slices ?? [];
  const judged = judgeClassifier({
    ...{ classifier, table, labels, train, test, outOfFold, threshold, options, slices },
    ruleTable: input.ruleTable ?? table,
  });
  const report: TrainingReport = {
    ...judged,
    metrics: [
      ...judged.metrics,
      ...crossValidationMetrics(chosen, outOfFold.labels, outOfFold.margins, threshold),
    ],
    importances: measureImportances(classifier, fitted.columnGain, table, train),
    trials: reportTrials(trials, chosen),
    ignoredFeatures,
    calibration,
    ...blendReport(chosen),
    scoreCard: cardOf(input, classifier, train, test, threshold),
    seconds: (hooks.now() - startedAt) / 1000,
  };
  progress(1, 'trained');
  return {
    classifier,
    algorithm: chosen.algorithm,
    hyperparameters: chosen.hyperparameters,
    threshold,
    trainingRows: train.length,
    testRows: test.length,
    dataHash: dataHash(table, labels),
    report,
  };
}

/** Null where the spec wants none. */
function calibrationOf(
  { calibration }: TrainingOptions,
  { outOfFold, foldOf }: Chosen,
  labels: Uint8Array,
): CalibrationReport | null {
  return calibration === 'none' ? null : calibrate(outOfFold, labels, foldOf);
}

/** What answers while the model cannot. */
function cardOf(
  { table, labels, options }: TrainingInput,
  classifier: Classifier,
  train: readonly number[],
  test: readonly number[],
  threshold: number,
): ScoreCard {
  return distilScoreCard({
    table,
    rows: train,
    margins: predictClassifier(classifier, pickRows(table, train)),
    testRows: test,
    testMargins: predictClassifier(classifier, pickRows(table, test)),
    testLabels: pick(labels, test),
    threshold,
    fallback: options.fallback,
  });
}

function blendReport({ choices, algorithm }: Chosen): Pick<TrainingReport, 'blend'> {
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
function crossValidationMetrics(
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

function reportTrials(trials: readonly Trial[], chosen: Chosen): TrialReport[] {
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
  const rounds = hasRounds(candidate) ? commonRound(trial).rounds : 0;
  return {
    algorithm: candidate.algorithm,
    hyperparameters: hyperparametersOf(candidate, rounds, trial.members),
    metrics: foldMetrics(scores, selectionLogLoss(trial)),
    folds: scores.length,
    seconds,
    chosen,
  };
}
